//! Budgets: the number of codes a day that cost money or reputation, whoever asks for them.
//!
//! The used part of a budget is durable, and is counted in the transaction that puts the message into the outbox. A
//! code that the gateway then refuses has counted as well, because gateways charge for some of them, and an attacker
//! can make many tries. A later try of the same message counts again.
//!
//! One other server has a share of each budget, and all other servers together have another: the rest is for the own
//! server's people. Over HTTP nobody vouches for the requester, so all requesters there count among the others, and
//! have shares by the target's server and by the client's network.

use super::error::{Error, Limit, Result};
use super::growth::Payer;
use super::limits::{Counter, DAY};
use super::{By, Core, Service, Tx};
use crate::channel::{Letter, Message};
use crate::clock::Millis;
use crate::model::server::customer_of;
use crate::model::{Identity, Mac, Provider};

/// The number of codes a day to ids with a common prefix.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The provider: text messages or mails.
    pub provider: Provider,
    /// The beginning of the ids that it covers; empty: all. Where several budgets cover an id, each counts.
    pub prefix: String,
    /// Codes in a day, which begins with the first.
    pub per_day: u32,
}

impl Budget {
    fn covers(&self, identity: &Identity) -> bool {
        self.provider == identity.provider && identity.id.starts_with(&self.prefix)
    }

    pub(super) fn counter(&self, core: &Core) -> Counter {
        let what = format!("budget of {} {}", self.provider.name(), self.prefix);
        Counter {
            key: core.keys.quota(&what, &[]),
            name: Limit::Budget,
            limit: self.per_day,
            window: DAY,
        }
    }

    /// Tells the admin, each at most once a day, that little or nothing of the budget is left now that `used` codes are
    /// counted.
    fn watch(&self, used: u32) {
        let (provider, prefix, budget) = (self.provider.name(), self.prefix.as_str(), self.per_day);
        if used == budget {
            tracing::error!(
                provider,
                prefix,
                budget,
                remedy = "if these are your users, raise the budget in the provider's section; if not, somebody makes \
                          you pay: lower limits.codes_per_address_per_day, remove the prefix from allowed_prefixes, or set \
                          access.register",
                "a budget is used up: no more codes are sent there until a day after its first"
            );
        } else if used == nearly(budget) {
            tracing::warn!(provider, prefix, budget, used, "a budget is nearly used up");
        }
    }
}

/// Returns four fifths of `budget`.
fn nearly(budget: u32) -> u32 {
    budget - budget / 5
}

impl Service {
    /// Puts a message off until `due_at`. If the gateway read it and may charge for it, it is `paid`: the next try counts as a
    /// message to its identity. Returns `true` if there will be a next try, because the budgets and the share of its target's server
    /// allow it; otherwise its code was not delivered.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn put_off(&self, row: i64, due_at: Millis, paid: Option<Letter>) -> Result<bool> {
        self.change(move |core, tx| {
            let (budgets, shares) = match paid.as_ref().map(|letter| &letter.message) {
                Some(Message::Code { identity, target, .. }) => {
                    let shares = core.shares_for(Payer::sender(target), identity);
                    (core.budgets_for(identity), shares)
                }
                _ => Default::default(),
            };
            let now = core.clock.now();
            let mut all = shares.iter().chain(budgets.iter().map(|(_, counter)| counter));
            let allowed = all.try_for_each(|counter| counter.check(tx, now, 1));
            match allowed {
                Err(Error::RequestLimitReached { .. }) => {
                    if tx.remove(row)?
                        && let Some(letter) = &paid
                    {
                        core.note_undelivered(tx, letter)?;
                    }
                    Ok(false)
                }
                Err(error) => Err(error),
                // It may have been withdrawn meanwhile.
                Ok(()) if tx.message(row)?.is_none() => Ok(true),
                Ok(()) => {
                    core.spend(tx, &budgets)?;
                    shares.iter().try_for_each(|share| share.add(tx, now, 1).map(drop))?;
                    tx.retry(row, due_at)?;
                    Ok(true)
                }
            }
        })
        .await
    }
}

/// The share of a budget that others may use, in percent; at least one code.
#[derive(Clone, Copy, Debug)]
struct Percent(u8);

impl Percent {
    fn of(self, budget: &Budget) -> u32 {
        let share = u64::from(budget.per_day) * u64::from(self.0) / 100;
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

impl Core {
    /// Returns the counters of the shares that `payer` has of all budgets that cover `identity`.
    pub(super) fn shares_for(&self, payer: Payer<'_>, identity: &Identity) -> Vec<Counter> {
        let budgets = self.settings.budgets.iter().filter(|budget| budget.covers(identity));
        budgets.flat_map(|budget| self.shares_of(payer, budget)).collect()
    }

    fn shares_of(&self, payer: Payer<'_>, budget: &Budget) -> Vec<Counter> {
        let limits = &self.settings.limits;
        let (of_one, of_all) = (
            Percent(limits.budget_percent_per_server),
            Percent(limits.budget_percent_of_others),
        );
        let counter = |whose: &str, share: Percent, parts: &[&Mac]| Counter {
            key: self.keys.quota(
                &format!("{} {} of {whose}", budget.provider.name(), budget.prefix),
                parts,
            ),
            name: Limit::Budget,
            limit: share.of(budget),
            window: DAY,
        };
        let is_own = self.is_own(payer.jid);
        let server = self.server(payer.jid);
        let mut shares = match payer.by {
            By::Target if is_own => return Vec::new(),
            By::Target => vec![counter("server", of_one, &[&server])],
            // A request over HTTP in the name of one of the own server's people may be anybody's.
            By::Anybody if is_own => Vec::new(),
            By::Anybody => vec![counter("server over http", of_one, &[&server])],
        };
        let network = payer.address.map(customer_of);
        shares.extend(network.map(|network| counter(&format!("network {network}"), of_one, &[])));
        shares.push(counter("others", of_all, &[]));
        shares
    }

    /// Returns the counters of all budgets that cover `identity`, each with its budget.
    pub(super) fn budgets_for(&self, identity: &Identity) -> Vec<(&Budget, Counter)> {
        let budgets = self.settings.budgets.iter();
        let covering = budgets.filter(|budget| budget.covers(identity));
        covering.map(|budget| (budget, budget.counter(self))).collect()
    }

    /// Returns the names of the counters of all budgets.
    pub(super) fn budget_names(&self) -> impl Iterator<Item = Mac> {
        self.settings.budgets.iter().map(|budget| budget.counter(self).key)
    }

    /// Counts one code in each budget.
    pub(super) fn spend(&self, tx: &Tx<'_>, budgets: &[(&Budget, Counter)]) -> Result<()> {
        for (budget, counter) in budgets {
            budget.watch(counter.add(tx, self.clock.now(), 1)?);
        }
        Ok(())
    }
}
