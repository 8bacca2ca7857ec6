//! verify: makes the link if the code is right.

use super::caller::{Caller, Who};
use super::error::{Error, Result};
use super::guesses::{Guess, are_same};
use super::link::LinkBox;
use super::operation::{Effort, Operation, Rights};
use super::pending::hash_of_link;
use super::proven::Proven;
use super::{By, Core, Service, Tx};
use crate::channel::Message;
use crate::language::Language;
use crate::meters;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider, Token};
use crate::provider;
use crate::store::Pending;

/// A link that was made.
#[derive(Debug)]
pub struct Verified {
    /// The hash that was proven.
    pub hash: Hash,
    /// `true` if it was asked for by the hash of another spelling.
    pub is_respelled: bool,
    /// The target that it is linked to.
    pub target: BareJid,
    /// `true` if the identity was proven by signing in at its provider.
    pub by_sign_in: bool,
    /// The provider of the identity; `None` if the link had been made before.
    pub provider: Option<Provider>,
    /// The next address of a browser that has signed in at a provider.
    pub next: Option<String>,
    /// The token for further requests over HTTP in the target's name, where one is required.
    pub token: Option<Token>,
}

impl Verified {
    fn asked_as(self, asked: &Hash) -> Self {
        Self {
            is_respelled: self.hash != *asked,
            ..self
        }
    }

    /// Counts the code that was right.
    pub(super) fn count(&self) {
        if let Some(provider) = &self.provider {
            meters::code(provider.name(), "verified");
        }
    }
}

/// The registration of a hash that a code over HTTP is for. A code of another registration must not make a link for it.
#[derive(Clone, Debug)]
pub enum Meant {
    /// Not named: any.
    Any,
    /// The registration of a target.
    Target(BareJid),
    /// The registration whose code was in the letter of this id.
    Letter(String),
}

/// Enters a code for a registration of a hash, or of the hash of its id as it was typed: for the sender's own, or over
/// HTTP for the one of those `meant` that it belongs to.
///
/// # Errors
/// `not_found`, `missing_code`, `faulty_code`, `undelivered`, `too_many_requested`, `request_limit_reached`,
/// `internal_server_error`. A request over HTTP without a code gets `missing_code` in any case: it costs no guess, so it must not reveal that a
/// registration waits.
#[derive(Clone, Debug)]
pub struct Verify {
    /// The registered hash.
    pub hash: Hash,
    /// The target whose registration is meant. A sender of stanzas can only name itself.
    pub meant: Meant,
    /// The code, as a person typed it.
    pub code: Option<String>,
}

impl Verify {
    /// Returns the operation for the link of a letter, by its word.
    pub fn by_link(word: &str, code: &str) -> Self {
        Self {
            hash: hash_of_link(word),
            meant: Meant::Letter(word.to_owned()),
            code: Some(code.to_owned()),
        }
    }
}

impl Operation for Verify {
    type Reply = Verified;
    const NAME: &'static str = "verify";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Verified> {
        let verified = match (&caller.who, &self.meant) {
            (Who::Http { .. }, _) => self.run_for_anybody(service, caller).await,
            (Who::Native(sender), Meant::Target(target)) if sender == target => {
                self.run_for_sender(service, sender, service.language_of(caller)).await
            }
            _ => Err(Error::NotAllowed),
        };
        verified.inspect(Verified::count)
    }
}

impl Verify {
    async fn run_for_sender(&self, service: &Service, sender: &BareJid, language: Language) -> Result<Verified> {
        let (hash, sender, code) = (self.hash, sender.clone(), self.code.clone());
        service
            .change(move |core, tx| {
                core.renew(tx, &sender)?;
                let asked = hash;
                let hash = core.waiting_hash(tx, &asked)?;
                let id = core.keys.id(&hash);
                let waiting = tx.pending(&id, &core.keys.owner(&sender))?.into_iter().collect();
                let proven = core.check_code(tx, &guess(By::Target, code.as_deref().unwrap_or_default()), waiting)?;
                let verified = core.verified(tx, By::Target, proven, hash, language)?;
                Ok(verified.asked_as(&asked))
            })
            .await
    }

    async fn run_for_anybody(self, service: &Service, caller: &Caller) -> Result<Verified> {
        let Self { hash, meant, code } = self;
        let code = code.filter(|code| !Code::typed(code).is_empty());
        let code = code.ok_or(Error::MissingCode)?;
        let (language, token) = (service.language_of(caller), caller.token().cloned());
        service
            .change(move |core, tx| {
                let asked = hash;
                let hash = core.waiting_hash(tx, &asked)?;
                let id = core.keys.id(&hash);
                let (candidates, by) = core.meant(tx, &id, &meant, token.as_ref())?;
                if let Meant::Letter(letter) = &meant
                    && candidates.is_empty()
                    && let Some(verified) = core.verified_before(tx, &hash, letter, &code)?
                {
                    return Ok(verified);
                }
                match core.check_guesses_left(tx, by, &id) {
                    // The hash of a spelling has no guesses of its own: the error would reveal that a registration waits.
                    Err(Error::RequestLimitReached { .. }) if hash != asked => return Err(Error::NothingWaits),
                    checked => checked?,
                }
                let proven = core.check_code(tx, &guess(by, &code), candidates)?;
                let mut verified = core.verified(tx, By::Anybody, proven, hash, language)?;
                verified.token = core.new_token(tx, &verified.target, &hash)?;
                Ok(verified.asked_as(&asked))
            })
            .await
    }
}

