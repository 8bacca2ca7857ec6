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
        let session = Session::new(&transaction);
        job(&session)?;
        session.finish()?;
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::SqliteStore;
    use super::*;

    const KEY: Mac = Mac([7; 16]);

    fn error_of<T>(result: Result<T>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn whoever_is_alone_keeps_a_service_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let alone = AloneOn::open(&path, KEY).unwrap();
        assert!(error_of(SqliteStore::open(&path, KEY)).contains("stop it"));
        drop(alone);
        let store = SqliteStore::open(&path, KEY).unwrap();
        assert!(error_of(AloneOn::open(&path, KEY)).contains("stop it"));
        drop(store);
        drop(AloneOn::open(&path, KEY).unwrap());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "no journal is left"
        );
    }

    #[test]
    fn an_incomplete_copy_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let check = crate::store::incomplete([1; 8]);
        drop(AloneOn::open(&path, check).unwrap());
        assert!(error_of(SqliteStore::open(&path, KEY)).contains("incomplete"));
        drop(AloneOn::open(&path, check).unwrap());
    }
}
