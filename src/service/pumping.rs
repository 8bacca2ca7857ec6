//! Closes ranges of numbers where codes are sent and not entered. Some operators share what a message costs with the owners of
//! numbers, who have codes sent to these (pumping).
//!
//! A range is a beginning of numbers that one operator has, so that closing it concerns few people. Only codes that a gateway has
//! taken count, and two an hour of each requester: so it takes many accounts or networks to close a range. It stays open for the own
//! server's accounts, each of which has its two codes. After an hour it opens again for all.

use std::time::Duration;

use super::error::{Limit, Result};
use super::growth::Payer;
use super::limits::Counter;
use super::{By, Core, Tx};
use crate::clock::millis;
use crate::meters;
use crate::model::server::customer_of;
use crate::model::{Identity, Mac, Provider};
use crate::provider;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Codes of one requester that count in an hour.
const OF_REQUESTER: u32 = 2;
/// The share of codes that people enter at least, in percent.
const ENTERED: u32 = 10;

impl Core {
    fn in_range(&self, what: &str, range: &str, limit: u32) -> Counter {
        Counter {
            key: self.keys.quota(&format!("{what} in range {range}"), &[]),
            name: Limit::Budget,
            limit,
            window: HOUR,
        }
    }

    /// Refuses a code to a range that is closed, unless it is one that an account of the own server has for itself.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub(super) fn check_range(&self, tx: &Tx<'_>, payer: Payer<'_>, identity: &Identity) -> Result<()> {
        let Some(range) = self.watched_range(identity) else {
            return Ok(());
        };
        let now = self.clock.now();
        let is_own = payer.by == By::Target && self.is_own(payer.jid);
        match is_own && self.by_requester(payer, range).used(tx, now)? < OF_REQUESTER {
            true => Ok(()),
            false => self.in_range("closed", range, 0).check_closed(tx, now),
        }
    }

    /// Returns `true` if a code is one that counts in its range when a gateway has taken it.
    pub(super) fn counts_in_range(&self, tx: &Tx<'_>, payer: Payer<'_>, identity: &Identity) -> Result<bool> {
        if let Some(range) = range_of(identity) {
            self.meter_range(&identity.provider, range, "asked");
        }
        match self.watched_range(identity) {
            Some(range) => self.by_requester(payer, range).try_take(tx, self.clock.now()),
            None => Ok(false),
        }
    }

    /// Counts a code that a gateway has taken, and closes its range if too few are entered there.
    pub(super) fn count_in_range(&self, tx: &Tx<'_>, identity: &Identity) -> Result<()> {
        let Some(range) = self.watched_range(identity) else {
            return Ok(());
        };
        let (now, most) = (self.clock.now(), self.settings.limits.unentered_codes_per_range);
        let sent = self.in_range("codes", range, most);
        let count = sent.add(tx, now, 1)?;
        let ends_at = tx.quota(&sent.key)?.map_or(now, |quota| quota.resets_at);
        let entered = self.entered(range, ends_at).used(tx, now)?;
        // People need time to enter the first ones.
        let patience = self.settings.codes.of(&identity.provider).expires.min(HOUR / 2);
        let is_early = now + millis(HOUR) < ends_at + millis(patience);
        let is_enough = entered.saturating_mul(100) >= count.saturating_mul(ENTERED);
        match count < most || is_early || is_enough {
            true => Ok(()),
            false => self.close_range(tx, range, count, entered),
        }
    }

    fn close_range(&self, tx: &Tx<'_>, range: &str, sent: u32, entered: u32) -> Result<()> {
        self.in_range("closed", range, 1).add(tx, self.clock.now(), 1)?;
        meters::range_closed();
        tracing::error!(
            range,
            sent,
            entered,
            remedy = "if nobody there is one of your users, take the range off allowed_prefixes, or give it a small budget; if it is a \
                      false alarm, raise limits.unentered_codes_per_range",
            "codes to a range of numbers are not entered: somebody may make you pay; for an hour, only accounts of your server get codes there, two each"
        );
        Ok(())
    }

    /// Notes that a code was entered that counts in its range.
    pub(super) fn note_entered(&self, tx: &Tx<'_>, range: &str) -> Result<()> {
        let now = self.clock.now();
        let sent = tx.quota(&self.in_range("codes", range, 0).key)?;
        match sent.filter(|sent| sent.resets_at > now) {
            Some(sent) => self.entered(range, sent.resets_at).add(tx, now, 1).map(drop),
            None => Ok(()),
        }
    }

    /// Counts the codes that are entered in the window of those that are sent.
    fn entered(&self, range: &str, ends_at: u64) -> Counter {
        self.in_range(&format!("entered until {ends_at}"), range, u32::MAX)
    }

    /// Returns the range of an identity, if ranges are closed at all.
    fn watched_range<'a>(&self, identity: &'a Identity) -> Option<&'a str> {
        range_of(identity).filter(|_| self.settings.limits.unentered_codes_per_range > 0)
    }

    /// Counts the codes of whoever cannot make up many of its kind: an account of the own server, another server, a network.
    fn by_requester(&self, payer: Payer<'_>, range: &str) -> Counter {
        let key = |who: &str, parts: &[&Mac]| self.keys.quota(&format!("codes of {who} in range {range}"), parts);
        let key = match (payer.by, payer.address) {
            (By::Anybody, Some(address)) => key(&format!("network {}", customer_of(address)), &[]),
            _ if self.is_own(payer.jid) => key("account", &[&self.keys.owner(payer.jid)]),
            _ => key("server", &[&self.server(payer.jid)]),
        };
        Counter {
            key,
            ..self.in_range("codes", range, OF_REQUESTER)
        }
    }

    /// Counts what becomes of codes by the longest prefix that has a budget.
    pub(super) fn meter_range(&self, provider: &Provider, range: &str, result: &'static str) {
        let budgets = self.settings.budgets.iter();
        let covering = budgets.filter(|budget| budget.provider == *provider && range.starts_with(&budget.prefix));
        if let Some(budget) = covering.max_by_key(|budget| budget.prefix.len()) {
            meters::code_to_prefix(provider.name(), &budget.prefix, result);
        }
    }
}

/// Returns the range of an identity, if its provider has ranges.
pub(super) fn range_of(identity: &Identity) -> Option<&str> {
    let range = provider::kind(&identity.provider)?.range;
    range(&identity.id)
}
