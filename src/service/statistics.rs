//! Statistics for the admin: counts, and nothing about a person.

use std::time::Duration;

use tokio::runtime::Handle;

use super::caller::Caller;
use super::error::Result;
use super::operation::{Effort, Operation, Rights};
use super::{Service, settle};
use crate::store::{self, Counts, Read, StoreError};

/// The counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The number of rows of each table.
    pub counts: Counts,
    /// The time for which the service has been running.
    pub uptime: Duration,
}

/// Counts the rows of all tables, for an admin.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct Count;

impl Operation for Count {
    type Reply = Statistics;
    const NAME: &'static str = "statistics";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<Statistics> {
        Ok(Statistics {
            counts: service.count().await?,
            uptime: service.uptime(),
        })
    }
}

impl Service {
    /// Returns the number of rows of each table.
    pub(crate) async fn count(&self) -> Result<Counts> {
        self.ask_apart(|tx| tx.counts()).await
    }

    /// Returns the answer to a question about many rows, on a thread that nobody waits for: counting ten million takes seconds.
    #[allow(clippy::disallowed_methods, reason = "on a thread for what blocks")]
    pub(super) async fn ask_apart<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Read) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (service, runtime) = (self.clone(), Handle::current());
        let counting = move || runtime.block_on(service.store.read(question));
        let counted = tokio::task::spawn_blocking(counting).await;
        let failed = |_| StoreError::Unavailable("rows cannot be counted".into());
        settle(counted.map_err(failed).flatten().map(Ok))
    }
}
