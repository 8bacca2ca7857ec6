//! Reads the reason why a message came back: its error (RFC 6120, 8.3), and its sender.

use minidom::Element;
use xmpp_parsers::message::Message;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::channel::{BounceKind, Reason};
use crate::model::BareJid;

/// Reads the reason why a message came back in the name of `from`. A server that has `just_started` may know a user
/// before it has the storage for the user's messages: its reason is not reliable.
pub fn reason(message: &Message, from: &BareJid, just_started: bool) -> Reason {
    let mut payloads = message.payloads.iter().filter(|payload| payload.name() == "error");
    let error = payloads.find_map(|payload| StanzaError::try_from(payload.clone()).ok());
    let kind = match &error {
        Some(_) if is_archived(message, from) => BounceKind::Archived,
        Some(error) if !just_started => kind(error, from),
        _ => BounceKind::Unclear,
    };
    Reason {
        kind,
        condition: error.map_or_else(
            || "none".into(),
            |error| Element::from(error.defined_condition).name().to_owned(),
        ),
        domain: from.domain().to_string(),
    }
}

fn kind(error: &StanzaError, from: &BareJid) -> BounceKind {
    use DefinedCondition as Is;
    match error.defined_condition {
        // RFC 6121, 8.5.1, has `service-unavailable` for accounts that do not exist. It is also the answer of a person
        // who has blocked us (XEP-0191), and of a server that keeps no messages for a phone without network.
        Is::ItemNotFound | Is::Gone { .. } | Is::ServiceUnavailable if is_theirs(error, from) => BounceKind::Nobody,
        Is::PolicyViolation
        | Is::NotAcceptable
        | Is::Forbidden
        | Is::NotAllowed
        | Is::NotAuthorized
        | Is::RegistrationRequired
        | Is::SubscriptionRequired
        | Is::JidMalformed => BounceKind::Refused,
        Is::ResourceConstraint => BounceKind::Full,
        Is::RemoteServerNotFound | Is::RemoteServerTimeout => BounceKind::Unreachable,
        _ => BounceKind::Unclear,
    }
}

/// Returns `true` if the recipient's server names the message's id in the recipient's archive (XEP-0359): ejabberd does
/// that when it bounces an archived message because the storage for offline users is full.
fn is_archived(message: &Message, from: &BareJid) -> bool {
    let mut payloads = message.payloads.iter();
    payloads.any(|payload| payload.is("stanza-id", "urn:xmpp:sid:0") && payload.attr("by") == Some(from.as_str()))
}

/// Returns `true` if the error comes from the account's own server, and is permanent. Prosody marks errors of others in
/// between with their address. A temporary error (`wait`) does not concern the account.
fn is_theirs(error: &StanzaError, from: &BareJid) -> bool {
    let by = error.by.as_ref().map(|by| by.domain().as_str());
    by.is_none_or(|by| by == from.domain().as_str()) && error.type_ != ErrorType::Wait
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(error: &str, just_started: bool) -> (BounceKind, String) {
        let xml =
            format!("<message xmlns='jabber:component:accept' type='error' from='amy@example.net'>{error}</message>");
        let message = Message::try_from(xml.parse::<minidom::Element>().unwrap()).unwrap();
        let reason = reason(&message, &BareJid::new("amy@example.net").unwrap(), just_started);
        assert_eq!(reason.domain, "example.net");
        (reason.kind, reason.condition)
    }

    fn error(attributes: &str, condition: &str) -> String {
        format!("<error {attributes}><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
    }

    #[test]
    fn each_condition_is_of_a_kind() {
        for (condition, kind) in [
            ("item-not-found", BounceKind::Nobody),
            ("gone", BounceKind::Nobody),
            ("service-unavailable", BounceKind::Nobody),
            ("policy-violation", BounceKind::Refused),
            ("not-acceptable", BounceKind::Refused),
            ("forbidden", BounceKind::Refused),
            ("not-allowed", BounceKind::Refused),
            ("resource-constraint", BounceKind::Full),
            ("remote-server-not-found", BounceKind::Unreachable),
            ("remote-server-timeout", BounceKind::Unreachable),
            ("internal-server-error", BounceKind::Unclear),
        ] {
            assert_eq!(
                read(&error("type='cancel'", condition), false),
                (kind, condition.to_owned())
            );
        }
        assert_eq!(read("", false), (BounceKind::Unclear, "none".to_owned()));
    }

    #[test]
    fn what_the_recipients_archive_has_is_not_sent_over_and_over() {
        let archived = |by| {
            let id = format!("<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='{by}'/>");
            read(&(id + &error("type='wait'", "resource-constraint")), false).0
        };
        assert_eq!(archived("amy@example.net"), BounceKind::Archived);
        assert_eq!(archived("eve@example.net"), BounceKind::Full);
    }

    #[test]
    fn only_the_accounts_own_server_tells_that_nobody_is_there_and_not_when_it_starts() {
        let says = |attributes: &str, just_started| read(&error(attributes, "service-unavailable"), just_started).0;
        assert_eq!(says("type='cancel' by='example.net'", false), BounceKind::Nobody);
        assert_eq!(
            says("type='cancel' by='itseme.example.org'", false),
            BounceKind::Unclear
        );
        assert_eq!(says("type='wait'", false), BounceKind::Unclear);
        assert_eq!(says("type='cancel'", true), BounceKind::Unclear);
    }
}
