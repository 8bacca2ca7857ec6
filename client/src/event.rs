//! Messages that arrive without a request.

use minidom::Element;
use xmpp_parsers::{
    jid::{BareJid, Jid},
    ns::DEFAULT_NS,
    stanza_error::StanzaError,
};

use crate::{
    addresses::Addresses,
    error::Error,
    identity::{Identity, details_from_json},
    wire,
};

/// Something that arrived. `raw` is always the whole message as it came in.
#[derive(Debug)]
pub enum Event {
    /// The service sent a code.
    Code {
        /// The hash that the code is for.
        hash: String,
        /// The code.
        code: String,
        /// The text for the user, if the client does not return the code by itself.
        body: String,
        /// The message.
        raw: Element,
    },
    /// The service says what came of a code that was sent back in a message.
    Verified {
        /// The hash of the identity.
        hash: String,
        /// `true` if it is linked now.
        confirmed: bool,
        /// The text for the user.
        body: String,
        /// The message.
        raw: Element,
    },
    /// A person's details. From the service they are confirmed, from others they are a claim.
    Introduction {
        /// The sender of the message.
        from: Jid,
        /// The JID that it is about, according to the message.
        jid: BareJid,
        /// The details in it.
        details: Vec<Identity>,
        /// The other service that vouches for both, if the service itself does not.
        service: Option<BareJid>,
        /// The text for the user.
        body: String,
        /// The message.
        raw: Element,
    },
    /// The service says that an identity was linked to another JID.
    TakenOver {
        /// The hash of the identity.
        hash: String,
        /// The text for the user.
        body: String,
        /// The message.
        raw: Element,
    },
    /// Any other message from the service.
    Notice {
        /// The text for the user.
        body: String,
        /// The message.
        raw: Element,
    },
    /// Any other message from anybody else.
    Message {
        /// The sender.
        from: Jid,
        /// The text, empty if it has none.
        body: String,
        /// The message.
        raw: Element,
    },
    /// A message came back as an error.
    Bounced {
        /// The JID that refused it.
        from: Jid,
        /// The reason; always [`Error::Service`], or [`Error::Malformed`] if it does not say.
        error: Error,
        /// The message.
        raw: Element,
    },
    /// The connection is gone. Nothing comes after this.
    Disconnected {
        /// The reason, in words.
        reason: String,
    },
}

impl Event {
    /// Sorts a message. `account` replaces a missing sender (RFC 6120, 8.1.2.1).
    ///
    /// Only messages of the service itself count as codes or notices. `None` for a stanza that is no message.
    pub(crate) fn from_message(raw: Element, account: &BareJid, service: &Addresses) -> Option<Self> {
        let from = match raw.attr("from") {
            Some(from) => Jid::new(from).ok()?,
            None => Jid::from(account.clone()),
        };
        if raw.attr("type") == Some("error") {
            return Some(Self::bounced(from, raw));
        }
        let body = raw.get_child("body", DEFAULT_NS).map(Element::text).unwrap_or_default();
        if let Some(contact) = payload::<wire::Contact>(&raw)
            && let Ok(details) = details_from_json(&contact.info)
        {
            let wire::Contact { jid, service, .. } = contact;
            return Some(Self::Introduction { from, jid, details, service, body, raw });
        }
        Some(match service.has(&from) {
            true => Self::from_service(body, raw),
            false => Self::Message { from, body, raw },
        })
    }

    fn from_service(body: String, raw: Element) -> Self {
        if let Some(wire::Verify { code, hash }) = payload(&raw) {
            Self::Code { hash: hash.to_ascii_lowercase(), code, body, raw }
        } else if let Some(wire::VerifyResult { hash, confirmed }) = payload(&raw) {
            Self::Verified { hash: hash.to_ascii_lowercase(), confirmed, body, raw }
        } else if let Some(wire::TakenOver { hash }) = payload(&raw) {
            Self::TakenOver { hash: hash.to_ascii_lowercase(), body, raw }
        } else {
            Self::Notice { body, raw }
        }
    }

