//! The payloads of the it-se.me namespaces, as declarations.
//!
//! Required parts of requests are optional here, so that the error can name the one that is missing (`key_error`).

// The derives convert every extracted text, whatever its type.
#![allow(clippy::useless_conversion)]

use xso::{AsXml, FromXml};

use crate::xmpp::protocol::ns;

/// `<register/>` of an IQ set: starts to link an identity to the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct Register {
    /// The provider of the identity.
    #[xml(attribute(default))]
    pub provider: Option<String>,
    /// The identity there.
    #[xml(attribute(default))]
    pub id: Option<String>,
    /// `true` if a code that waits is replaced by a new one (`true` or `1`).
    #[xml(attribute(default))]
    pub resend: Option<String>,
    /// `call` if the code is to be read out in a call; `send` if the sender writes a message from the identity instead of getting a code.
    #[xml(attribute(default))]
    pub how: Option<String>,
}

/// `<register/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "register")]
pub struct Registered {
    /// `pending` or `confirmed`.
    #[xml(attribute)]
    pub status: String,
    /// The hash of the identity.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// The address where the user signs in.
    #[xml(extract(name = "goto", default, fields(text(type_ = String))))]
    pub goto: Option<String>,
    /// The message that the user sends.
    #[xml(child(default))]
    pub send: Option<Send>,
}

/// `<send/>` in the result: a message that proves the identity, which is its sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "send")]
pub struct Send {
    /// The number or address of the service.
    #[xml(attribute)]
    pub to: String,
    /// The text.
    #[xml(extract(name = "text", fields(text(type_ = String))))]
    pub text: String,
}

/// `<verify/>`: a code, as it is sent out and as it comes back.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct Verify {
    /// The code.
    #[xml(extract(name = "code", default, fields(text(type_ = String))))]
    pub code: Option<String>,
    /// The hash of the registration.
    #[xml(extract(name = "hash", default, fields(text(type_ = String))))]
    pub hash: Option<String>,
}

/// `<verify/>` of the answer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::VERIFY, name = "verify")]
pub struct Verified {
    /// The proven hash.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
    /// `true` if it is linked now.
    #[xml(extract(name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
}

/// `<contact/>` of an IQ set: asks for introductions.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct Contact {
    /// `here` if the peers are not asked.
    #[xml(attribute(default))]
    pub scope: Option<String>,
    /// The sender's details, as a JSON array.
    #[xml(extract(name = "info", default, fields(text(type_ = String))))]
    pub info: Option<String>,
    /// The hashes of the people that the sender wants to be introduced to.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<contact/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct ContactSent {
    /// `requests_send`.
    #[xml(attribute)]
    pub status: String,
}

/// `<contact/>` as it is forwarded (API document, 1.4.2).
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "contact")]
pub struct Introduction {
    /// The asker's proven details, as a JSON array.
    #[xml(extract(name = "info", fields(text(type_ = String))))]
    pub info: String,
    /// The requester.
    #[xml(extract(name = "jid", fields(text(type_ = String))))]
    pub jid: String,
    /// The peer where the requester has asked, which vouches for both.
    #[xml(extract(name = "service", default, fields(text(type_ = String))))]
    pub service: Option<String>,
}

/// `<contact/>` of an IQ set of a peer: somebody asks for introductions there.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contact")]
pub struct PeerContact {
    /// The requester.
    #[xml(attribute(default))]
    pub jid: Option<String>,
    /// `anybody` if anybody may have asked, in the requester's name.
    #[xml(attribute(default))]
    pub by: Option<String>,
    /// The requester's details, as a JSON array.
    #[xml(extract(name = "info", default, fields(text(type_ = String))))]
    pub info: Option<String>,
    /// The hashes of the people that the requester wants to be introduced to.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<contacts/>` of an IQ set of a peer: several requests together.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contacts")]
pub struct PeerContacts {
    /// The requests, each as by itself.
    #[xml(child(n = ..))]
    pub contacts: Vec<PeerContact>,
}

/// `<contacts/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER, name = "contacts")]
pub struct PeerContactsTaken {
    /// The result of each request, in their order.
    #[xml(child(n = ..))]
    pub results: Vec<PeerContactResult>,
}

/// The result of a request of a peer.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::PEER)]
pub enum PeerContactResult {
    /// It was taken.
    #[xml(name = "taken")]
    Taken,
    /// It was not taken, and can be sent again later.
    #[xml(name = "later")]
    Later {
        /// The name of the error, as over HTTP.
        #[xml(attribute)]
        error: String,
    },
    /// It is not taken.
    #[xml(name = "refused")]
    Refused {
        /// The name of the error, as over HTTP.
        #[xml(attribute)]
        error: String,
    },
}

/// `<confirm/>` of an IQ get.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct Confirm {
    /// The JID that the hashes should be linked to.
    #[xml(extract(name = "jid", default, fields(text(type_ = String))))]
    pub jid: Option<String>,
    /// The hashes.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<confirm/>` of the result.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONFIRM, name = "confirm")]
pub struct Confirmed {
    /// `true` if all of them are.
    #[xml(extract(name = "confirmed", fields(text(type_ = bool))))]
    pub confirmed: bool,
    /// The peer that says so.
    #[xml(extract(name = "service", default, fields(text(type_ = String))))]
    pub service: Option<String>,
}

/// `<links/>`: asked for without hashes, answered with them.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "links")]
pub struct Links {
    /// The hashes of the sender's links.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<forget/>` of an IQ set.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "forget")]
pub struct Forget {
    /// The hashes to forget; empty: all.
    #[xml(extract(n = .., name = "hash", fields(text(type_ = String))))]
    pub hashes: Vec<String>,
}

/// `<taken-over/>`: tells a client that one of its links now belongs to another JID.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::REGISTER, name = "taken-over")]
pub struct TakenOver {
    /// The hash of the link.
    #[xml(extract(name = "hash", fields(text(type_ = String))))]
    pub hash: String,
}

/// `<mute/>` of an IQ set: keeps contact requests from the sender.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "mute")]
pub struct Mute {
    /// The JIDs to mute; empty: everybody.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

/// `<unmute/>` of an IQ set: lets them through again.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "unmute")]
pub struct Unmute {
    /// The JIDs to unmute; empty: everybody.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

/// `<mutes/>`: asked for empty, answered with whom the sender has muted.
#[derive(FromXml, AsXml, Debug, Clone, PartialEq)]
#[xml(namespace = ns::CONTACT, name = "mutes")]
pub struct Mutes {
    /// `true` if contact requests are muted altogether.
    #[xml(flag(name = "all"))]
    pub all: bool,
    /// The muted JIDs.
    #[xml(extract(n = .., name = "jid", fields(text(type_ = String))))]
    pub jids: Vec<String>,
}

#[cfg(test)]
mod tests;
