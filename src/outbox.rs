//! The workers that bring messages out of the outbox: claim, send, back off, give up.
//!
//! A message is removed only when the other side has accepted it and will not give it back. So it is sent again after
//! any program has died in between.

mod each;
mod held;
mod lanes;
mod metered;
mod missed;
mod outages;
mod outcome;
mod returns;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::held::{AWAITED, HELD, Held, Left};
use self::metered::Metered;
use self::missed::Missed;
use self::outcome::Outcome;
use self::returns::{Told, pause};
use crate::channel::{BounceKind, Bounces, Channel, Letter, PAUSES, SendError};
use crate::clock::{Millis, millis};
use crate::model::BareJid;
use crate::service::{Due, Opened, Service};
use crate::store::{Queue, Row, Subscription};

/// The number of messages that a channel gets at once, if it takes them by the batch.
const BATCH: usize = 100;
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
            let due = self.claim(Queue::REQUESTS, MATCHED, &mut posted).await;
            let are_all = due.len() < MATCHED;
            self.introduce(due.into_iter().map(|due| due.row).collect()).await;
            if are_all {
                self.stop.run_until_cancelled(tokio::time::sleep(MATCH_EVERY)).await;
            }
        }
    }

    async fn introduce(&self, rows: Vec<Row>) {
        let failed = self.service.introduce(rows.iter().map(|row| row.id).collect()).await;
        let mut outcome = Outcome::default();
        for row in rows.iter().filter(|row| failed.contains(&row.id)) {
            // Each by itself, so that one failure does not affect all.
            if !self.service.introduce(vec![row.id]).await.is_empty() {
                outcome.retry(row, self.service.clock().now() + backoff(PAUSES, row.tries));
            }
        }
        if !outcome.retry.is_empty() {
            outcome.keep(&self.service).await;
        }
    }

    /// Delivers the messages of `queue` over `channel`.
    pub async fn deliver(self, queue: Queue, channel: Arc<dyn Channel>) {
        let channel: Arc<dyn Channel> = Arc::new(Metered::new(channel, queue, self.service.clone()));
        if !channel.is_by_the_batch() {
            return self.deliver_each(queue, channel).await;
        }
        let (mut held, mut told) = (Held::default(), Told::default());
        let mut posted = self.service.store().subscribe(queue);
        self.expect_again(queue, &*channel).await;
        while self.stop.run_until_cancelled(channel.ready()).await.is_some() {
            tokio::select! {
                biased;
                () = came_back(&*channel) => {
                    self.missed.add(take_back(&self.service, queue, &*channel, &mut held, &mut told).await);
                }
                rows = self.claim(queue, BATCH, &mut posted) => {
                    if !rows.is_empty() {
                        send(&self.service, queue, &*channel, rows, &mut held).await;
                    }
                }
            }
        }
        self.missed
            .add(take_back(&self.service, queue, &*channel, &mut held, &mut told).await);
        self.missed.store(&self.service).await;
        let_go(&self.service, held, &*channel).await;
    }

    /// Takes the reports that come over `channel`.
    pub async fn take_reports(self, channel: Arc<dyn Channel>) {
        while let Some(report) = self.stop.run_until_cancelled(channel.next_report()).await {
            // What cannot be stored is logged there, and lost.
            let _ = self.service.take_report(report).await;
        }
    }

    /// At the start, notes that messages which were accepted before may come back.
    async fn expect_again(&self, queue: Queue, channel: &dyn Channel) {
        let Some(bounces) = channel.bounces() else { return };
        let mut last = 0;
        while !self.stop.is_cancelled() {
            match self.service.taken(queue, last, BATCH).await {
                Ok(rows) if rows.is_empty() => return,
                Ok(rows) => {
                    for Due { row, letter } in rows {
                        last = row.id;
                        if let Opened::Letter(letter) = letter {
                            bounces.expect(row.id, &letter, row.due_at);
                        }
                    }
                }
                Err(_told) => tokio::time::sleep(STORE_PAUSE).await,
            }
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

    /// Claims the due messages. If there are none, waits for the next one and returns an empty list.
    async fn claim(&self, queue: Queue, limit: usize, posted: &mut Subscription) -> Vec<Due> {
        let now = self.service.clock().now();
        let next = match self.service.claim(queue, limit).await {
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
            () = posted.posted() => {}
            () = tokio::time::sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
        Vec::new()
    }
}

/// Gives this thread a tenth of the processor while others need it. Only Linux has priorities of threads.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "contact requests are matched with the same priority as all else");
    }
}

/// At the end, removes messages whose holder still answers, so that they are not sent again at the next start.
async fn let_go(service: &Service, held: Held, channel: &dyn Channel) {
    if held.is_empty() {
        return;
    }
    if let Ok(Some(holder)) = channel.holder().await {
        let Left { remove, expect } = held.let_go(holder);
        let outcome = Outcome {
            remove,
            expect,
            ..Outcome::default()
        };
        outcome.keep(service).await;
    }
}

/// Resolves when a message has come back.
async fn came_back(channel: &dyn Channel) {
    match channel.bounces() {
        Some(bounces) => bounces.came().await,
        None => std::future::pending().await,
    }
}

