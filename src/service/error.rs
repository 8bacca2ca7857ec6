//! The one error of every operation. How it looks on the wire is told by `http::error` and `xmpp::error`.

use std::borrow::Cow;
use std::time::Duration;

use crate::model::BareJid;
use crate::store::StoreError;

/// Why an operation was refused. Each variant is a row of the protocol's error table; the text says what to do next
/// and repeats nothing of the request but the target.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target has not proven to be itself.
    #[error("Please confirm '{0}' first: register it with the provider 'xmpp', and verify the code that it is sent.")]
    TargetUnconfirmed(BareJid),
    /// There is nothing of that name.
    #[error("{0}")]
    NotFound(&'static str),
    /// The identity is proven by a code, and none came.
    #[error("Please enter the code that was sent to you.")]
    MissingCode,
    /// It was another code.
    #[error("This code is wrong. Look for typing mistakes, and use the newest code: it replaces all before it.")]
    FaultyCode,
    /// Somebody else signed in at the OAuth provider.
    #[error("You signed in under another name than the one that is to be linked. Sign in with that one.")]
    WrongUser,
    /// The OAuth provider refused or failed.
    #[error("{0}")]
    OAuth(String),
    /// The request's JSON cannot be read.
    #[error("The request is not valid JSON.")]
    JsonDecode,
    /// Something mandatory is missing.
    #[error("Please provide '{0}'.")]
    Key(&'static str),
    /// Something is there but not as it must be.
    #[error("{0}")]
    Value(Cow<'static, str>),
    /// None of the requester's details is proven.
    #[error("None of the contact details is confirmed for this JID. Register and verify at least one of them first.")]
    InsufficientContactInfo,
    /// The request asks for more at once than is allowed.
    #[error("This is too much at once: at most {limit} {what} are allowed. Please split the request.")]
    TooManyRequested {
        /// How much is allowed.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// The provider does not exist, or not here.
    #[error("This service does not offer that provider.")]
    UnknownProvider,
    /// Too often.
    #[error("That was too often. Please try again in {}.", in_words(*retry_after))]
    RequestLimitReached {
        /// When it makes sense to try again.
        retry_after: Duration,
    },
    /// The service is at fault.
    #[error("Something went wrong here. Please try again later.")]
    Internal(#[from] StoreError),
}

/// What became of an operation.
pub type Result<T> = std::result::Result<T, Error>;

fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7199 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
