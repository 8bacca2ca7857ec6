//! A transaction of the store, as the operations see it.

use std::ops::Deref;

use super::error::{Error, Result};
use crate::store::{NewRow, StoreError, Write};

/// A transaction.
pub(super) struct Tx<'a> {
    pub(super) write: &'a dyn Write,
}

impl<'a> Deref for Tx<'a> {
    type Target = dyn Write + 'a;

    fn deref(&self) -> &Self::Target {
        self.write
    }
}

impl Tx<'_> {
    pub(super) fn push(&self, row: &NewRow) -> Result<()> {
        Ok(self.write.push(row)?)
    }
}

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
