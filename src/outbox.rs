//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has taken it, so whatever dies in between, it is sent again.

mod each;
mod lanes;
mod outages;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, Holder, SendError};
use crate::clock::{Millis, millis};
use crate::service::{Due, Opened, Service};
use crate::store::{Queue, Row};

/// Messages given to a channel at once that takes them by the batch.
const BATCH: usize = 100;
/// Contact requests whose hashes are looked up together: the more, the more of them are found on the same page. They take two
/// or three megabytes.
const MATCHED: usize = 250;
/// An XMPP server that has taken a message may yet lose it, if it is killed before it has passed it on or written it to
/// disk: ejabberd writes every three seconds. So messages are kept until it has lived with them for so long.
const HELD: Duration = Duration::from_secs(5);
/// Waits before the second, third … try; the last is repeated until the message expires.
const BACKOFF: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
];
/// A worker looks at its queue this often even if nothing woke it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How often what has expired is removed.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// The journal is emptied so long after the outbox has drained, once for all that drains meanwhile.
const SETTLE_AFTER: Duration = Duration::from_secs(1);
/// A worker that the database failed waits this long.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The outbox's workers. Clones work on the same outbox.
#[derive(Clone)]
pub struct Outbox {
    service: Service,
    stop: CancellationToken,
    drained: Arc<Notify>,
}

impl Outbox {
    /// Works for `service` until `stop`.
    pub fn new(service: Service, stop: CancellationToken) -> Self {
        Self {
            service,
            stop,
            drained: Arc::default(),
        }
    }

    /// Looks up the hashes of contact requests and turns each into introductions: for a thread of its own, to which the
    /// system prefers the others from now on, for nobody waits for that.
    pub async fn match_requests(self) {
        stand_back();
        while !self.stop.is_cancelled() {
            let due = self.claim(Queue::Requests, MATCHED).await;
            self.introduce(due.into_iter().map(|due| due.row).collect()).await;
        }
    }

    async fn introduce(&self, rows: Vec<Row>) {
        let failed = self.service.introduce(rows.iter().map(|row| row.id).collect()).await;
        let mut outcome = Outcome::default();
        for row in rows.iter().filter(|row| failed.contains(&row.id)) {
            // By itself: what fails with one is not to fail with all.
            if !self.service.introduce(vec![row.id]).await.is_empty() {
                outcome
                    .retry
                    .push((row.id, self.service.clock().now() + backoff(row.tries)));
            }
        }
        if !outcome.retry.is_empty() {
            outcome.keep(&self.service).await;
        }
    }

    /// Delivers the messages of `queue` over `channel`.
    pub async fn deliver(self, queue: Queue, channel: Arc<dyn Channel>) {
        if !channel.is_by_the_batch() {
            return self.deliver_each(queue, channel).await;
        }
        let mut held = Held::default();
        while self.stop.run_until_cancelled(channel.ready()).await.is_some() {
            let rows = self.claim(queue, BATCH).await;
            if !rows.is_empty() {
                send(&self.service, queue, &*channel, rows, &mut held).await;
            }
        }
        held.let_go(&self.service, &*channel).await;
    }

    /// Notes the time, removes what has expired, and keeps the journal free of what was removed: soon after the outbox has drained.
    pub async fn tidy(self) {
        let mut every = tokio::time::interval(PURGE_EVERY);
        while !self.stop.is_cancelled() {
            tokio::select! {
                _ = every.tick() => self.purge().await,
                () = self.drained.notified() => tokio::time::sleep(SETTLE_AFTER).await,
                () = self.stop.cancelled() => {}
            }
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

    /// What is due, if something is; else nothing, after a wait for the next message.
    async fn claim(&self, queue: Queue, limit: usize) -> Vec<Due> {
        let now = self.service.clock().now();
        let next = match self.service.due(queue, limit).await {
            Ok((rows, _)) if !rows.is_empty() => return rows,
            Ok((_, next)) => next,
            Err(error) => {
                tracing::error!(%error, queue = queue.name(), "the outbox cannot be read");
                Some(now + millis(STORE_PAUSE))
            }
        };
        self.drained.notify_one();
        let wait = next.map_or(LOOK_AGAIN, |due| {
            Duration::from_millis(due.saturating_sub(now)).min(LOOK_AGAIN)
        });
        tokio::select! {
            () = self.service.posted(queue) => {}
            () = tokio::time::sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
        Vec::new()
    }
}

/// Gives this thread a tenth of the processor where others want it. Only Linux knows priorities of threads.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "contact requests are matched with the same priority as all else");
    }
}

/// What was taken by somebody who may yet lose it, and by whom.
#[derive(Default)]
struct Held(HashMap<i64, (Holder, Millis)>);

impl Held {
    /// Whether `holder` has had the message for as long as it takes, and has it still.
    fn is_safe(&mut self, row: i64, holder: Option<Holder>) -> bool {
        self.0.remove(&row).is_some_and(|(by, _)| Some(by) == holder)
    }

