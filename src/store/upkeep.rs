//! Operations on every table: times, counts, and the removal of expired rows.

use super::Result;
use crate::clock::{Millis, Reading};

/// The number of rows of each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links, without aliases.
    pub links: u64,
    /// Owners of links. While the key is changed, whoever has links under both counts twice.
    pub owners: u64,
    /// Registrations that wait for a code.
    pub pending: u64,
    /// Messages in the outbox.
    pub outbox: u64,
    /// Subscribers.
    pub subscribers: u64,
    /// The number of mutes.
    pub mutes: u64,
    /// Tokens.
    pub tokens: u64,
    /// Addresses and numbers that are never written to.
    pub suppressions: u64,
    /// Counters.
    pub counters: u64,
    /// The size of the database, in bytes, journals not counted.
    pub bytes: u64,
}

/// The number of expired rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Registrations that nobody finished.
    pub pending: usize,
    /// Messages that could not be delivered in time; not those that were taken.
    pub outbox: usize,
    /// Counters whose window is over.
    pub quota: usize,
    /// Tokens that were not renewed.
    pub tokens: usize,
    /// Mutes of somebody without a link.
    pub mutes: usize,
    /// Subscribers that were not seen for long.
    pub subscribers: usize,
}

impl Purged {
    /// Returns `true` if there may be more of something of which at most `limit` were removed.
    pub fn may_be_more(&self, limit: usize) -> bool {
        let Self {
            pending,
            outbox,
            quota,
            tokens,
            mutes,
            subscribers,
        } = *self;
        [pending, outbox, quota, tokens, mutes, subscribers].contains(&limit)
    }

    /// Adds what was removed by another purge.
    pub fn add(&mut self, more: &Self) {
        self.pending += more.pending;
        self.outbox += more.outbox;
        self.quota += more.quota;
        self.tokens += more.tokens;
        self.mutes += more.mutes;
        self.subscribers += more.subscribers;
    }
}

/// Questions about all tables.
pub trait ReadUpkeep {
    /// Returns the time of the clocks when it was last stored.
    fn last_time(&self) -> Result<Option<Reading>>;
    /// Returns the time of the database's own clock, which all instances have in common; `None` if it has none.
    fn system_time(&self) -> Result<Option<Millis>>;
    /// Returns the number of rows of each table. Counts every row, so not for frequent use.
    fn counts(&self) -> Result<Counts>;
    /// Returns the size of the database, in bytes, and that of its journal if it has one that the service keeps small.
    fn bytes(&self) -> Result<(u64, Option<u64>)>;
}

/// Changes of all tables.
pub trait WriteUpkeep {
    /// Notes what the clocks say.
    fn note_time(&self, now: Reading) -> Result<()>;
    /// Moves every point in time by so many milliseconds: expiries, ends of windows, and when messages are due.
    fn move_times(&self, by: i64) -> Result<()>;
    /// Removes what has expired, and subscribers that were not seen since `unseen_since` and have no link: of each at most
    /// `limit`.
    fn purge(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<Purged>;
}
