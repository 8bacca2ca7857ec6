//! Links: the proven identities, and their owners.

use std::{iter, slice};

use serde::{Deserialize, Serialize};

use super::error::{Error, Excess, Result};
use super::{By, Core, PADDED_TO, Tx};
use crate::channel::Message;
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Identity, Mac, Provider};
use crate::store::{Link, NO_PROOF, Read};

/// The content of the box of a link, or of an alias.
#[derive(Clone)]
pub(super) struct LinkBox {
    /// The owner.
    pub(super) target: BareJid,
    /// The linked hash.
    pub(super) hash: Hash,
    /// The owner's language when it was linked.
    pub(super) language: Language,
    /// The hash of the link, if this is an alias of it.
    pub(super) alias_of: Option<Hash>,
}

impl LinkBox {
    /// Returns the content of the box of an alias of this link.
    fn alias(&self, hash: &Hash) -> Self {
        Self {
            hash: *hash,
            alias_of: Some(self.hash),
            ..self.clone()
        }
    }
}

/// Other forms of a proven identity, as hashes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Aliases {
    /// Former forms, which are read as the proven one, so that nobody else can prove them.
    #[serde(default)]
    former: Vec<Hash>,
    /// Forms that are in use beside it. Boxes of former versions have all here.
    #[serde(default, rename = "aliases")]
    beside: Vec<Hash>,
}

impl Aliases {
    pub(super) fn of(identity: &Identity) -> Self {
        let (former, beside): (Vec<_>, Vec<_>) = identity
            .aliases()
            .into_iter()
            .partition(|alias| alias.is_read_as(identity));
        let hashes = |forms: Vec<Identity>| forms.iter().map(Identity::hash).collect();
        Self {
            former: hashes(former),
            beside: hashes(beside),
        }
    }
}

impl Core {
    /// Refuses a link above a limit: of its JID, or of the JIDs of its server that are new today. Links that anybody
    /// makes to a JID over HTTP take at most half of its limit.
    pub(super) fn check_link(&self, tx: &Tx<'_>, by: By, target: &BareJid, hash: &Hash) -> Result<()> {
        self.renew(tx, target)?;
        let owner = self.keys.owner(target);
        if Identity::of_jid(target).hash() == *hash || self.has_link(tx, &self.keys.id(hash), &owner)? {
            return Ok(());
        }
        let most = self.settings.limits.links_per_jid;
        let most = match by {
            By::Target => most,
            By::Anybody => most / 2,
        };
        // One of them is the link of the JID to itself.
        match tx.count_links_of(&owner)? > most {
            true => Err(Error::TooManyRequested(Excess::Links(most))),
            false => Ok(()),
        }
    }

    /// Makes a link with its aliases, and tells its former owner.
    pub(super) fn link(&self, tx: &Tx<'_>, linked: &LinkBox, aliases: &Aliases, provider: &Provider) -> Result<()> {
        self.count_newcomer(tx, &linked.target)?;
        let hashes = iter::once(&linked.hash).chain(&aliases.former).chain(&aliases.beside);
        hashes.into_iter().try_for_each(|hash| self.renew_id(tx, hash))?;
        self.take(tx, linked, provider)?;
        for hash in &aliases.former {
            // A link of the former form, proven when it was in use, would otherwise stay for good.
            self.take(tx, &linked.alias(hash), provider)?;
        }
        for hash in &aliases.beside {
            if !self.is_held(tx, &self.keys.id(hash))? {
                tx.put_link(&self.seal_link(&linked.alias(hash), self.today()))?;
            }
        }
        // The mutes of the owner stay as long as the link.
        Ok(tx.keep_mutes(&self.keys.owner(&linked.target))?)
    }

    /// Puts a link, or an alias, in the place of any other.
    fn take(&self, tx: &Tx<'_>, linked: &LinkBox, provider: &Provider) -> Result<()> {
        let (id, owner) = (self.keys.id(&linked.hash), self.keys.owner(&linked.target));
        // The former owner of an alias keeps the link that it belongs to, and has lost nothing proven. For a link in
        // doubt, the present owner of the JID is not told.
        let is_lost = |old: &Link| old.owner != owner && old.alias_of.is_none() && !self.is_in_doubt(old);
        let old = tx.link(&id)?.filter(is_lost);
        if let Some(old) = old.and_then(|old| self.open_link(&old)) {
            self.drop_tokens(tx, &old.target, &id)?;
            let notice = Message::TakenOver {
                to: old.target,
                hash: old.hash,
                provider: provider.clone(),
            };
            self.post(tx, &self.letter(notice, old.language), None, self.notice_expires_at())?;
        }
        Ok(tx.put_link(&self.seal_link(linked, self.today()))?)
    }

