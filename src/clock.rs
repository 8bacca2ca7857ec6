//! The time, as a value that is passed in, so that tests move it instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in milliseconds since the Unix epoch, as it is stored.
pub type Millis = u64;

/// The time. Clones share it: advancing one advances all.
///
/// It reads the system's time once, and then continues by a clock that nobody can set. When the system's clock is set
/// forward or back, no limit ends earlier, no code is valid for longer, and nobody waits longer. Stored times are
/// corrected at the next start (see [`Reading`]).
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The system's time when this clock began.
    began: Millis,
    /// The time of the clock that nobody can set, at that moment.
    began_steady: Duration,
    ahead: AtomicU64,
    /// The amount by which this clock was set, once, to that of others.
    adopted: AtomicI64,
    /// The amount by which somebody has set the system's clock.
    #[cfg(test)]
    set: AtomicI64,
}

impl Clock {
    /// Returns a clock that begins at the system's time.
    pub fn system() -> Self {
        Self::starting_at(system_time())
    }

    fn starting_at(began: Millis) -> Self {
        Self(Arc::new(Inner {
            began,
            began_steady: steady(),
            ahead: AtomicU64::default(),
            adopted: AtomicI64::default(),
            #[cfg(test)]
            set: AtomicI64::default(),
        }))
    }

    /// Now. Never less than it was.
    pub fn now(&self) -> Millis {
        let passed = steady().saturating_sub(self.0.began_steady);
        let own = self.0.began + millis(passed) + self.ahead();
        own.saturating_add_signed(self.0.adopted.load(Ordering::Relaxed))
    }

    /// Returns the time since this clock began.
    pub fn age(&self) -> Duration {
        steady().saturating_sub(self.0.began_steady) + Duration::from_millis(self.ahead())
    }

    /// Sets this clock by so many milliseconds to that of others. To be called before it is used.
    pub fn adopt(&self, by: i64) {
        self.0.adopted.fetch_add(by, Ordering::Relaxed);
    }

    /// Returns the time of this clock and of the system's now.
    pub fn reading(&self) -> Reading {
        let system = system_time() + self.ahead();
        #[cfg(test)]
        let system = system.saturating_add_signed(self.0.set.load(Ordering::Relaxed));
        Reading {
            own: self.now(),
            system,
        }
    }

    /// Lets time pass at once.
    pub fn advance(&self, by: Duration) {
        self.0.ahead.fetch_add(millis(by), Ordering::Relaxed);
    }

    fn ahead(&self) -> Millis {
        self.0.ahead.load(Ordering::Relaxed)
    }

    /// Sets the system's clock, forth or back, by so many milliseconds.
    #[cfg(test)]
    pub fn set_system(&self, by: i64) {
        self.0.set.fetch_add(by, Ordering::Relaxed);
    }

    /// The clock of a service that starts now.
    #[cfg(test)]
    pub fn restarted(&self) -> Self {
        let system = self.reading().system;
        let restarted = Self::starting_at(system);
        let set = i64::try_from(system).unwrap_or(i64::MAX) - i64::try_from(system_time()).unwrap_or(i64::MAX);
        restarted.0.set.store(set, Ordering::Relaxed);
        restarted
    }
}

impl governor::clock::Clock for Clock {
    type Instant = governor::nanos::Nanos;

    fn now(&self) -> Self::Instant {
        Duration::from_millis(Clock::now(self)).into()
    }
}

/// The time of a service's clock and of the system's at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time of the service, which stored times are in.
    pub own: Millis,
    /// The system's.
    pub system: Millis,
}

impl Reading {
    /// Returns the reading as of `now`, by the system's clock that this one was made by, for a system whose time is `there`: stored
    /// times have as much time left there as here.
    #[must_use]
    pub fn carried(self, now: Millis, there: Millis) -> Self {
        Self {
            own: self.own.saturating_add(now.saturating_sub(self.system)),
            system: there,
        }
    }

    /// Returns the milliseconds by which times that were stored by this reading's clock are to be moved for `now`.
    ///
    /// Between the two, the passed time is that of the system's clock; if that went back, none has passed. A system's
    /// clock that was set forward while no service ran cannot be distinguished from passed time.
    pub fn to_be_moved(self, now: Self) -> i64 {
        let passed = now.system.saturating_sub(self.system);
        now.own.wrapping_sub(self.own.saturating_add(passed)).cast_signed()
    }
}

/// Returns the system's time.
#[allow(clippy::disallowed_methods, reason = "this is where the time comes from")]
fn system_time() -> Millis {
    let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(system.as_millis()).unwrap_or_default()
}

/// Reads a clock that nobody can set, and that also runs while the machine sleeps (`clock_gettime(2)`,
/// `CLOCK_BOOTTIME`).
#[cfg(target_os = "linux")]
fn steady() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// Reads a clock that nobody can set.
#[cfg(not(target_os = "linux"))]
fn steady() -> Duration {
    static BEGAN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGAN.elapsed()
}

/// Returns a duration in whole milliseconds, at most a century, so that a time plus a duration is always a time.
pub fn millis(duration: Duration) -> Millis {
    const CENTURY: Millis = 100 * 365 * 24 * 60 * 60 * 1000;
    Millis::try_from(duration.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;
    const YEAR: i64 = 365 * 24 * HOUR;

    #[test]
    fn the_system_s_clock_may_be_set() {
        for by in [HOUR, -HOUR, YEAR, -YEAR] {
            let clock = Clock::system();
            let before = clock.reading();
            clock.set_system(by);
            let after = clock.reading();
            assert!((0..HOUR / 2).contains(&(after.own - before.own).cast_signed()), "{by}");
            let set = after.system.wrapping_sub(before.system).cast_signed();
            assert!((by..by + HOUR / 2).contains(&set), "{by}");
            // A service that starts now begins with the system's time.
            let restarted = clock.restarted().reading();
            assert!(restarted.own.abs_diff(after.system) < 1000 && restarted.system.abs_diff(after.system) < 1000);
        }
    }

    #[test]
    fn stored_times_are_carried_to_another_system() {
        let at = |time| Reading {
            own: time,
            system: time,
        };
        let left = |moved: i64, now: Millis| 90_000_i64 + moved - now.cast_signed();
        for last in [1000, 400, 9000].map(|system| Reading { own: 1000, system }) {
            for there in [0, 9500, 70_000] {
                // Half a second after the last note, and three seconds after that at the other system.
                let carried = last.carried(last.system + 500, there);
                let here = left(last.to_be_moved(at(last.system + 3500)), last.system + 3500);
                let moved = carried.to_be_moved(at(there + 3000));
                assert_eq!(left(moved, there + 3000), here, "{last:?} {there}");
            }
        }
    }

    #[test]
    fn stored_times_are_moved_as_the_clock_was() {
        let moved = |own, system, now| Reading { own, system }.to_be_moved(Reading { own: now, system: now });
        assert_eq!(moved(1000, 1000, 1000), 0);
        assert_eq!(moved(1000, 1000, 5000), 0, "four seconds have passed");
        assert_eq!(moved(1000, 1000, 400), -600, "set back while nothing ran");
        assert_eq!(moved(1000, 400, 400), -600, "set back while it ran");
        assert_eq!(moved(1000, 400, 900), -600, "and half a second has passed since then");
        assert_eq!(moved(1000, 9000, 9500), 8000, "set forth while it ran");
    }
}
