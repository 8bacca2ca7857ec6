//! Counters.

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::model::Mac;
use crate::store::{Quota, ReadQuota, Result, WriteQuota};

fn quota(row: &SqlRow) -> rusqlite::Result<Quota> {
    Ok(Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    })
}

impl ReadQuota for Session<'_> {
    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.one("SELECT resets_at, used FROM quota WHERE key = ?", [key], quota)
    }
}

impl WriteQuota for Session<'_> {
    fn put_quota(&self, key: &Mac, quota: Quota) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?)",
            params![key, quota.resets_at, quota.used],
        )?;
        Ok(())
    }
}
