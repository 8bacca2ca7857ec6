//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has taken it, so whatever dies in between, it is sent again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::channel::{Channel, Holder, Letter, SendError, Sent};
use crate::clock::{Millis, millis};
use crate::service::{Due, Opened, Service};
use crate::store::{Queue, Row};

/// Messages given to a channel at once that takes them by the batch.
const BATCH: usize = 100;
/// Contact requests whose hashes are looked up together: the more, the more of them are found on the same page. They take two
/// or three megabytes.
const MATCHED: usize = 250;
/// Messages sent at once, each by itself, where that takes time: no more than can be sent without waiting for others, or
/// they would be out of date when it is their turn. Mail servers and gateways commonly allow as many connections.
const TOGETHER: usize = 8;
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
        let limit = if channel.is_by_the_batch() { BATCH } else { TOGETHER };
        let mut held = Held::default();
        while self.stop.run_until_cancelled(channel.ready()).await.is_some() {
            let rows = self.claim(queue, limit).await;
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
            _ if row.expires_at <= now => outcome.drop(row, queue, "it expired"),
            Opened::Letter(letter) => {
                letters.push(*letter);
                rows.push(row);
            }
            Opened::Unwanted => outcome.remove.push(row.id),
            Opened::Nothing => outcome.drop(row, queue, "it cannot be opened"),
        }
    }
    let sent = if channel.is_by_the_batch() {
        channel.send(&letters).await
    } else {
        let each = letters.iter().zip(&rows);
        join_all(each.map(|(letter, row)| send_in_time(channel, letter, row.expires_at.saturating_sub(now)))).await
    };
    for (row, result) in rows.into_iter().zip(sent) {
        let now = service.clock().now();
        match (result, holder) {
            // Each time: a server that was killed once may be killed again.
            (Ok(()), Some(holder)) => {
                held.hold(row.id, holder, now + millis(HELD));
                outcome.retry.push((row.id, now + millis(HELD)));
            }
            (Ok(()), None) => outcome.remove.push(row.id),
            (Err(SendError::Fail(reason)), _) => outcome.drop(row, queue, &reason),
            (Err(SendError::Retry(reason)), _) => {
                // Who has a holder has lost it now, and is `ready` when there is another.
                let wait = if holder.is_some() { 0 } else { backoff(row.tries) };
                outcome.put_off(&row, queue, &reason, now + wait);
            }
        }
    }
    outcome.keep(service).await;
}

