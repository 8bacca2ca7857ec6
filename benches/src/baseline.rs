//! SQLite by itself, through rusqlite, in one thread: with the tables and settings of the service (`itseme::store::sqlite`), by
//! statements that are prepared once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use itseme::model::Mac;
use itseme::store::sqlite::{reading, writing};
use rusqlite::{Connection, params};

use crate::build::until;

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

/// Looks up each of `lists` for some time, in one transaction with what `then` does with how many links were found; returns how
/// many lists in a second.
pub fn look_ups(
    connection: Connection,
    columns: Columns,
    lists: Vec<Vec<Mac>>,
    time: Duration,
    then: impl Fn(&Connection, usize) -> Result<()>,
) -> impl AsyncFnMut() -> Result<f64> {
    async move || {
        let (began, mut done) = (Instant::now(), 0);
        for ids in lists.iter().cycle().take_while(|_| began.elapsed() < time) {
            let transaction = connection.unchecked_transaction()?;
            then(&transaction, look_up(&transaction, columns, ids)?)?;
            transaction.commit()?;
            done += 1;
        }
        Ok(f64::from(done) / began.elapsed().as_secs_f64())
    }
}

/// Empties the outbox, and forgets what was counted.
pub fn clear(connection: &Connection) -> Result<()> {
    Ok(connection.execute_batch("DELETE FROM outbox; DELETE FROM quota; PRAGMA wal_checkpoint(TRUNCATE);")?)
}

/// How many messages wait, and how many contact requests.
pub fn waiting(connection: &Connection) -> Result<(usize, usize)> {
    let counts = "SELECT count(*) FILTER (WHERE queue <> 0), count(*) FILTER (WHERE queue = 0) FROM outbox";
    Ok(connection.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Makes every contact request that waits due, and drops all else; returns how many there are.
pub fn all_due(connection: &Connection) -> Result<usize> {
    connection.execute_batch("DELETE FROM outbox WHERE queue <> 0; UPDATE outbox SET due_at = 0;")?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(waiting(connection)?.1)
}

/// Waits until the hashes of every contact request were looked up.
pub async fn matched(connection: &Connection) -> Result<()> {
    until(async || waiting(connection).is_ok_and(|(_, requests)| requests == 0)).await
}

/// As many bytes as the longest message has that waits.
pub fn like_those_waiting(connection: &Connection) -> Result<Vec<u8>> {
    Ok(connection.query_row("SELECT randomblob(max(length(box))) FROM outbox", [], |row| row.get(0))?)
}
