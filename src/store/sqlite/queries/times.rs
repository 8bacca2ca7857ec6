//! The time when the store was last used, and the correction if the clock was set since then.

use super::Session;
use crate::clock::Reading;
use crate::store::{Result, StoreError};

/// Returns the time of the clocks when it was last stored.
pub fn last(session: &Session<'_>) -> Result<Option<Reading>> {
    let Some(noted) = session.meta::<Vec<u8>>("time")? else {
        return Ok(None);
    };
    match noted.as_chunks::<8>() {
        ([own, system], []) => Ok(Some(Reading {
            own: u64::from_be_bytes(*own),
            system: u64::from_be_bytes(*system),
        })),
        _ => Err(StoreError::Corrupt("the time in the database cannot be read".into())),
    }
}

/// Notes what the clocks say.
pub fn note(session: &Session<'_>, now: Reading) -> Result<()> {
    let noted = [now.own.to_be_bytes(), now.system.to_be_bytes()].concat();
    session.put_meta("time", &noted)
}

/// Moves every point in time: they are the columns whose names end in `_at`.
pub fn move_all(session: &Session<'_>, by: i64) -> Result<()> {
    session.write_quotas()?;
    let columns: Vec<(String, String)> = session.all(
        "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND columns.name LIKE '%\\_at' ESCAPE '\\'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (table, column) in columns {
        session.run(&format!("UPDATE {table} SET {column} = max(0, {column} + ?)"), [by])?;
    }
    Ok(())
}
