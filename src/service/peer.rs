//! The peers: other services whose admins and this one's have agreed to ask each other.

use std::collections::BTreeSet;

use crate::model::BareJid;

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The domain of its component.
    pub jid: BareJid,
    /// The domains for whose JIDs it is believed.
    pub vouches_for: BTreeSet<String>,
    /// Hashes in all of its contact requests of a day.
    pub hashes_per_day: u32,
}

impl Peer {
    /// Returns `true` if it is believed in matters of `jid`.
    pub fn vouches_for(&self, jid: &BareJid) -> bool {
        self.vouches_for.contains(jid.domain().as_str())
    }
}
