//! The health of a gateway: after failures it is left for a while, and then tried by one message.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::channel::{SendError, Sent, Trouble};

/// A gateway is left when its failures since the last success weigh so much.
const LEFT_AT: u32 = 2;
/// The weight of a refusal, which may concern one message.
pub const REFUSED: u32 = 1;
/// The weight of no connection, or of no answer: a message waits for these.
pub const SILENT: u32 = LEFT_AT;
/// The pause after the failure by which a gateway is left. Each failure after that makes it twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// A gateway that wants no message for a while is not asked for that long at most: it may mean one message only.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// The health of one gateway.
#[derive(Debug, Default)]
pub struct Health(Mutex<GatewayState>);

#[derive(Debug, Default)]
struct GatewayState {
    /// The weight of all failures since the last success.
    failures: u32,
    /// The number of failures while it is left.
    nth: u32,
    left_until: Option<Instant>,
    /// The time before which the gateway does not want to be asked, and the answer that said so.
    not_before: Option<(Instant, Trouble)>,
    /// `true` while one message tries it.
    is_tried: bool,
}

/// If a gateway can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It works, or it is time to try it again.
    Open,
    /// It failed, and is asked until then only if there is no other.
    Left(Instant),
    /// It has said that it wants no message for a while.
    Closed,
}

/// A change that an admin is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is left for a while.
    Left(Duration),
    /// It is used again.
    Back,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, GatewayState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns if a message can be sent by this gateway.
    pub fn admits(&self, now: Instant) -> Admission {
        let state = self.state();
        if state.not_before.as_ref().is_some_and(|(then, _)| now < *then) {
            return Admission::Closed;
        }
        match state.left_until {
            Some(then) if now < then || state.is_tried => Admission::Left(then),
            _ => Admission::Open,
        }
    }

    /// Returns the trouble of a message that is not sent because the gateway wants none for a while.
    pub fn closed(&self, now: Instant) -> Option<Trouble> {
        let (then, trouble) = self.state().not_before.clone()?;
        let again = then.checked_duration_since(now).filter(|pause| !pause.is_zero())?;
        Some(Trouble {
            again: Some(again),
            was_read: false,
            ..trouble
        })
    }

    /// Notes that a message is being sent. While the gateway is left, others leave it to this one.
    pub fn begin(&self) -> Trial<'_> {
        let mut state = self.state();
        let is_trial = state.left_until.is_some() && !state.is_tried;
        state.is_tried |= is_trial;
        Trial(is_trial.then_some(self))
    }

    /// Notes that the gateway took a message.
    pub fn worked(&self) -> Option<Change> {
        let mut state = self.state();
        let was_left = state.left_until.is_some();
        *state = GatewayState {
            is_tried: state.is_tried,
            // Another message may have been asked to wait meanwhile.
            not_before: state.not_before.take(),
            ..GatewayState::default()
        };
        was_left.then_some(Change::Back)
    }

    /// Notes that the gateway wants no message for as long as the trouble says.
    pub fn holds(&self, trouble: &Trouble, now: Instant) {
        let Some(pause) = trouble.again else { return };
        let then = now + pause.min(LONGEST_HOLD);
        let mut state = self.state();
        if state.not_before.as_ref().is_none_or(|(held, _)| *held < then) {
            state.not_before = Some((then, trouble.clone()));
        }
    }

    /// Notes a failure of that weight.
    pub fn failed(&self, weight: u32, now: Instant) -> Option<Change> {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(weight);
        if state.failures < LEFT_AT {
            return None;
        }
        let was_left = state.left_until.is_some();
        let pause = FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(state.nth))
            .min(LONGEST_PAUSE);
        // Messages that were on their way together are one failure.
        if state.left_until.is_none_or(|then| now >= then) {
            state.nth += 1;
            state.left_until = Some(now + pause);
        }
        (!was_left).then_some(Change::Left(pause))
    }

    /// Returns `true` while it is left.
    pub fn is_left(&self) -> bool {
        self.state().left_until.is_some()
    }
}

/// A message that is being sent, and may be the one that tries a gateway.
pub struct Trial<'a>(Option<&'a Health>);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(health) = self.0 {
            health.state().is_tried = false;
        }
    }
}

