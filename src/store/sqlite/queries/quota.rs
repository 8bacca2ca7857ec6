//! Counters.

use rusqlite::{Row as SqlRow, params};

use super::{Session, TOGETHER, number, of_each, padded};
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
        for (key, quota) in keys.iter().zip(quotas) {
            let sql = "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?)";
            self.run(sql, params![key, quota.resets_at, quota.used])?;
        }
        Ok(())
    }
}

impl KeepsQuotas for Session<'_> {
    fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn find_quotas(&self, keys: &[Mac]) -> Result<Vec<(Mac, Quota)>> {
        let mut found = Vec::new();
        for some in keys.chunks(TOGETHER) {
            let sql = of_each("SELECT key, resets_at, used FROM quota WHERE key", some.len());
            found.extend(self.all(&sql, padded(some), quota)?);
        }
        Ok(found)
    }
}
