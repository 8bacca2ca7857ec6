//! verify: the right code makes the link.

use super::error::{Error, Excess, Result};
use super::guesses::{Proven, are_same};
use super::{By, Core, PADDED_TO, Service, Tx};
use crate::channel::Message;
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider, Token};
use crate::store::{Link, Pending, Read};

/// A link that was made.
#[derive(Debug)]
pub struct Verified {
    /// What was proven.
    pub hash: Hash,
    /// Whom it is linked to now.
    pub target: BareJid,
    /// Where what was proven lives.
    pub provider: Provider,
    /// Where a browser that has signed in at a provider goes now.
    pub next: Option<String>,
    /// What lets who has verified ask over HTTP in the target's name, where that is needed.
    pub token: Option<Token>,
}

/// Whose registration of a hash a code is for, over HTTP. A code for another's registration must not make a link for it.
#[derive(Clone, Debug)]
pub enum Meant {
    /// It is not said: any.
    Any,
    /// That of a target.
    Target(BareJid),
    /// That whose code came in the letter of this id.
    Letter(String),
}

/// What a link's box holds.
pub(super) struct LinkBox {
    /// Whose it is.
    pub(super) target: BareJid,
    /// What is linked.
    pub(super) hash: Hash,
    /// What the owner spoke when it was linked.
    pub(super) language: Language,
}

impl Service {
    /// Enters a code for the registration that `sender` started.
    ///
    /// # Errors
    /// `not_found`, `missing_code`, `faulty_code`, `too_many_requested`, `request_limit_reached`, `internal_server_error`.
    pub async fn verify_native(&self, sender: &BareJid, hash: &str, code: Option<&str>) -> Result<Verified> {
        let hash = Hash::parse(hash).ok_or(Error::NotRegistered)?;
        let (sender, code, language) = (sender.clone(), code.map(str::to_owned), self.language);
        self.change(move |core, tx| {
            let id = core.keys.id(&hash);
            let waiting = tx.pending(&id, &core.keys.owner(&sender))?.into_iter().collect();
            let proven = core.check_code(tx, By::Target, waiting, |_| id, code.as_deref())?;
            core.verified(tx, By::Target, proven, hash, language)
        })
        .await
    }

    /// Enters a code that `sender` was sent, for whichever of the registrations it belongs to that `sender` started.
    ///
    /// # Errors
    /// As [`Service::verify_native`].
    pub async fn verify_any_native(&self, sender: &BareJid, code: &str) -> Result<Verified> {
        let (sender, language, code) = (sender.clone(), self.language, code.to_owned());
        self.change(move |core, tx| {
            let mut candidates = tx.pendings_of(&core.keys.owner(&sender))?;
            candidates.retain(|pending| core.waits_for_code(pending));
            let proven = core.check_code(tx, By::Target, candidates, |pending| pending.id, Some(&code))?;
            let hash = proven.hash.ok_or(Error::NothingWaits)?;
            core.verified(tx, By::Target, proven, hash, language)
        })
        .await
    }

    /// Enters a code for a registration of that hash: whichever it belongs to of those that are `meant`.
    ///
    /// # Errors
    /// As [`Service::verify_native`]; without a code always `missing_code`, because asking so costs no guess: it is not told
    /// whether something waits.
    pub async fn verify_http(&self, hash: &str, meant: Meant, code: Option<&str>) -> Result<Verified> {
        let hash = Hash::parse(hash).ok_or(Error::NotRegistered)?;
        let code = code.filter(|code| !Code::typed(code).is_empty());
        let code = code.ok_or(Error::MissingCode)?.to_owned();
        let (language, token) = (self.language, self.token.clone());
        self.change(move |core, tx| {
            let id = core.keys.id(&hash);
            let (candidates, by) = core.meant(tx, &id, &meant, token.as_ref())?;
            if let Meant::Letter(letter) = &meant
                && candidates.is_empty()
                && let Some(verified) = core.verified_before(tx, &id, letter, &code)?
            {
                return Ok(verified);
            }
            core.check_guesses_left(tx, by, &id)?;
            let proven = core.check_code(tx, by, candidates, |_| id, Some(&code))?;
            let mut verified = core.verified(tx, By::Anybody, proven, hash, language)?;
            verified.token = core.new_token(tx, &verified.target, &hash)?;
            Ok(verified)
        })
        .await
    }
}

impl Core {
    /// The registrations that are meant, and whether it is their target who enters the code: whoever has the letter, or shows
    /// the target's token.
    fn meant(&self, tx: &Tx<'_>, id: &Mac, meant: &Meant, token: Option<&Token>) -> Result<(Vec<Pending>, By)> {
        match meant {
            Meant::Any => Ok((tx.pendings(id)?, By::Anybody)),
            Meant::Target(target) => {
                let by = self.shown_by(&**tx, token.map(Token::hash).as_ref(), target)?;
                let waiting = tx.pending(id, &self.keys.owner(target))?;
                Ok((waiting.into_iter().collect(), by))
            }
            Meant::Letter(letter) => {
                let mut waiting = tx.pendings(id)?;
                waiting.retain(|pending| {
                    let remembered = self.open_pending(pending).ok();
                    let sent = remembered.and_then(|remembered| remembered.letter);
                    sent.is_some_and(|sent| are_same(&sent, letter))
                });
                Ok((waiting, By::Target))
            }
        }
    }

    /// The link that a mail's code has made, if it is there still.
    fn verified_before(&self, tx: &Tx<'_>, id: &Mac, letter: &str, code: &str) -> Result<Option<Verified>> {
        let link = tx
            .link(id)?
            .and_then(|link| self.intact("links", self.open_link(&link)));
        let Some(LinkBox { target, hash, .. }) = link else {
            return Ok(None);
        };
        let owner = self.keys.owner(&target);
        let served = self.has_served(&**tx, id, &owner, letter, &Code::typed(code))?;
        Ok(served.then_some(Verified {
            hash,
            target,
            provider: Provider::Email,
            next: None,
            token: None,
        }))
    }

    /// Makes the link that a right code has proven, and uses the code up only then.
    fn verified(&self, tx: &Tx<'_>, by: By, proven: Proven, hash: Hash, language: Language) -> Result<Verified> {
        let (target, provider) = (proven.target.clone(), proven.provider.clone());
        self.check_link(tx, by, &target, &hash)?;
        self.link(tx, &target, &hash, provider.clone(), language)?;
        self.use_up(tx, &proven)?;
        let is_itself = Identity::of_jid(&target).hash() == hash;
        if !is_itself && (by == By::Anybody || matches!(provider, Provider::OAuth(_))) {
            // It was done elsewhere, perhaps by somebody else: the target is told.
            let (to, provider) = (target.clone(), provider.clone());
            let linked = self.letter(Message::Linked { to, hash, provider }, language);
            self.post(tx, &linked, None, self.notice_expires_at())?;
        }
        Ok(Verified {
            hash,
            target,
            provider,
            next: proven.next,
            token: None,
        })
    }

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
    fn link(&self, tx: &Tx<'_>, target: &BareJid, hash: &Hash, provider: Provider, language: Language) -> Result<()> {
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
