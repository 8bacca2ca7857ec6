//! Links: what is proven, and whose it is.

use super::error::{Error, Excess, Result};
use super::{By, Core, PADDED_TO, Tx};
use crate::channel::Message;
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Identity, Mac, Provider};
use crate::store::{Link, Read};

/// What a link's box holds.
pub(super) struct LinkBox {
    /// Whose it is.
    pub(super) target: BareJid,
    /// What is linked.
    pub(super) hash: Hash,
    /// What the owner spoke when it was linked.
    pub(super) language: Language,
}

impl Core {
    /// Refuses a link for which there is no room: at its JID, or among the JIDs of its server that are new today. What anybody
    /// links to a JID over HTTP leaves half of the room to the JID itself.
    pub(super) fn check_link(&self, tx: &Tx<'_>, by: By, target: &BareJid, hash: &Hash) -> Result<()> {
        let owner = self.keys.owner(target);
        if Identity::of_jid(target).hash() == *hash || self.is_linked(&**tx, &self.keys.id(hash), &owner)? {
            return Ok(());
        }
        let most = self.settings.limits.links_per_jid;
        let most = match by {
            By::Target => most,
            By::Anybody => most / 2,
        };
        // One is the link of the JID to itself.
        match tx.count_links_of(&owner)? > most {
            true => Err(Error::TooManyRequested(Excess::Links(most))),
            false => Ok(()),
        }
    }

    /// Links `hash` to `target`; whoever held it before is told.
    pub(super) fn link(
        &self,
        tx: &Tx<'_>,
        target: &BareJid,
        hash: &Hash,
        provider: Provider,
        language: Language,
    ) -> Result<()> {
        let id = self.keys.id(hash);
        let owner = self.keys.owner(target);
        self.count_newcomer(tx, target)?;
        if let Some(old) = tx.link(&id)?.filter(|old| old.owner != owner)
            && let Some(LinkBox { target, hash, language }) = self.intact("links", self.open_link(&old))
        {
            self.drop_tokens(tx, &target, &id)?;
            let notice = Message::TakenOver {
                to: target,
                hash,
                provider,
            };
            self.post(tx, &self.letter(notice, language), None, self.notice_expires_at())?;
        }
        tx.put_link(&self.seal_link(target, hash, language, self.today()))?;
        // What they have muted stays with the link.
        Ok(tx.keep_mutes(&owner)?)
    }

    /// Links a JID whose server vouches for it to itself, unless it is already.
    pub(super) fn link_itself(&self, tx: &Tx<'_>, target: &BareJid, language: Language) -> Result<()> {
        if self.is_itself(&**tx, target)? {
            return Ok(());
        }
        self.link(tx, target, &Identity::of_jid(target).hash(), Provider::Xmpp, language)
    }

    /// Whether `target` has proven to be itself.
    pub(super) fn is_itself(&self, tx: &dyn Read, target: &BareJid) -> Result<bool> {
        let id = self.keys.id(&Identity::of_jid(target).hash());
        self.is_linked(tx, &id, &self.keys.owner(target))
    }

    /// Whether what `id` stands for is linked to `owner`.
    pub(super) fn is_linked(&self, tx: &dyn Read, id: &Mac, owner: &Mac) -> Result<bool> {
        if self.keys.are_bound() {
            return Ok(tx.proof(id)?.is_some_and(|proof| proof == self.keys.proof(id, owner)));
        }
        // Links of before have no proof, but a box.
        let link = tx.link(id)?.filter(|link| link.owner == *owner);
        Ok(link.is_some_and(|link| self.intact("links", self.open_link(&link)).is_some()))
    }

    /// A link's box is the hash and, behind it, target and language: a third of what JSON would take.
    pub(super) fn seal_link(&self, target: &BareJid, hash: &Hash, language: Language, verified_on: u32) -> Link {
        let (id, owner) = (self.keys.id(hash), self.keys.owner(target));
        let text = format!("{target}\0{language}");
        let mut plain = [hash.as_bytes(), text.as_bytes()].concat();
        // Padded, because the length of a JID tells some of them apart.
        plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
        let place = Purpose::Link { id: &id, owner: &owner };
        Link {
            sealed: self.keys.seal(place, &plain, &mut self.rng()),
            proof: self.keys.proof(&id, &owner),
            id,
            owner,
            verified_on,
        }
    }

    /// Whose link it is, and what of.
    pub(super) fn open_link(&self, link: &Link) -> Result<LinkBox> {
        let place = Purpose::Link {
            id: &link.id,
            owner: &link.owner,
        };
        let plain = self.keys.open(place, &link.sealed).map_err(Self::broken)?;
        let (hash, text) = plain.split_first_chunk::<64>().ok_or_else(|| Self::broken("no hash"))?;
        let text = std::str::from_utf8(text).map_err(Self::broken)?;
        let mut parts = text.split('\0');
        let target = BareJid::new(parts.next().unwrap_or_default()).map_err(Self::broken)?;
        let hash = Hash::from(*hash);
        let is_its = || self.keys.owner(&target) == link.owner && self.keys.id(&hash) == link.id;
        // A box of before opens in every row.
        if !self.keys.are_bound() && !is_its() {
            return Err(Self::broken("another link's box"));
        }
        Ok(LinkBox {
            target,
            hash,
            // Links of the first version have none.
            language: parts
                .next()
                .and_then(Language::of_tag)
                .unwrap_or(self.settings.language),
        })
    }
}
