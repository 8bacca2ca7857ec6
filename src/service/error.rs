//! The one error type of all operations. `http::error` and `xmpp::protocol::error` map it to the protocol.

use std::borrow::Cow;
use std::time::Duration;

use crate::language::Language;
use crate::model::{BareJid, InvalidId};
use crate::store::StoreError;

/// The reason why an operation was refused. Each variant belongs to a row of the protocol's error table; the text says what to do
/// next and repeats nothing of the request but the target.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text(Language::English))]
pub enum Error {
    /// The target has not proven to be itself.
    TargetUnconfirmed(BareJid),
    /// The client asks over HTTP in the target's name and shows no valid token.
    TokenNeeded {
        /// The target.
        target: BareJid,
        /// `true` if there was a token: another target's, an expired one, or not a token.
        shown: bool,
    },
    /// No registration waits under this hash: the text is not a hash.
    NotRegistered,
    /// No registration waits for this code.
    NothingWaits,
    /// The identity is proven by a code, and the request has none.
    MissingCode,
    /// The code is wrong.
    FaultyCode,
    /// The code could not be delivered.
    Undelivered,
    /// The token does not come from a mail.
    NoSuchRecipient,
    /// Somebody else signed in at the OAuth provider.
    WrongUser,
    /// The OAuth provider refused or failed.
    OAuth(OAuthFailure),
    /// The request's JSON cannot be read.
    JsonDecode,
    /// A mandatory part is missing: its name, and its place.
    Key(Cow<'static, str>),
    /// A part has a wrong value, which a developer must correct.
    Value(Cow<'static, str>),
    /// The id that a person typed is not an id of its provider.
    InvalidId(InvalidId),
    /// One of several that a person typed is no id.
    InvalidEntry {
        /// Its place, from 1.
        entry: usize,
        /// The fault.
        invalid: InvalidId,
    },
    /// The target is no Jabber ID.
    InvalidTarget(InvalidId),
    /// No text messages are sent to that country, or that kind of number.
    NumberNotServed,
    /// The identity cannot be proven by a message to the service.
    NotByWriting,
    /// The service does not call to prove that identity.
    NotByCall,
    /// Accounts of that server cannot register.
    DomainNotServed,
    /// A server asks for an operation that only accounts can use.
    NotAnAccount,
    /// The operation is for admins, or for another caller. No adapter makes such a call.
    NotAllowed,
    /// None of the requester's details are proven.
    InsufficientContactInfo,
    /// The request asks for more at once than is allowed.
    TooManyRequested(Excess),
    /// The provider does not exist, or is not offered here.
    UnknownProvider,
    /// A limit was reached.
    RequestLimitReached {
        /// The time to wait before the next try.
        retry_after: Duration,
        /// The limit that was reached.
        limit: Limit,
    },
    /// The service is at fault.
    Internal(#[from] StoreError),
}

/// A limit. Its name on the wire is part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Requests in a second.
    Requests,
    /// The pause between two codes.
    Resend,
    /// Codes in a day.
    Codes,
    /// Wrong codes in a day.
    Guesses,
    /// Hashes in contact requests of a day.
    Hashes,
    /// Sign-ins in a day.
    SignIns,
    /// Mails or text messages that the service sends in a day.
    Budget,
    /// The share that the accounts of one server, a network, or all others have together.
    Server,
}

impl Limit {
    /// All limits.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Resend,
        Self::Codes,
        Self::Guesses,
        Self::Hashes,
        Self::SignIns,
        Self::Budget,
        Self::Server,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Resend => "resend",
            Self::Codes => "codes",
            Self::Guesses => "guesses",
            Self::Hashes => "hashes",
            Self::SignIns => "sign-ins",
            Self::Budget => "budget",
            Self::Server => "server",
        }
    }
}

/// Returns the whole seconds to wait, at least one.
pub fn seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000))
        .unwrap_or(u64::MAX)
        .max(1)
}

/// The reason why a sign-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthFailure {
    /// The identity is proven by signing in, and the request is not an answer of the provider.
    NoState,
    /// The provider's answer belongs to no registration that waits: its own was replaced, finished, or has expired.
    ForeignState,
    /// The user did not consent.
    Denied,
    /// The provider is down, slow, or wrongly configured.
    Provider,
    /// The provider refuses the code, or the service's own login.
    Refused,
}

impl OAuthFailure {
    fn text(self, language: Language) -> String {
        match self {
            Self::NoState => language.error_oauth_no_state(),
            Self::ForeignState => language.error_oauth_foreign_state(),
            Self::Denied => language.error_oauth_denied(),
            Self::Provider => language.error_oauth_provider(),
            Self::Refused => language.error_oauth_refused(),
        }
    }
}