/// Sends one letter, unless that takes until it may not be sent any more.
async fn send_in_time(channel: &dyn Channel, letter: &Letter, time_left: Millis) -> Sent {
    let sent = channel.send(std::slice::from_ref(letter));
    match tokio::time::timeout(Duration::from_millis(time_left), sent).await {
        Ok(sent) => sent
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(SendError::Retry("no answer".into()))),
        Err(_elapsed) => Err(SendError::Fail("it expired".into())),
    }
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

    fn put_off(&mut self, row: &Row, queue: Queue, reason: &str, due_at: Millis) {
        tracing::warn!(queue = queue.name(), try = row.tries + 1, reason, "a message could not be sent yet");
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;
    use crate::channel::{Away, Message};
    use crate::clock::Clock;
    use crate::model::{BareJid, Code, Identity, Keys};
    use crate::service::{ContactRequest, Settings};
    use crate::store::Store;
    use crate::store::sqlite::SqliteStore;

    /// Takes everything, and remembers who asked whom.
    struct Taken {
        asked: Mutex<Vec<(String, String)>>,
        holder: Mutex<Result<Option<Holder>, Away>>,
        /// Whether it gives back what it took.
        returns: AtomicBool,
    }

    impl Taken {
        fn by(holder: Option<Holder>) -> Self {
            Self {
                asked: Mutex::default(),
                holder: Mutex::new(Ok(holder)),
                returns: AtomicBool::default(),
            }
        }

        fn is_now(&self, holder: Result<Option<Holder>, Away>) {
            *self.holder.lock().unwrap() = holder;
        }

        fn times(&self) -> usize {
            self.asked.lock().unwrap().len()
        }
    }

    impl Channel for Taken {
        fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
            for letter in letters {
                if let Message::Introduction { to, from, .. } = &letter.message {
                    self.asked.lock().unwrap().push((from.to_string(), to.to_string()));
                }
            }
            async { vec![Ok(()); letters.len()] }.boxed()
        }

        fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
            std::future::ready(*self.holder.lock().unwrap()).boxed()
        }

        fn was_returned(&self, _letter: &Letter) -> bool {
            self.returns.load(Ordering::Relaxed)
        }
    }

    /// Never has done with what it is given.
    struct Slow;

    impl Channel for Slow {
        fn send<'a>(&'a self, _letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
            std::future::pending().boxed()
        }
    }

    fn service(folder: &tempfile::TempDir, clock: Clock) -> Service {
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
        let settings = Settings {
            providers: ["xmpp".to_owned()].into(),
            ..Settings::default()
        };
        Service::new(Store::new(store), keys, clock, settings, Default::default())
    }

    /// Has every asker ask for contact with everybody who is asked.
    async fn ask(service: &Service, askers: &[&BareJid], asked: &[&BareJid]) {
        for jid in askers.iter().chain(asked) {
            service.register_native(jid, "xmpp", jid.as_str(), false).await.unwrap();
        }
        for &asker in askers {
            let request = ContactRequest {
                target: asker.clone(),
                details: vec![("xmpp".into(), asker.to_string())],
                contacts: asked.iter().map(|jid| Some(Identity::of_jid(jid).hash())).collect(),
            };
            service.contact_native(request).await.unwrap();
        }
        // Hashes are looked up a moment later.
        service.clock().advance(Duration::from_secs(60));
        let rows = waiting(service, Queue::Requests).await;
        let failed = service.introduce(rows.iter().map(|due| due.row.id).collect()).await;
        assert!(failed.is_empty());
    }

    fn jid(name: &str) -> BareJid {
        BareJid::new(&format!("{name}@example.org")).unwrap()
    }

    async fn waiting(service: &Service, queue: Queue) -> Vec<Due> {
        service.due(queue, 100).await.unwrap().0
    }

    async fn work(service: &Service, channel: &Taken, held: &mut Held) {
        send(service, Queue::Xmpp, channel, waiting(service, Queue::Xmpp).await, held).await;
    }

    /// A message from Eve to Amy, taken by a server.
    async fn with_a_server(folder: &tempfile::TempDir) -> (Service, Clock, Taken, Held) {
        let clock = Clock::system();
        let service = service(folder, clock.clone());
        ask(&service, &[&jid("eve")], &[&jid("amy")]).await;
        let (channel, mut held) = (Taken::by(Some(1)), Held::default());
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), 1);
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
        clock.advance(HELD);
        assert_eq!(waiting(&service, Queue::Xmpp).await.len(), 1);
        (service, clock, channel, held)
    }

    /// Nothing is sent once more, and nothing waits, when the server has lived with what it has.
    async fn assert_is_safe_soon(service: &Service, channel: &Taken, held: &mut Held) {
        let times = channel.times();
        service.clock().advance(HELD);
        work(service, channel, held).await;
        assert_eq!(channel.times(), times);
        assert!(waiting(service, Queue::Xmpp).await.is_empty());
    }

    #[tokio::test]
    async fn what_a_server_has_lived_with_is_not_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (service, clock, channel, mut held) = with_a_server(&folder).await;
        work(&service, &channel, &mut held).await;
        clock.advance(HELD);
        assert_eq!(channel.times(), 1);
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    }

    #[tokio::test]
    async fn what_a_server_gives_back_is_sent_again_later() {
        let folder = tempfile::tempdir().unwrap();
        let (service, clock, channel, mut held) = with_a_server(&folder).await;
        channel.returns.store(true, Ordering::Relaxed);
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), 1);
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());

        channel.returns.store(false, Ordering::Relaxed);
        clock.advance(BACKOFF[1]);
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), 2);
        assert_is_safe_soon(&service, &channel, &mut held).await;
    }

    #[tokio::test]
    async fn what_servers_may_have_lost_is_sent_until_one_has_lived_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (service, clock, channel, mut held) = with_a_server(&folder).await;
        // Nobody answers: nothing is sent, and no try is counted.
        channel.is_now(Err(Away));
        work(&service, &channel, &mut held).await;
        assert_eq!(waiting(&service, Queue::Xmpp).await[0].row.tries, 1);
        for (server, times) in [(2, 2), (3, 3), (3, 3)] {
            channel.is_now(Ok(Some(server)));
            work(&service, &channel, &mut held).await;
            assert_eq!(channel.times(), times);
            clock.advance(HELD);
        }
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    }

    #[tokio::test]
    async fn after_a_restart_nobody_knows_and_it_is_sent_once_more() {
        let folder = tempfile::tempdir().unwrap();
        let (service, _, channel, _) = with_a_server(&folder).await;
        let mut held = Held::default();
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), 2);
        assert_is_safe_soon(&service, &channel, &mut held).await;
    }

    #[tokio::test]
    async fn what_a_server_has_when_the_service_ends_is_left_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (service, _, channel, held) = with_a_server(&folder).await;
        held.let_go(&service, &channel).await;
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_letter_is_not_sent_any_more_when_it_expires_on_the_way() {
        let message = Message::ForgetCode {
            to: jid("amy"),
            code: Code::typed("1"),
            everything: true,
        };
        let letter = Letter {
            id: "1".into(),
            language: Default::default(),
            replaces: None,
            stop: None,
            message,
        };
        let sent = send_in_time(&Slow, &letter, 1000).await;
        assert_eq!(sent, Err(SendError::Fail("it expired".into())));
    }

    #[tokio::test]
    async fn what_waits_is_not_sent_to_who_has_muted_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let service = service(&folder, Clock::system());
        let [amy, bob, eve, michael] = ["amy", "bob", "eve", "michael"].map(jid);
        ask(&service, &[&eve, &michael], &[&amy, &bob]).await;
        service.mute(&amy, &[eve.to_string()]).await.unwrap();

        let channel = Taken::by(None);
        let due = waiting(&service, Queue::Xmpp).await;
        assert_eq!(due.len(), 4);
        send(&service, Queue::Xmpp, &channel, due, &mut Held::default()).await;
        let pair = |from: &BareJid, to: &BareJid| (from.to_string(), to.to_string());
        let expected = [pair(&eve, &bob), pair(&michael, &amy), pair(&michael, &bob)];
        let mut asked = channel.asked.lock().unwrap().clone();
        // Requests are looked up at random moments, so they come in any order.
        asked.sort();
        assert_eq!(asked, expected);
        assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    }
}
