//! Why an id cannot be used.

/// Why an id cannot be used: what was expected instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// A JID with a localpart.
    Jid,
    /// An addr-spec (RFC 5322).
    Email,
    /// `+` and 7 to 15 digits (E.164).
    Phone,
    /// A number that the numbering plan of its country allows.
    PossiblePhone,
    /// A user name.
    UserName,
    /// A provider whose name is not empty and has no colon.
    Provider,
    /// A phone number or an address.
    Detail,
}
