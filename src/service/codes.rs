//! Sending codes and checking them: the part that registering, verifying and forgetting share.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{Error, OAuthFailure, Result};
use super::limits::{Counter, DAY};
use super::sign_in::SignInBox;
use super::{Core, Side, Tx};
use crate::channel::{Letter, Message};
use crate::clock::{Millis, millis};
use crate::language::Language;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider};
use crate::store::Pending;

/// The window in which wrong guesses at an identity make its codes longer.
pub(super) const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Wrong codes that the target itself may enter natively for each code it was sent, whatever others have guessed.
pub(super) const OWN_GUESSES: u32 = 2;
/// Codes do not grow beyond so many digits: people have to type them.
pub(super) const LONGEST: u8 = 8;

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
    fn of(&self, provider: &Provider) -> CodeRule {
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
#[derive(Serialize, Deserialize)]
pub(super) struct PendingBox {
    pub(super) target: BareJid,
    pub(super) provider: Provider,
    #[serde(default)]
    pub(super) hash: Option<Hash>,
    /// What is compared with, to be resealed under another key. Whoever can open the box could try all codes as well.
    #[serde(default)]
    pub(super) code: Option<Code>,
    /// The id of the first letter with a code, which later ones correct.
    #[serde(default)]
    pub(super) letter: Option<String>,
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
            code: None,
            letter: None,
            sign_in: None,
            next: None,
        }
    }
}

/// What a right code has proven.
pub struct Proven {
    /// For whom.
    pub target: BareJid,
    /// The provider of the identity the code was sent to.
    pub provider: Provider,
    /// What is proven; nothing if it lets links be forgotten.
    pub hash: Option<Hash>,
    /// Where a browser goes now.
    pub next: Option<String>,
}

