//! Messages that a worker gets from the change that makes them, so that it need not read them from the store.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};

use super::Service;
use super::due::Due;

/// The time for which a message that is handed over is not due. By then, the worker has sent and removed it, or reads it as any other.
pub(crate) const HANDED: Duration = Duration::from_secs(7);
/// The largest number of messages on the way. More are due at once, and read from the store.
const MOST: usize = 4096;

/// The way to the worker of the messages by XMPP.
#[derive(Default)]
pub(super) struct Handover(Mutex<Option<Sender<Due>>>);

impl Handover {
    /// Returns a place on the way, if there is a worker and room.
    pub(super) fn place(&self) -> Option<OwnedPermit<Due>> {
        self.locked().clone()?.try_reserve_owned().ok()
    }

    fn locked(&self) -> MutexGuard<'_, Option<Sender<Due>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worker's end.
pub(crate) struct Handed(Receiver<Due>);

impl Handed {
    /// Returns the next messages, at most `most`. Resolves when there is one.
    pub(crate) async fn next(&mut self, most: usize) -> Vec<Due> {
        let mut some = Vec::new();
        match self.0.recv_many(&mut some, most).await {
            0 => std::future::pending().await,
            _ => some,
        }
    }
}

impl Service {
    /// Hands over the messages by XMPP that are made from now on, as soon as they are durable. Those of a shared store are not: another
    /// instance may send them. A message that is not sent within some seconds is due as any other.
    pub(crate) fn hand_over(&self) -> Handed {
        let (sender, receiver) = channel(MOST);
        if !self.store.is_shared() {
            *self.frame.load().handover.locked() = Some(sender);
        }
        Handed(receiver)
    }
}
