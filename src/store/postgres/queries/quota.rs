//! Counters. A transaction reads each of them once: no other changes it meanwhile, or one of the two is run again.

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

    /// Sets a counter.
    pub fn set_quota(&self, key: &Mac, quota: Quota) -> Result<()> {
        if self.quotas.borrow_mut().insert(key.0, Some(quota)) == Some(Some(quota)) {
            return Ok(());
        }
        let sql = "INSERT INTO quota (key, resets_at, used) VALUES ($1, $2, $3)
                   ON CONFLICT (key) DO UPDATE SET resets_at = $2, used = $3";
        self.later(sql, values![key, quota.resets_at, quota.used])
    }
}

impl ReadQuota for Session<'_> {
    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.read_ahead(&[*key])?;
        Ok(self.quotas.borrow().get(&key.0).copied().flatten())
    }

    fn read_ahead(&self, keys: &[Mac]) -> Result<()> {
        let unknown = |key: &&Mac| !self.quotas.borrow().contains_key(&key.0);
        let keys: Vec<Mac> = keys.iter().filter(unknown).copied().collect();
        if keys.is_empty() {
            return Ok(());
        }
        let sql = "SELECT key, resets_at, used FROM quota WHERE key = ANY($1)";
        let found = self.all(sql, values![&keys[..]], quota)?;
        let mut quotas = self.quotas.borrow_mut();
        quotas.extend(keys.iter().map(|key| (key.0, None)));
        quotas.extend(found.into_iter().map(|(key, quota)| (key.0, Some(quota))));
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
        match begun.used.checked_add(by).filter(|used| *used <= most) {
            Some(used) => {
                self.set_quota(key, Quota { used, ..begun })?;
                Ok(Counted::Allowed { used })
            }
            None => {
                counting.map_or(Ok(()), |quota| self.set_quota(key, quota))?;
                Ok(Counted::Exhausted { until: begun.resets_at })
            }
        }
    }

    fn count_back(&self, key: &Mac, less: u32, window: Window) -> Result<()> {
        let quota = self.quota(key)?;
        let counted = quota.filter(|quota| quota.resets_at > window.now && quota.resets_at <= window.ends_at);
        counted.map_or(Ok(()), |quota| {
            let used = quota.used.saturating_sub(less);
            self.set_quota(key, Quota { used, ..quota })
        })
    }
}
