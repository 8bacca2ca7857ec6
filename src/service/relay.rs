//! Passes contact requests on to the peers.

use std::time::Duration;

use super::Core;
use super::error::Result;
use super::peer::Peer;
use super::request::ContactRequest;
use crate::channel::Message;
use crate::clock::millis;
use crate::model::Mac;
use crate::store::NewRow;

/// The time for which a request may wait for a peer.
const WAITS_FOR: Duration = Duration::from_secs(24 * 60 * 60);

impl Core {
    /// Returns the peers that a request is passed on to: none if it came from one, so that it goes round in no circle.
    fn asked_peers(&self, request: &ContactRequest) -> &[Peer] {
        match request.here || request.via.is_some() {
            true => &[],
            false => self.settings.peers_for(&request.from),
        }
    }

    /// Returns the messages to the peers, each as it waits. They are kept together with the request, and not when it has been matched,
    /// and have all hashes: the time or the contents of a message would tell a peer which hashes are known here.
    pub(super) fn rows_for_peers(&self, request: &ContactRequest, about: Mac) -> Result<Vec<NewRow>> {
        let expires_at = self.clock.now() + millis(WAITS_FOR);
        let mut rows = Vec::new();
        for peer in self.asked_peers(request) {
            let message = Message::ToPeer {
                to: peer.jid.clone(),
                from: request.from.clone(),
                by_anybody: request.by_anybody,
                details: request.details.clone(),
                hashes: request.hashes.clone(),
            };
            let letter = self.letter(message, self.settings.language);
            rows.extend(self.row(&letter, Some(about), expires_at)?);
        }
        Ok(rows)
    }
}
