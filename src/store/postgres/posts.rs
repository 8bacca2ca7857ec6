//! News of messages that were put into queues, here and by other instances.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::{Queue, Subscription};

/// Wakes the workers of this instance, and collects what others are to be told.
#[derive(Default)]
pub struct Posts {
    workers: Mutex<HashMap<u8, watch::Sender<()>>>,
    untold: Mutex<BTreeSet<u8>>,
    has_untold: Notify,
}

impl Posts {
    /// Messages were put into these queues, and are durable.
    pub fn post(&self, queues: BTreeSet<Queue>) {
        if queues.is_empty() {
            return;
        }
        let numbers: BTreeSet<u8> = queues.into_iter().map(Queue::number).collect();
        self.wake(&numbers);
        self.tell_later(numbers);
    }

    /// Has others told of messages in these queues.
    pub fn tell_later(&self, queues: BTreeSet<u8>) {
        if !queues.is_empty() {
            locked(&self.untold).extend(queues);
            self.has_untold.notify_one();
        }
    }

    /// Wakes the workers of queues.
    pub fn wake(&self, queues: &BTreeSet<u8>) {
        let workers = locked(&self.workers);
        for worker in queues.iter().filter_map(|queue| workers.get(queue)) {
            worker.send_replace(());
        }
    }

    /// Wakes all workers: others may have put messages there while nothing was heard of them.
    pub fn wake_all(&self) {
        for worker in locked(&self.workers).values() {
            worker.send_replace(());
        }
    }

    /// Waits for messages in `queue`.
    pub fn subscribe(&self, queue: Queue) -> Subscription {
        Subscription::new(locked(&self.workers).entry(queue.number()).or_default().subscribe())
    }

    /// Returns the queues of which others have not been told; waits if there is none.
    pub async fn untold(&self) -> BTreeSet<u8> {
        loop {
            let untold = std::mem::take(&mut *locked(&self.untold));
            if !untold.is_empty() {
                return untold;
            }
            self.has_untold.notified().await;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
