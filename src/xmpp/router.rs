//! Which stanza goes where, and that each IQ request gets exactly one answer (RFC 6120, 8.2.3).

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use minidom::Element;
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::RawStanzaHeader;
use xmpp_parsers::iq::{Iq, IqHeader, IqPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::Message;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::error::plain;
use super::{iq, message};
use crate::model::BareJid;
use crate::service::Service;

/// Answers stanzas.
pub struct Router {
    service: Service,
    jid: BareJid,
}

impl Router {
    /// Answers for the component `jid` by `service`.
    pub fn new(service: Service, jid: BareJid) -> Self {
        Self { service, jid }
    }

    /// What is to be sent in answer to `stanza`.
    pub async fn answer(&self, stanza: Stanza) -> Option<Stanza> {
        match stanza {
            Stanza::Iq(iq) => self.answer_iq(iq).await.map(Stanza::Iq),
            Stanza::Message(message) => self.answer_message(message).await.map(Stanza::Message),
            // Presence is nobody's business here yet.
            Stanza::Presence(_) => None,
        }
    }

    async fn answer_iq(&self, iq: Iq) -> Option<Iq> {
        let (header, payload) = iq.split();
        let (kind, payload) = match payload {
            IqPayload::Get(payload) => (iq::Kind::Get, payload),
            IqPayload::Set(payload) => (iq::Kind::Set, payload),
            IqPayload::Result(_) | IqPayload::Error(_) => return None,
        };
        let IqHeader { from, to, id } = header;
        let (sender, to) = (from?, to?);
        let answer = if to.as_str() == self.jid.as_str() {
            let request = iq::answer(&self.service, &sender, kind, payload);
            caught(request).await.unwrap_or_else(Err)
        } else {
            // Nobody lives at other addresses of the component's domain.
            Err(iq::service_unavailable())
        };
        let header = IqHeader {
            from: Some(to),
            to: Some(sender),
            id,
        };
        Some(header.assemble(match answer {
            Ok(payload) => IqPayload::Result(payload),
            Err(error) => IqPayload::Error(error),
        }))
    }

    async fn answer_message(&self, message: Message) -> Option<Message> {
        let (from, to) = (message.from.clone()?, message.to.clone()?);
        if to.as_str() != self.jid.as_str() {
            return None;
        }
        let id = message.id.clone();
        let answer = match caught(message::answer(&self.service, &from, message)).await {
            Ok(answer) => answer?,
            Err(error) => Err(error),
        };
        let mut answer = answer.unwrap_or_else(|error| {
            let mut bounce = Message::error(None);
            bounce.payloads.push(Element::from(error));
            bounce
        });
        answer.from = Some(to);
        answer.to = Some(from);
        answer.id = id.or_else(message::random_id);
        Some(answer)
    }
}

/// A bug in a handler is answered like any other failure of ours.
async fn caught<T>(handler: impl Future<Output = T>) -> Result<T, StanzaError> {
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|_| {
        tracing::error!("a handler failed by a bug");
        plain(
            ErrorType::Wait,
            DefinedCondition::InternalServerError,
            "Something went wrong here.",
        )
    })
}

/// The answer to a stanza that comes while too many others are being handled.
pub fn overloaded(stanza: &Stanza) -> Option<Iq> {
    let Stanza::Iq(iq @ (Iq::Get { .. } | Iq::Set { .. })) = stanza else {
        return None;
    };
    let error = plain(
        ErrorType::Wait,
        DefinedCondition::ResourceConstraint,
        "Too many requests at once. Try again later.",
    );
    let mut answer = Iq::from_error(iq.id(), error);
    *answer.from_mut() = iq.to().cloned();
    *answer.to_mut() = Some(iq.from()?.clone());
    Some(answer)
}

/// The answer to a stanza, called `name`, that does not parse.
pub fn unreadable(name: &str, header: RawStanzaHeader, own: &BareJid) -> Option<Iq> {
    let is_request = matches!(header.type_.as_deref(), Some("get" | "set"));
    if name != "iq" || !is_request {
        return None;
    }
    let error = plain(
        ErrorType::Modify,
        DefinedCondition::BadRequest,
        "An IQ request needs an id and exactly one payload.",
    );
    let own: Jid = own.clone().into();
    let from = header.to.and_then(|to| Jid::new(&to).ok()).unwrap_or(own);
    let to = Jid::new(&header.from?).ok()?;
    Some(Iq::from_error(header.id?, error).with_from(from).with_to(to))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header(type_: &str) -> RawStanzaHeader {
        RawStanzaHeader {
            from: Some("amy@example.org/x".into()),
            to: Some("itseme.example.org".into()),
            type_: Some(type_.into()),
            id: Some("1".into()),
        }
    }

    #[test]
    fn only_requests_that_cannot_be_read_are_answered() {
        let own = BareJid::new("itseme.example.org").unwrap();
        let answer = unreadable("iq", header("set"), &own).unwrap();
        assert_eq!(answer.to().unwrap().as_str(), "amy@example.org/x");
        assert_eq!(answer.id(), "1");
        for (name, type_) in [
            ("iq", "result"),
            ("iq", "error"),
            ("iq", "bogus"),
            ("message", "get"),
            ("presence", "set"),
        ] {
            assert!(unreadable(name, header(type_), &own).is_none());
        }
    }
}
