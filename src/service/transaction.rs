//! A transaction of the store, as the operations see it.

use super::error::{Error, Result};
use crate::store::{StoreError, Write};

/// A transaction that changes something.
pub(super) type Tx<'a> = dyn Write + 'a;

/// What a transaction ends with: an error of the store rolls it back, one of the domain is an answer.
pub(super) type Split<T> = std::result::Result<Result<T>, StoreError>;

/// Takes the errors of the store out, which roll back what was changed; those of the domain keep it.
pub(super) fn split<T>(result: Result<T>) -> Split<T> {
    match result {
        Err(Error::Internal(error)) => Err(error),
        other => Ok(other),
    }
}

/// Puts the errors of the store back, after logging them.
pub(super) fn settle<T>(result: Split<T>) -> Result<T> {
    match result {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "the database failed");
            Err(Error::Internal(error))
        }
    }
}
