//! Counters.

use super::Result;
use crate::clock::Millis;
use crate::model::Mac;

/// How often something was done since a window began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// When counting starts anew.
    pub resets_at: Millis,
    /// How often so far.
    pub used: u32,
}

/// Questions about counters.
pub trait ReadQuota {
    /// A counter.
    fn quota(&self, key: &Mac) -> Result<Option<Quota>>;
}

/// Changes of counters.
pub trait WriteQuota {
    /// Sets a counter.
    fn put_quota(&self, key: &Mac, quota: Quota) -> Result<()>;
}
