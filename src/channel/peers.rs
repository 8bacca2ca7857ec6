//! The port to the peers.

use futures::future::BoxFuture;

use crate::model::{BareJid, Hash};

/// The peers, as far as they can be reached.
pub trait Peers: Send + Sync {
    /// Asks `peer` if all `hashes` are linked to `jid`. No answer in time is `false`.
    fn confirm<'a>(&'a self, peer: &'a BareJid, jid: &'a BareJid, hashes: &'a [Hash]) -> BoxFuture<'a, bool>;
}
