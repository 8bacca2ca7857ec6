//! What an admin wants to know: how much there is, and nothing about whom.

use std::time::Duration;

use super::Service;
use super::error::Result;
use crate::store::Counts;

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
            counts: self.ask(|_, tx| Ok(tx.counts()?)).await?,
            uptime: self.uptime(),
        })
    }
}
