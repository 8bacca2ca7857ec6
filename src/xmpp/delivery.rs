//! Delivers messages by XMPP, as the API document shows them (1.4).

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use minidom::Element;
use serde::Serialize;
use xmpp_parsers::message::Id;
use xmpp_parsers::message_correct::Replace;
use xmpp_parsers::ns::MESSAGE_CORRECT;

use crate::channel::{Away, Bounces, Channel, Holder, Letter, Message, SendError, Sent, Trouble, text};
use crate::clock::Clock;
use crate::model::{BareJid, Identity};
use crate::xmpp::connection::outgoing::Words;
use crate::xmpp::connection::stream;
use crate::xmpp::connection::{Connection, ConnectionError};
use crate::xmpp::keeper::Uplink;
use crate::xmpp::people::clients::Clients;
use crate::xmpp::people::last_sent::LastSent;
use crate::xmpp::protocol::about;
use crate::xmpp::protocol::host::Host;
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::presentation::Presentation;
use crate::xmpp::protocol::stanza::{Introduction, TakenOver, Verified, Verify};

/// Sends over the connection to the XMPP server.
pub struct Delivery {
    uplink: Uplink,
    presentation: Presentation,
    clients: Arc<Clients>,
    last_sent: Arc<LastSent>,
    clock: Clock,
}

impl Delivery {
    /// Sends from the account of `presentation`. `clients` has the clients that were seen, and `last_sent` the last message to
    /// each JID.
    pub fn new(
        uplink: Uplink,
        presentation: Presentation,
        clients: Arc<Clients>,
        last_sent: Arc<LastSent>,
        clock: Clock,
    ) -> Self {
        Self {
            uplink,
            presentation,
            clients,
            last_sent,
            clock,
        }
    }

    /// The id of the message in whose place the letter stands: the last one that `to` was sent, if that has the code that is replaced and
    /// corrects nothing itself, and if every client can show it (XEP-0308, 4). Any other letter is a message of its own: Kaidan drops a
    /// second correction of a message, and goes on to show a code that is void.
    async fn corrects(&self, connection: &Connection, letter: &Letter, to: &BareJid) -> Option<String> {
        let (first, now) = (letter.replaces.as_deref()?, self.clock.now());
        let correctable = || self.last_sent.correctable(to, &letter.id, first, now);
        correctable()?;
        let all_can = self.clients.all_can(connection, to, MESSAGE_CORRECT, now).await;
        // Something may have been said meanwhile.
        all_can.then(correctable).flatten()
    }

    /// Returns `true` if every client that `to` has shown can act on an introduction's element, so that nobody has to write back.
    async fn can_act(&self, connection: &Connection, letter: &Letter, to: &BareJid) -> bool {
        let is_introduction = matches!(letter.message, Message::Introduction { .. });
        is_introduction
            && self
                .clients
                .all_can(connection, to, ns::CONTACT, self.clock.now())
                .await
    }

    async fn send_one(&self, connection: &Connection, letter: &Letter) -> Result<Sent, ConnectionError> {
        let (mut corrects, mut can_act) = (None, false);
        if let Ok(to) = BareJid::new(&recipient(letter)) {
            can_act = self.can_act(connection, letter, &to).await;
            corrects = self.corrects(connection, letter, &to).await;
            let first = letter.replaces.as_ref().unwrap_or(&letter.id);
            self.last_sent
                .sent(&to, &letter.id, first, corrects.clone(), self.clock.now());
        }
        match stream::serialise(&compose(&self.presentation.get().host, letter, corrects, can_act)) {
            Ok(message) => Ok(Ok(connection.send(message).await?)),
            Err(_) => Ok(Err(SendError::Fail("it cannot be written as XML".into()))),
        }
    }

    /// Queues all, then makes sure that the server has taken them. A letter that cannot be written fails alone.
    async fn send_all(&self, letters: &[Letter]) -> Result<Vec<Sent>, ConnectionError> {
        let connection = self.uplink.connection()?;
        // All at once: those that nobody must be asked about do not wait for the others.
        let sent = letters.iter().map(|letter| self.send_one(&connection, letter));
        let sent = join_all(sent).await.into_iter().collect::<Result<_, _>>()?;
        connection.barrier().await?;
        Ok(sent)
    }
}

/// Always to the bare JID: the server knows best where somebody is.
fn compose(host: &Host, letter: &Letter, corrects: Option<String>, can_act: bool) -> Words {
    let correction = corrects.map(|id| Element::from(Replace { id: Id(id) }));
    let (id, body) = (letter.id.clone(), text::chat(letter, can_act));
    Words::chat(&host.account, &recipient(letter), id, letter.language, body)
        .with(payload(&letter.message))
        // Any of them may be the first that somebody gets, and clients show the name then (converse.js 14).
        .with(Some(about::nick(host, letter.language)))
        // Codes, too, though they are void soon: what Prosody 0.12 has kept elsewhere, it never shows to a client that queries the
        // archive before it sends presence, as Conversations does (XEP-0334, 4.4).
        .with(Some(Element::bare("store", ns::HINTS)))
        .with(correction)
}

fn recipient(letter: &Letter) -> String {
    let to = letter.message.recipient();
    to.map(|to| to.to_string()).unwrap_or_default()
}

