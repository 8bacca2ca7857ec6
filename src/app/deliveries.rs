//! The workers that deliver over the channels of the configuration.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Supervisor;
use crate::channel::Channel;
use crate::outbox::Outbox;
use crate::store::Queue;

/// A queue and the channel that delivers its messages.
pub type Route = (Queue, Arc<dyn Channel>);

/// The workers. Clones are the same.
#[derive(Clone)]
pub struct Deliveries {
    outbox: Outbox,
    supervisor: Supervisor,
    work: TaskTracker,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    routes: Vec<Route>,
    stop: CancellationToken,
}

impl Deliveries {
    /// Delivers nothing yet. The workers are tasks of `work`.
    pub fn new(outbox: Outbox, supervisor: Supervisor, work: TaskTracker) -> Self {
        Self {
            outbox,
            supervisor,
            work,
            current: Arc::default(),
        }
    }

    /// Delivers over other channels from now on. Messages that are being sent go over the former ones.
    pub fn exchange(&self, routes: Vec<Route>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.routes = routes;
        self.begin(&mut current);
    }

    /// Reads all messages anew: their times may have been changed.
    pub fn restart(&self) {
        self.begin(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn begin(&self, current: &mut Current) {
        current.stop.cancel();
        current.stop = self.supervisor.stop.child_token();
        for (queue, channel) in current.routes.clone() {
            let supervisor = Supervisor {
                stop: current.stop.clone(),
                ..self.supervisor.clone()
            };
            let outbox = self.outbox.until(current.stop.clone());
            self.work.spawn(supervisor.watch(outbox.deliver(queue, channel)));
        }
    }
}
