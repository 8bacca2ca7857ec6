//! Logs the reasons why messages wait: once when a reason begins and once when it ends, and not for each message and
//! try.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::channel::Trouble;
use crate::clock::{Millis, millis};
use crate::store::Queue;

/// After the logged end of an outage, a new one of the same cause is logged only if it lasts beyond this time. So a
/// cause that comes and goes makes at most two lines in it.
const QUIET: Duration = Duration::from_secs(60);
/// The largest number of causes that are distinguished.
const MOST: usize = 100;

/// The outages of one channel.
pub struct Outages {
    queue: Queue,
    by_cause: HashMap<String, Outage>,
}

#[derive(Default)]
struct Outage {
    /// The time when it began, while it lasts.
    began: Option<Millis>,
    is_told: bool,
    quiet_until: Millis,
    tries: usize,
    messages: HashSet<i64>,
}

impl Outages {
    /// Begins without outages of the channel of `queue`.
    pub fn new(queue: Queue) -> Self {
        Self {
            queue,
            by_cause: HashMap::new(),
        }
    }

    /// Notes that a message could not be sent.
    pub fn failed(&mut self, row: i64, trouble: &Trouble, now: Millis) {
        let queue = self.queue.name();
        let Some(cause) = &trouble.cause else {
            tracing::debug!(queue, reason = trouble.reason, "a message could not be sent yet");
            return;
        };
        if !self.by_cause.contains_key(cause) && self.by_cause.len() >= MOST {
            return;
        }
        let outage = self.by_cause.entry(cause.clone()).or_default();
        outage.began.get_or_insert(now);
        outage.tries += 1;
        outage.messages.insert(row);
        if !outage.is_told && now >= outage.quiet_until {
            outage.is_told = true;
            tracing::error!(queue, reason = trouble.reason, "messages cannot be sent");
        }
    }

    /// Notes that a message was accepted, which ends all outages. Returns `true` if one of them had been logged.
    pub fn worked(&mut self, now: Millis) -> bool {
        let queue = self.queue.name();
        let mut ended = false;
        for (cause, outage) in &mut self.by_cause {
            let Some(began) = outage.began.take().filter(|_| outage.is_told) else {
                continue;
            };
            ended = true;
            let (tries, messages) = (outage.tries, outage.messages.len());
            let seconds = now.saturating_sub(began) / 1000;
            tracing::info!(queue, cause, seconds, messages, tries, "messages can be sent again");
            *outage = Outage {
                quiet_until: now + millis(QUIET),
                ..Outage::default()
            };
        }
        self.by_cause
            .retain(|_, outage| outage.began.is_some() || now < outage.quiet_until);
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `true` if the beginning of an outage was logged.
    fn is_told(outages: &Outages) -> bool {
        outages.by_cause.values().any(|outage| outage.is_told)
    }

    #[test]
    fn what_comes_and_goes_is_told_now_and_then() {
        let mut outages = Outages::new(Queue::EMAIL);
        let down = Trouble::down("it is away");
        outages.failed(1, &down, 0);
        assert!(is_told(&outages));
        outages.worked(1000);
        for second in 2..=60 {
            outages.failed(1, &down, second * 1000);
            assert!(!is_told(&outages), "{second}");
            outages.worked(second * 1000 + 500);
        }
        // An outage that lasts is logged nevertheless.
        outages.failed(1, &down, 60_900);
        outages.failed(1, &down, 61_000);
        assert!(is_told(&outages));
    }

    #[test]
    fn what_is_one_messages_alone_is_no_outage() {
        let mut outages = Outages::new(Queue::EMAIL);
        outages.failed(1, &Trouble::of_message("greylisted"), 0);
        assert!(outages.by_cause.is_empty());
        for n in 0..2 * MOST {
            outages.failed(1, &Trouble::refused(format!("{n}")), 0);
        }
        assert_eq!(outages.by_cause.len(), MOST);
    }
}
