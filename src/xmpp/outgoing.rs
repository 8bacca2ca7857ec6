//! Stanzas on their way out. Each has `from`, `to` and `id`: ejabberd ends the stream otherwise.

use std::io;

use bytes::Bytes;
use minidom::Element;
use rand::RngExt;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, Thread};
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza_id::OriginId;
use xso::AsXml;

use super::stream;
use crate::language::Language;
use crate::model::BareJid;

/// A stanza that is to be sent.
#[derive(Debug)]
pub enum Outgoing {
    /// An answer to an IQ request.
    Iq(Iq),
    /// Words.
    Words(Words),
    /// A message that bounces.
    Bounce(Message),
    /// Presence.
    Presence(Presence),
}

impl Outgoing {
    /// As bytes, to be written to the stream.
    pub fn serialise(&self) -> io::Result<Bytes> {
        match self {
            Self::Iq(iq) => stream::serialise(iq),
            Self::Words(words) => stream::serialise(words),
            Self::Bounce(message) => stream::serialise(message),
            Self::Presence(presence) => stream::serialise(presence),
        }
    }
}

/// A message that says something, with the language on the message itself: some clients show no body whose language is
/// another than the message's.
#[derive(AsXml, Debug)]
#[xml(namespace = xmpp_parsers::ns::COMPONENT, name = "message")]
pub struct Words {
    #[xml(attribute)]
    from: String,
    #[xml(attribute)]
    to: String,
    #[xml(attribute = "type")]
    type_: String,
    #[xml(attribute)]
    id: String,
    #[xml(lang)]
    lang: Option<String>,
    #[xml(extract(name = "body", fields(text(type_ = String))))]
    body: String,
    #[xml(child(default))]
    thread: Option<Thread>,
    #[xml(element(n = ..))]
    payloads: Vec<Element>,
    /// XEP-0359, 3.1
    #[xml(child)]
    origin: OriginId,
}

impl Words {
    /// A chat message that says `body` in `language`.
    pub fn chat(from: &BareJid, to: &str, id: String, language: Language, body: String) -> Self {
        Self {
            from: from.to_string(),
            to: to.to_owned(),
            type_: "chat".into(),
            lang: Some(language.tag().into()),
            body,
            thread: None,
            payloads: Vec::new(),
            // So that the message is recognised when an archive or a reflection brings it again.
            origin: OriginId { id: id.clone() },
            id,
        }
    }

    /// The same with payloads.
    #[must_use]
    pub fn with(mut self, payloads: impl IntoIterator<Item = Element>) -> Self {
        self.payloads.extend(payloads);
        self
    }

    /// The same as an answer to `message`: of its type, in its thread.
    #[must_use]
    pub fn answering(mut self, message: &Message) -> Self {
        if message.type_ == xmpp_parsers::message::MessageType::Normal {
            self.type_ = "normal".into();
        }
        self.thread = message.thread.clone();
        self
    }
}

/// An id that no other stanza has.
pub fn random_id() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// A presence from the component `from`.
pub fn presence(mut presence: Presence, from: &BareJid, to: &BareJid) -> Outgoing {
    presence.from = Some(Jid::from(from.clone()));
    presence.to = Some(Jid::from(to.clone()));
    presence.id = Some(random_id());
    Outgoing::Presence(presence)
}