/// Puts messages that came back off to a later time, if another try may help. Returns the recipients who do not exist.
async fn take_back(
    service: &Service,
    queue: Queue,
    channel: &dyn Channel,
    held: &mut Held,
    told: &mut Told,
) -> Vec<BareJid> {
    let mut outcome = Outcome::default();
    let mut missed = Vec::new();
    for (id, reason) in channel.bounces().map(Bounces::take_all).unwrap_or_default() {
        held.give_back(id);
        // It may have been withdrawn.
        let Some(Due { row, letter }) = message(service, queue, id).await else {
            continue;
        };
        let now = service.clock().now();
        told.tell(&reason, now);
        let nth = row.returned + 1;
        tracing::debug!(
            queue = queue.name(),
            nth,
            condition = reason.condition,
            "a message came back"
        );
        let due_at = pause(reason.kind, nth).map(|pause| now + millis(pause));
        match due_at.filter(|due_at| *due_at < row.expires_at) {
            Some(due_at) => outcome.back.push((id, due_at)),
            None => outcome.remove.push(id),
        }
        if let (BounceKind::Nobody, Opened::Letter(letter)) = (reason.kind, letter) {
            missed.extend(letter.message.recipient());
        }
    }
    outcome.keep(service).await;
    missed
}

/// Returns the message of that number, if it still exists.
async fn message(service: &Service, queue: Queue, id: i64) -> Option<Due> {
    loop {
        match service.message(queue, id).await {
            Ok(due) => return due,
            Err(_told) => tokio::time::sleep(STORE_PAUSE).await,
        }
    }
}

/// Sends the messages that are due, except those that the holder has had for long enough.
async fn send(service: &Service, queue: Queue, channel: &dyn Channel, due: Vec<Due>, held: &mut Held) {
    let Ok(holder) = channel.holder().await else {
        service.release(due.iter().map(|due| due.row.id).collect()).await;
        return;
    };
    let now = service.clock().now();
    let bounces = channel.bounces();
    sweep(bounces, held, now);
    let mut outcome = Outcome::default();
    let (mut letters, mut rows, mut arrived) = (Vec::new(), Vec::new(), Vec::new());
    for Due { row, letter } in due {
        let is_safe = held.is_safe(row.id, holder);
        match letter {
            Opened::Letter(letter) if is_safe && !row.is_taken && may_come_back(service, &letter) => {
                let until = awaited_until(&row, now);
                expect(bounces, &row, &letter, until);
                outcome.expect.push((row.id, until));
            }
            // The message has not come back.
            letter if is_safe || row.is_taken => {
                if let (Opened::Letter(letter), Some(bounces)) = (letter, bounces) {
                    bounces.forget(&letter);
                    arrived.extend(letter.message.recipient());
                }
                outcome.remove.push(row.id);
            }
            _ if row.expires_at <= now => outcome.drop(&row, queue, "it expired"),
            Opened::Letter(letter) => {
                // Noted before it is sent, because it may come back at once.
                expect(bounces, &row, &letter, now + millis(HELD));
                letters.push(*letter);
                rows.push(row);
            }
            Opened::Unwanted => outcome.remove.push(row.id),
            Opened::Nothing => outcome.drop(&row, queue, "it cannot be opened"),
        }
    }
    let sent = channel.send(&letters).await;
    let now = service.clock().now();
    for ((row, letter), result) in rows.into_iter().zip(&letters).zip(sent) {
        match (result, holder) {
            // At each try, because a server may be killed more than once.
            (Ok(()), Some(holder)) => {
                let awaited_until = may_come_back(service, letter).then(|| awaited_until(&row, now));
                held.hold(row.id, holder, now + millis(HELD), awaited_until);
                outcome.retry(&row, now + millis(HELD));
            }
            (Ok(()), None) => outcome.remove.push(row.id),
            (Err(SendError::Fail(reason) | SendError::Unclear(reason)), _) => outcome.drop(&row, queue, &reason),
            (Err(SendError::Retry(trouble)), None) => {
                outcome.put_off(&row, queue, &trouble.reason, now + backoff(channel.pauses(), row.tries));
            }
            // The holder is lost; the channel is `ready` when there is another.
            (Err(SendError::Retry(trouble)), Some(_)) => outcome.put_off(&row, queue, &trouble.reason, now),
        }
    }
    outcome.keep(service).await;
    reach(service, arrived).await;
}

/// Notes that messages to these accounts arrived. A failure is logged; the next message that arrives has the same
/// effect.
async fn reach(service: &Service, arrived: Vec<BareJid>) {
    if !arrived.is_empty() {
        let _ = service.reach(arrived).await;
    }
}

/// Forgets messages that were withdrawn.
fn sweep(bounces: Option<&Bounces>, held: &mut Held, now: Millis) {
    if let Some(bounces) = bounces.filter(|_| held.sweep(now)) {
        bounces.sweep(now.saturating_sub(millis(PURGE_EVERY)));
    }
}

fn expect(bounces: Option<&Bounces>, row: &Row, letter: &Letter, until: Millis) {
    if let Some(bounces) = bounces {
        bounces.expect(row.id, letter, until);
    }
}

/// Returns `true` if a message may come back long after the server has accepted it, because that server relays it to
/// another.
fn may_come_back(service: &Service, letter: &Letter) -> bool {
    let to = letter.message.recipient();
    to.is_some_and(|to| !service.is_own_domain(to.domain().as_str()))
}

/// Returns the time until which an accepted message may come back and be sent again.
fn awaited_until(row: &Row, now: Millis) -> Millis {
    row.expires_at.min(now + millis(AWAITED))
}

/// Returns the pause after so many tries, and another one.
fn backoff(pauses: &[Duration], tries: u32) -> Millis {
    let pause = pauses.get(tries as usize).or(pauses.last());
    pause.map_or(0, |pause| millis(*pause))
}
