//! Mutes of contact requests.

use std::collections::HashSet;

use super::Result;
use crate::clock::Millis;
use crate::model::Mac;

/// Somebody whose contact requests a recipient does not want to get, or everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MuteRow {
    /// The MAC of the owner.
    pub owner: Mac,
    /// The MAC of the pair of owner and muted JID, so that it differs for each owner.
    pub muted: Mac,
    /// Both JIDs, sealed.
    pub sealed: Vec<u8>,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The time of expiry; `None` if it does not expire.
    pub expires_at: Option<Millis>,
}

/// Questions about mutes.
pub trait ReadMutes {
    /// Returns the owners of those mutes that there are. A mute is asked for by its owner and the muted.
    fn muting(&self, mutes: &[(Mac, Mac)]) -> Result<HashSet<Mac>>;
    /// Returns `true` if `owner` has muted one of `muted`.
    fn is_muted(&self, owner: &Mac, muted: &[Mac]) -> Result<bool> {
        let mutes: Vec<(Mac, Mac)> = muted.iter().map(|muted| (*owner, *muted)).collect();
        Ok(!self.muting(&mutes)?.is_empty())
    }
    /// All that `owner` has muted, in an order of the store's own.
    fn mutes_of(&self, owner: &Mac) -> Result<Vec<MuteRow>>;
    /// Returns the number of these mutes, and the bytes in their boxes.
    fn count_mutes_of(&self, owner: &Mac) -> Result<(usize, usize)>;
}

/// Changes of mutes.
pub trait WriteMutes {
    /// Mutes somebody.
    fn put_mute(&self, mute: &MuteRow) -> Result<()>;
    /// Removes a mute. Returns `true` if there was one.
    fn delete_mute(&self, owner: &Mac, muted: &Mac) -> Result<bool>;
    /// Makes the mutes of `owner` last without an expiry.
    fn keep_mutes(&self, owner: &Mac) -> Result<()>;
    /// Removes all mutes of `owner`. Returns their number.
    fn delete_mutes_of(&self, owner: &Mac) -> Result<usize>;
}
