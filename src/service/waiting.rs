//! The outbox, as admins see it: numbers of messages, and nothing of their contents.

use super::caller::Caller;
use super::error::Result;
use super::operation::{Effort, Operation, Rights};
use super::{Service, settle};
use crate::store::Waiting;

/// Returns the messages of each queue that are still to be sent.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct ListWaiting;

impl Operation for ListWaiting {
    type Reply = Vec<Waiting>;
    const NAME: &'static str = "outbox";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<Vec<Waiting>> {
        service.waiting().await
    }
}

/// Makes all messages due that are still to be sent. Returns the number of those that were not. The workers learn of it when they
/// begin anew.
///
/// # Errors
/// As [`ListWaiting`].
#[derive(Clone, Copy, Debug)]
pub struct Hasten;

impl Operation for Hasten {
    type Reply = usize;
    const NAME: &'static str = "retry-now";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<usize> {
        service.change(|core, tx| Ok(tx.hasten(core.clock.now())?)).await
    }
}

/// Removes messages that have expired, as the service also does each minute. Returns their number.
///
/// # Errors
/// As [`ListWaiting`].
#[derive(Clone, Copy, Debug)]
pub struct DropExpired;

impl Operation for DropExpired {
    type Reply = usize;
    const NAME: &'static str = "drop-expired";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<usize> {
        Ok(service.purge().await?.outbox)
    }
}

impl Service {
    /// Returns the messages of each queue that are still to be sent.
    pub(crate) async fn waiting(&self) -> Result<Vec<Waiting>> {
        self.ask(|_, tx| Ok(tx.waiting()?)).await
    }

    /// Returns the size of the database and of its journal.
    pub(crate) async fn bytes(&self) -> Result<(u64, Option<u64>)> {
        settle(self.store.read(|tx| tx.bytes()).await.map(Ok))
    }
}
