//! The port to gateways for text messages and calls.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Client;

use crate::channel::{Fate, GatewayCall, SendError, Sent, Trouble};
use crate::language::Language;

/// A text message.
#[derive(Clone, Copy, Default)]
pub struct Text<'a> {
    /// The number it goes to.
    pub to: &'a str,
    /// Its text, or the words of a call.
    pub text: &'a str,
    /// Its language.
    pub language: Language,
    /// The word by which reports on it lead to its registration.
    pub word: Option<&'a str>,
    /// The address with that word, which the gateway calls with its reports.
    pub report_url: Option<&'a str>,
}

/// What a gateway answered to a message.
pub enum Answer {
    /// Nothing: there was no connection, or it is not known if the message was read.
    None(SendError),
    /// It has read the message.
    Given {
        /// The result.
        sent: Sent,
        /// `true` if it refuses because it is busy, whatever the message is.
        is_busy: bool,
    },
}

/// A gateway that takes text messages.
pub trait Gateway: Send + Sync {
    /// Sends a message.
    fn send<'a>(&'a self, client: &'a Client, text: Text<'a>) -> BoxFuture<'a, Answer>;

    /// Checks if the gateway answers and, as far as possible without sending, accepts the login. Returns what was tried.
    ///
    /// # Errors
    /// The fault and its remedy.
    fn check<'a>(&'a self, client: &'a Client) -> BoxFuture<'a, Result<String, String>>;

    /// Returns `true` if it calls, and sends no text messages.
    fn calls(&self) -> bool {
        false
    }

    /// Returns `true` if it calls no address: what it has to say comes by the connection over which messages go.
    fn has_connection(&self) -> bool {
        false
    }

    /// Returns how it passes the messages of people on, if it signs what it sends.
    fn signs(&self) -> Option<Signs> {
        None
    }

    /// Returns `true` if a call of `url` has its signature.
    fn has_signed(&self, _url: &str, _call: &GatewayCall) -> bool {
        false
    }

    /// Returns the meaning of a report at `url`; `None` if this gateway has not sent it.
    fn report(&self, _url: &str, _report: &GatewayCall) -> Option<Fate> {
        None
    }

    /// Returns the next report that comes by the connection over which messages go, with its word.
    fn next_report(&self) -> BoxFuture<'_, Option<(String, Fate)>> {
        std::future::pending().boxed()
    }

    /// Ends the connection, if it is kept.
    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}

/// The calls of a gateway that signs what it sends.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// The places of the sender and the text of a message.
    pub places: [&'static str; 2],
    /// The answer that makes it send nothing back.
    pub answer: &'static str,
}

/// Returns the words of a fault, with the section whose keys they name.
pub fn with_section(fault: &str, section: &str) -> String {
    format!("{fault} (in [{section}])")
}

impl Trouble {
    /// Returns the trouble with the section whose keys its remedy names.
    pub fn in_section(self, section: &str) -> Self {
        let reason = with_section(&self.reason, section);
        Self { reason, ..self }
    }
}

impl SendError {
    /// Returns the error with the section whose keys its remedy names. A fault of the number has none.
    pub fn in_section(self, section: &str) -> Self {
        match self {
            Self::Retry(trouble) => Self::Retry(trouble.in_section(section)),
            Self::Unclear(reason) => Self::Unclear(with_section(&reason, section)),
            Self::Fail(reason) => Self::Fail(reason),
        }
    }
}
