//! Sends messages by the batch, where the other side takes them at once, but may lose them or give them back later.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::held::{AWAITED, Accepted, HELD, Held, REMOVED};
use super::missed::Missed;
use super::outcome::Outcome;
use super::returns::{Told, pause};
use super::{Outbox, PURGE_EVERY, STORE_PAUSE, backoff};
use crate::channel::{BounceKind, Bounces, Channel, Holder, Letter, SendError, Sent};
use crate::clock::{Millis, millis};
use crate::service::{Due, HANDED, Handed, Opened, Service};
use crate::store::{Queue, Row};

/// The number of messages that a channel gets at once.
const BATCH: usize = 100;
/// The time in which a message that was handed over is sent as it is.
const FRESH: Duration = Duration::from_secs(1);
// It is removed before it is due.
const _: () = assert!(HANDED.as_millis() > FRESH.as_millis() + HELD.as_millis());

/// The messages of one queue that are on their way.
struct Batches {
    service: Service,
    queue: Queue,
    channel: Arc<dyn Channel>,
    held: Held,
    told: Told,
    missed: Missed,
    swept_at: Millis,
    /// The time of the next look for messages in the store.
    look_at: Millis,
}

impl Outbox {
    /// Delivers the messages of `queue` over `channel`, many at once.
    pub(super) async fn deliver_batches(self, queue: Queue, channel: Arc<dyn Channel>) {
        let mut batches = Batches::new(self.service.clone(), queue, channel.clone(), self.missed.clone());
        let mut posted = self.service.store().subscribe(queue);
        while !self.stop.is_cancelled() && !batches.expect_again().await {
            tokio::time::sleep(STORE_PAUSE).await;
        }
        let mut handed = self.service.hand_over();
        while self
            .stop
            .run_until_cancelled(batches.ready(&mut handed))
            .await
            .is_some()
        {
            batches.take_back().await;
            batches.part_with_held().await;
            if batches.look_at <= self.service.clock().now() {
                match self.claim(queue, BATCH).await {
                    Ok(rows) => batches.send(rows).await,
                    Err(next) => batches.look_at = next,
                }
                continue;
            }
            tokio::select! {
                () = came_back(&*channel) => {}
                some = handed.next(BATCH) => batches.send_handed(some).await,
                was_posted = self.wait(&mut posted, batches.next()) => {
                    if was_posted {
                        batches.look_at = 0;
                    }
                }
            }
        }
        batches.end().await;
    }
}

/// Resolves when a message has come back.
async fn came_back(channel: &dyn Channel) {
    match channel.bounces() {
        Some(bounces) => bounces.came().await,
        None => std::future::pending().await,
    }
}

impl Batches {
    /// Begins with nothing sent. Adds accounts that do not exist to `missed`.
    fn new(service: Service, queue: Queue, channel: Arc<dyn Channel>, missed: Missed) -> Self {
        Self {
            service,
            queue,
            channel,
            held: Held::default(),
            told: Told::default(),
            missed,
            swept_at: 0,
            look_at: 0,
        }
    }

    /// At the start, notes that messages which were accepted before may come back. Returns `false` if the store failed.
    async fn expect_again(&self) -> bool {
        let mut last = 0;
        loop {
            match self.service.taken(self.queue, last, BATCH).await {
                Ok(rows) if rows.is_empty() => return true,
                Ok(rows) => {
                    for Due { row, letter } in rows {
                        last = row.id;
                        if let Opened::Letter(letter) = letter {
                            self.expect(&row, &letter, row.due_at);
                        }
                    }
                }
                Err(_told) => return false,
            }
        }
    }

    /// Returns the time when there is something to do, if nothing comes.
    fn next(&self) -> Millis {
        self.held
            .next_safe()
            .map_or(self.look_at, |safe_at| safe_at.min(self.look_at))
    }

