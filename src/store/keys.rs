//! The keys that rows were made with, and the change from one to the next.
//!
//! Each row carries the number of its key. While a change lasts, there are rows of two numbers: those that are made carry the
//! current one, and those of the former one are renewed, a few at a time. Look-ups try both keys.

use super::{Link, MuteRow, Pending, Result, Row, Subscriber, TokenRow};
use crate::model::seal::Purpose;
use crate::model::{Keys, Mac};

/// The keys that a database is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeWith {
    /// The number of the current one.
    pub number: u32,
    /// The MAC that identifies it ([`Keys::check`](crate::model::Keys::check)).
    pub check: Mac,
    /// The MAC that identifies the former one, as long as a change lasts.
    pub former: Option<Mac>,
}

/// The keys that rows are made with at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// The number of the current key.
    pub number: u32,
    /// `true` if there are rows of the former one.
    pub is_changing: bool,
}

/// A row of any table whose rows carry the number of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedRow {
    /// A link, or an alias.
    Link(Link),
    /// A registration.
    Pending(Pending),
    /// A message, and the number of its queue.
    Message(u8, Row),
    /// A subscriber.
    Subscriber(Subscriber),
    /// A mute.
    Mute(MuteRow),
    /// A token.
    Token(TokenRow),
    /// A suppression, and the number of its key.
    Suppression(Mac, u32),
}

impl KeyedRow {
    /// Returns `true` if the box of the row opens; `None` if it has none.
    pub fn opens(&self, keys: &Keys) -> Option<bool> {
        let (place, sealed) = self.sealed()?;
        Some(keys.open(place, sealed).is_ok())
    }

    /// Returns the box of the row, and the place in which alone it opens; `None` if there is none.
    pub fn sealed(&self) -> Option<(Purpose<'_>, &[u8])> {
        Some(match self {
            Self::Link(Link {
                id,
                owner,
                alias_of,
                sealed,
                ..
            }) => match alias_of {
                Some(alias_of) => (Purpose::Alias { id, owner, alias_of }, sealed),
                None => (Purpose::Link { id, owner }, sealed),
            },
            Self::Pending(Pending {
                id,
                owner,
                code,
                sealed,
                ..
            }) => (Purpose::Pending { id, owner, code }, sealed),
            Self::Message(queue, Row { about, sealed, .. }) => {
                let (queue, about) = (*queue, about.as_ref());
                (Purpose::Outbox { queue, about }, sealed)
            }
            Self::Subscriber(Subscriber {
                owner,
                addresses,
                sealed,
                ..
            }) => {
                let addresses = *addresses;
                (Purpose::Subscriber { owner, addresses }, sealed)
            }
            Self::Mute(MuteRow {
                owner, muted, sealed, ..
            }) => (Purpose::Mute { owner, muted }, sealed),
            Self::Token(TokenRow {
                hash, owner, sealed, ..
            }) => (Purpose::Token { hash, owner }, sealed),
            Self::Suppression(..) => return None,
        })
    }
}

/// The rows of a key that are meant.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// Those of an owner; messages not included.
    Of(&'a Mac),
    /// The link, or alias, and the registrations of an id.
    At(&'a Mac),
    /// The registrations of an id.
    WaitingAt(&'a Mac),
    /// The messages about a subject.
    About(&'a Mac),
    /// All registrations.
    Registrations,
    /// Up to so many, links last. Each row is found once: it is to be renewed in the same change.
    Next(usize),
}

/// Questions about the keys.
pub trait ReadKeys {
    /// Returns the keys of the database as this transaction sees it; `None` if no other process can change them.
    fn key_state(&self) -> Result<Option<KeyState>>;
}

/// Changes of the key.
pub trait WriteKeys {
    /// Begins a change to the key that is known by `to`, or goes on with it. Returns its number. Another that is under way must
    /// have ended.
    fn begin_change(&self, to: &Mac) -> Result<u32>;
    /// Keeps the box with the keys that made suppressions before those of that number.
    fn put_former_suppression_keys(&self, key: u32, sealed: &[u8]) -> Result<()>;
    /// Returns `true` if counters are yet to be begun anew because of a change of the key.
    fn has_former_counters(&self) -> Result<bool>;
    /// Begins counters anew, but for those of the names in `kept`, each of which gets the second one; without, all go on. Does
    /// nothing unless [`WriteKeys::has_former_counters`].
    fn restart_counters(&self, kept: Option<&[(Mac, Mac)]>) -> Result<()>;
    /// The rows that carry that number.
    fn rows_under(&self, key: u32, rows: Rows<'_>) -> Result<Vec<KeyedRow>>;
    /// Puts `renewed` in the place of a row; the row goes if it is `None`, or if something stands in that place.
    fn renew(&self, row: &KeyedRow, renewed: Option<&KeyedRow>) -> Result<()>;
    /// Ends the change: no row carries the former number any more.
    fn end_change(&self) -> Result<()>;
}
