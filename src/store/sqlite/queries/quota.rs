//! Counters.

use rusqlite::{Row as SqlRow, ToSql, params_from_iter};

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
        let set: Vec<_> = keys.iter().zip(&quotas).collect();
        let mut left = &set[..];
        while let Some(count) = left.len().min(TOGETHER).checked_ilog2() {
            // A power of two, so that there are few such statements.
            let (some, others) = left.split_at(1 << count);
            let sql = format!(
                "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?){}",
                ", (?, ?, ?)".repeat(some.len() - 1)
            );
            let values = some
                .iter()
                .flat_map(|(key, quota)| [*key as &dyn ToSql, &quota.resets_at, &quota.used]);
            self.run(&sql, params_from_iter(values))?;
            left = others;
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
