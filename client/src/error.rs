//! Errors between the client, its server and the service.

use std::time::Duration;

use minidom::Element;
use thiserror::Error;
use xmpp_parsers::stanza_error::StanzaError;

use crate::{identity::IdentityError, ns, state::StateError};

/// A limit of the service, as its errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name, for example `hashes`.
    pub name: String,
    /// The time to wait before the next request.
    pub wait: Duration,
}

impl Limit {
    /// None where it says nothing of use: another service may be of before there were such attributes.
    fn of(code: &Element) -> Option<Self> {
        let seconds = code.attr("seconds")?.parse().ok()?;
        Some(Self {
            name: code.attr("limit").unwrap_or_default().to_owned(),
            wait: Duration::from_secs(seconds),
        })
    }
}

/// The reason why a call failed.
#[derive(Debug, Error)]
pub enum Error {
    /// `server` names an address that is not on this machine, where a password must not go in the clear.
    #[error("{0} is not a loopback address with a port; only those are reached without TLS")]
    NotLoopback(String),
    /// The JID to log in with has no localpart.
    #[error("{0} is not a JID to log in with")]
    NotAnAccount(String),
    /// The server could not be reached, or no XMPP stream could be opened.
    #[error("cannot reach the XMPP server: {0}")]
    Unreachable(String),
    /// The server did not accept the account or its password.
    #[error("the XMPP server refused the login: {0}")]
    Login(String),
    /// No answer came in time.
    #[error("no answer within {0} seconds")]
    Timeout(u64),
    /// The connection is gone; a new session is needed.
    #[error("the connection to the XMPP server is closed")]
    Disconnected,
    /// The service (or the server on its behalf) answered with an error.
    #[error("{}", describe(condition, code.as_deref(), text.as_deref()))]
    Service {
        /// The stanza error's condition, for example `not-authorized`.
        condition: String,
        /// The stanza error's type, for example `auth`.
        kind: String,
        /// The application condition, for example `target-unconfirmed`.
        code: Option<String>,
        /// The remedy, in words.
        text: Option<String>,
        /// The limit that was reached, if the service says so.
        limit: Option<Limit>,
    },
    /// The answer is not what the protocol says.
    #[error("the answer could not be understood: {0}")]
    Malformed(String),
    /// Not an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The state could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is nothing proven that could be shown to others.
    #[error("nothing of yours is proven yet: register an identity first")]
    NothingProven,
    /// The list of what to forget is empty. Most likely this is a mistake, because to the service it would mean
    /// everything.
    #[error("nothing to forget was named; forget_all removes everything")]
    NothingNamed,
    /// Only who asked through the service is answered.
    #[error("{0} has not asked for you")]
    NotAsked(String),
}

impl Error {
    /// Returns `true` if the service takes no more for now, be it this second or today.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Service { code: Some(code), .. } if code == "request-limit-reached")
    }

    /// Returns the time to wait before the next request, if the service names one.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Service { limit, .. } => limit.as_ref().map(|limit| limit.wait),
            _ => None,
        }
    }
}

impl From<StanzaError> for Error {
    fn from(error: StanzaError) -> Self {
        let text = error.texts.get("en").or_else(|| error.texts.values().next());
        let code = error.other.filter(|other| other.ns() == ns::ERRORS);
        Self::Service {
            condition: Element::from(error.defined_condition).name().to_owned(),
            kind: error.type_.to_string(),
            limit: code.as_ref().and_then(Limit::of),
            code: code.map(|code| code.name().to_owned()),
            text: text.cloned(),
        }
    }
}

fn describe(condition: &str, code: Option<&str>, text: Option<&str>) -> String {
    let name = code.unwrap_or(condition);
    match text {
        Some(text) if !text.is_empty() => format!("{text} ({name})"),
        _ => format!("the answer was {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_error_keeps_its_parts() {
        let xml = "<error xmlns='jabber:client' type='auth'>\
            <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
            <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Confirm it first.</text>\
            <target-unconfirmed xmlns='it-se.me:errors'/></error>";
        let element: minidom::Element = xml.parse().unwrap();
        let error = Error::from(StanzaError::try_from(element).unwrap());
        assert_eq!(error.to_string(), "Confirm it first. (target-unconfirmed)");
        let Error::Service { condition, kind, code, text, limit } = error else { panic!() };
        assert_eq!((condition.as_str(), kind.as_str()), ("not-authorized", "auth"));
        assert_eq!(code.as_deref(), Some("target-unconfirmed"));
        assert_eq!(text.as_deref(), Some("Confirm it first."));
        assert_eq!(limit, None);
    }

    #[test]
    fn a_limit_says_how_long_to_wait() {
        let error = |code: &str| {
            let xml = format!(
                "<error xmlns='jabber:client' type='wait'>\
                 <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 <{code} xmlns='it-se.me:errors'/></error>"
            );
            Error::from(StanzaError::try_from(xml.parse::<Element>().unwrap()).unwrap())
        };
        let told = error("request-limit-reached seconds='29' limit='resend'");
        let Error::Service { limit, .. } = &told else { panic!() };
        assert_eq!(*limit, Some(Limit { name: "resend".into(), wait: Duration::from_secs(29) }));
        assert!(told.is_limit());
        for untold in ["request-limit-reached", "request-limit-reached seconds='soon'"] {
            assert!(error(untold).is_limit() && error(untold).wait().is_none());
        }
    }
}
