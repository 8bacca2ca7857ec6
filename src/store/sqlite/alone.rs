//! A database that no service uses, over one connection.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::queries::Session;
use crate::model::Mac;
use crate::store::{Alone, Read, Result, Write};

/// As long as its lock lasts, no service can start.
pub struct AloneOn {
    connection: Connection,
    _lock: File,
}

impl AloneOn {
    /// Opens the database as [`SqliteStore::open`](super::SqliteStore::open) does.
    ///
    /// # Errors
    /// As that.
    pub fn open(path: &Path, key_check: Mac) -> Result<Self> {
        let (connection, lock) = super::open(path, key_check)?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }
}

impl Alone for AloneOn {
    fn read(&self, job: &mut dyn FnMut(&dyn Read) -> Result<()>) -> Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
        job(&Session::new(&transaction))
    }

    fn write(&self, job: &mut dyn FnMut(&dyn Write) -> Result<()>) -> Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        job(&Session::new(&transaction))?;
        Ok(transaction.commit()?)
    }
}
