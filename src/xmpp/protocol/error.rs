//! Errors as stanzas (RFC 6120, 8.3).

use std::collections::BTreeMap;

use minidom::Element;
use rxml::xml_ncname;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::language::Language;
use crate::service::Error;
use crate::service::error::seconds;
use crate::xmpp::protocol::ns;

/// The stanza error that stands for a service error: condition, text, application condition.
pub fn stanza_error(error: &Error, language: Language) -> StanzaError {
    let (condition, type_, code) = row(error);
    StanzaError {
        type_,
        by: None,
        defined_condition: condition,
        texts: BTreeMap::from([(language.tag().into(), error.text(language))]),
        other: Some(application_condition(error, code)),
    }
}

/// Errors that ask to wait say for how many seconds, and for which limit.
fn application_condition(error: &Error, code: &str) -> Element {
    let element = Element::builder(code, ns::ERRORS);
    match error {
        Error::RequestLimitReached { retry_after, limit } => element
            .attr(xml_ncname!("seconds").into(), seconds(*retry_after).to_string())
            .attr(xml_ncname!("limit").into(), limit.name()),
        _ => element,
    }
    .build()
}

/// The protocol's error table, natively.
fn row(error: &Error) -> (DefinedCondition, ErrorType, &'static str) {
    use DefinedCondition as Is;
    use ErrorType::{Auth, Cancel, Modify, Wait};
    match error {
        Error::TargetUnconfirmed(_) => (Is::NotAuthorized, Auth, "target-unconfirmed"),
        // No stanza leads here: its sender is vouched for.
        Error::TokenNeeded { .. } => (Is::NotAuthorized, Auth, "target-unconfirmed"),
        Error::NotRegistered | Error::NothingWaits | Error::NoSuchRecipient => (Is::ItemNotFound, Cancel, "not-found"),
        Error::MissingCode => (Is::BadRequest, Modify, "missing-code"),
        Error::FaultyCode => (Is::NotAcceptable, Modify, "faulty-code"),
        Error::Undelivered => (Is::RecipientUnavailable, Cancel, "undelivered"),
        // No stanza leads here: it is the browser's way back from an OAuth provider.
        Error::WrongUser => (Is::NotAcceptable, Modify, "wrong-user"),
        Error::OAuth(_) => (Is::NotAuthorized, Auth, "OAuthException"),
        Error::JsonDecode => (Is::BadRequest, Modify, "json-decode-error"),
        Error::Key(_) => (Is::BadRequest, Modify, "key-error"),
        Error::Value(_)
        | Error::InvalidId(_)
        | Error::InvalidEntry { .. }
        | Error::InvalidTarget(_)
        | Error::NumberNotServed
        | Error::NotByWriting
        | Error::NotByCall
        | Error::NotAnAccount => (Is::BadRequest, Modify, "value-error"),
        // What one may not do is not offered, but for the requests of peers.
        Error::NotAllowed => (Is::Forbidden, Auth, "not-allowed"),
        Error::DomainNotServed => (Is::Forbidden, Auth, "domain-not-served"),
        Error::InsufficientContactInfo => (Is::NotAcceptable, Modify, "insufficient-contact-info"),
        // Not policy-violation: slixmpp 1.17 does not know it, and its caller would wait.
        Error::TooManyRequested(_) => (Is::NotAcceptable, Modify, "too-many-requested"),
        Error::UnknownProvider => (Is::FeatureNotImplemented, Cancel, "unknown-provider"),
        Error::RequestLimitReached { .. } => (Is::ResourceConstraint, Wait, "request-limit-reached"),
        Error::Internal(_) => (Is::InternalServerError, Wait, "internal-server-error"),
    }
}

/// The same stanza error, with a code of ours: for those of XMPP's own that our requests get, too.
pub fn coded(error: StanzaError, code: &str) -> StanzaError {
    StanzaError {
        other: Some(Element::bare(code, ns::ERRORS)),
        ..error
    }
}

/// Returns a stanza error of XMPP itself, with a text.
pub fn plain(language: Language, type_: ErrorType, condition: DefinedCondition, text: String) -> StanzaError {
    StanzaError::new(type_, condition, language.tag(), text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::model::BareJid;
    use crate::service::{Excess, Limit};
    use crate::store::StoreError;

    fn limited(retry_after: Duration) -> Error {
        Error::RequestLimitReached {
            retry_after,
            limit: Limit::SignIns,
        }
    }

    #[test]
    fn a_limit_says_to_programs_how_long_to_wait_and_which_it_is() {
        for (wait, seconds) in [(1, "1"), (28_001, "29"), (86_400_000, "86400")] {
            let error = Element::from(stanza_error(&limited(Duration::from_millis(wait)), Language::English));
            let code = error.get_child("request-limit-reached", ns::ERRORS).unwrap();
            assert_eq!(
                (code.attr("seconds"), code.attr("limit")),
                (Some(seconds), Some("sign-ins"))
            );
        }
    }

    #[test]
    fn every_row_of_the_table() {
        let target = BareJid::new("amy@example.org").unwrap();
        for (error, condition, type_, code) in [
            (
                Error::TargetUnconfirmed(target),
                "not-authorized",
                "auth",
                "target-unconfirmed",
            ),
            (Error::NothingWaits, "item-not-found", "cancel", "not-found"),
            (Error::MissingCode, "bad-request", "modify", "missing-code"),
            (Error::DomainNotServed, "forbidden", "auth", "domain-not-served"),
            (Error::FaultyCode, "not-acceptable", "modify", "faulty-code"),
            (Error::Undelivered, "recipient-unavailable", "cancel", "undelivered"),
            (Error::JsonDecode, "bad-request", "modify", "json-decode-error"),
            (Error::Key("x".into()), "bad-request", "modify", "key-error"),
            (Error::Value("x".into()), "bad-request", "modify", "value-error"),
            (
                Error::InsufficientContactInfo,
                "not-acceptable",
                "modify",
                "insufficient-contact-info",
            ),
            (
                Error::TooManyRequested(Excess::Hashes(1)),
                "not-acceptable",
                "modify",
                "too-many-requested",
            ),
            (
                Error::UnknownProvider,
                "feature-not-implemented",
                "cancel",
                "unknown-provider",
            ),
            (
                limited(Duration::from_secs(30)),
                "resource-constraint",
                "wait",
                "request-limit-reached",
            ),
            (
                Error::Internal(StoreError::Unavailable("x".into())),
                "internal-server-error",
                "wait",
                "internal-server-error",
            ),
        ] {
            let element = Element::from(stanza_error(&error, Language::English));
            assert_eq!(element.attr("type"), Some(type_), "{code}");
            assert!(element.has_child(condition, xmpp_parsers::ns::XMPP_STANZAS), "{code}");
            assert!(element.has_child(code, ns::ERRORS), "{code}");
            let text = element.get_child("text", xmpp_parsers::ns::XMPP_STANZAS).unwrap();
            assert_eq!(text.text(), error.to_string());
        }
    }
}
