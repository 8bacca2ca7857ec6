//! confirm: do all these hashes belong to this JID?

use super::Service;
use super::error::{Error, Excess, Result};
use super::limits::HASHES_PER_CONFIRM;
use crate::model::{BareJid, Hash, Mac, parse_target};

impl Service {
    /// Returns `true` if every one of `hashes` is linked to `target`. What is no JID or no hash has no links.
    ///
    /// # Errors
    /// `value_error` without a hash, `too_many_requested`, `internal_server_error`.
    pub async fn confirm(&self, target: &str, hashes: &[impl AsRef<str>]) -> Result<bool> {
        match hashes.len() {
            0 => return Err(Error::Value("'hashes' must have at least one hash.".into())),
            1..=HASHES_PER_CONFIRM => {}
            _ => {
                return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONFIRM)));
            }
        }
        let hashes: Option<Vec<_>> = hashes.iter().map(|hash| Hash::parse(hash.as_ref())).collect();
        let (Some(hashes), Ok(target)) = (hashes, parse_target(target)) else {
            return Ok(false);
        };
        self.ask(move |core, tx| {
            let ids: Vec<Mac> = hashes.iter().map(|hash| core.keys.id(hash)).collect();
            let linked = core.are_linked(tx, &ids, &core.keys.owner(&target))?;
            Ok(linked.into_iter().all(|is_linked| is_linked))
        })
        .await
    }

    /// Refuses whoever has not proven to be itself.
    pub(super) async fn require_confirmed(&self, target: &BareJid) -> Result<()> {
        if self.is_registered(target).await? {
            Ok(())
        } else {
            Err(Error::TargetUnconfirmed(target.clone()))
        }
    }
}