    fn bounced(from: Jid, raw: Element) -> Self {
        let error = match payload::<StanzaError>(&raw) {
            Some(error) => error.into(),
            None => Error::Malformed("a message came back without a reason".into()),
        };
        Self::Bounced { from, error, raw }
    }
}

/// The first child that reads as a `T`.
fn payload<T: TryFrom<Element>>(message: &Element) -> Option<T> {
    message.children().find_map(|child| T::try_from(child.clone()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(from: &str, inner: &str) -> Event {
        event_of_type("chat", from, inner)
    }

    fn event_of_type(kind: &str, from: &str, inner: &str) -> Event {
        let xml = format!("<message xmlns='jabber:client' type='{kind}' from='{from}'>{inner}</message>");
        let account = "me@localhost".parse().unwrap();
        let service = Addresses::of("itseme.localhost".parse().unwrap());
        Event::from_message(xml.parse().unwrap(), &account, &service).unwrap()
    }

    const CODE: &str =
        "<body>hi</body><verify xmlns='it-se.me:verify'><code>3991</code><hash>AB</hash></verify>";

    #[test]
    fn a_code_counts_only_from_the_service() {
        for own in ["itseme.localhost", "itseme.localhost/x", "itseme@itseme.localhost"] {
            let Event::Code { hash, code, body, raw } = event(own, CODE) else { panic!("{own}") };
            assert_eq!((hash.as_str(), code.as_str(), body.as_str()), ("ab", "3991", "hi"));
            assert_eq!(raw.attr("type"), Some("chat"));
        }
        for stranger in ["eve@localhost", "itseme.localhost@localhost", "eve@itseme.localhost"] {
            assert!(matches!(event(stranger, CODE), Event::Message { .. }));
        }
    }

    #[test]
    fn a_bounce_is_never_a_code() {
        assert!(matches!(event_of_type("error", "itseme.localhost", CODE), Event::Bounced { .. }));
        let refusal = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
            <not-found xmlns='it-se.me:errors'/></error>";
        let Event::Bounced { error: Error::Service { code, .. }, .. } =
            event_of_type("error", "itseme.localhost", refusal)
        else {
            panic!()
        };
        assert_eq!(code.as_deref(), Some("not-found"));
    }

    #[test]
    fn introductions_keep_who_sent_them() {
        let inner = "<contact xmlns='it-se.me:contact'><info>[{\"provider\":\"phone\",\"id\":\"+4917012345678\"}]\
            </info><jid>eve@localhost</jid></contact>";
        let Event::Introduction { from, jid, details, service: None, .. } = event("eve@localhost/a", inner)
        else {
            panic!()
        };
        assert_eq!(from.as_str(), "eve@localhost/a");
        assert_eq!(jid.as_str(), "eve@localhost");
        assert_eq!(details[0].id(), "+4917012345678");
    }

    #[test]
    fn notices_of_the_service() {
        let inner = "<taken-over xmlns='it-se.me:register'><hash>ab</hash></taken-over>";
        assert!(matches!(event("itseme.localhost", inner), Event::TakenOver { .. }));
        let inner = "<verify xmlns='it-se.me:verify'><hash>ab</hash><confirmed>true</confirmed></verify>";
        assert!(matches!(event("itseme.localhost", inner), Event::Verified { confirmed: true, .. }));
        assert!(matches!(event("itseme.localhost", "<body>x</body>"), Event::Notice { .. }));
        assert!(matches!(event("eve@localhost", inner), Event::Message { .. }));
    }

    #[test]
    fn malformed_payloads_are_mere_messages() {
        for inner in [
            "<contact xmlns='it-se.me:contact'/>",
            "<contact xmlns='it-se.me:contact'><info>[</info><jid>eve@localhost</jid></contact>",
            "<contact xmlns='it-se.me:contact'><info>[]</info><jid/></contact>",
            "<contact xmlns='it-se.me:contact'><info>[{\"provider\":\"phone\",\"id\":\"x\"}]</info><jid>e@l</jid></contact>",
            "<verify xmlns='it-se.me:verify'/>",
        ] {
            assert!(matches!(event("eve@localhost", inner), Event::Message { .. }), "{inner}");
            assert!(matches!(event("itseme.localhost", inner), Event::Notice { .. }), "{inner}");
        }
    }
}
