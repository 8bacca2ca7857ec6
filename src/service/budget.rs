//! Budgets: how many codes a day may cost money or a good name, whoever asks for them.
//!
//! What is left of one is durable, and counted in the transaction that puts the message into the outbox. A code that the
//! gateway then refuses has been counted, too: gateways charge for some of them, and tries are what an attacker makes. What
//! is tried again after that counts again.

use super::error::{Error, Result};
use super::limits::{Counter, DAY};
use super::{Core, Service, Tx};
use crate::clock::Millis;
use crate::model::{Identity, Mac, Provider};

/// How many codes are sent in a day to everything that begins alike.
#[derive(Clone, Debug)]
pub struct Budget {
    /// What is sent: text messages or mails.
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

    fn counter(&self, core: &Core) -> Counter {
        let what = format!("budget of {} {}", self.provider.name(), self.prefix);
        Counter {
            key: core.keys.quota(&what, &[]),
            limit: self.per_day,
            window: DAY,
        }
    }

    /// Tells the admin, once in a day each, that little or nothing is left now that `used` are.
    fn watch(&self, used: u32) {
        let (provider, prefix, budget) = (self.provider.name(), self.prefix.as_str(), self.per_day);
        if used == budget {
            tracing::error!(
                provider,
                prefix,
                budget,
                remedy = "if these are your users, raise the budget in the provider's section; if not, somebody makes \
                          you pay: lower limits.codes_per_address_per_day, or take the prefix off allowed_prefixes",
                "a budget is used up: no more codes are sent there until a day after its first"
            );
        } else if used == nearly(budget) {
            tracing::warn!(provider, prefix, budget, used, "a budget is nearly used up");
        }
    }
}

/// Four fifths.
fn nearly(budget: u32) -> u32 {
    budget - budget / 5
}

impl Service {
    /// Puts a message off until `due_at`. If it was read and may have its price, the next try counts as a message to `paid`;
    /// tells whether there will be one, because the budgets allow it.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn put_off(&self, row: i64, due_at: Millis, paid: Option<Identity>) -> Result<bool> {
        self.change(move |core, tx| {
            let budgets = paid.iter().flat_map(|identity| core.budgets_for(identity));
            let budgets: Vec<_> = budgets.collect();
            let now = core.clock.now();
            let allowed = budgets.iter().try_for_each(|(_, counter)| counter.check(tx, now, 1));
            match allowed {
                Err(Error::RequestLimitReached { .. }) => {
                    tx.remove(row)?;
                    Ok(false)
                }
                Err(error) => Err(error),
                // It may have been withdrawn meanwhile.
                Ok(()) if tx.message(row)?.is_none() => Ok(true),
                Ok(()) => {
                    core.spend(tx, &budgets)?;
                    tx.retry(row, due_at)?;
                    Ok(true)
                }
            }
        })
        .await
    }
}

impl Core {
    /// The counters of all budgets that cover `identity`, each with its budget.
    pub(super) fn budgets_for(&self, identity: &Identity) -> Vec<(&Budget, Counter)> {
        let budgets = self.settings.budgets.iter();
        let covering = budgets.filter(|budget| budget.covers(identity));
        covering.map(|budget| (budget, budget.counter(self))).collect()
    }

    /// Under which names the codes of all budgets are counted.
    pub(super) fn budget_names(&self) -> impl Iterator<Item = Mac> {
        self.settings.budgets.iter().map(|budget| budget.counter(self).key)
    }

    /// Takes one code off each.
    pub(super) fn spend(&self, tx: &Tx<'_>, budgets: &[(&Budget, Counter)]) -> Result<()> {
        for (budget, counter) in budgets {
            budget.watch(counter.add(tx, self.clock.now(), 1)?);
        }
        Ok(())
    }
}
