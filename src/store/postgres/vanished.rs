//! Instances that are on the list, and do not show that they live.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

/// The time after which the messages that a vanished instance had claimed are free. It may have lost its connection alone, and
/// be sending them.
const GRACE: Duration = Duration::from_secs(30);
/// The pause between two looks for vanished instances.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The instances that are not there.
#[derive(Default)]
pub struct Vanished {
    looked: Option<Instant>,
    since: HashMap<i64, Instant>,
}

impl Vanished {
    /// Returns `true`, now and then, if it is time to look.
    pub fn is_time(&mut self) -> bool {
        let is_time = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        if is_time {
            self.looked = Some(Instant::now());
        }
        is_time
    }

    /// Notes which instances are not there now. Returns those that have not been there for long.
    pub fn for_long(&mut self, now: &BTreeSet<i64>) -> Vec<i64> {
        self.since.retain(|number, _| now.contains(number));
        for number in now {
            self.since.entry(*number).or_insert_with(Instant::now);
        }
        let gone: Vec<i64> = self
            .since
            .iter()
            .filter(|(_, since)| since.elapsed() >= GRACE)
            .map(|(number, _)| *number)
            .collect();
        for number in &gone {
            self.since.remove(number);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_back_is_not_gone() {
        let mut vanished = Vanished::default();
        let (both, one) = (BTreeSet::from([1, 2]), BTreeSet::from([1]));
        assert!(vanished.for_long(&both).is_empty());
        tokio::time::advance(GRACE / 2).await;
        assert!(vanished.for_long(&one).is_empty());
        assert!(vanished.for_long(&both).is_empty());
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(vanished.for_long(&both), [1]);
    }
}
