//! The answers of the service, as a session returns them.

use xmpp_parsers::jid::BareJid;

/// The state of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A code is on its way, or the user has to follow `goto`, or to write what `send` has.
    Pending,
    /// The identity is linked.
    Confirmed,
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Registered {
    /// The hash of the identity.
    pub hash: String,
    /// The state of the registration.
    pub status: Status,
    /// The address where the user signs in, for OAuth providers.
    pub goto: Option<String>,
    /// The message that proves the identity, if the user writes one instead of getting a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<ToSend>,
}

/// A message that the user sends from the identity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ToSend {
    /// The number or address of the service.
    pub to: String,
    /// The text.
    pub text: String,
}

/// The way in which an identity is proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum How {
    /// By a code that is sent to it, or by signing in.
    #[default]
    Code,
    /// By a code that is read out in a call (phone numbers).
    Call,
    /// By a message from it to the service, which the user sends.
    Send,
}

impl How {
    /// Returns its name on the wire; `None` for what is usual.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Code => None,
            Self::Call => Some("call"),
            Self::Send => Some("send"),
        }
    }
}

/// The answer to the question if hashes belong to a JID.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Confirmed {
    /// `true` if all of them do.
    pub confirmed: bool,
    /// The other service that says so, if the user's own does not know it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<BareJid>,
}

/// The JIDs whose contact requests do not reach the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Muted {
    /// `true` if nobody's do.
    pub everybody: bool,
    /// These do not.
    pub jids: Vec<BareJid>,
}

/// The identity and features of the service (XEP-0030).
#[derive(Debug, Clone)]
pub struct Service {
    /// Category, type and name of each identity.
    pub identities: Vec<xmpp_parsers::disco::Identity>,
    /// Namespaces of the features.
    pub features: Vec<String>,
}
