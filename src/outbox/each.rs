//! Sends messages one by one, where each takes time, or a few to one destination together. No message waits for another, up to a
//! limit in total, for each destination and for each requester's server.

mod flight;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use self::flight::{Arrival, Flight, Landed, fly};
use super::lanes::{Lane, Lanes};
use super::outages::Outages;
use super::outcome::Outcome;
use super::{LOOK_AGAIN, Outbox, STORE_PAUSE};
use crate::channel::{Channel, Extent, Letter, Message, SendError, Sent, Trouble};
use crate::clock::{Millis, millis};
use crate::model::server::server_of;
use crate::service::{Due, Opened, Service};
use crate::store::Queue;

/// The number of messages that are read at once.
const PAGE: usize = 250;
/// In a shared store, the pause between two looks for messages that others have held back.
const LOOK_BEHIND: Duration = Duration::from_secs(1);
/// The longest time that a change of a shared store takes.
const CHANGE_LASTS: Duration = Duration::from_secs(15);
/// The time limit for messages in progress when the service stops. It is less than the limit of `app` for the whole
/// stop.
const FINISHING: Duration = Duration::from_secs(15);

/// The messages of one queue: their destinations and the times when they are due. Their contents are read when they are
/// sent.
struct Dispatch<'a> {
    service: &'a Service,
    queue: Queue,
    channel: &'a dyn Channel,
    /// The highest number that was read. Later messages have higher numbers, except in a shared store.
    last: i64,
    behind: Option<Behind>,
    waiting: BTreeMap<(Millis, i64), Queued>,
    /// The numbers of the messages that wait or are being sent.
    known: HashSet<i64>,
    lanes: Lanes,
    outages: Outages,
    /// The lanes whose destinations were away at the last try.
    away: HashSet<Lane>,
    /// The times when those were back.
    back: HashMap<Lane, Millis>,
    /// The messages that are being sent.
    sending: HashSet<i64>,
}

/// A message that waits.
#[derive(Clone, Copy)]
struct Queued {
    lane: Lane,
    /// `true` if it may have been the reason why others were put off with it. Then it is sent by itself.
    is_alone: bool,
    /// The time before which the other side does not want it.
    not_before: Millis,
}

/// Finds the messages of a shared store whose numbers are lower than those that were read: because their changes were durable
/// later, or because another instance had claimed them, and is gone.
#[derive(Default)]
struct Behind {
    /// The highest numbers that were read, and when.
    read: VecDeque<(Millis, i64)>,
    /// A change with a number up to this one has been durable, or has failed, for long.
    settled: i64,
    looked_at: Millis,
    begins_anew_at: Millis,
}

impl Behind {
    /// Returns the number after which messages are read again now, if they are.
    fn look(&mut self, now: Millis) -> Option<i64> {
        if now < self.looked_at + millis(LOOK_BEHIND) {
            return None;
        }
        self.looked_at = now;
        while let Some((at, number)) = self.read.front()
            && at + millis(CHANGE_LASTS) < now
        {
            self.settled = *number;
            self.read.pop_front();
        }
        if now >= self.begins_anew_at {
            self.begins_anew_at = now + millis(LOOK_AGAIN);
            return Some(0);
        }
        (!self.read.is_empty()).then_some(self.settled)
    }

    /// Notes that everything up to `last` was read, which took until `then`. All is read again in thirty seconds, or when that
    /// has taken a tenth of the time.
    fn read(&mut self, last: i64, now: Millis, then: Millis) {
        self.begins_anew_at = self.begins_anew_at.max(then + 9 * (then - now));
        if self.read.back().is_none_or(|(_, known)| *known < last) && last > self.settled {
            self.read.push_back((now, last));
        }
    }
}

