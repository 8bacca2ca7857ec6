//! The database as one file that nobody uses: made while others use the database, and checked as a whole.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::queries::Session;
use super::{PRIVATE, migrations};
use crate::model::Mac;
use crate::store::{Read, Result, StoreError};

/// Copies the database at `path`, as it is at one moment, to the new file `to`, whatever others write meanwhile. Nothing of
/// deleted rows is copied.
///
/// # Errors
/// If there is such a file already, the database cannot be read, or the disk is full.
#[allow(clippy::disallowed_methods, reason = "a command, which serves nobody")]
pub fn back_up(path: &Path, to: &Path) -> Result<()> {
    let told = |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", to.display()));
    let name = to.to_str().ok_or_else(|| told(&"SQLite takes names in UTF-8 only"))?;
    // SQLite takes a new file, or an empty one: this one nobody else can read.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(PRIVATE);
    let file = options.open(to).map_err(|error| told(&error))?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute("VACUUM INTO ?", [name])?;
    file.sync_all().map_err(|error| told(&error))
}

/// A database file that nobody changes.
pub struct Whole(Connection);

impl Whole {
    /// Opens a file, and reads all of it.
    ///
    /// # Errors
    /// If it is damaged, belongs to a newer version of the service, or was made with another key.
    pub fn open(path: &Path, key_check: Mac) -> Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrations::check(&connection, key_check)?;
        let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        match found.as_str() {
            "ok" => Ok(Self(connection)),
            // It may quote the place, and no values.
            _ => Err(StoreError::Corrupt(format!("the file is damaged: {found}"))),
        }
    }

    /// Returns `true` if its tables are those of this version.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn is_up_to_date(&self) -> Result<bool> {
        migrations::is_up_to_date(&self.0)
    }

    /// Returns the answer of `question`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read<T>(&self, question: impl FnOnce(&dyn Read) -> Result<T>) -> Result<T> {
        let transaction = Transaction::new_unchecked(&self.0, TransactionBehavior::Deferred)?;
        question(&Session::new(&transaction))
    }
}