impl Core {
    /// Makes a code and puts the message with it into the outbox, unless one still waits and no other is wanted.
    pub(super) fn send_code(
        &self,
        tx: &Tx<'_>,
        side: Side,
        new: NewCode,
        message: impl FnOnce(Code, u64) -> Message,
    ) -> Result<()> {
        let now = self.clock.now();
        let owner = self.keys.owner(&new.target);
        let waiting = tx.pending(&new.id, &owner)?.filter(|old| self.is_live(old, side, now));
        let waiting = waiting.and_then(|old| self.intact("pending", self.open_pending(&old)));
        if waiting.is_some() && !new.resend {
            return Ok(());
        }
        self.count_code(tx, &new, &owner)?;
        let rule = self.settings.codes.of(&new.identity.provider);
        let code = Code::random(self.digits(tx, &new.identity)?, &mut self.rng());
        let expires_at = now + millis(rule.expires);
        // A code that was replaced must not arrive after the one that replaced it.
        let about = self.about_code(&new.id, &owner);
        let unsent = tx.withdraw(&about)?;
        let sent = waiting.filter(|_| !unsent).and_then(|old| old.letter);
        let letter = Letter {
            replaces: sent.clone(),
            stop: self.stop_token(&**tx, &new.identity)?,
            ..self.letter(message(code.clone(), rule.expires.as_secs().div_ceil(60)), new.language)
        };
        let remembered = PendingBox {
            letter: sent.or_else(|| Some(letter.id.clone())),
            ..PendingBox::new(new.target, new.identity.provider, new.proves)
        };
        self.put_pending(tx, &new.id, &code, expires_at, remembered)?;
        self.post(tx, &letter, Some(about), expires_at)
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

    /// Counts a code, unless it is one too many.
    fn count_code(&self, tx: &Tx<'_>, new: &NewCode, owner: &Mac) -> Result<()> {
        let now = self.clock.now();
        let (counters, budgets) = (self.code_counters(new, owner), self.budgets_for(&new.identity));
        let all = || counters.iter().chain(budgets.iter().map(|(_, counter)| counter));
        all().try_for_each(|counter| counter.check(tx, now, 1))?;
        counters
            .iter()
            .try_for_each(|counter| counter.add(tx, now, 1).map(drop))?;
        self.spend(tx, &budgets)
    }

    pub(super) fn open_pending(&self, pending: &Pending) -> Result<PendingBox> {
        self.open(place(pending), &pending.sealed)
    }

    /// Whether the registration waits for a code; not for a sign-in, and no erasure.
    pub(super) fn waits_for_code(&self, pending: &Pending) -> bool {
        let remembered = self.open_pending(pending);
        remembered.is_ok_and(|remembered| remembered.hash.is_some() && remembered.sign_in.is_none())
    }

    /// How many digits the next code to `identity` has: the more wrong codes were entered there, the more.
    fn digits(&self, tx: &Tx<'_>, identity: &Identity) -> Result<u8> {
        let wrong = self
            .guesses_of_month(&self.keys.id(&identity.hash()), u32::MAX)
            .used(tx, self.clock.now())?;
        let rule = self.settings.codes.of(&identity.provider);
        let more = wrong / self.settings.limits.guesses_per_day.max(1);
        let digits = u32::from(rule.digits).saturating_add(more);
        Ok(u8::try_from(digits).unwrap_or(u8::MAX).min(LONGEST.max(rule.digits)))
    }

    /// How many wrong guesses at an identity a code may see there in a month. A longer one has been sent since then.
    fn good_for(&self, remembered: &PendingBox) -> u32 {
        let rule = self.settings.codes.of(&remembered.provider);
        // Those of the first version remember none, and were never longer than configured.
        let digits = remembered.code.as_ref().map_or(0, |code| code.as_str().len());
        if digits >= usize::from(LONGEST.max(rule.digits)) {
            return u32::MAX;
        }
        let longer = u32::try_from(digits.saturating_sub(rule.digits.into())).unwrap_or(u32::MAX - 1);
        self.settings.limits.guesses_per_day.saturating_mul(longer + 1)
    }

    /// Counts wrong guesses at an identity: on one side they do not use up the other's.
    fn guesses_of_day(&self, side: Side, identity: &Mac) -> Counter {
        let what = match side {
            Side::Native => "native guesses",
            Side::Http => "http guesses",
        };
        Counter {
            key: self.keys.quota(what, &[identity]),
            limit: self.settings.limits.guesses_per_day,
            window: DAY,
        }
    }

    /// Counts wrong guesses at an identity on both sides together.
    fn guesses_of_month(&self, identity: &Mac, limit: u32) -> Counter {
        Counter {
            key: self.keys.quota("guesses", &[identity]),
            limit,
            window: MONTH,
        }
    }

    /// What the message with a code is about: it goes when the code has served, was replaced or is forgotten.
    pub(super) fn about_code(&self, id: &Mac, owner: &Mac) -> Mac {
        self.keys.quota("code for", &[id, owner])
    }

    /// The names of all counters that have to do with a registration that waits.
    pub(super) fn counters_of(&self, id: &Mac, owner: &Mac) -> [Mac; 6] {
        let [of_identity, of_target, resend] = self.counters_of_codes(id, owner);
        [
            self.guesses_of_day(Side::Native, id).key,
            self.guesses_of_day(Side::Http, id).key,
            self.guesses_of_month(id, u32::MAX).key,
            of_identity.key,
            of_target.key,
            resend.key,
        ]
    }

    /// Counts codes, whoever asks for them.
    fn counters_of_codes(&self, id: &Mac, owner: &Mac) -> [Counter; 3] {
        let limits = &self.settings.limits;
        let counter = |what, whose: &Mac, limit, window| Counter {
            key: self.keys.quota(what, &[whose]),
            limit,
            window,
        };
        [
            counter("codes of identity", id, limits.codes_per_day, DAY),
            counter("codes of target", owner, limits.codes_per_target_per_day, DAY),
            counter("resend", id, 1, limits.resend_after),
        ]
    }

    fn code_counters(&self, new: &NewCode, owner: &Mac) -> Vec<Counter> {
        let id = self.keys.id(&new.identity.hash());
        let of_address = new.address.map(|address| Counter {
            key: self.keys.quota(&format!("codes of address {address}"), &[]),
            limit: self.settings.limits.codes_per_address_per_day,
            window: DAY,
        });
        self.counters_of_codes(&id, owner)
            .into_iter()
            .chain(of_address)
            .collect()
    }

    /// Whether the code can still be entered from that side.
    fn is_live(&self, pending: &Pending, side: Side, now: Millis) -> bool {
        let guesses = match side {
            Side::Native => pending.native_guesses,
            Side::Http => pending.http_guesses,
        };
        pending.expires_at > now && guesses < self.settings.limits.guesses_per_code
    }

    /// Finds which of the `candidates` the code belongs to, and removes that registration. A wrong code counts as a
    /// guess at each of them on this side, and at the identity that `guessed_at` says.
    pub(super) fn check_code(
        &self,
        tx: &Tx<'_>,
        side: Side,
        candidates: Vec<Pending>,
        guessed_at: impl Fn(&Pending) -> Mac,
        code: Option<&str>,
    ) -> Result<Proven> {
        let now = self.clock.now();
        let mut live = candidates;
        live.retain(|pending| {
            self.is_live(pending, side, now) && self.intact("pending", self.open_pending(pending)).is_some()
        });
        if live.is_empty() {
            return Err(Error::NothingWaits);
        }
        live.retain(|pending| {
            self.open_pending(pending)
                .is_ok_and(|remembered| remembered.sign_in.is_none())
        });
        if live.is_empty() {
            return Err(Error::OAuth(OAuthFailure::NoState));
        }
        let code = Code::typed(code.unwrap_or_default());
        if code.as_str().is_empty() {
            return Err(Error::MissingCode);
        }
        let open = self.open_to_guesses(tx, side, live, guessed_at)?;
        // Every candidate is compared, whichever matches: the time tells nothing.
        let right = open.iter().fold(None, |found, (pending, _)| {
            let matches = self.keys.code(&pending.id, &pending.owner, &code) == pending.code;
            if matches { Some(pending) } else { found }
        });
        let Some(right) = right else {
            for (pending, identity) in open {
                self.guesses_of_day(side, &identity).add(tx, now, 1)?;
                self.guesses_of_month(&identity, u32::MAX).add(tx, now, 1)?;
                self.count_guess(tx, side, pending)?;
            }
            return Err(Error::FaultyCode);
        };
        self.drop_pending(tx, &right.id, &right.owner)?;
        let PendingBox {
            target,
            provider,
            hash,
            next,
            ..
        } = self.open_pending(right)?;
        Ok(Proven {
            target,
            provider,
            hash,
            next,
        })
    }

    /// Those of the `candidates` that may still be guessed at, each with its identity. One guess is compared with every
    /// candidate, so it is as many guesses.
    fn open_to_guesses(
        &self,
        tx: &Tx<'_>,
        side: Side,
        candidates: Vec<Pending>,
        guessed_at: impl Fn(&Pending) -> Mac,
    ) -> Result<Vec<(Pending, Mac)>> {
        let identities: Vec<Mac> = candidates.iter().map(guessed_at).collect();
        let (mut open, mut refused) = (Vec::new(), None);
        for (pending, identity) in candidates.into_iter().zip(&identities) {
            let compared = identities.iter().filter(|other| *other == identity).count();
            let compared = u32::try_from(compared).unwrap_or(u32::MAX);
            match self.check_guess(tx, side, &pending, identity, compared) {
                Ok(()) => open.push((pending, *identity)),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if open.is_empty() => Err(error),
            _ => Ok(open),
        }
    }

    /// Whether a code may be guessed at. What all others guess natively at an identity counts together, so that many
    /// JIDs have no more chances than one; for each code it was sent, the target itself has a few of its own.
    fn check_guess(&self, tx: &Tx<'_>, side: Side, pending: &Pending, identity: &Mac, compared: u32) -> Result<()> {
        if side == Side::Native && pending.native_guesses < OWN_GUESSES {
            return Ok(());
        }
        let now = self.clock.now();
        self.guesses_of_day(side, identity).check(tx, now, compared)?;
        let good_for = self.good_for(&self.open_pending(pending)?);
        let month = self.guesses_of_month(identity, good_for).check(tx, now, compared);
        month.map_err(|error| match error {
            // Too short by now: when it has expired, or at once if that is asked for, a longer one is sent.
            Error::RequestLimitReached { .. } => Error::RequestLimitReached {
                retry_after: Duration::from_millis(pending.expires_at.saturating_sub(now)),
            },
            other => other,
        })
    }

    /// Removes a registration, and the message with its code if that still waits; tells whether there was one.
    pub(super) fn drop_pending(&self, tx: &Tx<'_>, id: &Mac, owner: &Mac) -> Result<bool> {
        tx.withdraw(&self.about_code(id, owner))?;
        Ok(tx.delete_pending(id, owner)?)
    }

    fn count_guess(&self, tx: &Tx<'_>, side: Side, mut pending: Pending) -> Result<()> {
        match side {
            Side::Native => pending.native_guesses += 1,
            Side::Http => pending.http_guesses += 1,
        }
        // Used up by its own target, a code is gone for everybody; used up over HTTP, it still serves its target.
        if pending.native_guesses >= self.settings.limits.guesses_per_code {
            return self.drop_pending(tx, &pending.id, &pending.owner).map(drop);
        }
        Ok(tx.put_pending(&pending)?)
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
