//! Rows as they are stored, to copy a database to another one, of the same engine or not.
//!
//! Both engines have the same tables and columns. A row is copied with all its values, also those that somebody without the key
//! has put there, so that two databases can be compared row by row. Its number is copied as well: rows are listed in the order of
//! their numbers.

use super::{KeyedRow, Read, Result, StoreError, Write};
use crate::model::Mac;

/// A value as it is stored. The variant is that of the column, also where there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A number, or `true` as 1 and `false` as 0.
    Number(Option<i64>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// A row, as the values of the columns of its table.
pub type Record = Vec<Cell>;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A number of 64 bits.
    Number,
    /// `true` or `false`.
    Flag,
    /// Bytes.
    Bytes,
}

/// A column: its name and its type.
pub type Column = (&'static str, ColumnKind);

/// A table whose rows are copied.
#[derive(Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name, also for people.
    pub name: &'static str,
    /// Its columns. Those of the key come first.
    pub columns: &'static [Column],
    /// The number of columns that make the key.
    pub key: usize,
}

/// The column with the number of a row, where the number has no other meaning.
pub const NUMBER: &str = "number";

/// All tables, those with few rows first.
pub static COPIED: [CopiedTable; 8] = [
    table("suppressions", &[bytes("mac"), number("key_number")], 1),
    table(
        "subscribers",
        &[
            bytes("owner_mac"),
            bytes("server_mac"),
            number("addresses"),
            number("asked"),
            bytes("box"),
            number("seen_at"),
            number("key_number"),
        ],
        1,
    ),
    table(
        "mutes",
        &[
            bytes("owner_mac"),
            bytes("muted_mac"),
            bytes("box"),
            number("expires_at"),
            number("key_number"),
        ],
        2,
    ),
    table(
        "tokens",
        &[
            number(NUMBER),
            bytes("token_hash"),
            bytes("owner_mac"),
            bytes("box"),
            number("expires_at"),
            number("key_number"),
        ],
        1,
    ),
    table(
        "pending",
        &[
            bytes("id_mac"),
            bytes("owner_mac"),
            bytes("code_mac"),
            number("native_guesses"),
            number("http_guesses"),
            number("expires_at"),
            bytes("box"),
            number("key_number"),
        ],
        2,
    ),
    table(
        "outbox",
        &[
            number("id"),
            number("queue"),
            bytes("about_mac"),
            bytes("payer_mac"),
            number("due_at"),
            number("tries"),
            number("returned"),
            ("is_taken", ColumnKind::Flag),
            number("expires_at"),
            bytes("box"),
            number("key_number"),
        ],
        1,
    ),
    table("quota", &[bytes("key"), number("resets_at"), number("used")], 1),
    table(
        "links",
        &[
            number(NUMBER),
            bytes("id_mac"),
            bytes("alias_of_mac"),
            bytes("owner_mac"),
            bytes("proof"),
            bytes("box"),
            number("verified_on"),
            number("key_number"),
        ],
        1,
    ),
];

const fn table(name: &'static str, columns: &'static [Column], key: usize) -> CopiedTable {
    CopiedTable { name, columns, key }
}

const fn number(name: &'static str) -> Column {
    (name, ColumnKind::Number)
}

const fn bytes(name: &'static str) -> Column {
    (name, ColumnKind::Bytes)
}

impl CopiedTable {
    /// Returns the key of a row.
    pub fn key_of<'a>(&self, record: &'a [Cell]) -> &'a [Cell] {
        record.get(..self.key).unwrap_or_default()
    }

    /// Returns the columns of the key, as SQL.
    pub fn key_columns(&self) -> String {
        self.list(self.key, |name| name.to_owned())
    }

    /// Returns the first `count` columns, each written by `write`, as SQL.
    pub fn list(&self, count: usize, write: impl Fn(&str) -> String) -> String {
        let names = self.columns.iter().take(count).map(|(name, _)| write(name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Returns `true` if its rows have numbers.
    pub fn is_numbered(&self) -> bool {
        self.key == 1 && self.columns[0].1 == ColumnKind::Number
    }
}

/// The check of a database whose content is not complete begins with this. That of a key does with a probability of 2⁻⁶⁴.
const INCOMPLETE: [u8; 8] = *b"copying\0";

/// Returns the check ([`MadeWith::check`](super::MadeWith::check)) of a copy that is not complete, where `of` tells apart what it
/// is a copy of.
pub fn incomplete(of: [u8; 8]) -> Mac {
    let mut check = [0; 16];
    check[..8].copy_from_slice(&INCOMPLETE);
    check[8..].copy_from_slice(&of);
    Mac(check)
}

/// Returns `true` for the check of a copy that is not complete.
pub fn is_incomplete(check: &Mac) -> bool {
    check.0.starts_with(&INCOMPLETE)
}

/// The error of who wants to use a copy that is not complete.
pub fn refused_as_incomplete() -> StoreError {
    StoreError::Corrupt(
        "the database is an incomplete copy of another one: call itseme move again with the same databases to complete it".into(),
    )
}

/// The name and the value of an entry of the table `meta`.
pub type Entry = (String, Vec<u8>);

/// Questions of a copy.
pub trait ReadCopy {
    /// Up to `limit` rows behind the one with the key `after`, in the order of their keys, which is the same in every engine.
    fn records(&self, table: &CopiedTable, after: Option<&[Cell]>, limit: usize) -> Result<Vec<Record>>;
    /// The key of the last row.
    fn last_key(&self, table: &CopiedTable) -> Result<Option<Vec<Cell>>>;
    /// The row of that key, as operations read it; `None` if there is none, or rows of the table carry no number of a key.
    fn keyed_row(&self, table: &CopiedTable, key: &[Cell]) -> Result<Option<KeyedRow>>;
    /// The highest number that a row has had so far, of those that are gone as well where the engine knows it.
    fn last_number(&self, table: &CopiedTable) -> Result<Option<i64>>;
    /// All that is stored beside the tables, the times of the clocks among it; not the version of the tables.
    fn entries(&self) -> Result<Vec<Entry>>;
}

/// Changes of a copy.
pub trait WriteCopy {
    /// Puts rows there, as they are. None of their keys may be there yet.
    fn put_records(&self, table: &CopiedTable, records: &[Record]) -> Result<()>;
    /// The next row that is made gets a higher number than `last`. To be called when all rows are there.
    fn continue_numbers(&self, table: &CopiedTable, last: i64) -> Result<()>;
    /// Puts entries, in the place of those of the same names. With the source's, the copy is complete.
    fn put_entries(&self, entries: &[Entry]) -> Result<()>;
}

/// A database that no other process uses as long as this is there.
pub trait Alone {
    /// Reads as of one moment.
    ///
    /// # Errors
    /// Of the job, or of the database.
    fn read(&self, job: &mut dyn FnMut(&dyn Read) -> Result<()>) -> Result<()>;
    /// Makes all changes or none, durably.
    ///
    /// # Errors
    /// Of the job, or of the database.
    fn write(&self, job: &mut dyn FnMut(&dyn Write) -> Result<()>) -> Result<()>;
}

impl dyn Alone + '_ {
    /// Returns the answer of `question`.
    ///
    /// # Errors
    /// As [`Alone::read`].
    pub fn ask<T>(&self, mut question: impl FnMut(&dyn Read) -> Result<T>) -> Result<T> {
        let mut answer = None;
        self.read(&mut |read| {
            answer = Some(question(read)?);
            Ok(())
        })?;
        answer.ok_or_else(|| StoreError::Unavailable("the database ended before it answered".into()))
    }
}