/// Tells the admin that a gateway is left, or used again.
pub fn tell(gateway: &str, change: Change, sent: &Sent) {
    let reason = match sent {
        Err(SendError::Retry(trouble)) => &trouble.reason,
        Err(SendError::Unclear(reason) | SendError::Fail(reason)) => reason,
        Ok(()) => "",
    };
    match change {
        Change::Left(pause) => {
            let seconds = pause.as_secs();
            tracing::error!(gateway, reason, seconds, "a gateway fails, and is left for a while");
        }
        Change::Back => tracing::info!(gateway, "a gateway works again"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused() -> Trouble {
        Trouble::refused("no").after_reading()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn one_refusal_may_be_the_messages_own_but_silence_is_not() {
        let (health, now) = (Health::default(), Instant::now());
        assert_eq!(health.failed(REFUSED, now), None);
        assert_eq!(health.admits(now), Admission::Open);
        assert_eq!(health.worked(), None);
        assert_eq!(health.failed(REFUSED, now), None);
        assert_eq!(health.failed(REFUSED, now), Some(Change::Left(seconds(10))));
        assert_eq!(health.admits(now), Admission::Left(now + seconds(10)));
        let silent = Health::default();
        assert_eq!(silent.failed(SILENT, now), Some(Change::Left(seconds(10))));
    }

    #[test]
    fn after_the_pause_one_message_tries_it_and_the_pause_grows_until_it_works() {
        let (health, start) = (Health::default(), Instant::now());
        let mut now = start;
        health.failed(SILENT, now);
        for pause in [10, 20, 40, 80, 160, 300, 300] {
            now += seconds(pause - 1);
            assert!(matches!(health.admits(now), Admission::Left(_)), "{pause}");
            now += seconds(1);
            assert_eq!(health.admits(now), Admission::Open, "{pause}");
            let trial = health.begin();
            assert!(matches!(health.admits(now), Admission::Left(_)), "one tries it");
            assert_eq!(health.failed(SILENT, now), None, "it was told before");
            drop(trial);
        }
        now += seconds(300);
        let trial = health.begin();
        assert_eq!(health.worked(), Some(Change::Back));
        drop(trial);
        assert_eq!(health.admits(now), Admission::Open);
        // It begins anew.
        assert_eq!(health.failed(SILENT, now), Some(Change::Left(seconds(10))));
    }

    #[test]
    fn a_trial_without_a_result_leaves_it_to_the_next() {
        let (health, now) = (Health::default(), Instant::now());
        health.failed(SILENT, now);
        let later = now + seconds(10);
        drop(health.begin());
        assert_eq!(health.admits(later), Admission::Open);
    }

    #[test]
    fn failures_at_the_same_time_are_one() {
        let (health, now) = (Health::default(), Instant::now());
        for _ in 0..20 {
            health.failed(SILENT, now);
        }
        assert_eq!(health.admits(now), Admission::Left(now + seconds(10)));
    }

    #[test]
    fn a_pause_that_the_gateway_asks_for_is_kept_until_it_is_over() {
        let (health, now) = (Health::default(), Instant::now());
        let busy = |pause| Trouble {
            again: Some(seconds(pause)),
            ..refused()
        };
        health.holds(&busy(50), now);
        let waits = health.closed(now + seconds(43)).unwrap();
        assert_eq!(
            (waits.again, waits.was_read, waits.cause),
            (Some(seconds(7)), false, refused().cause)
        );
        // Others were on their way, and say nothing about the pause.
        assert_eq!(health.failed(REFUSED, now), None);
        assert_eq!(health.worked(), None);
        health.holds(&busy(5), now);
        assert_eq!(health.admits(now + seconds(49)), Admission::Closed);
        assert_eq!(health.admits(now + seconds(50)), Admission::Open);
        assert_eq!(health.closed(now + seconds(50)), None);
    }

    #[test]
    fn a_long_pause_holds_only_the_message_for_so_long() {
        let (health, now) = (Health::default(), Instant::now());
        let busy = Trouble {
            again: Some(seconds(3600)),
            ..refused()
        };
        health.holds(&busy, now);
        assert_eq!(health.admits(now + seconds(59)), Admission::Closed);
        assert_eq!(health.admits(now + seconds(60)), Admission::Open);
    }
}
