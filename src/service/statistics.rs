//! What an admin wants to know: how much there is, and nothing about whom.

use std::time::Duration;

use tokio::runtime::Handle;

use super::Service;
use super::error::{Error, Result};
use crate::store::{Counts, StoreError};

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// What is in the store.
    pub counts: Counts,
    /// For how long the service has been running.
    pub uptime: Duration,
}

impl Service {
    /// How much there is at this moment.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn statistics(&self) -> Result<Statistics> {
        Ok(Statistics {
            counts: self.count().await?,
            uptime: self.uptime(),
        })
    }

    /// On a thread where nobody waits: to count ten million rows takes seconds.
    async fn count(&self) -> Result<Counts> {
        let (service, runtime) = (self.clone(), Handle::current());
        let counting = move || runtime.block_on(service.ask(|_, tx| Ok(tx.counts()?)));
        let counted = tokio::task::spawn_blocking(counting).await;
        counted.map_err(|_| Error::Internal(StoreError::Unavailable("rows cannot be counted".into())))?
    }
}
