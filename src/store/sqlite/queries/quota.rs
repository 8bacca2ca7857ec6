//! Counters.

use rusqlite::Row as SqlRow;

use super::{Session, number};
use crate::model::Mac;
use crate::store::quotas::{KeepsQuotas, Quotas};
use crate::store::{Quota, Result};

fn quota(row: &SqlRow) -> rusqlite::Result<(Mac, Quota)> {
    let quota = Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    };
    Ok((row.get("key")?, quota))
}

impl Session<'_> {
    /// Writes the counters that were set. To be called before a statement that concerns all counters, and at the end.
    pub fn write_quotas(&self) -> Result<()> {
        let (keys, quotas) = self.quotas.take_set();
        let sql = "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?)";
        let set = keys.iter().zip(&quotas);
        self.run_each(sql, set.map(|(key, quota)| (key, quota.resets_at, quota.used)))
    }
}

impl KeepsQuotas for Session<'_> {
    fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn find_quotas(&self, keys: &[Mac]) -> Result<Vec<(Mac, Quota)>> {
        let sql = "SELECT key, resets_at, used FROM quota WHERE key = ?";
        let found = self.of_each(sql, keys, quota)?.into_iter().flatten().collect();
        Ok(found)
    }
}
