//! Sending codes and checking them: the part that registering, verifying and forgetting share.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::limits::{Counter, DAY};
use super::{Core, Side, Tx};
use crate::channel::Message;
use crate::clock::{Millis, millis};
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
    /// What it proves: a link, or that links may be forgotten.
    pub id: Mac,
    /// For whom.
    pub target: BareJid,
    /// Where it goes.
    pub identity: Identity,
    /// Whether a code that still waits is replaced.
    pub resend: bool,
}

/// What a pending row's box holds.
#[derive(Serialize, Deserialize)]
struct PendingBox {
    target: BareJid,
    provider: Provider,
}

/// What a right code has proven.
pub struct Proven {
    /// For whom.
    pub target: BareJid,
    /// The provider of the identity the code was sent to.
    pub provider: Provider,
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
        let counters = self.code_counters(&new.identity.hash(), &owner);
        for counter in &counters {
            counter.check(tx, now, 1)?;
        }
        for counter in &counters {
            counter.add(tx, now, 1)?;
        }
        let rule = self.settings.codes.of(&new.identity.provider);
        let code = Code::random(rule.digits, &mut self.rng());
        let expires_at = now + millis(rule.expires);
        let remembered = PendingBox {
            target: new.target,
            provider: new.identity.provider,
        };
        tx.put_pending(&Pending {
            id: new.id,
            owner,
            code: self.keys.code(&new.id, &owner, &code),
            native_guesses: 0,
            http_guesses: 0,
            expires_at,
            sealed: self.seal(Purpose::Pending, &remembered)?,
        })?;
        // A code that was replaced must not arrive after the one that replaced it.
        let about = self.about_code(&new.id, &owner);
        tx.withdraw(&about)?;
        self.post(
            tx,
            message(code, rule.expires.as_secs().div_ceil(60)),
            Some(about),
            expires_at,
        )
    }

    /// What the message with a code is about: it goes when the code has served, was replaced or is forgotten.
    pub(super) fn about_code(&self, id: &Mac, owner: &Mac) -> Mac {
        self.keys.quota("code for", &[id, owner])
    }

    fn code_counters(&self, identity: &Hash, owner: &Mac) -> [Counter; 3] {
        let limits = &self.settings.limits;
        let id = self.keys.id(identity);
        let counter = |what, parts: &[&Mac], limit, window| Counter {
            key: self.keys.quota(what, parts),
            limit,
            window,
        };
        [
            counter("codes of identity", &[&id], limits.codes_per_day, DAY),
            counter("codes of target", &[owner], limits.codes_per_target_per_day, DAY),
            counter("resend", &[&id], 1, limits.resend_after),
        ]
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
    /// guess at each of them, and at `guessed_at`, on this side only.
    pub(super) fn check_code(
        &self,
        tx: &Tx<'_>,
        side: Side,
        candidates: Vec<Pending>,
        guessed_at: &[&Mac],
        code: Option<&str>,
    ) -> Result<Proven> {
        let now = self.clock.now();
        let live: Vec<Pending> = candidates.into_iter().filter(|p| self.is_live(p, side, now)).collect();
        if live.is_empty() {
            return Err(Error::NotFound(
                "Nothing waits for this code: it was used already, it expired, it was guessed at too often, or it was meant \
                 for something else. Please ask for a new one.",
            ));
        }
        let code = Code::typed(code.unwrap_or_default());
        if code.as_str().is_empty() {
            return Err(Error::MissingCode);
        }
        let guesses = Counter {
            key: self.keys.quota(side.guesses(), guessed_at),
            limit: self.settings.limits.guesses_per_day,
            window: DAY,
        };
        // One guess is compared with every candidate, so it is as many guesses.
        let compared = u32::try_from(live.len()).unwrap_or(u32::MAX);
        guesses.check(tx, now, compared)?;
        // Every candidate is compared, whichever matches: the time tells nothing.
        let right = live.iter().fold(None, |found, pending| {
            let matches = self.keys.code(&pending.id, &pending.owner, &code) == pending.code;
            if matches { Some(pending) } else { found }
        });
        let Some(right) = right else {
            guesses.add(tx, now, compared)?;
            for pending in live {
                self.count_guess(tx, side, pending)?;
            }
            return Err(Error::FaultyCode);
        };
        self.drop_pending(tx, &right.id, &right.owner)?;
        let PendingBox { target, provider } = self.open(Purpose::Pending, &right.sealed)?;
        Ok(Proven { target, provider })
    }

    /// Removes a registration, and the message with its code if that still waits.
    pub(super) fn drop_pending(&self, tx: &Tx<'_>, id: &Mac, owner: &Mac) -> Result<()> {
        tx.delete_pending(id, owner)?;
        Ok(tx.withdraw(&self.about_code(id, owner))?)
    }

    fn count_guess(&self, tx: &Tx<'_>, side: Side, mut pending: Pending) -> Result<()> {
        match side {
            Side::Native => pending.native_guesses += 1,
            Side::Http => pending.http_guesses += 1,
        }
        // Used up by its own target, a code is gone for everybody; used up over HTTP, it still serves its target.
        if pending.native_guesses >= self.settings.limits.guesses_per_code {
            return self.drop_pending(tx, &pending.id, &pending.owner);
        }
        Ok(tx.put_pending(&pending)?)
    }
}
