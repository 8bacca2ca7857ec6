//! The channels of the configuration. A reload exchanges them under their workers, which go on: what is being sent goes over the
//! former channel.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::Supervisor;
use crate::channel::{Channel, Letter, Places, Report, SendError, Sent, Trouble};
use crate::health::Health;
use crate::outbox::Outbox;
use crate::store::Queue;

/// A queue and the channel that delivers its messages.
pub type Route = (Queue, Arc<dyn Channel>);

/// The channels, each with its worker.
pub struct Channels {
    outbox: Outbox,
    supervisor: Supervisor,
    work: TaskTracker,
    by_queue: BTreeMap<Queue, Arc<Exchangeable>>,
}

impl Channels {
    /// Delivers nothing yet. The workers are tasks of `work`.
    pub fn new(outbox: Outbox, supervisor: Supervisor, work: TaskTracker) -> Self {
        Self {
            outbox,
            supervisor,
            work,
            by_queue: BTreeMap::new(),
        }
    }

    /// Delivers over these channels from now on. Messages of other queues wait.
    pub fn exchange(&mut self, routes: Vec<Route>, health: &Health) {
        health.offers(routes.iter().map(|(queue, _)| queue.name()).chain([Queue::XMPP.name()]));
        let mut routes: BTreeMap<Queue, Arc<dyn Channel>> = routes.into_iter().collect();
        for (queue, channel) in &self.by_queue {
            channel.exchange(routes.remove(queue));
        }
        for (queue, channel) in routes {
            let channel = Arc::new(Exchangeable::new(channel));
            self.by_queue.insert(queue, channel.clone());
            let work = self.outbox.clone().deliver(queue, channel.clone());
            self.work.spawn(self.supervisor.clone().watch(work));
            let reports = self.outbox.clone().take_reports(channel);
            self.work.spawn(self.supervisor.clone().watch(reports));
        }
    }

    /// Ends connections that are kept. Nothing is sent any more.
    pub async fn close(&self) {
        join_all(self.by_queue.values().map(|channel| channel.close())).await;
    }
}

/// A channel that another one can take the place of, of the same kind. It takes messages one by one. A former one ends its connections
/// when it has sent what it had.
struct Exchangeable {
    now: ArcSwapOption<Arc<dyn Channel>>,
    places: Places,
    pauses: &'static [Duration],
    exchanged: Notify,
}

impl Exchangeable {
    fn new(channel: Arc<dyn Channel>) -> Self {
        Self {
            places: channel.places(),
            pauses: channel.pauses(),
            now: ArcSwapOption::from_pointee(channel),
            exchanged: Notify::new(),
        }
    }

    fn exchange(&self, channel: Option<Arc<dyn Channel>>) {
        self.now.store(channel.map(Arc::new));
        self.exchanged.notify_one();
    }
}

impl Channel for Exchangeable {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        let channel = self.now.load_full();
        async move {
            let Some(channel) = channel else {
                let gone = Trouble::refused("its section under [providers] is not in the configuration any more");
                return letters.iter().map(|_| Err(SendError::Retry(gone.clone()))).collect();
            };
            channel.send(letters).await
        }
        .boxed()
    }

    fn places(&self) -> Places {
        self.places
    }

    fn pauses(&self) -> &'static [Duration] {
        self.pauses
    }

    fn destination(&self, letter: &Letter) -> String {
        let channel = self.now.load_full();
        channel.map(|channel| channel.destination(letter)).unwrap_or_default()
    }

    fn next_report(&self) -> BoxFuture<'_, Report> {
        async {
            loop {
                let channel = self.now.load_full();
                let report = channel.as_ref().map(|channel| channel.next_report());
                tokio::select! {
                    report = report.unwrap_or_else(|| std::future::pending().boxed()) => return report,
                    () = self.exchanged.notified() => {}
                }
            }
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let channel = self.now.load_full();
        async move {
            if let Some(channel) = channel {
                channel.close().await;
            }
        }
        .boxed()
    }

    fn cut_off(&self) -> SendError {
        let stopped = || SendError::Retry(Trouble::of_message("the service was stopped"));
        self.now.load_full().map_or_else(stopped, |channel| channel.cut_off())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Own;

    impl Channel for Own {
        fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
            std::future::ready(letters.iter().map(|_| Ok(())).collect()).boxed()
        }

        fn places(&self) -> Places {
            Places { all: 3, each: 2 }
        }

        fn pauses(&self) -> &'static [Duration] {
            const { &[Duration::from_secs(320)] }
        }
    }

    #[test]
    fn what_is_exchanged_keeps_the_ways_of_its_channel() {
        let channel = Exchangeable::new(Arc::new(Own));
        assert_eq!(channel.pauses(), Own.pauses());
        assert_eq!((channel.places().all, channel.places().each), (3, 2));
        channel.exchange(None);
        assert_eq!(channel.pauses(), Own.pauses());
    }
}
