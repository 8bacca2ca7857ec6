//! Errors of the store.

use super::KeyState;

/// An error of the store; the variant tells what may help. The texts name causes and remedies, never values.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Others changed the same rows at the same time. Nothing has changed; the same change may work at once.
    #[error("{0}")]
    Retry(String),
    /// It cannot be used now: the disk is full, the database is locked, in use or closed. The same change may work later. Nothing
    /// has changed, unless the connection to a server was lost while the change was committed: then it may have been.
    #[error("{0}")]
    Unavailable(String),
    /// The database is under other keys than those of the change, which are given. Nothing has changed.
    #[error("the database is under other keys")]
    OtherKeys(KeyState),
    /// The stored data cannot be read: it is damaged, was changed by somebody else, or belongs to another key or a newer version.
    /// Waiting does not help.
    #[error("{0}")]
    Corrupt(String),
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;
