//! Replies in JSON, as they are described to clients. Their members are in alphabetical order.

use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{Confirmed, Forgetting, Registered, Status, Verified};

/// A registration that waits for its code, or the link that was made.
#[derive(Serialize, ToSchema)]
#[schema(examples(
    json!({"status": "pending", "hash": super::examples::PHONE}),
    json!({"status": "pending", "hash": super::examples::PHONE, "send": {"to": "+447700900111", "text": "12345678 amy@example.org"}}),
    json!({"status": "confirmed", "confirmed": true, "hash": super::examples::PHONE}),
))]
pub struct RegisterReply {
    /// Present and true if the identity is linked already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    confirmed: Option<bool>,
    /// The address where the user signs in, at providers where that is the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    goto: Option<String>,
    /// The hash of the identity: 128 hex digits in lower case.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    hash: String,
    /// The message that the user sends from the identity, if `how` is `send`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    send: Option<SendReply>,
    /// The state of the registration.
    status: RegisterStatus,
}

/// A message that proves an identity, which is its sender.
#[derive(Serialize, ToSchema)]
struct SendReply {
    /// The text. Text around it does not matter.
    text: String,
    /// The number or address of the service.
    to: String,
}

/// The state of a registration.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegisterStatus {
    /// A code was sent, or waits already; or the user is to sign in.
    Pending,
    /// The link is made.
    Confirmed,
}

impl From<Registered> for RegisterReply {
    fn from(registered: Registered) -> Self {
        let status = match registered.status {
            Status::Pending => RegisterStatus::Pending,
            Status::Confirmed => RegisterStatus::Confirmed,
        };
        Self {
            confirmed: (registered.status == Status::Confirmed).then_some(true),
            goto: registered.goto,
            hash: registered.hash.to_string(),
            send: registered.send.map(|send| SendReply {
                text: send.text,
                to: send.to,
            }),
            status,
        }
    }
}

/// A code that was right.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"confirmed": true})))]
pub struct VerifyReply {
    /// True.
    confirmed: bool,
    /// The hash that is linked, if the request named the one of another spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9a-f]{128}$")]
    hash: Option<String>,
    /// The token of the JID, if it was the JID itself that was proven, and the admin requires tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token: Option<String>,
}

impl From<&Verified> for VerifyReply {
    fn from(verified: &Verified) -> Self {
        Self {
            confirmed: true,
            hash: verified.is_respelled.then(|| verified.hash.to_string()),
            token: verified.token.as_ref().map(|token| token.as_str().to_owned()),
        }
    }
}

/// A request that the owners of the hashes will get, if there are any.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"status": "requests_send"})))]
pub struct ContactReply {
    /// Always the same: nobody is told which hashes have an owner.
    status: ContactStatus,
}

/// The state of a contact request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ContactStatus {
    /// The introductions are sent, or will be.
    RequestsSend,
}

impl ContactReply {
    /// The only one.
    pub const SENT: Self = Self {
        status: ContactStatus::RequestsSend,
    };
}

/// The answer to a look-up.
#[derive(Serialize, ToSchema)]
#[schema(examples(
    json!({"confirmed": true}),
    json!({"confirmed": true, "service": "itseme.example.net"}),
    json!({"confirmed": false}),
))]
pub struct ConfirmReply {
    /// True if all of the hashes are linked to the target.
    confirmed: bool,
    /// The peer that says so, if the service does not know it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "itseme.example.net")]
    service: Option<String>,
}

impl From<Confirmed> for ConfirmReply {
    fn from(confirmed: Confirmed) -> Self {
        Self {
            confirmed: confirmed.is_yes(),
            service: confirmed.service().map(ToString::to_string),
        }
    }
}

/// The state of an erasure.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"status": "pending"}), json!({"status": "forgotten"})))]
pub struct ForgetReply {
    /// The state.
    status: ForgetStatus,
}

/// The state of an erasure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ForgetStatus {
    /// A code was sent to the target by XMPP.
    Pending,
    /// The links are erased.
    Forgotten,
}

impl From<Forgetting> for ForgetReply {
    fn from(forgetting: Forgetting) -> Self {
        let status = match forgetting {
            Forgetting::Pending => ForgetStatus::Pending,
            Forgetting::Forgotten(_) => ForgetStatus::Forgotten,
        };
        Self { status }
    }
}

/// The version of the service.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"version": env!("CARGO_PKG_VERSION")})))]
pub struct VersionReply {
    /// Three numbers (Semantic Versioning).
    pub version: &'static str,
}

/// Links to the service (RFC 6415).
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"links": [
    {"rel": "it-se.me:http", "href": "https://api.example.org"},
    {"rel": "it-se.me:xmpp", "href": "xmpp:itseme.example.org"},
]})))]
pub struct HostMetaReply<'a> {
    /// The links.
    #[schema(value_type = Vec<HostMetaLink<'a>>)]
    pub links: Vec<HostMetaLink<'a>>,
}

/// A link.
#[derive(Serialize, ToSchema)]
pub struct HostMetaLink<'a> {
    /// The address.
    pub href: &'a str,
    /// Its meaning.
    pub rel: &'static str,
}
