//! Messages on their way: claimed, opened, sent, and what becomes of each is stored.

use std::time::Duration;

use futures::future::join_all;

use super::super::lanes::Lane;
use super::super::outcome::Outcome;
use super::super::{STORE_PAUSE, backoff};
use crate::channel::{Channel, Letter, SendError, Sent, Tried, Trouble};
use crate::clock::{Millis, millis};
use crate::service::{Due, Opened, Service};
use crate::store::{Queue, Row};

/// Messages of one lane that are sent together.
pub(super) struct Flight {
    pub(super) rows: Vec<i64>,
    pub(super) lane: Lane,
    pub(super) began: Millis,
}

/// A flight that has ended.
pub(super) struct Landed {
    pub(super) lane: Lane,
    pub(super) began: Millis,
    pub(super) arrivals: Vec<Arrival>,
}

/// The end of a message's flight.
pub(super) struct Arrival {
    pub(super) row: i64,
    /// The answer of the other side, if it was asked.
    pub(super) sent: Option<Sent>,
    /// The time of the next try, if there is one.
    pub(super) due_at: Option<Millis>,
}

impl Arrival {
    fn unsent(row: i64, due_at: Option<Millis>) -> Self {
        Self {
            row,
            sent: None,
            due_at,
        }
    }
}

/// Sends messages, as far as they are still wanted.
pub(super) async fn fly(service: &Service, queue: Queue, channel: &dyn Channel, flight: Flight) -> Landed {
    let Flight { rows, lane, began } = flight;
    let claimed = join_all(rows.into_iter().map(|row| claim(service, queue, row))).await;
    let (mut wanted, mut letters, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
    for claimed in claimed {
        match claimed {
            Ok((row, letter)) => {
                wanted.push(row);
                letters.push(letter);
            }
            Err(arrival) => arrivals.push(arrival),
        }
    }
    if !letters.is_empty() {
        let now = service.clock().now();
        let expires_at = wanted.iter().map(|row| row.expires_at).max().unwrap_or(now);
        let time_left = Duration::from_millis(expires_at.saturating_sub(now));
        let sent = match send_in_time(channel, &letters, time_left).await {
            Some(sent) => sent.into_iter().map(Some).collect(),
            None => vec![None; letters.len()],
        };
        let kept = wanted.iter().zip(&letters).zip(sent);
        arrivals.extend(join_all(kept.map(|(kept, sent)| keep(service, queue, channel, kept, sent))).await);
    }
    Landed { lane, began, arrivals }
}

/// Claims and opens a message.
async fn claim(service: &Service, queue: Queue, row: i64) -> Result<(Row, Letter), Arrival> {
    let now = service.clock().now();
    match service.claim_row(queue, row).await {
        Ok(Some(Due { row, .. })) if row.expires_at <= now => {
            drop_it(service, queue, &row, "it expired").await;
            Err(Arrival::unsent(row.id, None))
        }
        Ok(Some(Due { row, letter })) => match letter {
            Opened::Letter(letter) => Ok((row, *letter)),
            Opened::Unwanted => {
                remove(service, row.id).await;
                Err(Arrival::unsent(row.id, None))
            }
            Opened::Nothing => {
                drop_it(service, queue, &row, "it cannot be opened").await;
                Err(Arrival::unsent(row.id, None))
            }
        },
        // It was withdrawn, or another worker sends it.
        Ok(None) => Err(Arrival::unsent(row, None)),
        Err(_told) => Err(Arrival::unsent(row, Some(now + millis(STORE_PAUSE)))),
    }
}

/// Sends letters; `None` if they expire before there is a result.
pub(super) async fn send_in_time(channel: &dyn Channel, letters: &[Letter], time_left: Duration) -> Option<Vec<Sent>> {
    tokio::time::timeout(time_left, channel.send(letters)).await.ok()
}

/// Stores the result of a message; `None`: it expired.
async fn keep(
    service: &Service,
    queue: Queue,
    channel: &dyn Channel,
    (row, letter): (&Row, &Letter),
    sent: Option<Sent>,
) -> Arrival {
    let mut due_at = None;
    match &sent {
        None => drop_it(service, queue, row, "it expired").await,
        Some(Ok(())) => taken(service, row, letter).await,
        Some(Err(SendError::Fail(reason))) => give_up(service, queue, row, letter, reason).await,
        Some(Err(SendError::Unclear(reason))) => {
            tracing::debug!(
                queue = queue.name(),
                reason,
                "a message may have been taken, and is not sent again"
            );
            taken(service, row, letter).await;
        }
        Some(Err(SendError::Retry(trouble))) => due_at = put_off(service, queue, channel, (row, letter), trouble).await,
    }
    Arrival {
        row: row.id,
        sent,
        due_at,
    }
}

/// Returns the time of the next try. A letter that replaces another one goes on with its pauses.
fn again_at(pauses: &[Duration], row: &Row, tried: Tried, now: Millis) -> Millis {
    let due_at = now + backoff(pauses, row.tries.saturating_add(tried.times));
    let as_planned = tried.again_at.filter(|again_at| row.tries == 0 && now < *again_at);
    as_planned.map_or(due_at, |again_at| again_at.min(due_at))
}

async fn put_off(
    service: &Service,
    queue: Queue,
    channel: &dyn Channel,
    (row, letter): (&Row, &Letter),
    trouble: &Trouble,
) -> Option<Millis> {
    let now = service.clock().now();
    let wished = now + millis(trouble.again.unwrap_or_default());
    let due_at = again_at(channel.pauses(), row, letter.tried, now).max(wished);
    let paid = trouble.was_read.then(|| letter.clone());
    loop {
        match service.put_off(row.id, due_at, paid.clone()).await {
            Ok(true) => return Some(due_at),
            Ok(false) => {
                tracing::warn!(
                    queue = queue.name(),
                    reason = "its budget is used up",
                    "a message was dropped"
                );
                return None;
            }
            Err(_told) => tokio::time::sleep(STORE_PAUSE).await,
        }
    }
}

/// Drops a message that was refused for good. Whoever asked for its code is told, and may ask again.
async fn give_up(service: &Service, queue: Queue, row: &Row, letter: &Letter, reason: &str) {
    tracing::warn!(queue = queue.name(), reason, "a message was dropped");
    while service.give_up(row.id, letter).await.is_err() {
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

async fn drop_it(service: &Service, queue: Queue, row: &Row, reason: &str) {
    let mut outcome = Outcome::default();
    outcome.drop(row, queue, reason);
    outcome.keep(service).await;
}

/// Removes a message that was taken, or may have been.
async fn taken(service: &Service, row: &Row, letter: &Letter) {
    remove(service, row.id).await;
    // If that fails, it is in the log, and one code less counts.
    let _ = service.count_in_range(letter).await;
}

async fn remove(service: &Service, row: i64) {
    let outcome = Outcome {
        remove: vec![row],
        ..Outcome::default()
    };
    outcome.keep(service).await;
}
