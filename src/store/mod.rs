//! The port to the database. The tests in `contract` run against every implementation of [`Backend`].
//!
//! No value that passes here says anything about a person: identities, targets and codes are MACs, and everything that must be
//! read again is in a sealed box. A box opens in its own row only, so a row that was changed without the key is of no use.
//!
//! # Guarantees
//!
//! Every engine gives these, and the modules of `contract` that are named attack them, most with many tasks at once.
//!
//! - A change is made as a whole or not at all, as if all changes were made one after the other, and is durable when it
//!   resolves. It may be run again before (`changes`).
//! - Errors tell if the change is to be run again, if the store cannot be reached, or if it is damaged ([`StoreError`];
//!   `changes`).
//! - A counter is counted and compared with its limit in one operation, and its window ends by the time it can at the
//!   latest (`quota`, and `pending` for guesses).
//! - Many ids are looked up in one question, and answered in their order (`links`).
//! - An id has one row (`links`).
//! - At most one worker holds a message. It waits again when the lease ends or it is released, and whoever has subscribed
//!   to its queue is woken, wherever it was put there (`claims`).
//! - Rows are read in an order that all engines have in common, and put as they were read (`copy`).
//! - A row is found by the number of its key and changed where it is; no change of the key needs another table, or holds
//!   others up (`keys`).

mod backend;
#[cfg(test)]
pub mod contract;
mod copy;
mod database;
mod error;
mod keys;
mod lead;
mod links;
mod mutes;
mod outbox;
mod pending;
pub mod postgres;
mod quota;
mod quotas;
pub mod sqlite;
mod subscribers;
mod suppressions;
#[cfg(test)]
pub mod testing;
mod tokens;
mod upkeep;

pub use self::backend::{Backend, ReadJob, Store, WriteJob};
pub use self::copy::{
    Alone, COPIED, Cell, Column, ColumnKind, CopiedTable, Entry, NUMBER, ReadCopy, Record, WriteCopy, incomplete,
    is_incomplete,
};
pub use self::database::Database;
pub use self::error::{Result, StoreError};
pub use self::keys::{KeyState, KeyedRow, MadeWith, ReadKeys, Rows, WriteKeys};
pub use self::lead::Lead;
pub use self::links::{Link, NO_PROOF, ReadLinks, WriteLinks};
pub use self::mutes::{MuteRow, ReadMutes, WriteMutes};
pub use self::outbox::{Claimed, Follow, Lease, NewRow, Queue, ReadOutbox, Row, Subscription, Waiting, WriteOutbox};
pub use self::pending::{Guesser, Pending, ReadPending, WritePending};
pub use self::quota::{Counted, Quota, ReadQuota, Window, WriteQuota};
pub use self::subscribers::{ReadSubscribers, Subscriber, WriteSubscribers};
pub use self::suppressions::{ReadSuppressions, WriteSuppressions};
pub use self::tokens::{ReadTokens, TokenRow, WriteTokens};
pub use self::upkeep::{Counts, Purged, ReadUpkeep, WriteUpkeep};

/// The look-ups, all as of one moment.
pub trait Read:
    ReadCopy
    + ReadKeys
    + ReadLinks
    + ReadMutes
    + ReadOutbox
    + ReadPending
    + ReadQuota
    + ReadSubscribers
    + ReadSuppressions
    + ReadTokens
    + ReadUpkeep
{
}

/// The changes, of which all are made or none.
pub trait Write:
    Read
    + WriteCopy
    + WriteLinks
    + WriteMutes
    + WriteOutbox
    + WritePending
    + WriteQuota
    + WriteKeys
    + WriteSubscribers
    + WriteSuppressions
    + WriteTokens
    + WriteUpkeep
{
}
