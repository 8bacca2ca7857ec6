//! Limits that protect people from abuse of the service.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota as Rate, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Tx;
use super::error::{Error, Limit, Result};
use crate::clock::{Clock, Millis, millis};
use crate::model::Mac;
use crate::store::{Counted, Window};

/// A day, the window of most limits.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Hashes in one contact request (API document, 1.3.4).
pub const HASHES_PER_CONTACT: usize = 100;
/// Hashes in one confirm request.
pub const HASHES_PER_CONFIRM: usize = 500;

/// Requests of a peer in a second, and at once, or `requests_per_second` if that is more. A peer asks for all of its people: it sends
/// 46 in a second at most, and up to 30 questions at once.
const OF_PEER_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(49);
/// Questions to peers that one requester has in progress at most, a third of those that a peer is asked at once.
pub(super) const QUESTIONS_OF_ONE: usize = 4;

/// The `[limits]` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests of one client address (IPv6: one /64) over HTTP, or of one bare JID natively.
    pub requests_per_second: NonZeroU32,
    /// Requests of one at once, after a pause; never less than those of a second.
    pub request_burst: NonZeroU32,
    /// Wrong guesses at one code, after which it is void.
    pub guesses_per_code: u32,
    /// Wrong guesses at one identity in a day.
    pub guesses_per_day: u32,
    /// Guesses at all codes of a provider in a day. At each multiple of this number, codes become one digit longer. The
    /// guesses that each code has of its own count until it is entered, and so do wrong codes.
    pub guesses_in_all_per_day: u32,
    /// Codes sent to one identity in a day.
    pub codes_per_day: u32,
    /// Codes sent to all identities of one target in a day: at its own requests, and as many at those of others in its
    /// name.
    pub codes_per_target_per_day: u32,
    /// Codes asked for by one client address (IPv6: one /64) over HTTP in a day.
    pub codes_per_address_per_day: u32,
    /// JIDs of one server that are stored for the first time in a day.
    pub new_jids_per_day: u32,
    /// Bytes that all accounts of one other server may add to the database in a day, besides the first row of each.
    pub bytes_per_server_per_day: u32,
    /// Share of each budget for the accounts of one other server, in percent.
    pub budget_percent_per_server: u8,
    /// Share of each budget for the accounts of all other servers and all clients over HTTP together, in percent.
    pub budget_percent_of_others: u8,
    /// Codes to one range of numbers in an hour, of which a tenth must be entered; 0: any number.
    pub unentered_codes_per_range: u32,
    /// The least time between two codes to one identity.
    #[serde(with = "humantime_serde")]
    pub resend_after: Duration,
    /// Contact hashes of one requester in a day: in its own requests, and as many in those of others in its name.
    pub hashes_per_day: u32,
    /// Links of one JID, besides the one to itself. At most half of them are made over HTTP.
    pub links_per_jid: usize,
    /// The least time between two requests of the same requester that reach the same recipient.
    #[serde(with = "humantime_serde")]
    pub repeat_contact_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: NonZeroU32::MIN.saturating_add(9),
            request_burst: NonZeroU32::MIN.saturating_add(29),
            guesses_per_code: 5,
            guesses_per_day: 10,
            guesses_in_all_per_day: 200,
            codes_per_day: 5,
            codes_per_target_per_day: 20,
            codes_per_address_per_day: 50,
            new_jids_per_day: 10_000,
            bytes_per_server_per_day: 3 * 1024 * 1024,
            budget_percent_per_server: 20,
            budget_percent_of_others: 50,
            unentered_codes_per_range: 20,
            resend_after: Duration::from_secs(30),
            hashes_per_day: 1000,
            links_per_jid: 100,
            repeat_contact_after: DAY,
        }
    }
}

