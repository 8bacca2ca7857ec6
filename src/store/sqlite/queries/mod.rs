//! The port's questions and changes as SQL.

mod copy;
mod keys;
mod links;
mod mutes;
mod outbox;
mod pending;
mod quota;
mod subscribers;
mod suppressions;
mod times;
mod tokens;
mod upkeep;

use std::cell::RefCell;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row as SqlRow, ToSql, params};

pub use self::keys::{made_with, progress};
pub use self::links::link;
pub use self::mutes::mute;
use self::outbox::Pushed;
pub use self::outbox::outbox;
pub use self::pending::pending;
pub use self::subscribers::subscriber;
pub use self::tokens::token;
use super::claims::Effects;
use super::filter::Filter;
use crate::model::Mac;
use crate::store::quotas::Quotas;
use crate::store::{Read, Result, Write};

/// A connection within a transaction.
pub struct Session<'a> {
    connection: &'a Connection,
    /// What follows from the changes.
    pub effects: Effects,
    filter: Option<&'a Filter>,
    quotas: Quotas,
    pushed: RefCell<Vec<Pushed>>,
}

impl Read for Session<'_> {}

impl Write for Session<'_> {}

impl<'a> Session<'a> {
    /// Of which nothing has followed so far.
    pub fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            effects: Effects::default(),
            filter: None,
            quotas: Quotas::default(),
            pushed: RefCell::default(),
        }
    }

    /// The same, with the filter of the database.
    pub fn with(connection: &'a Connection, filter: &'a Filter) -> Self {
        Self {
            filter: Some(filter),
            ..Self::new(connection)
        }
    }

    /// Writes what is still to be written. To be called at the end of a transaction.
    pub fn finish(&self) -> Result<()> {
        self.write_pushed()?;
        self.write_quotas()
    }

    pub fn one<T>(&self, sql: &str, params: impl Params, map: fn(&SqlRow) -> rusqlite::Result<T>) -> Result<Option<T>> {
        self.write_pushed()?;
        Ok(self.connection.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    pub fn all<T>(&self, sql: &str, params: impl Params, map: fn(&SqlRow) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        self.write_pushed()?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The value of that name in `meta`.
    pub fn meta<T: FromSql>(&self, name: &str) -> Result<Option<T>> {
        self.one("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0))
    }

    pub fn put_meta(&self, name: &str, value: &[u8]) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)";
        self.run(sql, params![name, value]).map(drop)
    }

    /// The first row for each of `keys`. A statement for each costs less than one for all: of a list of values, SQLite makes a table. They
    /// are asked for in their order in the index, so that each page is read once.
    pub fn of_each<T>(
        &self,
        sql: &str,
        keys: &[Mac],
        map: fn(&SqlRow) -> rusqlite::Result<T>,
    ) -> Result<Vec<Option<T>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.write_pushed()?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found: Vec<_> = keys.iter().map(|_| None).collect();
        let mut places: Vec<_> = keys.iter().zip(&mut found).collect();
        places.sort_unstable_by_key(|(key, _)| key.0);
        for (key, place) in places {
            *place = statement.query_row([key], map).optional()?;
        }
        Ok(found)
    }

    pub fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.write_pushed()?;
        Ok(self.connection.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs a statement with each of these.
    pub fn run_each<P: Params>(&self, sql: &str, params: impl IntoIterator<Item = P>) -> Result<()> {
        self.write_pushed()?;
        let mut statement = self.connection.prepare_cached(sql)?;
        for params in params {
            statement.execute(params)?;
        }
        Ok(())
    }
}

impl ToSql for Mac {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        self.0.as_slice().to_sql()
    }
}

/// Somebody who can write the file can put any value into a column. A value that is no MAC is read as zeros, which no row
/// has: an error would prevent that the row is replaced.
impl FromSql for Mac {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        Ok(Self(bytes(value.as_blob().unwrap_or_default())))
    }
}

/// Returns zeros if the number of bytes differs.
fn bytes<const N: usize>(blob: &[u8]) -> [u8; N] {
    blob.try_into().unwrap_or([0; N])
}

/// Returns 0 if the value is out of range, for the same reason.
fn number<T: TryFrom<i64> + Default>(row: &SqlRow, name: &str) -> rusqlite::Result<T> {
    Ok(T::try_from(row.get(name)?).unwrap_or_default())
}