    /// Waits for the other side. Messages that are handed over meanwhile are read later.
    async fn ready(&mut self, handed: &mut Handed) {
        loop {
            tokio::select! {
                biased;
                () = self.channel.ready() => return,
                _late = handed.next(BATCH) => self.look_at = 0,
            }
        }
    }

    /// Sends messages that were handed over. Those that had to wait are due now, and read: they may have been withdrawn since.
    async fn send_handed(&mut self, handed: Vec<Due>) {
        let now = self.service.clock().now();
        let is_fresh = |due: &Due| now + millis(HANDED) < due.row.due_at + millis(FRESH);
        let (fresh, late): (Vec<_>, Vec<_>) = handed.into_iter().partition(is_fresh);
        let mut outcome = Outcome::default();
        late.iter().for_each(|due| outcome.retry(due.row.id, now));
        self.keep(outcome).await;
        if !fresh.is_empty() {
            self.send(fresh).await;
        }
    }

    /// Sends the messages that are due.
    async fn send(&mut self, due: Vec<Due>) {
        let Ok(holder) = self.channel.holder().await else {
            self.service.release(due.iter().map(|due| due.row.id).collect()).await;
            self.look_at = 0;
            return;
        };
        let now = self.service.clock().now();
        self.sweep(now);
        let mut outcome = Outcome::default();
        let (mut letters, mut rows) = (Vec::new(), Vec::new());
        for Due { row, letter } in due {
            match letter {
                // It has not come back.
                letter if row.is_taken => {
                    if let Opened::Letter(letter) = letter {
                        self.forget(&letter.id);
                        outcome.arrived.extend(letter.message.recipient());
                    }
                    outcome.remove.push(row.id);
                }
                // It may not be sent again.
                _ if row.expires_at <= now && self.held.is_with(holder, row.id) => outcome.remove.push(row.id),
                // The server was slow to answer. It is removed soon.
                _ if self.held.is_with(holder, row.id) => outcome.retry(row.id, now + millis(HELD)),
                _ if row.expires_at <= now => outcome.drop(&row, self.queue, "it expired"),
                Opened::Letter(letter) => {
                    // Noted before it is sent, because it may come back at once.
                    let until = self.awaited_until(&row, &letter, now);
                    self.expect(&row, &letter, until.unwrap_or(now + millis(HELD)));
                    letters.push(*letter);
                    rows.push(row);
                }
                Opened::Unwanted => outcome.remove.push(row.id),
                Opened::Nothing => outcome.drop(&row, self.queue, "it cannot be opened"),
            }
        }
        let sent = self.channel.send(&letters).await;
        for ((row, letter), sent) in rows.into_iter().zip(&letters).zip(sent) {
            self.note(&mut outcome, row, letter, sent, holder);
        }
        self.keep(outcome).await;
    }

    /// Notes the result of a message.
    fn note(&mut self, outcome: &mut Outcome, row: Row, letter: &Letter, sent: Sent, holder: Option<Holder>) {
        let now = self.service.clock().now();
        match (sent, holder) {
            (Ok(()), Some(by)) => {
                let accepted = Accepted {
                    by,
                    id: letter.id.clone(),
                    to: letter.message.recipient(),
                    awaited_until: self.awaited_until(&row, letter, now),
                };
                // At each try, because a server may be killed more than once. One that was handed over is not due yet.
                let again_at = self.held.hold(row.id, accepted, now);
                if row.due_at <= now {
                    outcome.retry(row.id, again_at);
                }
            }
            (Ok(()), None) => outcome.remove.push(row.id),
            (Err(SendError::Fail(reason) | SendError::Unclear(reason)), _) => outcome.drop(&row, self.queue, &reason),
            (Err(SendError::Retry(trouble)), None) => {
                let due_at = now + backoff(self.channel.pauses(), row.tries);
                outcome.put_off(&row, self.queue, &trouble.reason, due_at);
            }
            // The holder is lost; the channel is `ready` when there is another.
            (Err(SendError::Retry(trouble)), Some(_)) => outcome.put_off(&row, self.queue, &trouble.reason, now),
        }
    }

