//! Registrations that wait for a code.

use super::{Counted, Result};
use crate::clock::Millis;
use crate::model::Mac;

/// A registration that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The MAC of the hash that is to be proven.
    pub id: Mac,
    /// The MAC of the target.
    pub owner: Mac,
    /// The code that proves it.
    pub code: Mac,
    /// Wrong guesses by the target itself.
    pub native_guesses: u32,
    /// Wrong guesses over HTTP, by anybody.
    pub http_guesses: u32,
    /// The time of expiry.
    pub expires_at: Millis,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The data of the link to make, sealed.
    pub sealed: Vec<u8>,
}

/// The guessers that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guesser {
    /// The target of the registration.
    Target,
    /// Anybody over HTTP.
    Anybody,
}

/// Questions about registrations.
pub trait ReadPending {
    /// The registration of `id` for `owner`, expired or not.
    fn pending(&self, id: &Mac, owner: &Mac) -> Result<Option<Pending>>;
    /// Every registration of `id`, whoever it is for.
    fn pendings(&self, id: &Mac) -> Result<Vec<Pending>>;
    /// Every registration for `owner`.
    fn pendings_of(&self, owner: &Mac) -> Result<Vec<Pending>>;
}

/// Changes of registrations.
pub trait WritePending {
    /// Makes or replaces a registration.
    fn put_pending(&self, pending: &Pending) -> Result<()>;
    /// Counts a wrong guess by `by`, if that makes at most `most`: it is one operation, as [`WriteQuota::count`] is. If not, or
    /// without such a registration, none can be made until it expires.
    ///
    /// [`WriteQuota::count`]: super::WriteQuota::count
    fn count_guess(&self, id: &Mac, owner: &Mac, by: Guesser, most: u32) -> Result<Counted>;
    /// Removes a registration. Returns `true` if there was one.
    fn delete_pending(&self, id: &Mac, owner: &Mac) -> Result<bool>;
}