fn payload(message: &Message) -> Option<Element> {
    match message {
        // A client may return the code by itself only if it links the JID that the message is sent to. All other links
        // need a person who reads.
        Message::Code {
            identity, target, code, ..
        } if *identity == Identity::of_jid(target) => Some(Element::from(Verify {
            code: Some(code.to_string()),
            hash: Some(identity.hash().to_string()),
        })),
        Message::Code { .. } => None,
        Message::Introduction { from, details, via, .. } => Some(Element::from(Introduction {
            info: info(details),
            jid: from.to_string(),
            service: via.as_ref().map(ToString::to_string),
        })),
        Message::TakenOver { hash, .. } => Some(Element::from(TakenOver { hash: hash.to_string() })),
        Message::Linked { hash, .. } => Some(Element::from(Verified {
            hash: hash.to_string(),
            confirmed: true,
        })),
        // A client must not confirm an erasure by itself.
        Message::ForgetCode { .. } | Message::ProveAgain { .. } => None,
        // They go another way.
        Message::ToPeer { .. } => None,
    }
}

/// An object of the `<info/>` element (API document, 1.4.2).
#[derive(Serialize)]
struct Detail<'a> {
    provider: &'a str,
    id: &'a str,
    confirmed: bool,
}

/// Returns the content of an `<info/>` element.
pub fn info(details: &[Identity]) -> String {
    let objects: Vec<_> = details
        .iter()
        .map(|detail| Detail {
            provider: detail.provider.name(),
            id: &detail.id,
            confirmed: true,
        })
        .collect();
    // Strings and booleans can always be written.
    serde_json::to_string(&objects).unwrap_or_default()
}

impl Channel for Delivery {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        async move {
            let sent = self.send_all(letters).await;
            sent.unwrap_or_else(|down| vec![Err(SendError::Retry(Trouble::down(down.to_string()))); letters.len()])
        }
        .boxed()
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        self.uplink.connected().boxed()
    }

    fn is_by_the_batch(&self) -> bool {
        true
    }

    /// Returns the server at the other end of the connection: it keeps the messages that it has taken in memory only,
    /// for a while.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        async move {
            let connection = self.uplink.connection().map_err(|_down| Away)?;
            connection.barrier().await.map_err(|_down| Away)?;
            Ok(Some(connection.number()))
        }
        .boxed()
    }

    fn bounces(&self) -> Option<&Bounces> {
        Some(self.uplink.bounces())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{Code, Provider};

    fn written(message: Message) -> String {
        let letter = Letter::new("7", crate::language::Language::English, message);
        String::from_utf8(xso::to_vec(&compose(&Host::example(), &letter, None, false)).unwrap()).unwrap()
    }

    fn element(xml: &str) -> Element {
        xml.parse().unwrap()
    }

    #[test]
    fn a_code_is_sent_as_the_api_document_shows() {
        let target = BareJid::new("xmmp@example.com").unwrap();
        let identity = Identity::of_jid(&target);
        let hash = identity.hash();
        let sent = written(Message::Code {
            identity,
            to: Some(target.clone()),
            target,
            code: Code::typed("3991"),
            minutes: 10,
        });
        let expected = format!(
            "<message xmlns='jabber:component:accept' from='itseme@itseme.example.org' to='xmmp@example.com' type='chat' id='7' \
             xml:lang='en'><body>It-se, you xmmp@example.com? Verify with: 3991</body>\
             <verify xmlns='it-se.me:verify'><code>3991</code><hash>{hash}</hash></verify>\
             <nick xmlns='http://jabber.org/protocol/nick'>it-se.me contact lookup</nick>\
             <store xmlns='urn:xmpp:hints'/><origin-id xmlns='urn:xmpp:sid:0' id='7'/></message>"
        );
        assert_eq!(element(&sent), element(&expected));
        assert!(sent.contains("xml:lang="), "{sent}");
    }

    #[test]
    fn a_code_for_anothers_registration_is_words_that_name_the_asker() {
        let sent = written(Message::Code {
            identity: Identity::parse(Provider::Xmpp, "michael@example.net").unwrap(),
            to: None,
            target: BareJid::new("mallory@evil.example").unwrap(),
            code: Code::typed("3991"),
            minutes: 10,
        });
        let message = element(&sent);
        assert!(!message.children().any(|child| child.name() == "verify"), "{sent}");
        assert_eq!(message.attr("to"), Some("michael@example.net"));
        let body = message.get_child("body", "jabber:component:accept").unwrap().text();
        assert!(body.contains("mallory@evil.example") && body.contains("3991"), "{body}");
    }

    #[test]
    fn an_introduction_is_sent_as_the_api_document_shows() {
        let sent = written(Message::Introduction {
            to: BareJid::new("xmpp@example.com").unwrap(),
            from: BareJid::new("random@example.com").unwrap(),
            details: vec![Identity::parse(Provider::Phone, "+123456789").unwrap()],
            via: Some(BareJid::new("itseme.example.com").unwrap()),
        });
        let message = element(&sent);
        let contact = message.get_child("contact", "it-se.me:contact").unwrap();
        let info = contact.get_child("info", "it-se.me:contact").unwrap().text();
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        assert_eq!(
            info,
            serde_json::json!([{"provider": "phone", "id": "+123456789", "confirmed": true}])
        );
        assert_eq!(
            contact.get_child("jid", "it-se.me:contact").unwrap().text(),
            "random@example.com"
        );
        let service = contact.get_child("service", "it-se.me:contact").unwrap();
        assert_eq!(service.text(), "itseme.example.com");
        assert_eq!(message.attr("to"), Some("xmpp@example.com"));
    }
}
