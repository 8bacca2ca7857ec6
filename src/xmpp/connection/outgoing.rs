//! Stanzas on their way out. Each has `from`, `to` and `id`: ejabberd ends the stream otherwise.

use std::io;

use bytes::Bytes;
use minidom::Element;
use rand::RngExt;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, Thread};
use xmpp_parsers::presence::Presence;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};
use xmpp_parsers::stanza_id::OriginId;
use xso::AsXml;

use crate::language::Language;
use crate::model::BareJid;
use crate::xmpp::connection::stream;
use crate::xmpp::protocol::error::{coded, plain};

/// In bytes; the XEP (0201, 4) suggests UUIDs.
const LONGEST_THREAD: usize = 256;

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
    /// Returns the stanza as bytes, to be written to the stream. An answer that is too large becomes an error; answers
    /// grow with the parts of the request that they must repeat, and with their own content.
    pub fn serialise(&self) -> io::Result<Bytes> {
        match self {
            Self::Iq(iq) => stream::serialise(iq).or_else(|_| stream::serialise(&too_large(iq))),
            Self::Words(words) => stream::serialise(words),
            Self::Bounce(message) => stream::serialise(message),
            Self::Presence(presence) => stream::serialise(presence),
        }
    }
}

fn too_large(answer: &Iq) -> Iq {
    let words = Language::default();
    let (type_, condition) = (ErrorType::Modify, DefinedCondition::ResourceConstraint);
    let error = plain(words, type_, condition, words.stanza_too_large());
    let mut error = Iq::from_error(answer.id(), coded(error, "too-many-requested"));
    *error.from_mut() = answer.from().cloned();
    *error.to_mut() = answer.to().cloned();
    error
}

/// A message with a text. Its language is on the message itself: some clients show no body whose language is another
/// than the message's.
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
    /// Returns a chat message with `body`, which is in `language`.
    pub fn chat(from: &BareJid, to: &str, id: String, language: Language, body: String) -> Self {
        Self {
            from: from.to_string(),
            to: to.to_owned(),
            type_: "chat".into(),
            lang: Some(language.tag().into()),
            body,
            thread: None,
            payloads: Vec::new(),
            // Clients recognise by it a message that an archive or a reflection brings again.
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
        self.thread = message
            .thread
            .clone()
            .filter(|thread| thread.id.len() <= LONGEST_THREAD);
        self
    }
}

/// Returns an id that no other stanza has.
#[allow(clippy::disallowed_methods, reason = "ids of stanzas are no secret")]
pub fn random_id() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// Returns a presence from an address of the service, or from its full JID.
pub fn presence(mut presence: Presence, from: impl Into<Jid>, to: &BareJid) -> Outgoing {
    presence.from = Some(from.into());
    presence.to = Some(Jid::from(to.clone()));
    presence.id = Some(random_id());
    Outgoing::Presence(presence)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_that_would_be_too_large_becomes_an_error() {
        let payload = Element::builder("links", "it-se.me:register")
            .append("x".repeat(300_000))
            .build();
        let answer = |id: String, payload| {
            Outgoing::Iq(Iq::Result {
                from: None,
                to: None,
                id,
                payload,
            })
        };
        let bytes = answer("1".into(), Some(payload)).serialise().unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            text.contains("resource-constraint") && text.contains("too-many-requested"),
            "{text}"
        );
        // If even the error is too large, because it repeats parts of the request, nothing is sent.
        assert!(answer("\"".repeat(100_000), None).serialise().is_err());
    }

    #[test]
    fn a_thread_that_nobody_could_have_meant_is_left_out() {
        let mut asked = Message::chat(None);
        let thread = |id: String| Some(Thread { parent: None, id });
        let own = BareJid::new("itseme.example.org").unwrap();
        let answer = |asked: &Message| {
            Words::chat(&own, "amy@example.org", "1".into(), Language::English, "x".into()).answering(asked)
        };
        asked.thread = thread("t".into());
        assert!(answer(&asked).thread.is_some());
        asked.thread = thread("t".repeat(300));
        assert!(answer(&asked).thread.is_none());
    }
}
