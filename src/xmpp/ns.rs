//! The namespaces of it-se.me. Those of XMPP are in `xmpp_parsers::ns`.

/// Registering, listing and forgetting links.
pub const REGISTER: &str = "it-se.me:register";
/// Codes (API document, 1.4.1).
pub const VERIFY: &str = "it-se.me:verify";
/// Introductions (API document, 1.4.2).
pub const CONTACT: &str = "it-se.me:contact";
/// Whether a hash belongs to a JID.
pub const CONFIRM: &str = "it-se.me:confirm";
/// Application-specific error conditions (RFC 6120, 8.3.4).
pub const ERRORS: &str = "it-se.me:errors";
