//! XML namespaces of it-se.me.

/// Registering, listing and forgetting links; the notice that a link was taken over.
pub const REGISTER: &str = "it-se.me:register";
/// Codes, and returning them.
pub const VERIFY: &str = "it-se.me:verify";
/// Asking for an introduction, being introduced, and answering.
pub const CONTACT: &str = "it-se.me:contact";
/// Do these hashes belong to this JID?
pub const CONFIRM: &str = "it-se.me:confirm";
/// Application conditions inside stanza errors.
pub const ERRORS: &str = "it-se.me:errors";
