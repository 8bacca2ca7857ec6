//! The outbox, as admins see it: numbers of messages, and nothing of their contents.

use super::caller::Caller;
use super::error::Result;
use super::operation::{Effort, Operation, Rights};
use super::{Service, settle};
use crate::provider::KINDS;
use crate::store::{self, Queue, Waiting};

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

/// Has mails, text messages and requests for peers tried now that wait for another try. Returns the number of those that were not due. Messages by XMPP
/// wait for the XMPP server alone, and those that came back are not sent again earlier than it makes sense.
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
        let hastened = service.change(|core, tx| {
            let queues = KINDS
                .iter()
                .map(|kind| kind.queue)
                .filter(|queue| *queue != Queue::XMPP)
                .chain([Queue::PEERS]);
            let counts = queues.map(|queue| tx.hasten(queue, core.clock.now()));
            Ok(counts.sum::<store::Result<usize>>()?)
        });
        let hastened = hastened.await?;
        service.hasten();
        Ok(hastened)
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
        self.ask_apart(|tx| tx.waiting()).await
    }

    /// Returns the size of the database and of its journal.
    pub(crate) async fn bytes(&self) -> Result<(u64, Option<u64>)> {
        settle(self.store.read(|tx| tx.bytes()).await.map(Ok))
    }
}
