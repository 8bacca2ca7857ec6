//! SQLite by itself, through rusqlite, in one thread: with the tables and settings of the service (`itseme::store::sqlite`), by
//! statements that are prepared once.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use itseme::model::Mac;
use itseme::store::sqlite::{reading, writing};
use rusqlite::Connection;

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

/// Looks up these columns of each of `lists` for some time, in one transaction with what `then` does with how many links were found;
/// returns how many lists in a second.
pub fn look_ups(
    connection: &Connection,
    columns: &str,
    lists: &[Vec<Mac>],
    time: Duration,
    mut then: impl FnMut(usize) -> Result<()>,
) -> Result<f64> {
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM links WHERE id_mac = ?"))?;
    let (began, mut done, count) = (Instant::now(), 0, statement.column_count());
    for ids in lists.iter().cycle().take_while(|_| began.elapsed() < time) {
        let transaction = connection.unchecked_transaction()?;
        let mut found = 0;
        for id in ids {
            if let Some(row) = statement.query([id])?.next()? {
                (0..count).try_for_each(|column| row.get_ref(column).map(|value| _ = black_box(value)))?;
                found += 1;
            }
        }
        then(found)?;
        transaction.commit()?;
        done += 1;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}

/// How many messages wait, and how many contact requests.
pub fn waiting(connection: &Connection) -> Result<(usize, usize)> {
    let counts = "SELECT count(*) FILTER (WHERE queue <> 0), count(*) FILTER (WHERE queue = 0) FROM outbox";
    Ok(connection.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}
