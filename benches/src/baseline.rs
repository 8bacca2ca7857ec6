//! SQLite by itself, through rusqlite, in one thread: with the tables and settings of the service (`itseme::store::sqlite`), by
//! statements that are prepared once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use itseme::model::Mac;
use itseme::store::sqlite::{reading, writing};
use rusqlite::{Connection, params};

/// The columns that a look-up reads.
#[derive(Clone, Copy, Debug)]
pub enum Columns {
    /// Whose link it is.
    Proof,
    /// Everything that is needed to write to its owner.
    All,
}

/// Opens a connection that reads.
pub fn reader(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(&reading())?;
    Ok(connection)
}

/// Opens a connection that writes durably.
pub fn writer(database: &Path) -> Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(&writing())?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Looks up each of `ids` once; returns how many there were.
pub fn look_up(connection: &Connection, columns: Columns, ids: &[Mac]) -> Result<usize> {
    let mut statement = connection.prepare_cached(match columns {
        Columns::Proof => "SELECT proof FROM links WHERE id_mac = ?",
        Columns::All => "SELECT proof, owner_mac, box, verified_on FROM links WHERE id_mac = ?",
    })?;
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

/// The same in one transaction.
pub fn look_up_together(connection: &Connection, columns: Columns, ids: &[Mac]) -> Result<usize> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let found = look_up(connection, columns, ids)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(found)
}

/// Looks up lists of ids, each in one transaction, for some time; returns how many lists a second.
pub fn look_ups(connection: &Connection, lists: &[Vec<Mac>], time: Duration) -> Result<f64> {
    let mut lists = lists.iter().cycle();
    rate(time, || {
        let ids = lists.next().context("nothing to look up")?;
        ensure!(look_up_together(connection, Columns::Proof, ids)? == ids.len(), "a link was not found");
        Ok(1)
    })
}

/// Puts rows of `bytes` into the outbox, `together` in one transaction, for some time; returns how many a second. They are gone
/// afterwards.
pub fn inserts(connection: &Connection, bytes: &[u8], together: usize, time: Duration) -> Result<f64> {
    let rate = rate(time, || {
        let transaction = connection.unchecked_transaction()?;
        insert(&transaction, bytes, together)?;
        transaction.commit()?;
        Ok(together)
    })?;
    clear(connection)?;
    Ok(rate)
}

/// Puts `count` rows of `bytes` into the outbox.
pub fn insert(connection: &Connection, bytes: &[u8], count: usize) -> Result<()> {
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

/// Does something for some time; returns how many were done in a second.
fn rate(time: Duration, mut act: impl FnMut() -> Result<usize>) -> Result<f64> {
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < time {
        done += act()?;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// Empties the outbox, and forgets what was counted.
pub fn clear(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch("DELETE FROM outbox; DELETE FROM quota; PRAGMA wal_checkpoint(TRUNCATE);")?)
}

/// How many messages wait.
pub fn waiting(connection: &Connection) -> Result<usize> {
    Ok(connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?)
}

/// As many bytes as a message has that waits.
pub fn like_those_waiting(connection: &Connection) -> Result<Vec<u8>> {
    Ok(connection.query_row("SELECT randomblob(max(length(box))) FROM outbox", [], |row| row.get(0))?)
}
