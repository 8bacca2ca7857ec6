//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has taken it, so whatever dies in between, it is sent again.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, SendError};
use crate::clock::{Millis, millis};
use crate::service::{Due, Opened, Service};
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

    /// Looks up the hashes of contact requests and turns each into introductions.
    pub async fn match_requests(self) {
        while !self.stop.is_cancelled() {
            let rows = self.claim(Queue::Requests).await;
            // Together, so that they are committed together.
            join_all(rows.into_iter().map(|due| self.introduce(due.row))).await;
        }
    }

    async fn introduce(&self, row: Row) {
        if self.service.introduce(row.id).await.is_err() {
            let due_at = self.service.clock().now() + backoff(row.tries);
            Outcome {
                retry: vec![(row.id, due_at)],
                ..Outcome::default()
            }
            .keep(&self.service)
            .await;
        }
    }

    /// Delivers the messages of `queue` over `channel`.
    pub async fn deliver(self, queue: Queue, channel: Arc<dyn Channel>) {
        while self.stop.run_until_cancelled(channel.ready()).await.is_some() {
            let rows = self.claim(queue).await;
            if !rows.is_empty() {
                send(&self.service, queue, &*channel, rows).await;
            }
        }
    }

    /// Removes what has expired, and keeps the journal free of what was removed: soon after the outbox has drained.
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
    }

    async fn purge(&self) {
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
    async fn claim(&self, queue: Queue) -> Vec<Due> {
        let now = self.service.clock().now();
        let next = match self.service.due(queue, BATCH).await {
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

async fn send(service: &Service, queue: Queue, channel: &dyn Channel, due: Vec<Due>) {
    let now = service.clock().now();
    let mut outcome = Outcome::default();
    let (mut letters, mut sent) = (Vec::new(), Vec::new());
    for Due { row, letter } in due {
        match letter {
            _ if row.expires_at <= now => outcome.drop(row, queue, "it expired"),
            Opened::Letter(letter) => {
                letters.push(*letter);
                sent.push(row);
            }
            Opened::Unwanted => outcome.remove.push(row.id),
            Opened::Nothing => outcome.drop(row, queue, "it cannot be opened"),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Mutex;

    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;
    use crate::channel::{Letter, Message, Sent};
    use crate::clock::Clock;
    use crate::model::{BareJid, Identity, Keys};
    use crate::service::{ContactRequest, Settings};
    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;

    /// Takes everything, and remembers who asked whom.
    #[derive(Default)]
    struct Taken(Mutex<Vec<(String, String)>>);

    impl Channel for Taken {
        fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
            for letter in letters {
                if let Message::Introduction { to, from, .. } = &letter.message {
                    self.0.lock().unwrap().push((from.to_string(), to.to_string()));
                }
            }
            async { vec![Ok(()); letters.len()] }.boxed()
        }
    }

    async fn waiting(service: &Service, queue: Queue) -> Vec<Due> {
        service.due(queue, 100).await.unwrap().0
    }

    #[tokio::test]
    async fn what_waits_is_not_sent_to_who_has_muted_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
        let settings = Settings {
            providers: ["xmpp".to_owned()].into(),
            ..Settings::default()
        };
        let clock = Clock::system();
        let service = Service::new(Store::new(store), keys, clock.clone(), settings, Default::default());
        let [amy, bob, eve, michael] =
            ["amy", "bob", "eve", "michael"].map(|name| BareJid::new(&format!("{name}@example.org")).unwrap());
        for jid in [&amy, &bob, &eve, &michael] {
            service.register_native(jid, "xmpp", jid.as_str(), false).await.unwrap();
        }
        for asker in [&eve, &michael] {
            let request = ContactRequest {
                target: asker.clone(),
                details: vec![("xmpp".into(), asker.to_string())],
                contacts: [&amy, &bob].map(|jid| Identity::of_jid(jid).hash().to_string()).into(),
            };
            service.contact_native(request).await.unwrap();
        }
        // Hashes are looked up a moment later.
        clock.advance(Duration::from_secs(60));
        for due in waiting(&service, Queue::Requests).await {
            service.introduce(due.row.id).await.unwrap();
        }
        service.mute(&amy, &[eve.to_string()]).await.unwrap();

        let channel = Taken::default();
        let due = waiting(&service, Queue::Xmpp).await;
        assert_eq!(due.len(), 4);
        send(&service, Queue::Xmpp, &channel, due).await;
        let pair = |from: &BareJid, to: &BareJid| (from.to_string(), to.to_string());
        let expected = [pair(&eve, &bob), pair(&michael, &amy), pair(&michael, &bob)];
        let mut taken = channel.0.lock().unwrap().clone();
        taken.sort();
        assert_eq!(taken, expected);
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    }
}
