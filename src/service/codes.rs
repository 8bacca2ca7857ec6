//! Sending codes: the part that registering and forgetting share.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::code_limits::Share;
use super::error::Result;
use super::guesses::{LONGEST, OWN_GUESSES};
use super::limits::DAY;
use super::link::Aliases;
use super::sign_in::SignInBox;
use super::{By, Core, Tx};
use crate::channel::{Letter, Message};
use crate::clock::{Millis, millis};
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider};
use crate::store::Pending;

/// The shape and life of a provider's codes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRule {
    /// How many decimal digits, 4 to 12.
    pub digits: u8,
    /// How long a code is valid.
    #[serde(with = "humantime_serde")]
    pub expires: Duration,
}

/// The `[codes]` of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeRules {
    /// Codes sent by XMPP.
    pub xmpp: CodeRule,
    /// Codes sent by text message.
    pub phone: CodeRule,
    /// Codes sent by e-mail.
    pub email: CodeRule,
}

impl Default for CodeRules {
    fn default() -> Self {
        let short = CodeRule {
            digits: 4,
            expires: Duration::from_secs(10 * 60),
        };
        Self {
            xmpp: short,
            phone: short,
            email: CodeRule {
                digits: 6,
                expires: DAY,
            },
        }
    }
}

impl CodeRules {
    pub(super) fn of(&self, provider: &Provider) -> CodeRule {
        match provider {
            Provider::Phone => self.phone,
            Provider::Email => self.email,
            Provider::Xmpp | Provider::OAuth(_) => self.xmpp,
        }
    }
}

/// A code that is to be sent.
pub struct NewCode {
    /// What it is for, as the store knows it.
    pub id: Mac,
    /// What it proves; nothing if it lets links be forgotten.
    pub proves: Option<Hash>,
    /// For whom.
    pub target: BareJid,
    /// Where it goes.
    pub identity: Identity,
    /// Whether a code that still waits is replaced.
    pub resend: bool,
    /// What is spoken there.
    pub language: Language,
    /// Who asks for it, over HTTP.
    pub address: Option<IpAddr>,
}

/// What a pending row's box holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PendingBox {
    pub(super) target: BareJid,
    pub(super) provider: Provider,
    #[serde(default)]
    pub(super) hash: Option<Hash>,
    /// Other forms of what is proven, which are linked with it.
    #[serde(flatten)]
    pub(super) aliases: Aliases,
    /// What is compared with, to be resealed under another key. Whoever can open the box could try all codes as well.
    #[serde(default)]
    pub(super) code: Option<Code>,
    /// The id of the first letter with a code; later ones name it as what they stand for. The link in a mail has it, so that it is known whom
    /// the code is for.
    #[serde(default)]
    pub(super) letter: Option<String>,
    /// What codes to the identity are counted by.
    #[serde(default)]
    pub(super) mailbox: Option<Hash>,
    /// Whether the target itself has asked: nobody else replaces its code then.
    #[serde(default)]
    pub(super) by_target: bool,
    /// Whether anybody else has asked since: they are answered as if nothing waited.
    #[serde(default)]
    pub(super) by_anybody: bool,
    /// What anybody else is given who asks for a sign-in that the target has begun: it leads nowhere.
    #[serde(default)]
    pub(super) decoy: Option<SignInBox>,
    /// How far a sign-in is (OAuth providers only).
    #[serde(default)]
    pub(super) sign_in: Option<SignInBox>,
    /// Where a browser goes afterwards (OAuth providers only).
    #[serde(default)]
    pub(super) next: Option<String>,
}

impl PendingBox {
    /// What every registration remembers.
    pub(super) fn new(target: BareJid, provider: Provider, hash: Option<Hash>) -> Self {
        Self {
            target,
            provider,
            hash,
            aliases: Aliases::default(),
            code: None,
            letter: None,
            mailbox: None,
            by_target: false,
            by_anybody: false,
            decoy: None,
            sign_in: None,
            next: None,
        }
    }
}

impl Core {
    /// Makes a code and puts the message with it into the outbox, unless one still waits and no other is wanted.
    pub(super) fn send_code(
        &self,
        tx: &Tx<'_>,
        by: By,
        new: NewCode,
        message: impl FnOnce(Code, u64) -> Message,
    ) -> Result<()> {
        let now = self.clock.now();
        let owner = self.keys.owner(&new.target);
        let waiting = tx
            .pending(&new.id, &owner)?
            .filter(|old| self.is_live(old, By::Target, now));
        let waiting = waiting.and_then(|old| Some((self.intact("pending", self.open_pending(&old))?, old)));
        if let Some((remembered, old)) = &waiting {
            if by == By::Anybody && remembered.by_target {
                return self.pretend(tx, &new, remembered.clone(), old);
            }
            if self.stays(old, by, new.resend) {
                return self.remember_who_asked(tx, by, remembered.clone(), old);
            }
        }
        let share = self.count_code(tx, by, &new)?;
        let (code, minutes) = (self.new_code(tx, &new.identity, share)?, self.minutes(&new.identity));
        let expires_at = now + millis(self.settings.codes.of(&new.identity.provider).expires);
        // A code that was replaced must not arrive after the one that replaced it.
        let about = self.about_code(&new.id, &owner);
        tx.withdraw(&about)?;
        // Even if it is not known to be sent yet, it may have been read by now.
        let first = waiting.and_then(|(remembered, _)| remembered.letter);
        let letter = Letter {
            replaces: first.clone(),
            stop: self.stop_token(&**tx, &new.identity)?,
            ..self.letter(message(code.clone(), minutes), new.language)
        };
        let remembered = PendingBox {
            letter: first.or_else(|| Some(letter.id.clone())),
            mailbox: Some(new.identity.mailbox().hash()),
            aliases: Aliases::of(&new.identity),
            by_target: by == By::Target,
            ..PendingBox::new(new.target, new.identity.provider, new.proves)
        };
        self.put_pending(tx, &new.id, &code, expires_at, remembered)?;
        self.post(tx, &letter, Some(about), expires_at)
    }

