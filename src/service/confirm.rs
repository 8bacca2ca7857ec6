//! confirm: tests if all hashes are linked to a JID, and tells which service says so.

use std::sync::Arc;

use super::caller::{Caller, Who};
use super::error::{Error, Excess, Result};
use super::limits::HASHES_PER_CONFIRM;
use super::operation::{Effort, Operation, Rights};
use super::{Service, read_hashes};
use crate::model::{BareJid, Hash, parse_target};

/// Tests if every one of `hashes` is linked to `target`: here, or at the peer that vouches for it.
///
/// # Errors
/// `value_error` without a hash, `too_many_requested`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The JID; `None` if the text was not a JID, which has no links.
    pub target: Option<BareJid>,
    /// The hashes; `None` for a text that was not a hash, which is linked to nobody.
    pub hashes: Vec<Option<Hash>>,
}

impl Confirm {
    /// Reads the texts of a request.
    pub fn new(target: &str, hashes: &[impl AsRef<str>]) -> Self {
        Self {
            target: parse_target(target).ok(),
            hashes: read_hashes(hashes),
        }
    }
}

/// The answer to a [`Confirm`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// Not all hashes are linked to the JID, as far as is known.
    No,
    /// They are, and this service knows it.
    Here,
    /// They are, as this peer says.
    By(BareJid),
}

impl Confirmed {
    /// Returns `true` if all hashes are linked to the JID.
    pub fn is_yes(&self) -> bool {
        *self != Self::No
    }

    /// Returns the peer that says so, if this service does not know it.
    pub fn service(&self) -> Option<&BareJid> {
        match self {
            Self::By(peer) => Some(peer),
            Self::No | Self::Here => None,
        }
    }
}

impl Operation for Confirm {
    type Reply = Confirmed;
    const NAME: &'static str = "confirm";
    /// This is true for few hashes.
    const EFFORT: Effort = Effort::Little;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Confirmed> {
        match self.hashes.len() {
            0 => return Err(Error::Value("'hashes' must have at least one hash.".into())),
            1..=HASHES_PER_CONFIRM => {}
            _ => {
                return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONFIRM)));
            }
        }
        let hashes: Option<Vec<_>> = self.hashes.into_iter().collect();
        let Some(asked) = hashes.zip(self.target).map(Arc::new) else {
            return Ok(Confirmed::No);
        };
        let (hashes, target) = &*asked;
        let question = asked.clone();
        let is_linked = service
            .ask_of(hashes, move |core, tx| {
                let (hashes, target) = &*question;
                let linked = core.are_linked(tx, hashes, target)?;
                Ok(linked.into_iter().all(|is_linked| is_linked))
            })
            .await?;
        Ok(match is_linked {
            true => Confirmed::Here,
            false if is_of_a_service(caller) => Confirmed::No,
            // Few ask that, and all would carry its state.
            false => Box::pin(service.ask_peer(caller, target, hashes)).await,
        })
    }
}

/// Returns `true` if a service may have asked. It is answered from here alone, or questions would go round in circles.
fn is_of_a_service(caller: &Caller) -> bool {
    match &caller.who {
        Who::Native(sender) => sender.node().is_none(),
        Who::Peer(_) => true,
        Who::Http { .. } | Who::Inbox | Who::Admin(_) | Who::Operator => false,
    }
}

impl Service {
    /// Asks the peer that vouches for `jid`, if there is one, if all `hashes` are linked to it there. The answer is no if the caller
    /// has too many such questions in progress.
    async fn ask_peer(&self, caller: &Caller, jid: &BareJid, hashes: &[Hash]) -> Confirmed {
        let settings = self.settings();
        let (Some(peer), Some(peers)) = (settings.peer_of(jid), self.peers.load_full()) else {
            return Confirmed::No;
        };
        let place = caller.requester().map(|requester| self.questions.begin(requester));
        match !matches!(place, Some(None)) && peers.confirm(&peer.jid, jid, hashes).await {
            true => Confirmed::By(peer.jid.clone()),
            false => Confirmed::No,
        }
    }

    /// Refuses a target that has not proven to be itself.
    pub(super) async fn require_confirmed(&self, target: &BareJid) -> Result<()> {
        if self.is_registered(target).await? {
            Ok(())
        } else {
            Err(Error::TargetUnconfirmed(target.clone()))
        }
    }
}