impl Outbox {
    /// Delivers the messages of `queue` over `channel`, each by itself.
    pub(super) async fn deliver_each(self, queue: Queue, channel: Arc<dyn Channel>) {
        let mut dispatch = Dispatch::new(&self.service, queue, &*channel);
        let mut sending = FuturesUnordered::new();
        let (mut posted, mut hastened) = (self.service.store().subscribe(queue), self.service.hastened());
        while !self.stop.is_cancelled() {
            let read = dispatch.read_new().await;
            while let Some(flight) = dispatch.next() {
                sending.push(fly(&self.service, queue, &*channel, flight));
            }
            if sending.is_empty() {
                self.drained.notify_one();
            }
            let wait = if read { dispatch.next_due_in() } else { STORE_PAUSE };
            tokio::select! {
                Some(landed) = sending.next() => dispatch.land(landed),
                () = posted.posted() => {}
                Ok(()) = hastened.changed() => dispatch.all_are_due(self.service.clock().now()),
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => {}
            }
        }
        let all = async {
            while let Some(landed) = sending.next().await {
                dispatch.land(landed);
            }
        };
        if tokio::time::timeout(FINISHING, all).await.is_err() {
            drop(sending);
            dispatch.cut_off().await;
        }
    }
}

impl<'a> Dispatch<'a> {
    fn new(service: &'a Service, queue: Queue, channel: &'a dyn Channel) -> Self {
        Self {
            service,
            queue,
            channel,
            last: 0,
            behind: service.store().is_shared().then(Behind::default),
            waiting: BTreeMap::new(),
            known: HashSet::new(),
            lanes: Lanes::new(channel.places()),
            outages: Outages::new(queue),
            away: HashSet::new(),
            back: HashMap::new(),
            sending: HashSet::new(),
        }
    }

    /// Reads the messages that were added since the last call. Returns `true` unless that failed.
    async fn read_new(&mut self) -> bool {
        let now = self.service.clock().now();
        let missed_after = self.behind.as_mut().and_then(|behind| behind.look(now));
        let mut after = missed_after.unwrap_or(self.last);
        loop {
            match self.service.messages(self.queue, after, PAGE).await {
                Ok(new) if new.is_empty() => break,
                Ok(new) => {
                    after = new.iter().map(|due| due.row.id).fold(after, i64::max);
                    new.into_iter().for_each(|due| self.enqueue(&due));
                }
                Err(_told) => return false,
            }
        }
        if let Some(behind) = &mut self.behind {
            behind.read(self.last, now, self.service.clock().now());
        }
        true
    }

    fn enqueue(&mut self, due: &Due) {
        let id = due.row.id;
        if !self.known.insert(id) {
            // It was read again because of others.
            return;
        }
        let lane = match &due.letter {
            Opened::Letter(letter) => self.lanes.of(&self.channel.destination(letter), &asker(letter)),
            Opened::Unwanted | Opened::Nothing => self.lanes.of("", ""),
        };
        self.last = self.last.max(due.row.id);
        let waiting = Queued {
            lane,
            is_alone: false,
            not_before: 0,
        };
        self.waiting.insert((due.row.due_at, due.row.id), waiting);
    }

    /// Returns the message to send now: of those with a free place, the one that has been due for the longest time; and with it the
    /// next ones of its lane, if the channel sends several together.
    fn next(&mut self) -> Option<Flight> {
        if self.lanes.are_full() {
            return None;
        }
        let now = self.service.clock().now();
        let lanes = &mut self.lanes;
        let mut due = self.waiting.range(..=(now, i64::MAX));
        let (&first, &Queued { lane, is_alone, .. }) = due.find(|(_, waiting)| lanes.enter(waiting.lane, now))?;
        // One shows if its destination is back.
        let is_alone = is_alone || self.away.contains(&lane);
        let number = if is_alone { 1 } else { self.channel.together() };
        let more = due.filter(|(_, other)| other.lane == lane && !other.is_alone);
        let due: Vec<_> = iter::once(first)
            .chain(more.map(|(due, _)| *due))
            .take(number)
            .collect();
        due.iter().for_each(|due| _ = self.waiting.remove(due));
        let rows: Vec<i64> = due.into_iter().map(|(_, row)| row).collect();
        self.sending.extend(&rows);
        Some(Flight { rows, lane, began: now })
    }

    /// Returns the time until the next message is due, without those that are due now and wait for a place.
    fn next_due_in(&self) -> Duration {
        let now = self.service.clock().now();
        let longest = if self.behind.is_some() { LOOK_BEHIND } else { LOOK_AGAIN };
        let later = self.waiting.range((now + 1, i64::MIN)..).next();
        let wait = later.map(|((due_at, _), _)| Duration::from_millis(due_at - now));
        wait.unwrap_or(longest).min(longest)
    }

