//! Messages as the outbox's workers get them.

use crate::channel::Letter;
use crate::store::Row;

/// A message of the outbox.
pub(crate) struct Due {
    /// As it is stored.
    pub(crate) row: Row,
    /// The content of the message.
    pub(crate) letter: Opened,
}

/// The content of the box of a message.
pub(crate) enum Opened {
    /// A message to be sent.
    Letter(Box<Letter>),
    /// A message that must not be sent: the recipient has muted the requester since, wants no codes, or is no peer any more.
    Unwanted,
    /// Nothing to send: it cannot be opened, or it is a contact request, which is opened when it is matched.
    Nothing,
}
