//! The time, as a value that is passed in, so that tests move it instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in milliseconds since the Unix epoch, as it is stored.
pub type Millis = u64;

/// Tells the time. Clones share it: advancing one advances all.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now.
    pub fn now(&self) -> Millis {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis::try_from(system.as_millis()).unwrap_or_default() + self.ahead.load(Ordering::Relaxed)
    }

    /// Lets time pass at once.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(millis(by), Ordering::Relaxed);
    }
}

impl governor::clock::Clock for Clock {
    type Instant = governor::nanos::Nanos;

    fn now(&self) -> Self::Instant {
        Duration::from_millis(Clock::now(self)).into()
    }
}

/// A duration in whole milliseconds, a century at most, so that a time plus a duration is always a time.
pub fn millis(duration: Duration) -> Millis {
    const CENTURY: Millis = 100 * 365 * 24 * 60 * 60 * 1000;
    Millis::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}