    /// Removes the messages that their holder has had for long enough, or waits for those that may still come back.
    async fn part_with_held(&mut self) {
        let now = self.service.clock().now();
        if self.held.next_safe().is_none_or(|safe_at| now < safe_at) {
            return;
        }
        // Without an answer, nothing is known until there is another holder.
        if let Ok(Some(holder)) = self.channel.holder().await {
            self.part_with(holder, now).await;
            // What a former holder had is due soon.
            self.look_at = self.look_at.min(now + millis(REMOVED));
        }
    }

    async fn part_with(&mut self, holder: Holder, now: Millis) {
        // Before it has answered, it may have given some back.
        self.take_back().await;
        let mut outcome = Outcome::default();
        for (row, accepted) in self.held.take_safe(holder, now) {
            match accepted.awaited_until {
                Some(until) => outcome.expect.push((row, until)),
                None => {
                    self.forget(&accepted.id);
                    outcome.arrived.extend(accepted.to);
                    outcome.remove.push(row);
                }
            }
        }
        self.keep(outcome).await;
    }

    /// Puts messages that came back off to a later time, if another try may help. Notes the recipients who do not exist.
    async fn take_back(&mut self) {
        let (mut outcome, mut missed) = (Outcome::default(), Vec::new());
        for (id, reason) in self.channel.bounces().map(Bounces::take_all).unwrap_or_default() {
            self.held.give_back(id);
            // It may have been withdrawn.
            let Some(Due { row, letter }) = self.message(id).await else {
                continue;
            };
            let now = self.service.clock().now();
            self.told.tell(&reason, now);
            let nth = row.returned + 1;
            tracing::debug!(
                queue = self.queue.name(),
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
        self.keep(outcome).await;
        self.missed.add(missed);
    }

    /// At the end, removes messages whose holder still answers, so that they are not sent again at the next start.
    async fn end(mut self) {
        if !self.held.is_empty()
            && let Ok(Some(holder)) = self.channel.holder().await
        {
            self.part_with(holder, Millis::MAX).await;
        }
        self.take_back().await;
        self.missed.store(&self.service).await;
    }

    /// Returns the message of that number, if it still exists.
    async fn message(&self, id: i64) -> Option<Due> {
        loop {
            match self.service.message(self.queue, id).await {
                Ok(due) => return due,
                Err(_told) => tokio::time::sleep(STORE_PAUSE).await,
            }
        }
    }

    async fn keep(&mut self, outcome: Outcome) {
        if outcome.is_due_again() {
            self.look_at = 0;
        }
        outcome.keep(&self.service).await;
    }

    /// Returns the time until which an accepted message may come back and be sent again; `None` if it goes to the server that
    /// accepts it.
    fn awaited_until(&self, row: &Row, letter: &Letter, now: Millis) -> Option<Millis> {
        let to = letter.message.recipient()?;
        let may_come_back = !self.service.is_own_domain(to.domain().as_str());
        may_come_back.then(|| row.expires_at.min(now + millis(AWAITED)))
    }

    fn expect(&self, row: &Row, letter: &Letter, until: Millis) {
        if let Some(bounces) = self.channel.bounces() {
            bounces.expect(row.id, letter, until);
        }
    }

    fn forget(&self, id: &str) {
        if let Some(bounces) = self.channel.bounces() {
            bounces.forget(id);
        }
    }

    /// Forgets messages that were withdrawn, at intervals.
    fn sweep(&mut self, now: Millis) {
        if let Some(bounces) = self.channel.bounces()
            && now >= self.swept_at + millis(PURGE_EVERY)
        {
            self.swept_at = now;
            bounces.sweep(now.saturating_sub(millis(PURGE_EVERY)));
        }
    }
}
