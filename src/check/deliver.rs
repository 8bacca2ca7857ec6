//! `itseme check --deliver`: tests if messages of the service arrive at an account.

use std::time::Duration;

use rand::RngExt;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout_at};
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::{FallibleStreamElement, XmppStreamElement};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Id, Lang, Message, MessageType};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::attach;
use crate::config::Config;
use crate::model::BareJid;
use crate::xmpp::stream::{self, Incoming};
use crate::xmpp::{StreamEnd, remedy};

/// The time in which an error may come. A server answers for its own accounts at once. If another server cannot be
/// reached, the error comes later than anybody would wait here.
const PATIENCE: Duration = Duration::from_secs(10);

/// The remedy if the service is connected itself: the server refuses a second connection, ends the first, or gives
/// returned messages to either.
pub const STOP_IT: &str = "the service runs: stop it (not the XMPP server) while this runs";

/// Sends a test message to `account`, from the service's own, and returns if it came back.
#[allow(clippy::disallowed_methods, reason = "a word that tells messages apart is no secret")]
pub async fn deliver(config: &Config, account: &BareJid) -> Result<String, String> {
    let word = format!("{:04}", rand::rng().random_range(0..10_000));
    let own = config.account().map_err(|error| error.to_string())?;
    match send(config, &own, account, &word).await {
        Ok(None) => Ok(format!(
            "the server has taken a message for {account}, and returned no error within {} seconds. It ends with {word}: if {account} does \
             not get it, the server drops it and says nothing, as Prosody's mod_block_strangers does (see README.md)",
            PATIENCE.as_secs()
        )),
        Ok(Some(error)) => Err(format!("the message for {account} came back: {}", explain(&error))),
        Err(StreamEnd::Error { condition, .. }) if condition == "conflict" => Err(STOP_IT.into()),
        Err(end) => {
            let (jid, server) = (&config.component.jid, &config.component.server);
            Err(format!("{end}; {}", remedy(&end, jid, server)))
        }
    }
}

/// The error with which the message came back, if it did.
async fn send(config: &Config, own: &BareJid, account: &BareJid, word: &str) -> Result<Option<StanzaError>, StreamEnd> {
    let (mut reader, mut write) = attach(config, true).await?;
    let id = Id(format!("check-{word}"));
    let mut message = Message::chat(Jid::from(account.clone()));
    message.from = Some(own.clone().into());
    message.id = Some(id.clone());
    let body = format!("it-se.me tests if its messages arrive here: {word}");
    message.bodies.insert(Lang("en".into()), body);
    write.write_all(&stream::serialise(&message)?).await?;
    let end = Instant::now() + PATIENCE;
    while let Ok(incoming) = timeout_at(end, reader.next(PATIENCE)).await {
        if let Incoming::Element(element, _) = incoming?
            && let FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Message(back))) = *element
            && back.type_ == MessageType::Error
            && back.id.as_ref() == Some(&id)
        {
            let error = back.payloads.into_iter().find_map(|payload| payload.try_into().ok());
            return Ok(Some(error.unwrap_or_else(undefined)));
        }
    }
    Ok(None)
}

/// Stands for an error that cannot be parsed.
fn undefined() -> StanzaError {
    StanzaError::new(ErrorType::Cancel, DefinedCondition::UndefinedCondition, "en", "")
}

/// Returns the meaning of a server's error, with its own words, and the remedy.
fn explain(error: &StanzaError) -> String {
    use DefinedCondition as Is;
    let remedy = match error.defined_condition {
        Is::Forbidden => {
            "The server refuses messages between the service and this account: because of its host (ejabberd's mod_isolation lets the \
             first of `hosts` alone reach the service, see ejabberd-example/README.md), or because the service is not in its contact \
             list (mod_firewall): let the service through, see README.md"
        }
        Is::PolicyViolation | Is::NotAcceptable | Is::NotAllowed => {
            "The server refuses messages from senders outside the contact list (mod_block_strangers, mod_firewall), or of whoever \
             has named somebody on a list (mod_spam_filter): let the service through, see README.md; or this account has blocked \
             the service"
        }
        Is::ItemNotFound | Is::Gone { .. } | Is::ServiceUnavailable | Is::RecipientUnavailable => {
            "There is no such account, or it is offline and the server keeps no messages (mod_offline)"
        }
        Is::ResourceConstraint => "The account is offline, and the server keeps no more messages for it",
        Is::RemoteServerNotFound | Is::RemoteServerTimeout => {
            "The service's domain does not reach that server: it needs connections to other servers (s2s), a DNS record and a certificate"
        }
        _ => "See the server's log",
    };
    let condition = minidom::Element::from(error.defined_condition.clone());
    let text = error.texts.values().next().filter(|text| !text.is_empty());
    let text = text.map(|text| format!(" ({text})")).unwrap_or_default();
    format!("{}{text}. {remedy}", condition.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_modules_that_refuse_so() {
        let told = |condition| explain(&StanzaError::new(ErrorType::Auth, condition, "en", "Access denied"));
        let isolated = told(DefinedCondition::Forbidden);
        assert!(isolated.starts_with("forbidden (Access denied). ") && isolated.contains("mod_isolation"));
        let refused = told(DefinedCondition::PolicyViolation);
        assert!(refused.contains("mod_block_strangers") && refused.contains("mod_spam_filter"));
    }
}
