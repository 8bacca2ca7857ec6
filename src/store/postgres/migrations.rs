//! Brings a database up to date.

use tokio_postgres::Client;

use super::error;
use super::locks;
use crate::model::Mac;
use crate::store::copy::{is_incomplete, refused_as_incomplete};
use crate::store::{MadeWith, Result, StoreError};

/// Each brings the database from the version of its index to the next.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/postgres/0001_first.sql")];

/// The oldest version of the server that the service is tested with.
const OLDEST: i32 = 15;

/// Runs what is missing, in one transaction; marks a new database with the key it is made with. Returns the number of this
/// instance. The connection holds the lock of a start then.
///
/// # Errors
/// In words an admin can act on.
pub async fn run(client: &mut Client, key_check: Mac) -> Result<i64> {
    check_server(client).await?;
    let failed = |error: tokio_postgres::Error| error::of(&error);
    client.batch_execute(locks::START).await.map_err(failed)?;
    let made = version(client).await?;
    if made < MIGRATIONS.len() {
        let alone = client.query_one(locks::ALONE, &[]).await.map_err(failed)?;
        if !alone.get::<_, bool>("is_held") {
            return Err(StoreError::Unavailable(
                "the database is of an earlier version, and instances of that version use it: stop them first".into(),
            ));
        }
        let transaction = client.transaction().await.map_err(failed)?;
        for migration in &MIGRATIONS[made..] {
            transaction.batch_execute(migration).await.map_err(failed)?;
        }
        let marks = "INSERT INTO meta (name, value) VALUES ('schema_version', $1)
                     ON CONFLICT (name) DO UPDATE SET value = $1";
        let version = (MIGRATIONS.len() as i64).to_be_bytes();
        transaction.execute(marks, &[&&version[..]]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        client.batch_execute(locks::NOT_ALONE).await.map_err(failed)?;
    }
    check_tables(client).await?;
    let mark = "INSERT INTO meta (name, value) VALUES ('key_check', $1) ON CONFLICT DO NOTHING";
    client.execute(mark, &[&&key_check.0[..]]).await.map_err(failed)?;
    check_key(made_with(client).await?, key_check)?;
    let number = client
        .query_one("SELECT nextval('instance_numbers') AS number", &[])
        .await;
    Ok(number.map_err(failed)?.get("number"))
}

/// Checks if this service can use the database with this key.
///
/// # Errors
/// In words an admin can act on.
pub async fn check(client: &Client, key_check: Option<Mac>) -> Result<()> {
    check_server(client).await?;
    let made = made_with(client).await?;
    key_check.map_or(Ok(()), |key_check| check_key(made, key_check))
}

fn check_key(made: Option<MadeWith>, key_check: Mac) -> Result<()> {
    match made {
        Some(made) if made.check == key_check => Ok(()),
        Some(made) if is_incomplete(&made.check) => Err(refused_as_incomplete()),
        _ => Err(StoreError::Corrupt(
            "the database was made with another key: put back the key file (store.key_file) that belongs to it, or name \
             another database in store.url to begin without its links"
                .into(),
        )),
    }
}

/// Returns the keys that a database is under; `None` if it is a new one.
///
/// # Errors
/// If it cannot be read.
pub async fn made_with(client: &Client) -> Result<Option<MadeWith>> {
    if version(client).await? == 0 {
        return Ok(None);
    }
    let sql = "SELECT name, value FROM meta WHERE name IN ('key_check', 'key_number', 'former_key_check')";
    let rows = client.query(sql, &[]).await.map_err(|error| error::of(&error))?;
    let value = |name: &str| {
        let row = rows.iter().find(|row| row.get::<_, &str>("name") == name);
        row.map(|row| row.get::<_, Vec<u8>>("value"))
    };
    let mac = |bytes: Vec<u8>| Mac(bytes.try_into().unwrap_or_default());
    Ok(value("key_check").map(|check| MadeWith {
        number: value("key_number").map_or(0, |bytes| bytes.try_into().map_or(0, i64::from_be_bytes)) as u32,
        check: mac(check),
        former: value("former_key_check").map(mac),
    }))
}

/// Refuses tables that do by themselves what this service has not told them: somebody who once could write the database would
/// else have every limit set back for as long as the service runs.
async fn check_tables(client: &Client) -> Result<()> {
    let sql = "SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace
               AND (relhastriggers OR relhasrules OR relrowsecurity OR relkind IN ('v', 'm'))";
    match client.query(sql, &[]).await.map_err(|error| error::of(&error))?.is_empty() {
        true => Ok(()),
        false => Err(StoreError::Corrupt(
            "the schema has a trigger, a rule, a policy or a view that this service has not made: somebody has changed it. \
             Restore a backup, or remove them"
                .into(),
        )),
    }
}

/// Refuses a server that cannot be used.
async fn check_server(client: &Client) -> Result<()> {
    let sql = "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
                      current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS is_standby,
                      has_schema_privilege(current_schema(), 'CREATE') AS may_create";
    let row = client.query_one(sql, &[]).await.map_err(|error| error::of(&error))?;
    let refused = |reason: String| Err(StoreError::Unavailable(reason));
    let version: &str = row.get("version");
    if row.get::<_, i32>("major") < OLDEST {
        return refused(format!("PostgreSQL {version} is too old: {OLDEST} or later is needed"));
    }
    let encoding: &str = row.get("encoding");
    if encoding != "UTF8" {
        return refused(format!(
            "the database has the encoding {encoding}: make one with UTF8 (createdb -E UTF8 -T template0)"
        ));
    }
    if row.get("is_standby") {
        return refused("the server is a replica, which takes no changes: name the primary in store.url".into());
    }
    match row.get::<_, Option<bool>>("may_create") {
        Some(true) => Ok(()),
        _ => refused(
            "the user may not make tables in the first schema of its search_path: make it the owner of the database, or \
             GRANT CREATE ON SCHEMA public TO it"
                .into(),
        ),
    }
}

/// Returns the version of the tables; 0 if there are none.
async fn version(client: &Client) -> Result<usize> {
    let failed = |error: tokio_postgres::Error| error::of(&error);
    let there = "SELECT to_regclass('meta') IS NOT NULL AS is_there";
    let is_there: bool = client.query_one(there, &[]).await.map_err(failed)?.get("is_there");
    if !is_there {
        return Ok(0);
    }
    let sql = "SELECT value FROM meta WHERE name = 'schema_version'";
    let row = client.query_opt(sql, &[]).await.map_err(failed)?;
    let bytes: Option<Vec<u8>> = row.map(|row| row.get("value"));
    let version = bytes.map_or(0, |bytes| bytes.try_into().map_or(0, i64::from_be_bytes));
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

/// Returns how many links of how many were renewed, if the key is being changed: by their numbers, which is near enough.
///
/// # Errors
/// If it cannot be read.
pub async fn progress(client: &Client) -> Result<Option<(u64, u64)>> {
    if version(client).await? == 0 {
        return Ok(None);
    }
    // Links are the last of seven tables.
    let sql = "SELECT (SELECT value FROM meta WHERE name = 'renewing_table') AS at,
                      (SELECT value FROM meta WHERE name = 'renewing_row') AS row,
                      (SELECT coalesce(max(number), 0) FROM links) AS last";
    let found = client.query_one(sql, &[]).await.map_err(|error| error::of(&error))?;
    let number = |column: &str| {
        let bytes: Option<Vec<u8>> = found.get(column);
        bytes.map(|bytes| bytes.try_into().map_or(0, i64::from_be_bytes))
    };
    let Some(at) = number("at") else { return Ok(None) };
    let done = if at < 6 { 0 } else { number("row").unwrap_or_default() };
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(Some((count(done), count(found.get("last")))))
}
