//! The chances of an attacker who would take over any identity of a provider, by guesses at all its codes.

use super::error::{Limit, Result};
use super::limits::{Counter, DAY};
use super::{Core, Tx};
use crate::model::{Mac, Provider};
use crate::provider::KINDS;

/// The wrong codes that the target itself may enter for each code that it was sent, whatever others have guessed.
pub(super) const OWN_GUESSES: u32 = 2;

impl Core {
    /// Counts the chances of a day: each code that is sent counts for the guesses that its target always has, and each
    /// other wrong guess for one. A code that is entered gives back the unused ones of these. So the count is of codes
    /// that nobody enters and of wrong codes.
    pub(super) fn chances(&self, provider: &Provider) -> Counter {
        Counter {
            key: self.keys.quota(&format!("guesses at all {}", provider.name()), &[]),
            name: Limit::Guesses,
            limit: u32::MAX,
            window: DAY,
        }
    }

    /// Returns the names of the counters of chances.
    pub(super) fn chance_names(&self) -> impl Iterator<Item = Mac> {
        KINDS.iter().map(|kind| self.chances(&kind.name.into()).key)
    }

    /// Returns the number of digits that the provider's codes have beyond the configured ones, because of all guesses
    /// at them.
    pub(super) fn alertness(&self, tx: &Tx<'_>, provider: &Provider) -> Result<u32> {
        let used = self.chances(provider).used(tx, self.clock.now())?;
        Ok(used / self.settings.limits.guesses_in_all_per_day.max(1))
    }

    /// Counts `more` chances, and tells the admin each time that codes become longer.
    pub(super) fn count_chances(&self, tx: &Tx<'_>, provider: &Provider, more: u32) -> Result<()> {
        let used = self.chances(provider).add(tx, self.clock.now(), more)?;
        let per_digit = self.settings.limits.guesses_in_all_per_day.max(1);
        if used / per_digit > (used - more) / per_digit {
            tracing::error!(
                provider = provider.name(),
                guesses = used,
                digits = self.digits_with(provider, used / per_digit),
                remedy = "if these are your users, raise limits.guesses_in_all_per_day; if not, somebody tries to take over \
                          identities: lower the budgets, limits.codes_per_address_per_day and limits.codes_per_target_per_day",
                "many codes are entered wrong or not at all: from now on, codes have more digits"
            );
        }
        Ok(())
    }
}
