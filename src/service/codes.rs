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
        if waiting.is_some() && !new.resend {
            return Ok(());
        }
        self.count_code(tx, &new, &owner)?;
        let rule = self.settings.codes.of(&new.identity.provider);
        let code = Code::random(rule.digits, &mut self.rng());
        let expires_at = now + millis(rule.expires);
        // A code that was replaced must not arrive after the one that replaced it.
        let about = self.about_code(&new.id, &owner);
        let unsent = tx.withdraw(&about)?;
        let sent = waiting
            .filter(|_| !unsent)
            .and_then(|old| self.open_pending(&old).ok()?.letter);
        let letter = Letter {
            replaces: sent.clone(),
            ..self.letter(message(code.clone(), rule.expires.as_secs().div_ceil(60)), new.language)
        };
        let remembered = PendingBox {
            letter: sent.or_else(|| Some(letter.id.clone())),
            ..PendingBox::new(new.target, new.identity.provider, new.proves)
        };
        self.put_pending(tx, &new.id, &code, expires_at, &remembered)?;
        self.post(tx, &letter, Some(about), expires_at)
    }

    /// Makes or replaces what waits under `id`: nobody has guessed at it yet.
    pub(super) fn put_pending(
        &self,
        tx: &Tx<'_>,
        id: &Mac,
        code: &Code,
        expires_at: Millis,
        remembered: &PendingBox,
    ) -> Result<()> {
        let owner = self.keys.owner(&remembered.target);
        Ok(tx.put_pending(&Pending {
            id: *id,
            owner,
            code: self.keys.code(id, &owner, code),
            native_guesses: 0,
            http_guesses: 0,
            expires_at,
            sealed: self.seal_pending(remembered)?,
        })?)
    }

    pub(super) fn seal_pending(&self, remembered: &PendingBox) -> Result<Vec<u8>> {
        self.seal(Purpose::Pending, remembered)
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
        self.open(Purpose::Pending, &pending.sealed)
    }

    /// Whether the registration waits for a code; not for a sign-in, and no erasure.
    pub(super) fn waits_for_code(&self, pending: &Pending) -> bool {
        let remembered = self.open_pending(pending);
        remembered.is_ok_and(|remembered| remembered.hash.is_some() && remembered.sign_in.is_none())
    }

    /// Where wrong guesses of the target itself are counted: guesses on one side do not use up the other's.
    pub(super) fn native_guesses(&self, pending: &Pending) -> Mac {
        self.keys.quota("native guesses", &[&pending.id, &pending.owner])
    }

    /// Where wrong guesses over HTTP at an identity are counted.
    pub(super) fn http_guesses(&self, id: &Mac) -> Mac {
        self.keys.quota("http guesses", &[id])
    }

    /// What the message with a code is about: it goes when the code has served, was replaced or is forgotten.
    pub(super) fn about_code(&self, id: &Mac, owner: &Mac) -> Mac {
        self.keys.quota("code for", &[id, owner])
    }

    fn code_counters(&self, new: &NewCode, owner: &Mac) -> Vec<Counter> {
        let limits = &self.settings.limits;
        let id = self.keys.id(&new.identity.hash());
        let counter = |what: &str, parts: &[&Mac], limit, window| Counter {
            key: self.keys.quota(what, parts),
            limit,
            window,
        };
        let mut counters = vec![
            counter("codes of identity", &[&id], limits.codes_per_day, DAY),
            counter("codes of target", &[owner], limits.codes_per_target_per_day, DAY),
            counter("resend", &[&id], 1, limits.resend_after),
        ];
        if let Some(address) = new.address {
            let what = format!("codes of address {address}");
            counters.push(counter(&what, &[], limits.codes_per_address_per_day, DAY));
        }
        counters
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
    /// guess at each of them on this side, and where `guessed_at` says.
    pub(super) fn check_code(
        &self,
        tx: &Tx<'_>,
        side: Side,
        candidates: Vec<Pending>,
        guessed_at: impl Fn(&Pending) -> Mac,
        code: Option<&str>,
    ) -> Result<Proven> {
        let now = self.clock.now();
        let mut live: Vec<Pending> = candidates.into_iter().filter(|p| self.is_live(p, side, now)).collect();
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
        let open = self.open_to_guesses(tx, live, guessed_at)?;
        // Every candidate is compared, whichever matches: the time tells nothing.
        let right = open.iter().fold(None, |found, (pending, _)| {
            let matches = self.keys.code(&pending.id, &pending.owner, &code) == pending.code;
            if matches { Some(pending) } else { found }
        });
        let Some(right) = right else {
            for (pending, guesses) in open {
                guesses.add(tx, now, 1)?;
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

    /// Those of the `candidates` that may still be guessed at today, each with its counter. One guess is compared with
    /// every candidate, so it is as many guesses.
    fn open_to_guesses(
        &self,
        tx: &Tx<'_>,
        candidates: Vec<Pending>,
        guessed_at: impl Fn(&Pending) -> Mac,
    ) -> Result<Vec<(Pending, Counter)>> {
        let keys: Vec<Mac> = candidates.iter().map(guessed_at).collect();
        let (mut open, mut refused) = (Vec::new(), None);
        for (pending, key) in candidates.into_iter().zip(&keys) {
            let counter = Counter {
                key: *key,
                limit: self.settings.limits.guesses_per_day,
                window: DAY,
            };
            let compared = keys.iter().filter(|other| *other == key).count();
            match counter.check(tx, self.clock.now(), u32::try_from(compared).unwrap_or(u32::MAX)) {
                Ok(()) => open.push((pending, counter)),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if open.is_empty() => Err(error),
            _ => Ok(open),
        }
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
