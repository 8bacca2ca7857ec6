//! verify: the right code makes the link.

use super::error::{Error, Result};
use super::guesses::{Guess, Proven, are_same};
use super::link::LinkBox;
use super::{By, Core, Service, Tx};
use crate::channel::Message;
use crate::language::Language;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider, Token};
use crate::provider;
use crate::store::Pending;

/// A link that was made.
#[derive(Debug)]
pub struct Verified {
    /// The hash that was proven.
    pub hash: Hash,
    /// The target that it is linked to now.
    pub target: BareJid,
    /// The provider of the proven identity.
    pub provider: Provider,
    /// The next address of a browser that has signed in at a provider.
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
            let proven = core.check_code(tx, &guess(By::Target, code.as_deref().unwrap_or_default()), waiting)?;
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
            let proven = core.check_code(tx, &guess(By::Target, &code), candidates)?;
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
            let proven = core.check_code(tx, &guess(by, &code), candidates)?;
            let mut verified = core.verified(tx, By::Anybody, proven, hash, language)?;
            verified.token = core.new_token(tx, &verified.target, &hash)?;
            Ok(verified)
        })
        .await
    }
}

/// A code for a registration, whose wrong guesses count at the identity that it proves.
fn guess(by: By, code: &str) -> Guess<'_> {
    Guess { by, code, at: None }
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
                    let remembered = self.open_pending(pending);
                    let sent = remembered.as_ref().and_then(|remembered| remembered.proof.letter());
                    sent.is_some_and(|sent| are_same(sent, letter))
                });
                Ok((waiting, By::Target))
            }
        }
    }

    /// The link that a mail's code has made, if it is there still.
    fn verified_before(&self, tx: &Tx<'_>, id: &Mac, letter: &str, code: &str) -> Result<Option<Verified>> {
        let link = tx
            .link(id)?
            .filter(|link| link.alias_of.is_none())
            .and_then(|link| self.open_link(&link));
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
        let linked = LinkBox {
            target: target.clone(),
            hash,
            language,
            alias_of: None,
        };
        self.link(tx, &linked, &proven.aliases, &provider)?;
        self.use_up(tx, &proven)?;
        let is_itself = Identity::of_jid(&target).hash() == hash;
        if !is_itself && (by == By::Anybody || provider::is_sign_in(&provider)) {
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
}
