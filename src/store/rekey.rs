//! Putting everything under another key.

use super::{Link, Mute, Pending, Result, Row, Subscriber, Token};
use crate::model::Mac;

/// How rows look under another key: told by whoever can open them. What is nothing cannot be taken along.
pub trait Reseal {
    /// A link.
    fn link(&self, link: &Link) -> Option<Link>;
    /// A registration.
    fn pending(&self, pending: &Pending) -> Option<Pending>;
    /// The box of a message of that queue, and the MACs beside it.
    fn message(&self, queue: u8, row: &Row) -> Option<Resealed>;
    /// A subscriber.
    fn subscriber(&self, subscriber: &Subscriber) -> Option<Subscriber>;
    /// A mute.
    fn mute(&self, mute: &Mute) -> Option<Mute>;
    /// A token.
    fn token(&self, token: &Token) -> Option<Token>;
    /// Returns the new MAC of a suppression.
    fn suppression(&self, mac: &Mac) -> Option<Mac>;
    /// The box with the keys that made those MACs, if it is another.
    fn former_suppression_keys(&self) -> Option<Vec<u8>>;
    /// Counters that go on: their names under the former key and under the new one. All do if there is no list.
    fn counters(&self, pendings: &[Pending]) -> Option<Vec<(Mac, Mac)>>;
}

/// A message under another key.
pub struct Resealed {
    /// The MAC of its subject.
    pub about: Option<Mac>,
    /// Because of whom it waits.
    pub payer: Option<Mac>,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

/// The numbers of rows that were kept and lost when the key was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// Taken along, links not counted.
    pub kept: usize,
    /// Could not be taken along.
    pub lost: usize,
}

/// Changes of the key.
pub trait WriteKeys {
    /// Begins to copy the links to where those of the key that `to` tells are made ready, or goes on with that. Returns `true` if it
    /// did. If not, links of a former key, or of one that the change was begun to and given up, are to be wiped first.
    fn begin_reseal(&self, to: &Mac) -> Result<bool>;
    /// Copies up to `limit` of the links that are new or changed since they were copied. Returns the number that is left.
    fn reseal_links(&self, by: &dyn Reseal, limit: usize) -> Result<u64>;
    /// Puts everything under the key that `to` tells: the copied links in the place of those there are, the rest resealed
    /// here and now. Counters begin anew but for those that `by` names, if it names any.
    fn switch_keys(&self, to: &Mac, by: &dyn Reseal) -> Result<Switched>;
    /// Wipes up to `limit` links of another key than that of today. Returns `true` if there may be more.
    fn wipe_former(&self, limit: usize) -> Result<bool>;
}
