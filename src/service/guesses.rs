//! Checks codes: limits the guesses at a code, and makes codes longer where there is much guessing.

use std::time::Duration;

use subtle::ConstantTimeEq;

use super::chances::OWN_GUESSES;
use super::error::{Error, Limit, OAuthFailure, Result};
use super::limits::{Counter, DAY, read_ahead};
use super::pending::{PendingBox, Proof};
use super::proven::Proven;
use super::{By, Core, Tx};
use crate::clock::Millis;
use crate::model::{Code, Identity, Mac, Provider};
use crate::store::{Counted, Pending};

/// The window in which wrong guesses at an identity make its codes longer.
pub(super) const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The length at which codes stop growing, because people must type them.
pub(super) const LONGEST: u8 = 8;

/// A code that is entered.
pub(super) struct Guess<'a> {
    /// The person who enters it.
    pub(super) by: By,
    /// The typed text; only white space if nothing was typed.
    pub(super) code: &'a str,
    /// The identity at which a wrong one counts; `None`: that of the registration that it is compared with.
    pub(super) at: Option<Mac>,
}

/// A registration that waits, the content of its box, and the identity at which guesses count.
struct Candidate {
    pending: Pending,
    remembered: PendingBox,
    identity: Mac,
}

impl Core {
    /// Returns the number of digits of the next code to `identity`. It grows with the wrong codes that were entered
    /// there, and at all identities of its provider.
    pub(super) fn digits(&self, tx: &Tx<'_>, identity: &Identity) -> Result<u8> {
        let wrong = self
            .guesses_of_month(&self.keys.id(&identity.hash()), u32::MAX)
            .used(tx, self.clock.now())?;
        let more = wrong / self.settings.limits.guesses_per_day.max(1);
        let more = more.max(self.alertness(tx, &identity.provider)?);
        Ok(self.digits_with(&identity.provider, more))
    }

    /// Returns the digits of a code that has `more` than configured.
    pub(super) fn digits_with(&self, provider: &Provider, more: u32) -> u8 {
        let rule = self.settings.codes.of(provider);
        let digits = u32::from(rule.digits).saturating_add(more);
        u8::try_from(digits).unwrap_or(u8::MAX).min(LONGEST.max(rule.digits))
    }

    /// Returns the number of digits that the code has beyond the configured ones; `None` if codes grow no longer.
    fn longer_by(&self, remembered: &PendingBox) -> Option<u32> {
        let rule = self.settings.codes.of(&remembered.provider);
        // Codes of the first version are not stored, and were never longer than configured.
        let digits = remembered.code.as_ref().map_or(0, Code::len);
        let longer = || u32::try_from(digits.saturating_sub(rule.digits.into())).unwrap_or(u32::MAX - 1);
        (digits < usize::from(LONGEST.max(rule.digits))).then(longer)
    }

    /// Counts wrong guesses at an identity. Those of anybody and those of targets count apart.
    fn guesses_of_day(&self, by: By, identity: &Mac) -> Counter {
        let what = match by {
            By::Target => "native guesses",
            By::Anybody => "http guesses",
        };
        Counter {
            key: self.keys.quota(what, &[identity]),
            name: Limit::Guesses,
            limit: self.settings.limits.guesses_per_day,
            window: DAY,
        }
    }

    /// Counts all wrong guesses at an identity.
    fn guesses_of_month(&self, identity: &Mac, limit: u32) -> Counter {
        Counter {
            key: self.keys.quota("guesses", &[identity]),
            name: Limit::Guesses,
            limit,
            window: MONTH,
        }
    }

    /// Returns the counters that tell the number of digits of the next code to `identity`.
    pub(super) fn guesses_at(&self, identity: &Identity) -> [Counter; 2] {
        let of_month = self.guesses_of_month(&self.keys.id(&identity.hash()), u32::MAX);
        [of_month, self.chances(&identity.provider)]
    }

    /// Returns the names of the counters of guesses at an identity.
    pub(super) fn counters_of_guesses(&self, identity: &Mac) -> [Mac; 3] {
        [
            self.guesses_of_day(By::Target, identity).key,
            self.guesses_of_day(By::Anybody, identity).key,
            self.guesses_of_month(identity, u32::MAX).key,
        ]
    }

    /// Returns `true` if the code can still be entered.
    pub(super) fn is_live(&self, pending: &Pending, by: By, now: Millis) -> bool {
        let guesses = match by {
            By::Target => pending.native_guesses,
            By::Anybody => pending.http_guesses,
        };
        pending.expires_at > now && guesses < self.settings.limits.guesses_per_code
    }

