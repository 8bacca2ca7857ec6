//! What SQLite does by itself, through rusqlite, in one thread: with tables and settings as the service has them
//! (`src/store/sqlite/mod.rs`), by statements that are prepared once, in one transaction.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use itseme::model::Mac;
use itseme::store::sqlite::{reading, writing};
use rusqlite::{Connection, OptionalExtension, params};

/// What the service stores of a contact request with a hundred hashes, in bytes.
pub const STORED: usize = 6560;

/// What `SELECT` is asked for by a bare look-up.
#[derive(Clone, Copy, Debug)]
pub enum Columns {
    /// What shows whose link it is.
    Proof,
    /// All that is needed to write to whoever it is.
    All,
}

impl Columns {
    fn sql(self) -> &'static str {
        match self {
            Self::Proof => "SELECT proof FROM links WHERE id_mac = ?",
            Self::All => "SELECT proof, owner_mac, box, verified_on FROM links WHERE id_mac = ?",
        }
    }
}

/// A connection that reads.
///
/// # Errors
/// If there is no database.
pub fn reader(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(&reading())?;
    Ok(connection)
}

/// A connection that writes durably.
///
/// # Errors
/// If there is no database.
pub fn writer(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(&writing())?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// What shows whose link that is.
///
/// # Errors
/// If the database fails.
pub fn proof(connection: &Connection, id: &Mac) -> Result<Option<Mac>> {
    let mut statement = connection.prepare_cached(Columns::Proof.sql())?;
    Ok(statement.query_row([id], |row| row.get(0)).optional()?)
}

/// Looks up each of `ids` once; tells how many there were.
///
/// # Errors
/// If the database fails.
pub fn look_up(connection: &Connection, columns: Columns, ids: &[Mac]) -> Result<usize> {
    let mut statement = connection.prepare_cached(columns.sql())?;
    let mut found = 0;
    for id in ids {
        let mut rows = statement.query([id])?;
        if let Some(row) = rows.next()? {
            let _proof: Mac = row.get(0)?;
            if matches!(columns, Columns::All) {
                let _others: (Mac, Vec<u8>, u32) = (row.get(1)?, row.get(2)?, row.get(3)?);
            }
            found += 1;
        }
    }
    Ok(found)
}

/// Looks up each of `ids` once, in one transaction; tells how many there were.
///
/// # Errors
/// If the database fails.
pub fn look_up_together(connection: &Connection, columns: Columns, ids: &[Mac]) -> Result<usize> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let found = look_up(connection, columns, ids)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(found)
}

/// Looks up lists of ids, each in one transaction, for some time; tells how many lists were done in a second.
///
/// # Errors
/// If the database fails, or not all are found.
pub fn look_ups(connection: &Connection, lists: &[Vec<Mac>], time: Duration) -> Result<f64> {
    let (began, mut done) = (Instant::now(), 0.0);
    let mut lists = lists.iter().cycle();
    while began.elapsed() < time {
        let ids = lists.next().context("nothing to look up")?;
        ensure!(look_up_together(connection, Columns::Proof, ids)? == ids.len(), "a link was not found");
        done += 1.0;
    }
    Ok(done / began.elapsed().as_secs_f64())
}

/// Puts so many rows of `bytes` into the outbox, so many to a transaction; tells how many were done in a second. They are
/// gone afterwards.
///
/// # Errors
/// If the database fails.
pub fn insert(connection: &Connection, bytes: &[u8], together: usize, time: Duration) -> Result<f64> {
    let (began, mut done) = (Instant::now(), 0.0);
    while began.elapsed() < time {
        let transaction = connection.unchecked_transaction()?;
        push(&transaction, bytes, together)?;
        transaction.commit()?;
        done += together as f64;
    }
    let rate = done / began.elapsed().as_secs_f64();
    clear(connection)?;
    Ok(rate)
}

/// Empties the outbox, and forgets what was counted.
///
/// # Errors
/// If the database fails.
pub fn clear(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch("DELETE FROM outbox; DELETE FROM quota; PRAGMA wal_checkpoint(TRUNCATE);")?)
}

/// Puts so many rows of `bytes` into the outbox.
///
/// # Errors
/// If the database fails.
pub fn push(connection: &Connection, bytes: &[u8], count: usize) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO outbox (queue, about_mac, due_at, expires_at, box) VALUES (?, ?, ?, ?, ?)",
    )?;
    for _ in 0..count {
        // Not due in a long time.
        let far: i64 = 1 << 50;
        statement.execute(params![1, Mac(rand::random()), far, far, bytes])?;
    }
    Ok(())
}

/// How many messages wait.
///
/// # Errors
/// If the database fails.
pub fn waiting(connection: &Connection) -> Result<u64> {
    Ok(connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?)
}
