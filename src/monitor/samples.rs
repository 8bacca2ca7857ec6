//! Values that are asked for at intervals, whether somebody reads the metrics or not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::MissedTickBehavior;

use crate::clock::Millis;
use crate::health::XmppState;
use crate::meters;
use crate::provider::queue_name;
use crate::service::Service;
use crate::store::{Queue, Waiting};

/// The time between two samples.
const EVERY: Duration = Duration::from_secs(15);
/// The number of samples after which rows are counted again, which may take seconds.
const COUNT_AT_EACH: u32 = 20;
/// The largest number of moments that are remembered for one queue.
const REMEMBERED: usize = 1000;

/// The latest samples.
#[derive(Default)]
pub struct Samples {
    by_queue: Mutex<BTreeMap<&'static str, Ages>>,
}

impl Samples {
    /// Takes samples until it is dropped.
    pub async fn keep(&self, service: &Service, metrics: &PrometheusHandle) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for nth in (0..COUNT_AT_EACH).cycle() {
            every.tick().await;
            // Otherwise, the values of histograms would be kept one by one until somebody asks.
            metrics.run_upkeep();
            self.take(service).await;
            if nth == 0 {
                count(service).await;
            }
        }
    }

    /// Returns the age of the oldest message that is still to be sent, by queue: since this service has known it.
    pub fn ages(&self) -> Vec<(&'static str, Duration)> {
        let by_queue = self.by_queue.lock().unwrap_or_else(PoisonError::into_inner);
        by_queue.iter().map(|(queue, ages)| (*queue, ages.oldest)).collect()
    }

    /// Errors are logged where they happen.
    async fn take(&self, service: &Service) {
        let now = service.clock().now();
        let is_connected = *service.health().xmpp().borrow() == XmppState::Connected;
        meters::set("itseme_xmpp_connected", None, f64::from(u8::from(is_connected)));
        meters::set("itseme_uptime_seconds", None, service.uptime().as_secs_f64());
        for (queue, sending) in service.health().sending() {
            let label = Some(("queue", queue.to_owned()));
            meters::set("itseme_sending", label, f64::from(u8::from(sending.works_well())));
        }
        if let Ok(waiting) = service.waiting().await {
            let queues = service.health().sending().into_keys().chain([Queue::REQUESTS.name()]);
            self.note(&waiting, queues, now);
        }
        if let Ok(budgets) = service.spent().await {
            for budget in budgets {
                let label = Some((
                    "budget",
                    format!("{} {}", budget.provider, budget.prefix).trim_end().to_owned(),
                ));
                let left = budget.per_day.saturating_sub(budget.used);
                meters::set("itseme_budget_used", label.clone(), f64::from(budget.used));
                meters::set("itseme_budget_left", label, f64::from(left));
            }
        }
        if let Ok((bytes, journal)) = service.bytes().await {
            meters::set("itseme_database_bytes", None, bytes as f64);
            if let Some(journal) = journal {
                meters::set("itseme_database_journal_bytes", None, journal as f64);
            }
        }
    }

    /// Notes the messages that wait, also that none waits in one of `queues`.
    fn note(&self, waiting: &[Waiting], queues: impl Iterator<Item = &'static str>, now: Millis) {
        let mut by_queue = self.by_queue.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues.chain(waiting.iter().map(|waiting| queue_name(waiting.queue))) {
            by_queue.entry(queue).or_default();
        }
        for (queue, ages) in &mut *by_queue {
            let of_queue = waiting.iter().find(|waiting| queue_name(waiting.queue) == *queue);
            ages.note(of_queue, now);
            let label = Some(("queue", (*queue).to_owned()));
            let messages = of_queue.map_or(0, |waiting| waiting.messages);
            meters::set("itseme_outbox_messages", label.clone(), messages as f64);
            meters::set("itseme_outbox_oldest_seconds", label, ages.oldest.as_secs_f64());
        }
    }
}

/// The moments at which messages of a queue were there. No time is stored with a message: its number tells when it came.
#[derive(Default)]
struct Ages {
    /// The highest numbers, and the times when they were seen first.
    seen: VecDeque<(Millis, i64)>,
    oldest: Duration,
}

impl Ages {
    fn note(&mut self, waiting: Option<&Waiting>, now: Millis) {
        let Some(waiting) = waiting else {
            *self = Self::default();
            return;
        };
        if self.seen.back().is_none_or(|(_, newest)| *newest < waiting.newest) {
            self.seen.push_back((now, waiting.newest));
        }
        while self.seen.front().is_some_and(|(_, newest)| *newest < waiting.oldest) {
            self.seen.pop_front();
        }
        if self.seen.len() > REMEMBERED {
            self.seen.remove(1);
        }
        let since = self.seen.front().map_or(now, |(since, _)| *since);
        self.oldest = Duration::from_millis(now.saturating_sub(since));
    }
}

async fn count(service: &Service) {
    let Ok(counts) = service.count().await else { return };
    for (name, count) in [
        ("itseme_links", counts.links),
        ("itseme_people", counts.owners),
        ("itseme_pending", counts.pending),
        ("itseme_subscribers", counts.subscribers),
        ("itseme_mutes", counts.mutes),
        ("itseme_suppressions", counts.suppressions),
        ("itseme_counters", counts.counters),
    ] {
        meters::set(name, None, count as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(oldest: i64, newest: i64) -> Option<Waiting> {
        Some(Waiting {
            queue: 1,
            messages: 2,
            oldest,
            newest,
        })
    }

    #[test]
    fn the_oldest_message_is_as_old_as_its_number_is_known() {
        let mut ages = Ages::default();
        let mut age = |waiting: Option<Waiting>, now| {
            ages.note(waiting.as_ref(), now);
            ages.oldest.as_millis()
        };
        assert_eq!(age(waiting(3, 5), 1000), 0);
        assert_eq!(age(waiting(3, 9), 2000), 1000);
        // 3 to 5 are gone: the oldest came between both samples.
        assert_eq!(age(waiting(6, 9), 4000), 2000);
        assert_eq!(age(waiting(12, 12), 5000), 0);
        assert_eq!(age(None, 6000), 0);
        assert_eq!(age(waiting(13, 13), 7000), 0);
    }

    #[test]
    fn a_queue_that_never_empties_takes_no_more_memory() {
        let mut ages = Ages::default();
        for nth in 0..10_000 {
            ages.note(waiting(1, nth).as_ref(), nth as Millis);
        }
        assert!(ages.seen.len() <= REMEMBERED);
        assert_eq!(ages.oldest.as_millis(), 9_999 - 1);
    }
}
