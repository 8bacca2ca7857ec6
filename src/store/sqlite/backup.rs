//! The database as one file that nobody uses: made while others use the database, and checked as a whole. With millions of links, both
//! take minutes, so both can be ended.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::migrations;
use super::queries::Session;
use crate::model::Mac;
use crate::store::{Read, Result, StoreError};

/// The length in bytes of a file whose indexes are compared with their tables when it is checked. They are looked up row by row: a
/// million links take some ten seconds as long as the file is in memory, and a file that has no room there takes hours.
const COMPARED: u64 = 4 << 30;
/// The number of SQLite's instructions, or of pages of a check, after which a statement asks if it is to end.
const INSTRUCTIONS: i32 = 1000;

/// Copies the database at `path`, as it is at one moment, to the empty file at the absolute path `to`, whatever others write
/// meanwhile. Nothing of deleted rows is copied. `ends` is asked now and then.
///
/// # Errors
/// If the database cannot be read, or the disk is full, or `ends` has returned `true`.
pub fn back_up(path: &Path, to: &Path, ends: impl FnMut() -> bool + Send + 'static) -> Result<()> {
    let name = to.to_str();
    let name = name.ok_or_else(|| StoreError::Unavailable("SQLite takes names in UTF-8 only".into()))?;
    reader(path, ends)?.execute("VACUUM INTO ?", [name])?;
    Ok(())
}

/// Opens the database at `path` to read it, until `ends` returns `true`.
fn reader(path: &Path, ends: impl FnMut() -> bool + Send + 'static) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.progress_handler(INSTRUCTIONS, Some(ends))?;
    Ok(connection)
}

/// Writes what is in the journal into the database at `path`, if it can be read.
pub fn empty_journal(path: &Path) {
    let write = || {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    let _ = write();
}

/// A database file that nobody changes.
pub struct Whole(Connection);

impl Whole {
    /// Opens a file, and reads all of it. `ends` is asked now and then.
    ///
    /// # Errors
    /// If it is damaged, belongs to a newer version of the service, or was made with another key, or `ends` has returned `true`.
    pub fn open(path: &Path, key_check: Mac, ends: impl FnMut() -> bool + Send + 'static) -> Result<Self> {
        let connection = reader(path, ends)?;
        migrations::check(&connection, key_check)?;
        migrations::check_schema(&connection)?;
        let check = match fs::metadata(path).is_ok_and(|file| file.len() <= COMPARED) {
            true => "PRAGMA integrity_check(1)",
            false => "PRAGMA quick_check(1)",
        };
        let found: String = connection.query_row(check, [], |row| row.get(0))?;
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