    /// Returns `true` if there is a link of `id`, or an alias together with its link. An alias without its link keeps
    /// nobody out.
    fn is_held(&self, tx: &dyn Read, id: &Mac) -> Result<bool> {
        let Some(found) = tx.link(id)? else {
            return Ok(false);
        };
        let is_whole = match &found.alias_of {
            Some(link) => self.is_proven(tx, link, &found.owner)?,
            None => true,
        };
        Ok(is_whole && self.open_link(&found).is_some())
    }

    /// Links a JID whose server vouches for it to itself, unless that link exists.
    pub(super) fn link_itself(&self, tx: &Tx<'_>, target: &BareJid, language: Language) -> Result<()> {
        if self.is_itself(tx, target)? {
            return Ok(());
        }
        let linked = LinkBox {
            target: target.clone(),
            hash: Identity::of_jid(target).hash(),
            language,
            alias_of: None,
        };
        self.link(tx, &linked, &Aliases::default(), &Provider::Xmpp)
    }

    /// Returns `true` if `target` has proven to be itself.
    pub(super) fn is_itself(&self, tx: &dyn Read, target: &BareJid) -> Result<bool> {
        Ok(self.are_linked(tx, &[Identity::of_jid(target).hash()], target)? == [true])
    }

    /// Returns those identities that are linked to `target`.
    pub(super) fn of_those_linked(
        &self,
        tx: &dyn Read,
        target: &BareJid,
        identities: &[Identity],
    ) -> Result<Vec<Identity>> {
        let hashes: Vec<Hash> = identities.iter().map(Identity::hash).collect();
        let linked = identities.iter().zip(self.are_linked(tx, &hashes, target)?);
        Ok(linked
            .filter(|(_, is_linked)| *is_linked)
            .map(|(identity, _)| identity.clone())
            .collect())
    }

    /// For each of `hashes`, in their order, `true` if it is linked to `target`.
    pub(super) fn are_linked(&self, tx: &dyn Read, hashes: &[Hash], target: &BareJid) -> Result<Vec<bool>> {
        let under = |core: &Self| {
            let ids: Vec<Mac> = hashes.iter().map(|hash| core.keys.id(hash)).collect();
            core.are_linked_here(tx, &ids, &core.keys.owner(target))
        };
        let mut linked = under(self)?;
        if let Some(former) = &self.former {
            let also = under(former)?;
            linked.iter_mut().zip(also).for_each(|(linked, also)| *linked |= also);
        }
        Ok(linked)
    }

    /// The same for MACs, under this key alone.
    fn are_linked_here(&self, tx: &dyn Read, ids: &[Mac], owner: &Mac) -> Result<Vec<bool>> {
        if self.keys.are_bound() {
            let is_its =
                |(id, proof): (&Mac, Option<Mac>)| proof.is_some_and(|proof| proof == self.keys.proof(id, owner));
            return Ok(ids.iter().zip(tx.owners(ids)?).map(is_its).collect());
        }
        // Links of former versions have no proof, but a box.
        let key = self.keys.number();
        let opens = |link: &Link| link.owner == *owner && link.key == key && self.open_link(link).is_some();
        let links = tx.links(ids)?;
        Ok(links.iter().map(|link| link.as_ref().is_some_and(opens)).collect())
    }

    /// Returns `true` if `owner` has proven the identity of `id`: an alias is not enough.
    fn is_proven(&self, tx: &dyn Read, id: &Mac, owner: &Mac) -> Result<bool> {
        let is_linked = self.are_linked_here(tx, slice::from_ref(id), owner)? == [true];
        Ok(is_linked && is_link(tx, id, owner)?)
    }