    /// Whether a code that waits stays when it is asked for once more: unless another is wanted or this one is used up.
    fn stays(&self, old: &Pending, by: By, resend: bool) -> bool {
        !resend && self.is_live(old, by, self.clock.now())
    }

    /// Does all but send a code, for anybody in the name of a target that has asked itself: nobody replaces its code, or learns by an
    /// answer or a limit that there is one.
    fn pretend(&self, tx: &Tx<'_>, new: &NewCode, mut remembered: PendingBox, old: &Pending) -> Result<()> {
        if remembered.by_anybody && !new.resend {
            return Ok(());
        }
        self.count_code(tx, By::Anybody, new)?;
        remembered.by_anybody = true;
        Ok(tx.put_pending(&self.seal_pending(old.clone(), &remembered)?)?)
    }

    /// Where a code is asked for that others have used up those of, it is longer: many JIDs may ask for such codes.
    fn new_code(&self, tx: &Tx<'_>, identity: &Identity, share: Share) -> Result<Code> {
        let usual = self.digits(tx, identity)?;
        let digits = match share {
            Share::Everybodys => usual,
            Share::Left => usual.max((usual + 1).min(LONGEST)),
        };
        self.count_chances(tx, &identity.provider, OWN_GUESSES)?;
        Ok(Code::random(digits, &mut self.rng()))
    }

    /// For how long a code to `identity` is valid.
    fn minutes(&self, identity: &Identity) -> u64 {
        self.settings
            .codes
            .of(&identity.provider)
            .expires
            .as_secs()
            .div_ceil(60)
    }

    /// From now on the code that waits is the target's own, if it is the target who asks for it again.
    fn remember_who_asked(&self, tx: &Tx<'_>, by: By, mut remembered: PendingBox, old: &Pending) -> Result<()> {
        if by == By::Anybody || remembered.by_target {
            return Ok(());
        }
        remembered.by_target = true;
        Ok(tx.put_pending(&self.seal_pending(old.clone(), &remembered)?)?)
    }

    /// Makes or replaces what waits under `id`: nobody has guessed at it yet.
    pub(super) fn put_pending(
        &self,
        tx: &Tx<'_>,
        id: &Mac,
        code: &Code,
        expires_at: Millis,
        mut remembered: PendingBox,
    ) -> Result<()> {
        let owner = self.keys.owner(&remembered.target);
        remembered.code = Some(code.clone());
        let pending = Pending {
            id: *id,
            owner,
            code: self.keys.code(id, &owner, code),
            native_guesses: 0,
            http_guesses: 0,
            expires_at,
            sealed: Vec::new(),
        };
        Ok(tx.put_pending(&self.seal_pending(pending, &remembered)?)?)
    }

    /// The row with a box that opens in it alone.
    pub(super) fn seal_pending(&self, pending: Pending, remembered: &PendingBox) -> Result<Pending> {
        let sealed = self.seal(place(&pending), remembered)?;
        Ok(Pending { sealed, ..pending })
    }

    pub(super) fn open_pending(&self, pending: &Pending) -> Result<PendingBox> {
        self.open(place(pending), &pending.sealed)
    }

    /// Whether the registration waits for a code; not for a sign-in, and no erasure.
    pub(super) fn waits_for_code(&self, pending: &Pending) -> bool {
        let remembered = self.open_pending(pending);
        remembered.is_ok_and(|remembered| remembered.hash.is_some() && remembered.sign_in.is_none())
    }

    /// What the message with a code is about: it goes when the code has served, was replaced or is forgotten.
    pub(super) fn about_code(&self, id: &Mac, owner: &Mac) -> Mac {
        self.keys.quota("code for", &[id, owner])
    }

    /// The names of all counters that have to do with a registration that waits.
    pub(super) fn counters_of(&self, remembered: &PendingBox) -> Vec<Mac> {
        let Some(hash) = &remembered.hash else {
            return Vec::new();
        };
        let mailbox = self.keys.id(remembered.mailbox.as_ref().unwrap_or(hash));
        let mut names = self.counters_of_codes(&mailbox, &remembered.target);
        names.extend(self.counters_of_guesses(&self.keys.id(hash)));
        names
    }

    /// Removes a registration, and the message with its code if that still waits; tells whether there was one.
    pub(super) fn drop_pending(&self, tx: &Tx<'_>, id: &Mac, owner: &Mac) -> Result<bool> {
        tx.withdraw(&self.about_code(id, owner))?;
        Ok(tx.delete_pending(id, owner)?)
    }
}

/// A box belongs to its registration and code.
fn place(pending: &Pending) -> Purpose<'_> {
    Purpose::Pending {
        id: &pending.id,
        owner: &pending.owner,
        code: &pending.code,
    }
}
