//! confirm: tests if all hashes are linked to a JID.

use super::caller::Caller;
use super::error::{Error, Excess, Result};
use super::limits::HASHES_PER_CONFIRM;
use super::operation::{Effort, Operation, Rights};
use super::{Service, read_hashes};
use crate::model::{BareJid, Hash, parse_target};

/// Tests if every one of `hashes` is linked to `target`.
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

impl Operation for Confirm {
    type Reply = bool;
    const NAME: &'static str = "confirm";
    /// This is true for few hashes.
    const EFFORT: Effort = Effort::Little;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<bool> {
        match self.hashes.len() {
            0 => return Err(Error::Value("'hashes' must have at least one hash.".into())),
            1..=HASHES_PER_CONFIRM => {}
            _ => {
                return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONFIRM)));
            }
        }
        let hashes: Option<Vec<_>> = self.hashes.into_iter().collect();
        let Some((hashes, target)) = hashes.zip(self.target) else {
            return Ok(false);
        };
        let asked = hashes.clone();
        service
            .ask_of(&asked, move |core, tx| {
                let linked = core.are_linked(tx, &hashes, &target)?;
                Ok(linked.into_iter().all(|is_linked| is_linked))
            })
            .await
    }
}

impl Service {
    /// Refuses a target that has not proven to be itself.
    pub(super) async fn require_confirmed(&self, target: &BareJid) -> Result<()> {
        if self.is_registered(target).await? {
            Ok(())
        } else {
            Err(Error::TargetUnconfirmed(target.clone()))
        }
    }
}