    /// Returns `true` if `target` has proven `hash`: an alias is not enough.
    pub(super) fn has_proven(&self, tx: &dyn Read, hash: &Hash, target: &BareJid) -> Result<bool> {
        for core in self.ring() {
            if core.is_proven(tx, &core.keys.id(hash), &core.keys.owner(target))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns `true` if `identity`, which `target` registers, is linked to it already, so that nothing is left to
    /// prove. Others who ask in the target's name are told before.
    pub(super) fn is_settled(&self, tx: &Tx<'_>, by: By, target: &BareJid, identity: &Identity) -> Result<bool> {
        Ok(by == By::Target && self.complete(tx, target, identity)?)
    }

    /// Returns `true` if `identity` has an alias that nobody has.
    pub(super) fn lacks_aliases(&self, tx: &dyn Read, identity: &Identity) -> Result<bool> {
        for alias in identity.aliases() {
            let mut is_held = false;
            for core in self.ring() {
                is_held |= core.is_held(tx, &core.keys.id(&alias.hash()))?;
            }
            if !is_held {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns `true` if `target` has proven `identity`. Aliases that its link lacks, because they were not known when
    /// it was made, are added unless another JID has them.
    pub(super) fn complete(&self, tx: &Tx<'_>, target: &BareJid, identity: &Identity) -> Result<bool> {
        self.renew(tx, target)?;
        let (id, owner) = (self.keys.id(&identity.hash()), self.keys.owner(target));
        if !self.is_proven(tx, &id, &owner)? {
            return Ok(false);
        }
        let Some(link) = tx.link(&id)? else { return Ok(false) };
        let Some(linked) = self.open_link(&link) else {
            return Ok(false);
        };
        let Aliases { former, beside } = Aliases::of(identity);
        for hash in former.iter().chain(&beside) {
            self.renew_id(tx, hash)?;
            if !self.is_held(tx, &self.keys.id(hash))? {
                tx.put_link(&self.seal_link(&linked.alias(hash), link.verified_on))?;
            }
        }
        Ok(true)
    }

    /// Returns `true` if `owner` has the link of `id`, even in doubt: an alias is not enough.
    fn has_link(&self, tx: &dyn Read, id: &Mac, owner: &Mac) -> Result<bool> {
        // The index shows that most are not. To read somebody else's link would take longer than if there were none, and so tell that there
        // is one.
        let theirs = self.keys.proof(id, owner);
        let may_be_theirs = |proof: &Mac| *proof == theirs || *proof == NO_PROOF || !self.keys.are_bound();
        let proof = tx.owners(slice::from_ref(id))?.pop().flatten();
        Ok(proof.as_ref().is_some_and(may_be_theirs) && is_link(tx, id, owner)?)
    }

    /// Returns the id of the link that `id` finds: for an alias of `owner`, that of the link that it belongs to.
    pub(super) fn id_of_link(&self, tx: &dyn Read, id: Mac, owner: &Mac) -> Result<Mac> {
        let found = tx.link(&id)?.filter(|found| found.owner == *owner);
        Ok(found.and_then(|found| found.alias_of).unwrap_or(id))
    }

    /// Seals the box of a link: the hash (of an alias: that of its link), the target and the language. This takes a
    /// third of the space of JSON.
    pub(super) fn seal_link(&self, linked: &LinkBox, verified_on: u32) -> Link {
        let (id, owner) = (self.keys.id(&linked.hash), self.keys.owner(&linked.target));
        let alias_of = linked.alias_of.map(|hash| self.keys.id(&hash));
        let text = format!("{}\0{}", linked.target, linked.language);
        let of: &[u8] = linked.alias_of.as_ref().map_or(&[], |hash| hash.as_bytes());
        let mut plain = [linked.hash.as_bytes(), of, text.as_bytes()].concat();
        // Padded, because the length reveals some JIDs.
        plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
        let place = place(&id, &owner, alias_of.as_ref());
        Link {
            sealed: self.keys.seal(place, &plain, &mut self.rng()),
            proof: self.keys.proof(&id, &owner),
            id,
            alias_of,
            owner,
            verified_on,
            key: self.keys.number(),
        }
    }

    /// Returns the owner and the hash of a link.
    pub(super) fn open_link(&self, link: &Link) -> Option<LinkBox> {
        self.intact("links", self.read_link(link))
    }

    fn read_link(&self, link: &Link) -> Result<LinkBox> {
        let place = place(&link.id, &link.owner, link.alias_of.as_ref());
        let keys = &self.under(link.key)?.keys;
        let plain = keys.open(place, &link.sealed).map_err(Self::broken)?;
        let (hash, rest) = split_hash(&plain)?;
        let (alias_of, text) = match link.alias_of {
            Some(_) => split_hash(rest).map(|(of, text)| (Some(of), text))?,
            None => (None, rest),
        };
        let text = std::str::from_utf8(text).map_err(Self::broken)?;
        let mut parts = text.split('\0');
        let target = BareJid::new(parts.next().unwrap_or_default()).map_err(Self::broken)?;
        let is_its = || {
            let ids = (keys.id(&hash), alias_of.map(|hash| keys.id(&hash)));
            keys.owner(&target) == link.owner && ids == (link.id, link.alias_of)
        };
        // A box of a former version opens in every row.
        if !keys.are_bound() && !is_its() {
            return Err(Self::broken("another link's box"));
        }
        // Links of the first version have no language.
        let language = parts.next().and_then(Language::of_tag);
        Ok(LinkBox {
            target,
            hash,
            language: language.unwrap_or(self.settings.language),
            alias_of,
        })
    }
}

fn place<'a>(id: &'a Mac, owner: &'a Mac, alias_of: Option<&'a Mac>) -> Purpose<'a> {
    match alias_of {
        Some(alias_of) => Purpose::Alias { id, owner, alias_of },
        None => Purpose::Link { id, owner },
    }
}

fn split_hash(bytes: &[u8]) -> Result<(Hash, &[u8])> {
    let (hash, rest) = bytes.split_first_chunk::<64>().ok_or_else(|| Core::broken("no hash"))?;
    Ok((Hash::from(*hash), rest))
}

/// Returns `true` if the row of `id` is a link of `owner`, and no alias.
fn is_link(tx: &dyn Read, id: &Mac, owner: &Mac) -> Result<bool> {
    let is_theirs = |link: Link| link.owner == *owner && link.alias_of.is_none();
    Ok(tx.link(id)?.is_some_and(is_theirs))
}
