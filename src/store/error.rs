//! Errors of the store.

/// An error of the store; the variant tells what may help. The texts name causes and remedies, never values.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Others changed the same rows at the same time. Nothing has changed; the same change may work at once.
    #[error("{0}")]
    Retry(String),
    /// It cannot be used now: the disk is full, the database is locked, in use or closed. Nothing has changed; the same change
    /// may work later.
    #[error("{0}")]
    Unavailable(String),
    /// The stored data cannot be read: it is damaged, was changed by somebody else, or belongs to another key or a newer version.
    /// Waiting does not help.
    #[error("{0}")]
    Corrupt(String),
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;