    /// Returns the candidates whose codes may have been delivered, as far as the guesser may know.
    ///
    /// # Errors
    /// `undelivered` if there are others only, unless the code is right: reports of gateways may be wrong. The target is told of all
    /// codes for it. Anybody is told of those that anybody has asked for: also where the target had asked before, so that nobody learns
    /// by it that it had.
    fn delivered(&self, tx: &Tx<'_>, by: By, code: &Code, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let is_told = |Candidate { remembered, .. }: &Candidate| {
            let by_anybody = !remembered.by_target || remembered.proof.is_by_anybody();
            remembered.is_undelivered && (by == By::Target || by_anybody)
        };
        let (undelivered, delivered): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_told);
        if undelivered.is_empty() || !delivered.is_empty() {
            return Ok(delivered);
        }
        if undelivered
            .iter()
            .any(|waiting| self.is_code_of(&waiting.pending, code))
        {
            return Ok(undelivered);
        }
        if by == By::Anybody || !code.is_empty() {
            for waiting in self.open_to_guesses(tx, by, undelivered)? {
                self.count_guess(tx, by, waiting)?;
            }
        }
        Err(Error::Undelivered)
    }

    fn is_code_of(&self, pending: &Pending, code: &Code) -> bool {
        self.keys.code(&pending.id, &pending.owner, code) == pending.code
    }

    /// Finds the one of the `candidates` that the code belongs to. A wrong code counts as a guess at each of those that
    /// have as many digits, and at their identities. The right one stays until [`Core::use_up`].
    ///
    /// Others than the target learn only by a guess that a registration waits.
    pub(super) fn check_code(&self, tx: &Tx<'_>, guess: &Guess<'_>, candidates: Vec<Pending>) -> Result<Proven> {
        let (by, code) = (guess.by, Code::typed(guess.code));
        if by == By::Anybody && !code.is_empty() && !Code::LENGTHS.contains(&code.len()) {
            return Err(Error::FaultyCode);
        }
        let candidates = self.candidates(tx, guess, &code, candidates)?;
        let open = self.open_to_guesses(tx, by, candidates)?;
        // Every candidate is compared, so that the time reveals nothing.
        let right = open.iter().enumerate().fold(None, |found, (number, waiting)| {
            let matches = self.is_code_of(&waiting.pending, &code);
            if matches { Some(number) } else { found }
        });
        let mut open = open.into_iter();
        let Some(right) = right.and_then(|number| open.nth(number)) else {
            for waiting in open {
                self.count_guess(tx, by, waiting)?;
            }
            return Err(Error::FaultyCode);
        };
        let PendingBox {
            target,
            provider,
            hash,
            aliases,
            range,
            counts_in_range,
            proof,
            ..
        } = right.remembered;
        let (letter, next) = match proof {
            Proof::CodeSent { letter, .. } => (Some(letter), None),
            Proof::SignIn { next, .. } | Proof::SignedIn { next, .. } => (None, next),
            Proof::Spelling { .. } | Proof::Write { .. } => (None, None),
        };
        Ok(Proven {
            range,
            counts_in_range,
            sent: Some((letter, code)),
            target,
            provider,
            hash,
            aliases,
            next,
            waited: right.pending,
        })
    }

    /// Returns those of the `candidates` that wait for a code of as many digits.
    fn candidates(
        &self,
        tx: &Tx<'_>,
        guess: &Guess<'_>,
        code: &Code,
        candidates: Vec<Pending>,
    ) -> Result<Vec<Candidate>> {
        let (by, now) = (guess.by, self.clock.now());
        let live = candidates.into_iter().filter(|pending| self.is_live(pending, by, now));
        let open = |pending: Pending| {
            // Nobody but the identity itself can do anything with a word.
            let remembered = self
                .open_pending(&pending)
                .filter(|found| found.proof.word().is_none())?;
            let identity = guess.at.unwrap_or(pending.id);
            Some(Candidate {
                pending,
                remembered,
                identity,
            })
        };
        let mut live: Vec<Candidate> = live.filter_map(open).collect();
        if live.is_empty() {
            return Err(Error::NothingWaits);
        }
        live.retain(|waiting| !waiting.remembered.proof.is_sign_in());
        if live.is_empty() && by == By::Target {
            return Err(Error::OAuth(OAuthFailure::NoState));
        }
        let mut live = self.delivered(tx, by, code, live)?;
        if code.is_empty() {
            return Err(Error::MissingCode);
        }
        // Codes of the first version are not stored.
        live.retain(|Candidate { remembered, .. }| {
            remembered.code.as_ref().is_none_or(|sent| sent.len() == code.len())
        });
        if live.is_empty() && by == By::Anybody {
            return Err(Error::NothingWaits);
        }
        Ok(live)
    }

    /// Returns those of the `candidates` that may still be guessed at. One guess is compared with every candidate, and
    /// counts as that many guesses.
    fn open_to_guesses(&self, tx: &Tx<'_>, by: By, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let identities: Vec<Mac> = candidates.iter().map(|waiting| waiting.identity).collect();
        let (mut open, mut refused) = (Vec::new(), None);
        for waiting in candidates {
            let compared = identities.iter().filter(|other| **other == waiting.identity).count();
            let compared = u32::try_from(compared).unwrap_or(u32::MAX);
            match self.check_guess(tx, by, &waiting, compared) {
                Ok(()) => open.push(waiting),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            // Otherwise anybody would learn that a registration waits.
            Some(_) if open.is_empty() && by == By::Anybody => Err(Error::NothingWaits),
            Some(error) if open.is_empty() => Err(error),
            _ => Ok(open),
        }
    }

    /// Refuses a guess if the day's guesses of anybody at that identity are used up, whether a registration waits there
    /// or not.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub(super) fn check_guesses_left(&self, tx: &Tx<'_>, by: By, identity: &Mac) -> Result<()> {
        match by {
            By::Target => Ok(()),
            By::Anybody => self.guesses_of_day(by, identity).check(tx, self.clock.now(), 1),
        }
    }

    /// Returns `true` if a guess by the target is one of those that it always has at each code.
    fn is_own_guess(by: By, pending: &Pending) -> bool {
        by == By::Target && pending.native_guesses < OWN_GUESSES
    }

    /// Checks if a code may be guessed at. The guesses of all targets at an identity count together, so that many JIDs
    /// have no more chances than one. For each code that it was sent, a target has a few guesses of its own.
    fn check_guess(&self, tx: &Tx<'_>, by: By, waiting: &Candidate, compared: u32) -> Result<()> {
        let Candidate {
            pending,
            remembered,
            identity,
        } = waiting;
        if Self::is_own_guess(by, pending) {
            return Ok(());
        }
        let now = self.clock.now();
        let day = self.guesses_of_day(by, identity);
        let month = self.guesses_of_month(identity, u32::MAX);
        read_ahead(tx, [&day, &month, &self.chances(&remembered.provider)])?;
        day.check(tx, now, compared)?;
        let Some(longer) = self.longer_by(remembered) else {
            return Ok(());
        };
        let good_for = self.settings.limits.guesses_per_day.saturating_mul(longer + 1);
        let is_too_short = self.alertness(tx, &remembered.provider)? > longer
            || self
                .guesses_of_month(identity, good_for)
                .check(tx, now, compared)
                .is_err();
        match is_too_short {
            // A longer code is sent after the code has expired, or at once on request.
            true => Err(Error::RequestLimitReached {
                retry_after: Duration::from_millis(pending.expires_at.saturating_sub(now)),
                limit: Limit::Guesses,
            }),
            false => Ok(()),
        }
    }

    fn count_guess(&self, tx: &Tx<'_>, by: By, waiting: Candidate) -> Result<()> {
        let Candidate {
            pending,
            remembered,
            identity,
        } = waiting;
        let now = self.clock.now();
        self.guesses_of_day(by, &identity).add(tx, now, 1)?;
        self.guesses_of_month(&identity, u32::MAX).add(tx, now, 1)?;
        if !Self::is_own_guess(by, &pending) {
            self.count_chances(tx, &remembered.provider, 1)?;
        }
        let Pending { id, owner, .. } = &pending;
        let most = self.settings.limits.guesses_per_code;
        match tx.count_guess(id, owner, by.guesser(), most)? {
            // A code that its target has used up is void for everybody. A code that others have used up is still valid
            // for its target.
            Counted::Allowed { used } if by == By::Target && used >= most => self.drop_pending(tx, id, owner).map(drop),
            _ => Ok(()),
        }
    }
}

/// Returns `true` if two words are equal. The time does not depend on the place where they differ.
pub(super) fn are_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
