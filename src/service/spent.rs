//! The used part of each budget, for admins.

use serde::Serialize;

use super::caller::Caller;
use super::error::{Error, Result};
use super::limits::DAY;
use super::operation::{Effort, Operation, Rights};
use super::{Core, Service};
use crate::clock::millis;
use crate::store::{Read, Window};

/// The used part of a budget. The shares of other servers are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// The name of the provider.
    pub provider: String,
    /// The beginning of the ids that it covers, as configured; empty: all.
    pub prefix: String,
    /// The codes that may be sent in a day.
    pub per_day: u32,
    /// The codes that were sent in this day.
    pub used: u32,
    /// The seconds until the day of the budget ends; 0 if it has not begun.
    pub seconds_left: u64,
}

/// Returns the used part of each budget.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct ListBudgets;

impl Operation for ListBudgets {
    type Reply = Vec<Spent>;
    const NAME: &'static str = "budgets";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<Vec<Spent>> {
        service.spent().await
    }
}

/// Takes back what was counted for budgets in their present day: for all of them, or for those of a provider. Returns their number.
/// The day goes on, and the shares of other servers stay as they are.
///
/// # Errors
/// As [`ListBudgets`], and `unknown_provider` if the provider has no budget.
#[derive(Clone, Debug)]
pub struct ResetBudgets {
    /// The name of the provider; `None`: all.
    pub provider: Option<String>,
}

impl Operation for ResetBudgets {
    type Reply = usize;
    const NAME: &'static str = "reset-budgets";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<usize> {
        service
            .change(move |core, tx| {
                let now = core.clock.now();
                let window = Window {
                    now,
                    ends_at: now.saturating_add(millis(DAY)),
                };
                let meant = |name: &str| self.provider.as_deref().is_none_or(|provider| provider == name);
                let budgets = core
                    .settings
                    .budgets
                    .iter()
                    .filter(|budget| meant(budget.provider.name()));
                let counters: Vec<_> = budgets.map(|budget| budget.counter(core)).collect();
                if counters.is_empty() && self.provider.is_some() {
                    return Err(Error::UnknownProvider);
                }
                counters
                    .iter()
                    .try_for_each(|counter| tx.count_back(&counter.key, u32::MAX, window))?;
                Ok(counters.len())
            })
            .await
    }
}

impl Service {
    /// Returns the used part of each budget.
    pub(crate) async fn spent(&self) -> Result<Vec<Spent>> {
        self.ask(|core, tx| core.spent(tx)).await
    }
}

impl Core {
    fn spent(&self, tx: &dyn Read) -> Result<Vec<Spent>> {
        let now = self.clock.now();
        let of = |budget: &super::Budget| {
            let quota = tx.quota(&budget.counter(self).key)?;
            let quota = quota.filter(|quota| quota.resets_at > now);
            Ok(Spent {
                provider: budget.provider.name().to_owned(),
                prefix: budget.prefix.clone(),
                per_day: budget.per_day,
                used: quota.map_or(0, |quota| quota.used),
                seconds_left: quota.map_or(0, |quota| (quota.resets_at - now).div_ceil(1000)),
            })
        };
        self.settings.budgets.iter().map(of).collect()
    }
}
