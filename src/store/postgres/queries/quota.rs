//! Counters.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{mac, number, values};
use crate::model::Mac;
use crate::store::{Counted, Quota, ReadQuota, Result, Window, WriteQuota};

fn quota(row: &Row) -> Result<(Mac, Quota)> {
    let quota = Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    };
    Ok((mac(row, "key")?, quota))
}

impl Session<'_> {
    /// A counter whose window is not over, as it ends by the given one.
    fn counting(&self, key: &Mac, window: Window) -> Result<Option<Quota>> {
        let running = self.quota(key)?.filter(|quota| quota.resets_at > window.now);
        Ok(running.map(|quota| Quota {
            resets_at: quota.resets_at.min(window.ends_at),
            ..quota
        }))
    }

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

impl ReadQuota for Session<'_> {
    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.read_ahead(&[*key])?;
        Ok(self.quotas.get(key))
    }

    fn read_ahead(&self, keys: &[Mac]) -> Result<()> {
        let keys = self.quotas.unknown(keys);
        if keys.is_empty() {
            return Ok(());
        }
        let sql = "SELECT key, resets_at, used FROM quota WHERE key = ANY($1)";
        let found = self.all(sql, values![&keys[..]], quota)?;
        self.quotas.learn(&keys, found);
        Ok(())
    }
}

impl WriteQuota for Session<'_> {
    fn count(&self, key: &Mac, by: u32, most: u32, window: Window) -> Result<Counted> {
        let counting = self.counting(key, window)?;
        let begun = counting.unwrap_or(Quota {
            resets_at: window.ends_at,
            used: 0,
        });
        let used = begun.used.checked_add(by).filter(|used| *used <= most);
        if let Some(used) = used {
            self.quotas.set(key, Quota { used, ..begun });
            return Ok(Counted::Allowed { used });
        }
        if let Some(quota) = counting {
            self.quotas.set(key, quota);
        }
        Ok(Counted::Exhausted { until: begun.resets_at })
    }

    fn count_back(&self, key: &Mac, less: u32, window: Window) -> Result<()> {
        let Window { now, ends_at } = window;
        let counted = self.quota(key)?;
        if let Some(quota) = counted.filter(|quota| quota.resets_at > now && quota.resets_at <= ends_at) {
            let used = quota.used.saturating_sub(less);
            self.quotas.set(key, Quota { used, ..quota });
        }
        Ok(())
    }
}
