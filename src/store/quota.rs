//! Counters.

use super::Result;
use crate::clock::Millis;
use crate::model::Mac;

/// The count of a limit since its window began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The end of the window.
    pub resets_at: Millis,
    /// The count so far.
    pub used: u32,
}

/// The window that would begin now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The time.
    pub now: Millis,
    /// When it would end. One that has begun already ends at its own time, and by then at the latest.
    pub ends_at: Millis,
}

/// The result of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It was counted.
    Allowed {
        /// The count in this window.
        used: u32,
    },
    /// It was one too many; nothing was counted.
    Exhausted {
        /// The end of the window.
        until: Millis,
    },
}

/// Questions about counters.
pub trait ReadQuota {
    /// A counter, also one whose window is over.
    fn quota(&self, key: &Mac) -> Result<Option<Quota>>;
    /// Tells the counters that are asked for next. An engine to which each question is a journey reads them together.
    fn read_ahead(&self, _keys: &[Mac]) -> Result<()> {
        Ok(())
    }
}

/// Changes of counters. Each is one operation: whoever counts at the same time, nothing is lost and no limit exceeded.
pub trait WriteQuota {
    /// Counts `by` if that makes at most `most` in this window; 0 checks when the window ends, and no more.
    fn count(&self, key: &Mac, by: u32, most: u32, window: Window) -> Result<Counted>;
    /// Takes back up to `less` of what was counted, if the window in which it was is not over, and ends when `window` does or
    /// before.
    fn count_back(&self, key: &Mac, less: u32, window: Window) -> Result<()>;
}