/// The part of a request that was too large, and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Hashes.
    Hashes(usize),
    /// Contact details.
    Details(usize),
    /// Jabber IDs.
    Jids(usize),
    /// Jabber IDs that somebody has muted.
    Mutes(usize),
    /// Links of one Jabber ID.
    Links(usize),
}

impl Error {
    /// Returns the code of the protocol's error table, as it stands over HTTP. Natively, it has `-` for `_`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetUnconfirmed(_) | Self::TokenNeeded { .. } => "target_unconfirmed",
            Self::NotRegistered | Self::NothingWaits | Self::NoSuchRecipient => "not_found",
            Self::MissingCode => "missing_code",
            Self::FaultyCode => "faulty_code",
            Self::Undelivered => "undelivered",
            Self::WrongUser => "wrong_user",
            Self::OAuth(_) => "OAuthException",
            Self::JsonDecode => "json_decode_error",
            Self::Key(_) => "key_error",
            Self::Value(_)
            | Self::InvalidId(_)
            | Self::InvalidEntry { .. }
            | Self::InvalidTarget(_)
            | Self::NumberNotServed
            | Self::NotByWriting
            | Self::NotByCall
            | Self::NotAnAccount => "value_error",
            Self::NotAllowed => "not_allowed",
            Self::DomainNotServed => "domain_not_served",
            Self::InsufficientContactInfo => "insufficient_contact_info",
            Self::TooManyRequested(_) => "too_many_requested",
            Self::UnknownProvider => "unknown_provider",
            Self::RequestLimitReached { .. } => "request_limit_reached",
            Self::Internal(_) => "internal_server_error",
        }
    }

    /// Returns the text for the requester. Texts for developers are English.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::TargetUnconfirmed(target) => language.error_target_unconfirmed(target),
            Self::TokenNeeded { target, .. } => language.error_token_needed(target),
            Self::NotRegistered => language.error_not_registered(),
            Self::NothingWaits => language.error_nothing_waits(),
            Self::MissingCode => language.error_missing_code(),
            Self::FaultyCode => language.error_faulty_code(),
            Self::Undelivered => language.error_undelivered(),
            Self::NoSuchRecipient => language.error_stop_link(),
            Self::WrongUser => language.error_wrong_user(),
            Self::OAuth(failure) => failure.text(language),
            Self::JsonDecode => language.error_json(),
            Self::Key(key) => language.error_key(key),
            Self::Value(text) => text.clone().into_owned(),
            Self::InvalidId(invalid) => language.invalid_id(*invalid),
            Self::InvalidEntry { entry, invalid } => language.invalid_entry(*entry, &language.invalid_id(*invalid)),
            Self::InvalidTarget(invalid) => format!("'target': {}", language.invalid_id(*invalid)),
            Self::NumberNotServed => language.error_number(),
            Self::NotByWriting => language.error_not_by_writing(),
            Self::NotByCall => language.error_not_by_call(),
            Self::DomainNotServed => language.error_domain_not_served(),
            Self::NotAllowed => language.command_admins_only(),
            Self::NotAnAccount => language.error_not_an_account(),
            Self::InsufficientContactInfo => language.error_insufficient(),
            Self::TooManyRequested(Excess::Hashes(limit)) => language.error_too_many_hashes(*limit),
            Self::TooManyRequested(Excess::Details(limit)) => language.error_too_many_details(*limit),
            Self::TooManyRequested(Excess::Jids(limit)) => language.error_too_many_jids(*limit),
            Self::TooManyRequested(Excess::Mutes(limit)) => language.error_too_many_mutes(*limit),
            Self::TooManyRequested(Excess::Links(limit)) => language.error_too_many_links(*limit),
            Self::UnknownProvider => language.error_unknown_provider(),
            Self::RequestLimitReached { retry_after, .. } => too_often(language, *retry_after),
            Self::Internal(_) => language.error_internal(),
        }
    }
}

impl From<InvalidId> for Error {
    fn from(invalid: InvalidId) -> Self {
        Self::InvalidId(invalid)
    }
}

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

fn too_often(language: Language, wait: Duration) -> String {
    let seconds = seconds(wait);
    match seconds {
        0..=119 => language.error_limit_seconds(seconds),
        120..=7199 => language.error_limit_minutes(seconds.div_ceil(60)),
        _ => language.error_limit_hours(seconds.div_ceil(3600)),
    }
}
