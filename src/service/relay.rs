//! Passes contact requests on to the peers.

use std::time::Duration;

use super::contact::ContactRequest;
use super::error::Result;
use super::peer::Peer;
use super::{Core, Tx};
use crate::channel::Message;
use crate::clock::{Millis, millis};
use crate::model::Hash;

/// The time for which a request may wait for a peer.
const WAITS_FOR: Duration = Duration::from_secs(24 * 60 * 60);

impl Core {
    /// Returns the peers that a request is passed on to: none if it came from one, so that it goes round in no circle; and none if its
    /// requester belongs to another server, for whose people the peers do not take this service's word.
    pub(super) fn asked_peers(&self, request: &ContactRequest) -> &[Peer] {
        let is_vouched_for = self.settings.own_domains.contains(request.from.domain().as_str());
        match is_vouched_for && !request.here && request.via.is_none() {
            true => &self.settings.peers,
            false => &[],
        }
    }

    /// Passes a request on to the peers, each by a message of its own. They get all `hashes`, also those that are known here:
    /// otherwise, a peer would learn which are.
    pub(super) fn pass_on(
        &self,
        tx: &Tx<'_>,
        request: &ContactRequest,
        hashes: &[Hash],
        expires_at: Millis,
    ) -> Result<()> {
        let expires_at = expires_at.min(self.clock.now() + millis(WAITS_FOR));
        for peer in self.asked_peers(request) {
            let message = Message::ToPeer {
                to: peer.jid.clone(),
                from: request.from.clone(),
                by_anybody: request.by_anybody,
                details: request.details.clone(),
                hashes: hashes.to_vec(),
            };
            let letter = self.letter(message, self.settings.language);
            self.post(tx, &letter, Some(self.about_requester(&request.from)), expires_at)?;
        }
        Ok(())
    }
}