/// Enters a code that was sent to the sender of a stanza, for the one of its registrations that it belongs to.
///
/// # Errors
/// As [`Verify`].
#[derive(Clone, Debug)]
pub struct VerifyAny {
    /// The code, as a person typed it.
    pub code: String,
}

impl Operation for VerifyAny {
    type Reply = Verified;
    const NAME: &'static str = "verify-any";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Verified> {
        let (sender, language, code) = (caller.sender()?.clone(), service.language_of(caller), self.code);
        service
            .change(move |core, tx| {
                core.renew(tx, &sender)?;
                let mut candidates = tx.pendings_of(&core.keys.owner(&sender))?;
                candidates.retain(|pending| core.waits_for_code(pending));
                let proven = core.check_code(tx, &guess(By::Target, &code), candidates)?;
                let hash = proven.hash.ok_or(Error::NothingWaits)?;
                core.verified(tx, By::Target, proven, hash, language)
            })
            .await
            .inspect(Verified::count)
    }
}

/// Returns a guess at a registration: a wrong one counts at the identity of the registration.
fn guess(by: By, code: &str) -> Guess<'_> {
    Guess { by, code, at: None }
}

impl Core {
    /// Returns the meant registrations, and the requester: the target itself, if the requester has the letter or shows
    /// the target's token.
    fn meant(&self, tx: &Tx<'_>, id: &Mac, meant: &Meant, token: Option<&Token>) -> Result<(Vec<Pending>, By)> {
        match meant {
            Meant::Any => Ok((tx.pendings(id)?, By::Anybody)),
            Meant::Target(target) => {
                let by = self.shown_by(tx, token.map(Token::hash).as_ref(), target)?;
                let waiting = tx.pending(id, &self.keys.owner(target))?;
                Ok((waiting.into_iter().collect(), by))
            }
            Meant::Letter(letter) => {
                let mut waiting = tx.pendings(id)?;
                waiting.retain(|pending| {
                    let remembered = self.open_pending(pending);
                    let sent = remembered.as_ref().and_then(|remembered| remembered.proof.letter());
                    sent.is_some_and(|sent| are_same(sent, letter))
                });
                Ok((waiting, By::Target))
            }
        }
    }

    /// Returns the link that a mail's code has made, if it still exists.
    fn verified_before(&self, tx: &Tx<'_>, hash: &Hash, letter: &str, code: &str) -> Result<Option<Verified>> {
        let mut link = None;
        for id in self.macs(|core| Some(core.keys.id(hash))) {
            link = link.or(tx.link(&id)?);
        }
        let link = link.filter(|link| link.alias_of.is_none());
        let Some(LinkBox { target, hash, .. }) = link.and_then(|link| self.open_link(&link)) else {
            return Ok(None);
        };
        let (id, owner) = (self.keys.id(&hash), self.keys.owner(&target));
        let served = self.has_served(tx, &id, &owner, letter, &Code::typed(code))?;
        Ok(served.then_some(Verified {
            hash,
            is_respelled: false,
            target,
            // Only codes come in letters.
            by_sign_in: false,
            provider: None,
            next: None,
            token: None,
        }))
    }

    /// Makes the link that a right code has proven, and only then uses the code up.
    pub(super) fn verified(
        &self,
        tx: &Tx<'_>,
        by: By,
        proven: Proven,
        hash: Hash,
        language: Language,
    ) -> Result<Verified> {
        let (target, provider) = (proven.target.clone(), proven.provider.clone());
        self.check_link(tx, by, &target, &hash)?;
        let linked = LinkBox {
            target: target.clone(),
            hash,
            language,
            alias_of: None,
        };
        self.link(tx, &linked, &proven.aliases, &provider)?;
        self.use_up(tx, &proven)?;
        let is_itself = Identity::of_jid(&target).hash() == hash;
        let by_sign_in = provider::is_sign_in(&provider);
        if !is_itself && (by == By::Anybody || by_sign_in || proven.is_by_writing()) {
            // It was done elsewhere, perhaps by another person: the target is told.
            let to = target.clone();
            let provider = provider.clone();
            let linked = self.letter(Message::Linked { to, hash, provider }, language);
            self.post(tx, &linked, None, self.notice_expires_at())?;
        }
        Ok(Verified {
            hash,
            is_respelled: false,
            target,
            by_sign_in,
            provider: Some(provider),
            next: proven.next,
            token: None,
        })
    }
}
