//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has accepted it and will not give it back. So it is sent again after
//! any program has died in between.

mod by_batch;
mod each;
mod held;
mod lanes;
mod metered;
mod missed;
mod outages;
mod outcome;
mod returns;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::metered::Metered;
use self::missed::Missed;
use self::outcome::Outcome;
use crate::channel::{Channel, PAUSES};
use crate::clock::{Millis, millis};
use crate::service::{Due, Service};
use crate::store::{Queue, Row, Subscription};

/// The number of contact requests whose hashes are looked up together. More of them have more hashes on the same page.
/// This number takes two or three megabytes.
const MATCHED: usize = 250;
/// The pause before the next look at contact requests, if fewer were due. They wait for a random time of seconds, and larger batches take
/// fewer look-ups and transactions.
const MATCH_EVERY: Duration = Duration::from_millis(100);
/// The longest time between two looks at a queue, even if nothing wakes the worker.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// The pause between two removals of expired rows.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// The time between the end of the outbox's work and the emptying of the journal. All work in between needs it only
/// once.
const SETTLE_AFTER: Duration = Duration::from_secs(1);
/// The pause of a worker after an error of the database.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The outbox's workers. Clones work on the same outbox.
#[derive(Clone)]
pub struct Outbox {
    service: Service,
    stop: CancellationToken,
    drained: Arc<Notify>,
    missed: Missed,
}

impl Outbox {
    /// Works for `service` until `stop`.
    pub fn new(service: Service, stop: CancellationToken) -> Self {
        Self {
            service,
            stop,
            drained: Arc::default(),
            missed: Missed::default(),
        }
    }

    /// Returns the same outbox, with work that ends at another `stop`.
    #[must_use]
    pub fn until(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// Looks up the hashes of contact requests and turns each request into introductions. It needs a thread of its own,
    /// which gets a low priority, because nobody waits for the result.
    pub async fn match_requests(self) {
        stand_back();
        let mut posted = self.service.store().subscribe(Queue::REQUESTS);
        while !self.stop.is_cancelled() {
            let due = match self.claim(Queue::REQUESTS, MATCHED).await {
                Ok(due) => due,
                Err(next) => {
                    self.wait(&mut posted, next).await;
                    Vec::new()
                }
            };
            let are_all = due.len() < MATCHED;
            let claimed = due.into_iter().map(|due| due.row);
            self.introduce(claimed.collect()).await;
            if are_all {
                self.stop.run_until_cancelled(tokio::time::sleep(MATCH_EVERY)).await;
            }
        }
    }

    async fn introduce(&self, rows: Arc<[Row]>) {
        let failed = self.service.introduce(rows.clone()).await;
        let mut outcome = Outcome::default();
        for row in rows.iter().filter(|row| failed.contains(&row.id)) {
            // Each by itself, so that one failure does not affect all.
            if !self.service.introduce([row.clone()].into()).await.is_empty() {
                outcome.retry(row.id, self.service.clock().now() + backoff(PAUSES, row.tries));
            }
        }
        if !outcome.retry.is_empty() {
            outcome.keep(&self.service).await;
        }
    }

    /// Delivers the messages of `queue` over `channel`.
    pub async fn deliver(self, queue: Queue, channel: Arc<dyn Channel>) {
        let channel: Arc<dyn Channel> = Arc::new(Metered::new(channel, queue, self.service.clone()));
        match channel.is_by_the_batch() {
            true => self.deliver_batches(queue, channel).await,
            false => self.deliver_each(queue, channel).await,
        }
    }

    /// Takes the reports that come over `channel`.
    pub async fn take_reports(self, channel: Arc<dyn Channel>) {
        while let Some(report) = self.stop.run_until_cancelled(channel.next_report()).await {
            // What cannot be stored is logged there, and lost.
            let _ = self.service.take_report(report).await;
        }
    }

    /// Stores the time at intervals, removes expired rows, and empties the journal soon after the outbox has drained.
    pub async fn tidy(self) {
        let mut every = tokio::time::interval(PURGE_EVERY);
        while !self.stop.is_cancelled() {
            tokio::select! {
                _ = every.tick() => self.purge().await,
                () = self.drained.notified() => tokio::time::sleep(SETTLE_AFTER).await,
                () = self.stop.cancelled() => {}
            }
            self.missed.store(&self.service).await;
            let _ = self.service.store().settle().await;
        }
        let _ = self.service.note_time().await;
    }

    async fn purge(&self) {
        let _ = self.service.note_time().await;
        match self.service.purge().await {
            Ok(purged) if purged.outbox > 0 => {
                tracing::warn!(
                    count = purged.outbox,
                    "messages could not be delivered in time and were dropped"
                );
            }
            _ => {}
        }
    }

    /// Claims the due messages. Without one, returns the time of the next look at the queue.
    async fn claim(&self, queue: Queue, limit: usize) -> Result<Vec<Due>, Millis> {
        let now = self.service.clock().now();
        let (longest, pause) = (now + millis(LOOK_AGAIN), now + millis(STORE_PAUSE));
        let next = match self.service.claim(queue, limit).await {
            Ok((rows, _)) if !rows.is_empty() => return Ok(rows),
            Ok((_, next)) => next.map_or(longest, |due_at| due_at.min(longest)),
            Err(error) => {
                tracing::error!(%error, queue = queue.name(), "the outbox cannot be read");
                pause
            }
        };
        self.drained.notify_one();
        Err(next)
    }

    /// Waits until `then`. Returns `true` at once when a message is put into the queue.
    async fn wait(&self, posted: &mut Subscription, then: Millis) -> bool {
        let wait = then.saturating_sub(self.service.clock().now());
        tokio::select! {
            () = posted.posted() => true,
            () = tokio::time::sleep(Duration::from_millis(wait)) => false,
            () = self.stop.cancelled() => false,
        }
    }
}

/// Gives this thread a tenth of the processor while others need it. Only Linux has priorities of threads.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "contact requests are matched with the same priority as all else");
    }
}

/// Returns the pause after so many tries, and another one.
fn backoff(pauses: &[Duration], tries: u32) -> Millis {
    let pause = pauses.get(tries as usize).or(pauses.last());
    pause.map_or(0, |pause| millis(*pause))
}
