//! A transaction of the store, as the operations use it.

use super::error::{Error, Result};
use crate::store::{StoreError, Write};

/// A transaction that changes the store.
pub(super) type Tx<'a> = dyn Write + 'a;

/// The result of a transaction: an error of the store rolls it back, one of the domain is an answer.
pub(super) type Split<T> = std::result::Result<Result<T>, StoreError>;

/// Separates the errors of the store, which roll the changes back, from those of the domain, which keep them.
pub(super) fn split<T>(result: Result<T>) -> Split<T> {
    match result {
        Err(Error::Internal(error)) => Err(error),
        other => Ok(other),
    }
}

/// Joins both kinds of errors again, and logs those of the store.
pub(super) fn settle<T>(result: Split<T>) -> Result<T> {
    match result {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "the database failed");
            Err(Error::Internal(error))
        }
    }
}
