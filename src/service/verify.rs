//! verify: the right code makes the link.

use super::error::{Error, Result};
use super::{Core, Service, Side, Tx};
use crate::channel::Message;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Identity, Provider};
use crate::store::Link;

/// A link's box holds a multiple of so many bytes.
const PADDED_TO: usize = 32;

/// A link that was made.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// What was proven.
    pub hash: Hash,
    /// Whom it is linked to now.
    pub target: BareJid,
}

impl Service {
    /// Enters a code for the registration that `sender` started.
    ///
    /// # Errors
    /// `not_found`, `missing_code`, `faulty_code`, `request_limit_reached`, `internal_server_error`.
    pub async fn verify_native(&self, sender: &BareJid, hash: &str, code: Option<&str>) -> Result<Verified> {
        self.verify(Side::Native, Some(sender.clone()), hash, code).await
    }

    /// Enters a code for whatever registration of that hash it belongs to.
    ///
    /// # Errors
    /// As [`Service::verify_native`].
    pub async fn verify_http(&self, hash: &str, code: Option<&str>) -> Result<Verified> {
        self.verify(Side::Http, None, hash, code).await
    }

    async fn verify(&self, side: Side, only: Option<BareJid>, hash: &str, code: Option<&str>) -> Result<Verified> {
        let Some(hash) = Hash::parse(hash) else {
            return Err(Error::NotFound(
                "Nothing waits for a code under this hash. Please register first.",
            ));
        };
        let code = code.map(str::to_owned);
        self.change(move |core, tx| {
            let id = core.keys.id(&hash);
            let owner = only.as_ref().map(|target| core.keys.owner(target));
            let (candidates, guessed_at) = match &owner {
                Some(owner) => (tx.pending(&id, owner)?.into_iter().collect(), vec![&id, owner]),
                None => (tx.pendings(&id)?, vec![&id]),
            };
            let proven = core.check_code(tx, side, candidates, &guessed_at, code.as_deref())?;
            core.link(tx, &proven.target, &hash, proven.provider)?;
            Ok(Verified {
                hash,
                target: proven.target,
            })
        })
        .await
    }
}

impl Core {
    /// Links `hash` to `target`; whoever held it before is told.
    pub(super) fn link(&self, tx: &Tx<'_>, target: &BareJid, hash: &Hash, provider: Provider) -> Result<()> {
        let id = self.keys.id(hash);
        let owner = self.keys.owner(target);
        if let Some(old) = tx.link(&id)?.filter(|old| old.owner != owner) {
            let (to, hash) = self.open_link(&old)?;
            let notice = Message::TakenOver { to, hash, provider };
            self.post(tx, notice, None, self.notice_expires_at())?;
        }
        let link = Link {
            owner,
            sealed: self.seal_link(target, hash),
            verified_on: self.today(),
        };
        Ok(tx.put_link(&id, &link)?)
    }

    /// Links a JID whose server vouches for it to itself, unless it is already.
    pub(super) fn link_itself(&self, tx: &Tx<'_>, target: &BareJid, own: &Identity) -> Result<()> {
        let hash = own.hash();
        if tx.owner(&self.keys.id(&hash))? == Some(self.keys.owner(target)) {
            return Ok(());
        }
        self.link(tx, target, &hash, Provider::Xmpp)
    }

    /// A link's box is the hash and, behind it, the target: a third of what JSON would take.
    fn seal_link(&self, target: &BareJid, hash: &Hash) -> Vec<u8> {
        let mut plain = [hash.as_bytes(), target.as_str().as_bytes()].concat();
        // Padded, because the length of a JID tells some of them apart.
        plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
        self.keys.seal(Purpose::Link, &plain, &mut self.rng())
    }

    /// Whose link it is, and what of.
    pub(super) fn open_link(&self, link: &Link) -> Result<(BareJid, Hash)> {
        let plain = self.keys.open(Purpose::Link, &link.sealed).map_err(Self::broken)?;
        let (hash, target) = plain.split_first_chunk::<64>().ok_or_else(|| Self::broken("no hash"))?;
        let target = std::str::from_utf8(target)
            .map_err(Self::broken)?
            .trim_end_matches('\0');
        Ok((BareJid::new(target).map_err(Self::broken)?, Hash::from(*hash)))
    }
}