    /// Remembers who has a message until it is due again.
    fn hold(&mut self, row: i64, holder: Holder, due_at: Millis) {
        self.0.insert(row, (holder, due_at));
    }

    /// Forgets messages that were withdrawn and never come due again.
    fn forget(&mut self, now: Millis) {
        self.0.retain(|_, (_, due_at)| now < *due_at + millis(PURGE_EVERY));
    }

    /// At the end: what is with a holder that answers is not sent again at the next start.
    async fn let_go(self, service: &Service, channel: &dyn Channel) {
        if self.0.is_empty() {
            return;
        }
        let Ok(Some(holder)) = channel.holder().await else {
            return;
        };
        let theirs = self.0.into_iter().filter(|(_, (by, _))| *by == holder);
        let remove = theirs.map(|(row, _)| row).collect();
        let outcome = Outcome {
            remove,
            ..Outcome::default()
        };
        outcome.keep(service).await;
    }
}

/// Sends what is due, but for what the channel's other end has had long enough.
async fn send(service: &Service, queue: Queue, channel: &dyn Channel, due: Vec<Due>, held: &mut Held) {
    let Ok(holder) = channel.holder().await else { return };
    let now = service.clock().now();
    held.forget(now);
    let mut outcome = Outcome::default();
    let (mut letters, mut rows) = (Vec::new(), Vec::new());
    for Due { row, letter } in due {
        let is_safe = held.is_safe(row.id, holder);
        match letter {
            Opened::Letter(letter) if is_safe && channel.was_returned(&letter) => {
                outcome.put_off(&row, queue, "it came back", now + backoff(row.tries));
            }
            _ if is_safe => outcome.remove.push(row.id),
            _ if row.expires_at <= now => outcome.drop(&row, queue, "it expired"),
            Opened::Letter(letter) => {
                letters.push(*letter);
                rows.push(row);
            }
            Opened::Unwanted => outcome.remove.push(row.id),
            Opened::Nothing => outcome.drop(&row, queue, "it cannot be opened"),
        }
    }
    let sent = channel.send(&letters).await;
    for (row, result) in rows.into_iter().zip(sent) {
        let now = service.clock().now();
        match (result, holder) {
            // Each time: a server that was killed once may be killed again.
            (Ok(()), Some(holder)) => {
                held.hold(row.id, holder, now + millis(HELD));
                outcome.retry.push((row.id, now + millis(HELD)));
            }
            (Ok(()), None) => outcome.remove.push(row.id),
            (Err(SendError::Fail(reason) | SendError::Unclear(reason)), _) => outcome.drop(&row, queue, &reason),
            (Err(SendError::Retry(trouble)), _) => {
                // Who has a holder has lost it now, and is `ready` when there is another.
                let wait = if holder.is_some() { 0 } else { backoff(row.tries) };
                outcome.put_off(&row, queue, &trouble.reason, now + wait);
            }
        }
    }
    outcome.keep(service).await;
}

/// What became of a batch.
#[derive(Default)]
struct Outcome {
    remove: Vec<i64>,
    retry: Vec<(i64, Millis)>,
}

impl Outcome {
    fn drop(&mut self, row: &Row, queue: Queue, reason: &str) {
        tracing::warn!(queue = queue.name(), reason, "a message was dropped");
        self.remove.push(row.id);
    }

    fn put_off(&mut self, row: &Row, queue: Queue, reason: &str, due_at: Millis) {
        tracing::debug!(queue = queue.name(), try = row.tries + 1, reason, "a message could not be sent yet");
        self.retry.push((row.id, due_at));
    }

    /// Until this is stored, the batch must not be sent again.
    async fn keep(self, service: &Service) {
        loop {
            let (remove, retry) = (self.remove.clone(), self.retry.clone());
            let kept = service.store().write(move |tx| {
                remove.into_iter().try_for_each(|id| tx.remove(id).map(drop))?;
                retry.into_iter().try_for_each(|(id, due_at)| tx.retry(id, due_at))
            });
            match kept.await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "the outbox cannot be written"),
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }
}

fn backoff(tries: u32) -> Millis {
    let at = (tries as usize).min(BACKOFF.len() - 1);
    millis(BACKOFF[at])
}
