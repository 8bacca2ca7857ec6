//! Brings a database up to date.

use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Result, StoreError};
use super::queries::Session;
use super::queries::reseal;
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
];

/// Of a new database. The index of an older one is made with its rows, when those are bound (`Service::bind`).
const NEW_INDEX: &str = "DROP INDEX links_by_id; CREATE INDEX links_by_id ON links (id_mac, proof);";

/// Runs what is missing, in one transaction; marks a new database with the key it is made with. An older one that has millions
/// of links takes room for temporary files.
pub fn run(connection: &mut Connection, key_check: Mac) -> Result<()> {
    check_schema(connection)?;
    if (1..MIGRATIONS.len()).contains(&version(connection)?) {
        check(connection, key_check)?;
        tracing::info!("bringing the database up to date; with millions of links, that takes minutes");
        // What an interrupted change of the key has left would be in the way.
        while reseal::wipe(&Session::new(connection), AT_ONCE)? {}
        let transaction = connection.transaction()?;
        reseal::give_up(&Session::new(&transaction))?;
        transaction.commit()?;
        while reseal::wipe(&Session::new(connection), AT_ONCE)? {}
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    for migration in &MIGRATIONS[version..] {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        transaction.execute_batch(NEW_INDEX)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('key_check', ?) ON CONFLICT DO NOTHING",
        params![key_check.0],
    )?;
    check(&transaction, key_check)?;
    transaction.commit()?;
    Ok(())
}

/// Refuses a database that does by itself what this service has not told it: somebody who once could write it would else have every
/// limit set back for as long as the service runs.
fn check_schema(connection: &Connection) -> Result<()> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view')";
    let found: Vec<String> = Session::new(connection).all(sql, [], |row| row.get(0))?;
    let is_own = |sql: &String| reseal::TRIGGERS.iter().any(|own| words(own).eq(words(sql)));
    match found.iter().all(is_own) {
        true => Ok(()),
        false => Err(StoreError::Corrupt(
            "the database has a trigger or a view that this service has not made: somebody has changed it. Restore a backup, \
             or remove them"
                .into(),
        )),
    }
}

fn words(sql: &str) -> std::str::SplitWhitespace<'_> {
    sql.split_whitespace()
}

/// Checks if this service can use the database with this key.
pub fn check(connection: &Connection, key_check: Mac) -> Result<()> {
    version(connection)?;
    let made_with: Option<[u8; 16]> = connection
        .query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0))
        .optional()?;
    match made_with {
        Some(check) if Mac(check) == key_check => Ok(()),
        _ => Err(StoreError::Corrupt(
            "the database was made with another key: put back the key file (store.key_file) that belongs to it, or \
             set store.url to a new file to begin without its links"
                .into(),
        )),
    }
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
