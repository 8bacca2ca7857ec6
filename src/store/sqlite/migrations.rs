//! Brings a database up to date.

use rusqlite::{Connection, params};

use super::super::copy::{is_incomplete, refused_as_incomplete};
use super::super::{MadeWith, Result, StoreError};
use super::queries::{self, Session};
use crate::model::Mac;

/// Rows that are wiped in one transaction.
const AT_ONCE: usize = 500;

/// Each brings the database from the version of its index to the next.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_first.sql"),
    include_str!("../../../migrations/0002_subscribers.sql"),
    include_str!("../../../migrations/0003_mutes.sql"),
    include_str!("../../../migrations/0004_tokens.sql"),
    include_str!("../../../migrations/0005_suppressions.sql"),
    include_str!("../../../migrations/0006_links_by_id.sql"),
    include_str!("../../../migrations/0007_proofs.sql"),
    include_str!("../../../migrations/0008_bounds.sql"),
    include_str!("../../../migrations/0009_subscribers_by_server.sql"),
    include_str!("../../../migrations/0010_aliases.sql"),
    include_str!("../../../migrations/0011_subscribers_by_address.sql"),
    include_str!("../../../migrations/0012_bounces.sql"),
    include_str!("../../../migrations/0013_asked_back.sql"),
    include_str!("../../../migrations/0014_one_row_for_an_id.sql"),
    include_str!("../../../migrations/0015_key_numbers.sql"),
    include_str!("../../../migrations/0016_due_by_expiry.sql"),
    include_str!("../../../migrations/0017_ids_by_one_index.sql"),
];

/// The version from which on rows carry the numbers of their keys.
const KEY_NUMBERS: usize = 15;

/// Runs what is missing, in one transaction; marks a new database with the key it is made with. An older one that has millions
/// of links takes room for temporary files.
pub fn run(connection: &mut Connection, key_check: Mac) -> Result<()> {
    let made = version(connection)?;
    if (1..MIGRATIONS.len()).contains(&made) {
        check(connection, key_check)?;
        tracing::info!("bringing the database up to date; with millions of links, that takes minutes");
    }
    if (1..KEY_NUMBERS).contains(&made) {
        give_up_copying(connection)?;
    }
    check_schema(connection)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for migration in &MIGRATIONS[version(&transaction)?..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('key_check', ?) ON CONFLICT DO NOTHING",
        params![key_check.0],
    )?;
    check(&transaction, key_check)?;
    transaction.commit()?;
    // Left by the migration that gave ids an index of their own, or by an earlier version's change of the key.
    wipe(connection, "links_former")
}

/// Ends a change of the key that an earlier version has begun, which copied all links: it begins anew.
fn give_up_copying(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "DROP TRIGGER IF EXISTS link_made; DROP TRIGGER IF EXISTS link_moved; DROP TRIGGER IF EXISTS link_removed;
         DROP TABLE IF EXISTS links_changed; DROP TABLE IF EXISTS resealing;",
    )?;
    wipe(connection, "links_former")?;
    wipe(connection, "links_next")
}

/// Removes a table bit by bit, because what is deleted is overwritten: to drop one with millions of rows at once takes gigabytes of
/// memory.
fn wipe(connection: &Connection, table: &str) -> Result<()> {
    let session = Session::new(connection);
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
    if session.one(sql, [table], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    let some = format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT ?)");
    while session.run(&some, [AT_ONCE])? > 0 {}
    connection.execute_batch(&format!("DROP TABLE {table}"))?;
    Ok(())
}

/// Refuses a database that does by itself what this service has not told it: somebody who once could write it would else have every
/// limit set back for as long as the service runs.
pub fn check_schema(connection: &Connection) -> Result<()> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view')";
    match Session::new(connection).one(sql, [], |_| Ok(()))? {
        None => Ok(()),
        Some(()) => Err(StoreError::Corrupt(
            "the database has a trigger or a view that this service has not made: somebody has changed it. Restore a backup, \
             or remove them"
                .into(),
        )),
    }
}

/// Returns the keys that a database is under; `None` if it is a new one.
pub fn made_with(connection: &Connection) -> Result<Option<MadeWith>> {
    match version(connection)? {
        0 => Ok(None),
        _ => queries::made_with(connection),
    }
}

/// Checks if this service can use the database with this key.
pub fn check(connection: &Connection, key_check: Mac) -> Result<()> {
    match made_with(connection)? {
        Some(made_with) if made_with.check == key_check => Ok(()),
        Some(made_with) if is_incomplete(&made_with.check) => Err(refused_as_incomplete()),
        _ => Err(StoreError::Corrupt(
            "the database was made with another key: put back the key file (store.key_file) that belongs to it, or \
             set store.url to a new file to begin without its links"
                .into(),
        )),
    }
}

/// Returns `true` if no migration is missing.
pub fn is_up_to_date(connection: &Connection) -> Result<bool> {
    Ok(version(connection)? == MIGRATIONS.len())
}

fn version(connection: &Connection) -> Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version)
        .ok()
        .filter(|version| *version <= MIGRATIONS.len())
        .ok_or_else(|| {
            StoreError::Corrupt(format!(
                "the database is of a newer version ({version}) than this service knows ({}): install that version",
                MIGRATIONS.len()
            ))
        })
}
