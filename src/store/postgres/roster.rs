//! The instances of a database, for an admin.

use tokio_postgres::Client;

use super::error;
use super::locks::ROSTER;
use crate::clock::Clock;
use crate::store::Result;

/// A difference of clocks that is worth a word, in milliseconds.
const APART: u64 = 2000;

/// Describes server, clocks and instances, behind a semicolon.
///
/// # Errors
/// If the database cannot be read.
pub async fn describe(client: &Client) -> Result<String> {
    let failed = |error: tokio_postgres::Error| error::of(&error);
    let sql = "SELECT current_setting('server_version') AS version,
                      (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
    let server = client.query_one(sql, &[]).await.map_err(failed)?;
    let (version, now): (&str, i64) = (server.get("version"), server.get("now"));
    let apart = Clock::system().now().abs_diff(u64::try_from(now).unwrap_or_default());
    let clocks = match apart >= APART {
        true => format!(
            "; its clock and this host's are {} s apart: the service goes by that of the server",
            apart / 1000
        ),
        false => String::new(),
    };
    if !client
        .query_one("SELECT to_regclass('instances') IS NOT NULL", &[])
        .await
        .map_err(failed)?
        .get::<_, bool>(0)
    {
        return Ok(format!("; PostgreSQL {version}{clocks}"));
    }
    let rows = client.query(ROSTER, &[]).await.map_err(failed)?;
    let name = |row: &tokio_postgres::Row| {
        let (number, name, version): (i64, &str, &str) = (row.get("number"), row.get("name"), row.get("version"));
        let state = match (row.get("lives"), row.get("leads")) {
            (_, true) => ", leads",
            (true, false) => ", stands by",
            (false, false) => ", is gone",
        };
        format!("{number} on {name} ({version}{state})")
    };
    let instances = match rows.is_empty() {
        true => "no instance runs".to_owned(),
        false => format!("instances: {}", rows.iter().map(name).collect::<Vec<_>>().join(", ")),
    };
    Ok(format!("; PostgreSQL {version}{clocks}; {instances}"))
}