    fn land(&mut self, landed: Landed) {
        let now = self.service.clock().now();
        self.lanes.leave(landed.lane, landed.began, now);
        let lane = landed.lane;
        for Arrival { row, sent, due_at } in landed.arrivals {
            self.sending.remove(&row);
            let extent = sent.as_ref().and_then(extent);
            let waiting = Queued {
                lane,
                is_alone: extent == Some(Extent::OneOfThem),
                not_before: asked_for(sent.as_ref()).and(due_at).unwrap_or_default(),
            };
            match due_at {
                Some(due_at) => _ = self.waiting.insert((due_at, row), waiting),
                None => _ = self.known.remove(&row),
            }
            if let Some(sent) = sent {
                self.look_after(lane, extent, now);
                self.heed(row, sent, now);
            }
        }
    }

    /// Notes if a destination is away, or back: then all that wait for it are due, but not each time that it comes and goes.
    fn look_after(&mut self, lane: Lane, extent: Option<Extent>, now: Millis) {
        if matches!(extent, Some(Extent::Destination | Extent::OneOfThem)) {
            self.away.insert(lane);
        } else if self.away.remove(&lane) && self.back.get(&lane).is_none_or(|back| now >= back + millis(LOOK_AGAIN)) {
            self.back.insert(lane, now);
            self.are_due(now, |waiting| waiting.lane == lane);
        }
    }

    /// Notes that an outage has begun or ended, if the result of a message says so.
    fn heed(&mut self, row: i64, sent: Sent, now: Millis) {
        let trouble = match sent {
            // A destination that refuses a message, or puts it off, accepts others.
            Ok(()) | Err(SendError::Fail(_)) => None,
            Err(SendError::Retry(trouble)) => Some(trouble),
            Err(SendError::Unclear(reason)) => Some(Trouble::down(reason)),
        };
        match trouble {
            Some(trouble) if trouble.cause.is_some() => self.outages.failed(row, &trouble, now),
            _ if self.outages.worked(now) => self.all_are_due(now),
            _ => {}
        }
    }

    /// Ends all pauses: an outage is over, because of which they were made, or an admin wishes it.
    fn all_are_due(&mut self, now: Millis) {
        self.are_due(now, |_| true);
    }

    /// Ends the pauses of those messages.
    fn are_due(&mut self, now: Millis, which: impl Fn(&Queued) -> bool) {
        let due = |((due_at, row), waiting): ((Millis, i64), Queued)| {
            let due_at = if which(&waiting) {
                due_at.min(now).max(waiting.not_before)
            } else {
                due_at
            };
            ((due_at, row), waiting)
        };
        self.waiting = std::mem::take(&mut self.waiting).into_iter().map(due).collect();
    }

    /// At the end, stores the results of messages in progress. A message that may have been accepted is not sent again
    /// at the next start if it would cost money twice.
    async fn cut_off(self) {
        let SendError::Unclear(reason) = self.channel.cut_off() else {
            return;
        };
        tracing::warn!(
            queue = self.queue.name(),
            count = self.sending.len(),
            reason,
            "messages may have been sent"
        );
        let outcome = Outcome {
            remove: self.sending.into_iter().collect(),
            ..Outcome::default()
        };
        outcome.keep(self.service).await;
    }
}

/// Returns the extent of the trouble of a message that has to wait.
fn extent(sent: &Sent) -> Option<Extent> {
    match sent {
        Err(SendError::Retry(trouble)) => Some(trouble.extent),
        _ => None,
    }
}

/// Returns the pause that the other side has asked for.
fn asked_for(sent: Option<&Sent>) -> Option<Duration> {
    match sent {
        Some(Err(SendError::Retry(trouble))) => trouble.again,
        _ => None,
    }
}

/// Returns the server of the JID that requested the code.
fn asker(letter: &Letter) -> Cow<'_, str> {
    match &letter.message {
        Message::Code { target, .. } => server_of(target.domain().as_str()),
        _ => Cow::Borrowed(""),
    }
}
