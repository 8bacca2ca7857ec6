//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has taken it, so whatever dies in between, it is sent again.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, SendError};
use crate::clock::{Millis, millis};
use crate::service::Service;
use crate::store::{Queue, Row};

/// Messages sent at once.
const BATCH: usize = 100;
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
/// A worker that the database failed waits this long.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Looks up, until `stop`, the hashes of contact requests and turns each into introductions.
pub async fn match_requests(service: Service, stop: CancellationToken) {
    let queue = Queue::Requests;
    while !stop.is_cancelled() {
        let rows = match claim(&service, queue).await {
            Ok(rows) if rows.is_empty() => {
                idle(&service, queue, &stop).await;
                continue;
            }
            Ok(rows) => rows,
            Err(()) => continue,
        };
        // Together, so that they are committed together.
        let done = futures::future::join_all(rows.into_iter().map(|row| introduce(&service, row)));
        done.await;
    }
}

async fn introduce(service: &Service, row: Row) {
    let (id, tries) = (row.id, row.tries);
    if service.introduce(row).await.is_err() {
        let due_at = service.clock().now() + backoff(tries);
        let _ = service.store().write(move |tx| tx.retry(id, due_at)).await;
    }
}

/// Delivers, until `stop`, the messages of `queue` over `channel`.
pub async fn deliver(service: Service, queue: Queue, channel: Arc<dyn Channel>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = channel.ready() => {}
            () = stop.cancelled() => return,
        }
        match claim(&service, queue).await {
            Ok(rows) if rows.is_empty() => idle(&service, queue, &stop).await,
            Ok(rows) => send(&service, queue, &*channel, rows).await,
            Err(()) => {}
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

/// Removes, until `stop`, what has expired, and keeps the journal free of what was removed.
pub async fn tidy(service: Service, stop: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(60));
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        match service.purge().await {
            Ok(purged) if purged.outbox > 0 => {
                tracing::warn!(
                    count = purged.outbox,
                    "messages could not be delivered in time and were dropped"
                );
            }
            Ok(_) => {}
            Err(_) => continue,
        }
        let _ = service.store().settle().await;
    }
}

async fn claim(service: &Service, queue: Queue) -> Result<Vec<Row>, ()> {
    let now = service.clock().now();
    let rows = service.store().read(move |tx| tx.due(queue, now, BATCH)).await;
    if let Err(error) = &rows {
        tracing::error!(%error, queue = queue.name(), "the outbox cannot be read");
        tokio::time::sleep(STORE_PAUSE).await;
    }
    rows.map_err(drop)
}

/// Waits for the next message.
async fn idle(service: &Service, queue: Queue, stop: &CancellationToken) {
    let next = service.store().read(move |tx| tx.next_due(queue)).await.ok().flatten();
    let now = service.clock().now();
    let wait = next.map_or(LOOK_AGAIN, |due| {
        Duration::from_millis(due.saturating_sub(now)).min(LOOK_AGAIN)
    });
    tokio::select! {
        () = service.posted(queue) => {}
        () = tokio::time::sleep(wait) => {}
        () = stop.cancelled() => {}
    }
}

async fn send(service: &Service, queue: Queue, channel: &dyn Channel, rows: Vec<Row>) {
    let now = service.clock().now();
    let mut outcome = Outcome::default();
    let (mut letters, mut sent) = (Vec::new(), Vec::new());
    for row in rows {
        match service.open_letter(&row.sealed) {
            _ if row.expires_at <= now => outcome.drop(row, queue, "it expired"),
            Ok(letter) => {
                letters.push(letter);
                sent.push(row);
            }
            Err(_) => outcome.drop(row, queue, "it cannot be opened"),
        }
    }
    for (row, result) in sent.into_iter().zip(channel.send(&letters).await) {
        match result {
            Ok(()) => outcome.remove.push(row.id),
            Err(SendError::Fail(reason)) => outcome.drop(row, queue, &reason),
            Err(SendError::Retry(reason)) => {
                let wait = backoff(row.tries);
                tracing::warn!(queue = queue.name(), try = row.tries + 1, reason, "a message could not be sent yet");
                outcome.retry.push((row.id, service.clock().now() + wait));
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
    fn drop(&mut self, row: Row, queue: Queue, reason: &str) {
        tracing::warn!(queue = queue.name(), reason, "a message was dropped");
        self.remove.push(row.id);
    }

    /// Until this is stored, the batch must not be sent again.
    async fn keep(self, service: &Service) {
        loop {
            let (remove, retry) = (self.remove.clone(), self.retry.clone());
            let kept = service.store().write(move |tx| {
                remove.into_iter().try_for_each(|id| tx.remove(id))?;
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
