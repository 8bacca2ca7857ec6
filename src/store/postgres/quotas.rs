//! The counters of a transaction. It reads each once, for no other changes it meanwhile, or one of the two is run again. It writes
//! all at its end, in the order of their names: so it holds their locks for a moment, and two never wait for each other.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::model::Mac;
use crate::store::Quota;

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
