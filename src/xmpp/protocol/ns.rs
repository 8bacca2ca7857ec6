//! The namespaces of it-se.me, and those of XMPP that `xmpp_parsers::ns` lacks.

/// Registering, listing and forgetting links.
pub const REGISTER: &str = "it-se.me:register";
/// Codes (API document, 1.4.1).
pub const VERIFY: &str = "it-se.me:verify";
/// Introductions (API document, 1.4.2).
pub const CONTACT: &str = "it-se.me:contact";
/// `true` if a hash belongs to a JID.
pub const CONFIRM: &str = "it-se.me:confirm";
/// The form with the offer of the service, and the feature that announces the form.
pub const SERVICE: &str = "it-se.me:service";
/// Features for the operations that are newer than 2014: `<links/>`.
pub const LINKS: &str = "it-se.me:register#links";
/// `<forget/>`
pub const FORGET: &str = "it-se.me:register#forget";
/// `<mute/>`, `<unmute/>` and `<mutes/>`
pub const MUTE: &str = "it-se.me:contact#mute";
/// Requests that a peer passes on.
pub const PEER: &str = "it-se.me:peer";
/// The form with the peers of the service.
pub const PEERS: &str = "it-se.me:peers";
/// Application-specific error conditions (RFC 6120, 8.3.4).
pub const ERRORS: &str = "it-se.me:errors";

/// Ad-hoc commands (XEP-0050).
pub const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// Last activity (XEP-0012).
pub const LAST: &str = "jabber:iq:last";
/// Search in a directory of users (XEP-0055).
pub const SEARCH: &str = "jabber:iq:search";
/// The hash of the avatar (XEP-0153).
pub const AVATAR_UPDATE: &str = "vcard-temp:x:update";
/// Hints to servers about a message (XEP-0334).
pub const HINTS: &str = "urn:xmpp:hints";
