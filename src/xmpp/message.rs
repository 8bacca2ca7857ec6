//! Messages to the service: a client may hand the `<verify/>` that it was sent straight back, a person may chat. Other requests are
//! IQs.

use minidom::Element;
use xmpp_parsers::message::{Id, Message, MessageType};
use xmpp_parsers::stanza_error::StanzaError;

use crate::language::Language;
use crate::service::{Error, Result};
use crate::xmpp::connection::outgoing::{Outgoing, Words, random_id};
use crate::xmpp::people::chat::{self, Wish};
use crate::xmpp::people::loop_guard::{self, LoopGuard};
use crate::xmpp::protocol::error::stanza_error;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::stanza::Verify;
use crate::xmpp::requests;

/// The answer to a message, if it gets one.
pub async fn answer(host: &Host, loop_guard: &LoopGuard, asker: &Asker, message: &Message) -> Option<Outgoing> {
    if !matches!(message.type_, MessageType::Chat | MessageType::Normal) {
        return None;
    }
    let verify = message.payloads.iter().find(|payload| payload.is("verify", ns::VERIFY));
    if let Some(payload) = verify {
        return Some(match verified(asker, payload.clone()).await {
            Ok((said, verified)) => reply(host, asker, message, said, Some(verified)),
            Err(error) => bounce(message, stanza_error(&error, asker.words()))?,
        });
    }
    if let Some(error) = in_a_message(message) {
        return bounce(message, stanza_error(&error, asker.words()));
    }
    let (text, lang) = loop_guard::said(message)?;
    let asker = &asker.hearing(lang);
    let (said, language) = converse(loop_guard, asker, message, text).await?;
    Some(reply(host, &asker.speaking(language), message, said, None))
}

/// Returns the reason why a message with a request is not handled as that request; `None` without a request, and for a
/// message that comes late or second hand.
fn in_a_message(message: &Message) -> Option<Error> {
    let mut payloads = message.payloads.iter();
    let error = payloads.find_map(requests::in_message)?;
    Some(error).filter(|_| !loop_guard::is_second_hand(message))
}

async fn verified(asker: &Asker, payload: Element) -> Result<(String, Element)> {
    let verify =
        Verify::try_from(payload).map_err(|_| Error::Value("<verify/> needs one <code/> and one <hash/>.".into()))?;
    let verified = requests::verified(asker, verify).await?;
    Ok((asker.words().verified(), verified.into()))
}

/// Returns the answer to `text`, and its language; `None` if no answer is to be sent.
async fn converse(loop_guard: &LoopGuard, asker: &Asker, message: &Message, text: &str) -> Option<(String, Language)> {
    // Servers announce things; only people chat.
    asker.bare.node()?;
    let encrypted = loop_guard::is_encrypted(message);
    let words = asker.words();
    let wish = if encrypted { None } else { Wish::of(text, words) };
    if !loop_guard.may_answer(&asker.bare, text, wish.is_some(), asker.service.clock().now()) {
        return None;
    }
    Some(match wish {
        Some((wish, language)) => {
            let asker = asker.speaking(language);
            let done = wish.fulfil(&asker).await;
            (done.unwrap_or_else(|error| chat::told(&error, &asker)), language)
        }
        None if encrypted => (words.chat_encrypted(), words),
        None => (chat::help(asker), words),
    })
}

/// Returns the answer to a message. With a payload it has the id of the message, so that a client finds its question
/// again.
fn reply(host: &Host, asker: &Asker, message: &Message, said: String, payload: Option<Element>) -> Outgoing {
    let asked = payload.is_some().then(|| message.id.clone().map(|id| id.0)).flatten();
    let id = asked.unwrap_or_else(random_id);
    let words = Words::chat(host.bare(asker.at), asker.jid.as_str(), id, asker.words(), said);
    Outgoing::Words(words.with(payload).answering(message))
}

/// The answer to a message to an account that does not exist, if it gets one (RFC 6121, 8.5.1). An error gets none, or two programs
/// would answer each other for ever.
pub fn nobody(message: &Message, error: StanzaError) -> Option<Outgoing> {
    let is_for_a_person = matches!(message.type_, MessageType::Chat | MessageType::Normal);
    is_for_a_person.then(|| bounce(message, error)).flatten()
}

fn bounce(message: &Message, error: StanzaError) -> Option<Outgoing> {
    let mut bounce = Message::error(Some(message.from.clone()?));
    bounce.from.clone_from(&message.to);
    bounce.id = Some(message.id.clone().unwrap_or_else(|| Id(random_id())));
    bounce.payloads.push(Element::from(error));
    Some(Outgoing::Bounce(bounce))
}