/// The sender of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requester<'a> {
    /// An HTTP client, by address; the callers cut IPv6 to its /64.
    Address(std::net::IpAddr),
    /// An XMPP account, or a server without a name: its bare JID in two parts.
    Jid(Option<&'a str>, &'a str),
    /// A sender whose address is not in its normal form, as it is written.
    Misnamed(&'a str),
    /// The component of an enabled peer, by its JID.
    Peer(&'a str),
}

/// Counts the latest requests of everybody, in memory.
pub struct RequestLimiter {
    clock: Clock,
    hasher: RandomState,
    limiter: RateLimiter<u64, Buckets, Clock, NoOpMiddleware<Nanos>>,
    /// That of the peers, which are few.
    peers: RateLimiter<u64, HashMapStateStore<u64>, Clock, NoOpMiddleware<Nanos>>,
}

impl RequestLimiter {
    /// Allows each requester as many requests a second, and at once, as `limits` say, by `clock`.
    pub fn new(limits: &Limits, clock: Clock) -> Self {
        let per_second = limits.requests_per_second;
        let rate = Rate::per_second(per_second).allow_burst(limits.request_burst.max(per_second));
        let of_peer = Rate::per_second(per_second.max(OF_PEER_PER_SECOND));
        let of_peer = of_peer.allow_burst(limits.request_burst.max(of_peer.burst_size()));
        Self {
            hasher: RandomState::new(),
            limiter: RateLimiter::new(rate, Buckets::new(), clock.clone()),
            peers: RateLimiter::hashmap_with_clock(of_peer, clock.clone()),
            clock,
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Error::RequestLimitReached`] if it is one too many.
    pub fn admit(&self, requester: Requester<'_>) -> Result<()> {
        let key = self.hasher.hash_one(requester);
        let admitted = match requester {
            Requester::Peer(_) => self.peers.check_key(&key),
            _ => self.limiter.check_key(&key),
        };
        admitted.map_err(|until| Error::RequestLimitReached {
            retry_after: until.wait_time_from(governor::clock::Clock::now(&self.clock)),
            limit: Limit::Requests,
        })
    }
}

/// The questions to peers in progress, by requester, so that one alone does not take all places of a peer. Requesters fall into
/// places as into those of [`Buckets`].
pub(super) struct Questions {
    places: Box<[Semaphore]>,
    hasher: RandomState,
}

impl Questions {
    const NUMBER: usize = 4096;

    pub(super) fn new() -> Self {
        Self {
            places: (0..Self::NUMBER).map(|_| Semaphore::new(QUESTIONS_OF_ONE)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a question of `requester` until the returned value is dropped; `None`: it has too many in progress.
    pub(super) fn begin(&self, requester: Requester<'_>) -> Option<SemaphorePermit<'_>> {
        let number = self.hasher.hash_one(requester) % self.places.len() as u64;
        self.places[number as usize].try_acquire().ok()
    }
}

/// A fixed number of buckets. Each requester falls into one by a hash that nobody can predict, so millions of addresses
/// take no memory. Two requesters in one bucket, which is rare, share its limit.
struct Buckets(Box<[InMemoryState]>);

impl Buckets {
    /// Together they take 1 MiB.
    const NUMBER: usize = 128 * 1024;

    fn new() -> Self {
        Self((0..Self::NUMBER).map(|_| InMemoryState::default()).collect())
    }
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, requester: &u64, measure: F) -> std::result::Result<T, E>
    where
        F: Fn(Option<Nanos>) -> std::result::Result<(T, Nanos), E>,
    {
        let number = requester % self.0.len() as u64;
        self.0[number as usize].measure_and_replace(&NotKeyed::NonKey, measure)
    }
}

/// Counts `more` with each of `counters` if it still fits with all.
///
/// # Errors
/// As [`Counter::check`].
pub(super) fn take_all(counters: &[Counter], tx: &Tx<'_>, now: Millis, more: u32) -> Result<()> {
    // It counts nothing that does not fit.
    if let [counter] = counters {
        return counter.take(tx, now, more);
    }
    read_ahead(tx, counters)?;
    counters.iter().try_for_each(|counter| counter.check(tx, now, more))?;
    counters
        .iter()
        .try_for_each(|counter| counter.add(tx, now, more).map(drop))
}

/// Has counters read together that are used next.
///
/// # Errors
/// If the store fails.
pub(super) fn read_ahead<'a>(tx: &Tx<'_>, counters: impl IntoIterator<Item = &'a Counter>) -> Result<()> {
    let keys: Vec<Mac> = counters.into_iter().map(|counter| counter.key).collect();
    Ok(tx.read_ahead(&keys)?)
}

/// A durable counter with its limit.
pub(super) struct Counter {
    /// The MAC of the counted value and its owner.
    pub(super) key: Mac,
    /// The name of the limit, for the requester.
    pub(super) name: Limit,
    /// The largest allowed count.
    pub(super) limit: u32,
    /// The length of the window, which begins with the first count.
    pub(super) window: Duration,
}

impl Counter {
    /// Returns the counter of one of those who share what `all` counts. It has half of all that is left and that this one has had, so
    /// that a few do not use up the share of all.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn sharing(self, all: &Self, tx: &Tx<'_>, now: Millis) -> Result<Self> {
        let left = all.limit.saturating_sub(all.used(tx, now)?);
        let share = left.saturating_add(self.used(tx, now)?) / 2;
        Ok(Self {
            limit: self.limit.min(share),
            ..self
        })
    }

    /// Checks if `more` still fits. For limits that are all checked before anything is counted.
    ///
    /// # Errors
    /// [`Error::RequestLimitReached`] if not.
    pub(super) fn check(&self, tx: &Tx<'_>, now: Millis, more: u32) -> Result<()> {
        match self.used(tx, now)?.saturating_add(more) <= self.limit {
            true => Ok(()),
            // Counting is refused as well, and returns the time until which.
            false => self.take(tx, now, more),
        }
    }

    /// Checks that nothing was counted.
    ///
    /// # Errors
    /// As [`Counter::check`].
    pub(super) fn check_closed(&self, tx: &Tx<'_>, now: Millis) -> Result<()> {
        match self.used(tx, now)? {
            0 => Ok(()),
            _ => self.take(tx, now, 1),
        }
    }

    /// Counts `more` if it still fits.
    ///
    /// # Errors
    /// As [`Counter::check`].
    pub(super) fn take(&self, tx: &Tx<'_>, now: Millis, more: u32) -> Result<()> {
        match tx.count(&self.key, more, self.limit, self.window_at(now))? {
            Counted::Allowed { .. } => Ok(()),
            Counted::Exhausted { until } => Err(Error::RequestLimitReached {
                retry_after: Duration::from_millis(until.saturating_sub(now)),
                limit: self.name,
            }),
        }
    }

    /// Counts one more if it still fits. Returns `true` if it did. For limits that nobody is told.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn try_take(&self, tx: &Tx<'_>, now: Millis) -> Result<bool> {
        let counted = tx.count(&self.key, 1, self.limit, self.window_at(now))?;
        Ok(matches!(counted, Counted::Allowed { .. }))
    }

    /// Counts `more` without regard to the limit. Returns the new count.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn add(&self, tx: &Tx<'_>, now: Millis, more: u32) -> Result<u32> {
        Ok(match tx.count(&self.key, more, u32::MAX, self.window_at(now))? {
            Counted::Allowed { used } => used,
            Counted::Exhausted { .. } => u32::MAX,
        })
    }

    /// Takes back `less` that were counted at `then`, unless another window has begun since.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn give_back(&self, tx: &Tx<'_>, now: Millis, less: u32, then: Millis) -> Result<()> {
        let began_by_then = Window {
            now,
            ends_at: then.saturating_add(millis(self.window)),
        };
        match self.used(tx, now)? {
            0 => Ok(()),
            _ => Ok(tx.count_back(&self.key, less, began_by_then)?),
        }
    }

    /// Returns the count. A window that ends too late, because it was longer once or the clock was set, is shortened as
    /// if it began now.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn used(&self, tx: &Tx<'_>, now: Millis) -> Result<u32> {
        let window = self.window_at(now);
        let Some(quota) = tx.quota(&self.key)?.filter(|quota| quota.resets_at > now) else {
            return Ok(0);
        };
        if quota.resets_at > window.ends_at {
            tx.count(&self.key, 0, u32::MAX, window)?;
        }
        Ok(quota.used)
    }

    fn window_at(&self, now: Millis) -> Window {
        Window {
            now,
            ends_at: now.saturating_add(millis(self.window)),
        }
    }
}
