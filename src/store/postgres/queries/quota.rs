//! Counters.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{mac, number, values};
use crate::model::Mac;
use crate::store::quotas::{KeepsQuotas, Quotas};
use crate::store::{Quota, Result};

fn quota(row: &Row) -> Result<(Mac, Quota)> {
    let quota = Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    };
    Ok((mac(row, "key")?, quota))
}

impl Session<'_> {
    /// Writes the counters that were set. To be called before a statement that concerns all counters, and at the end.
    pub fn write_quotas(&self) -> Result<()> {
        let (keys, quotas) = self.quotas.take_set();
        if keys.is_empty() {
            return Ok(());
        }
        let ends = quotas
            .iter()
            .map(|quota| quota.resets_at.try_into().unwrap_or(i64::MAX));
        let used = quotas.iter().map(|quota| i64::from(quota.used));
        let sql =
            "INSERT INTO quota (key, resets_at, used) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[])
                   ON CONFLICT (key) DO UPDATE SET resets_at = excluded.resets_at, used = excluded.used";
        let values = values![&keys[..], ends.collect::<Vec<_>>(), used.collect::<Vec<_>>()];
        self.later(sql, values)
    }
}

impl KeepsQuotas for Session<'_> {
    fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn find_quotas(&self, keys: &[Mac]) -> Result<Vec<(Mac, Quota)>> {
        let sql = "SELECT key, resets_at, used FROM quota WHERE key = ANY($1)";
        self.all(sql, values![keys], quota)
    }
}
