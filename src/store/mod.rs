//! The port to what is remembered. Whoever implements [`Backend`] is held to the tests in `contract`.
//!
//! Nothing that passes here says anything about a person: identities, targets and codes are MACs, everything that
//! must be read again is in a sealed box. A box opens in its own row alone; so a row that somebody changed who has no key is of use
//! to nobody.

mod backend;
#[cfg(test)]
pub mod contract;
mod database;
mod error;
mod keys;
mod links;
mod mutes;
mod outbox;
mod pending;
mod quota;
pub mod sqlite;
mod subscribers;
mod suppressions;
mod tokens;
mod upkeep;

pub use self::backend::{Backend, ReadJob, Store, WriteJob};
pub use self::database::Database;
pub use self::error::{Result, StoreError};
pub use self::keys::{KeyedRow, MadeWith, Rows, WriteKeys};
pub use self::links::{Link, NO_PROOF, ReadLinks, WriteLinks};
pub use self::mutes::{Mute, ReadMutes, WriteMutes};
pub use self::outbox::{Claimed, Lease, NewRow, Queue, ReadOutbox, Row, Subscription, WriteOutbox};
pub use self::pending::{Guesser, Pending, ReadPending, WritePending};
pub use self::quota::{Counted, Quota, ReadQuota, Window, WriteQuota};
pub use self::subscribers::{ReadSubscribers, Subscriber, WriteSubscribers};
pub use self::suppressions::{ReadSuppressions, WriteSuppressions};
pub use self::tokens::{ReadTokens, Token, WriteTokens};
pub use self::upkeep::{Counts, Purged, ReadUpkeep, WriteUpkeep};

/// The look-ups, all as of one moment.
pub trait Read:
    ReadLinks
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
