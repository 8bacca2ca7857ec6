//! The counters of a transaction. It reads each once, for no other changes it meanwhile, or one of the two is run again. It writes
//! all at its end, in the order of their names: in PostgreSQL it holds their locks for a moment, and two never wait for each other.
//! In SQLite a transaction has many changes, and most of them count with the same few.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Counted, Quota, ReadQuota, Result, Window, WriteQuota};
use crate::model::Mac;

/// Counters as a transaction has left them, by name.
#[derive(Default)]
pub struct Quotas(RefCell<BTreeMap<[u8; 16], Known>>);

#[derive(Clone, Copy, Default)]
struct Known {
    /// `None` if there is no such counter.
    quota: Option<Quota>,
    /// `true` if the database does not have it so.
    is_new: bool,
}

impl Quotas {
    /// Returns a counter that is known.
    pub fn get(&self, key: &Mac) -> Option<Quota> {
        self.0.borrow().get(&key.0).and_then(|known| known.quota)
    }

    /// Returns those that are not known yet.
    pub fn unknown(&self, keys: &[Mac]) -> Vec<Mac> {
        let known = self.0.borrow();
        keys.iter().filter(|key| !known.contains_key(&key.0)).copied().collect()
    }

    /// Notes what the database has `found` of `keys`.
    pub fn learn(&self, keys: &[Mac], found: Vec<(Mac, Quota)>) {
        let mut known = self.0.borrow_mut();
        known.extend(keys.iter().map(|key| (key.0, Known::default())));
        for (key, quota) in found {
            known.entry(key.0).or_default().quota = Some(quota);
        }
    }

    /// Sets a counter.
    pub fn set(&self, key: &Mac, quota: Quota) {
        let mut known = self.0.borrow_mut();
        let known = known.entry(key.0).or_default();
        if known.quota != Some(quota) {
            *known = Known {
                quota: Some(quota),
                is_new: true,
            };
        }
    }

    /// Returns those that were set, in the order of their names. None is known any more.
    pub fn take_set(&self) -> (Vec<Mac>, Vec<Quota>) {
        let known = self.0.take().into_iter().filter(|(_, known)| known.is_new);
        known.filter_map(|(key, known)| Some((Mac(key), known.quota?))).unzip()
    }
}

/// A transaction that keeps its counters so.
pub trait KeepsQuotas {
    /// The counters.
    fn quotas(&self) -> &Quotas;
    /// Reads counters from the database.
    fn find_quotas(&self, keys: &[Mac]) -> Result<Vec<(Mac, Quota)>>;

    /// A counter whose window is not over, as it ends by the given one.
    fn counting(&self, key: &Mac, window: Window) -> Result<Option<Quota>>
    where
        Self: Sized,
    {
        let running = self.quota(key)?.filter(|quota| quota.resets_at > window.now);
        Ok(running.map(|quota| Quota {
            resets_at: quota.resets_at.min(window.ends_at),
            ..quota
        }))
    }
}

impl<T: KeepsQuotas> ReadQuota for T {
    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.read_ahead(&[*key])?;
        Ok(self.quotas().get(key))
    }

    fn read_ahead(&self, keys: &[Mac]) -> Result<()> {
        let keys = self.quotas().unknown(keys);
        if !keys.is_empty() {
            let found = self.find_quotas(&keys)?;
            self.quotas().learn(&keys, found);
        }
        Ok(())
    }
}

impl<T: KeepsQuotas> WriteQuota for T {
    fn count(&self, key: &Mac, by: u32, most: u32, window: Window) -> Result<Counted> {
        let counting = self.counting(key, window)?;
        let begun = counting.unwrap_or(Quota {
            resets_at: window.ends_at,
            used: 0,
        });
        let used = begun.used.checked_add(by).filter(|used| *used <= most);
        if let Some(used) = used {
            self.quotas().set(key, Quota { used, ..begun });
            return Ok(Counted::Allowed { used });
        }
        if let Some(quota) = counting {
            self.quotas().set(key, quota);
        }
        Ok(Counted::Exhausted { until: begun.resets_at })
    }

    fn count_back(&self, key: &Mac, less: u32, window: Window) -> Result<()> {
        let Window { now, ends_at } = window;
        let counted = self.quota(key)?;
        if let Some(quota) = counted.filter(|quota| quota.resets_at > now && quota.resets_at <= ends_at) {
            let used = quota.used.saturating_sub(less);
            self.quotas().set(key, Quota { used, ..quota });
        }
        Ok(())
    }
}
