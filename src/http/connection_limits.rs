//! Limits the connections at once, in total and of one address. Nobody is refused: a new one closes the one that has
//! been idle for the longest time, so that clients with a request are served.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::clock::{Millis, millis};

/// Counts the open connections, and closes those that are too many or stuck.
pub struct ConnectionLimits {
    most: usize,
    most_of_site: usize,
    /// The time from which `last_request` is measured.
    started: Instant,
    open: Mutex<Open>,
}

/// The open connections.
#[derive(Default)]
struct Open {
    connections: HashMap<u64, OpenConnection>,
    /// The number of connections of each address.
    of_site: HashMap<IpAddr, usize>,
    /// The number of the next connection.
    next: u64,
}

struct OpenConnection {
    site: Option<IpAddr>,
    last_request: Arc<AtomicU64>,
    task: AbortHandle,
}

/// An open connection. It counts until this is dropped.
pub struct CountedConnection {
    limits: Arc<ConnectionLimits>,
    number: u64,
    /// The time at which the last request began.
    last_request: Arc<AtomicU64>,
}

impl ConnectionLimits {
    /// Allows `most` connections, at most `most_of_site` of them of one address; both are at least 1.
    pub fn new(most: usize, most_of_site: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_site,
            started: Instant::now(),
            open: Mutex::default(),
        })
    }

    /// Counts a new connection, which `serve` starts to serve. One without a `site` is a proxy's: it counts in total only.
    pub fn open(self: &Arc<Self>, site: Option<IpAddr>, serve: impl FnOnce(CountedConnection) -> AbortHandle) {
        let mut open = self.lock();
        let of_site = site.and_then(|site| open.of_site.get(&site).copied());
        let surplus = if of_site.is_some_and(|count| count >= self.most_of_site) {
            open.remove_idlest(|connection| connection.site == site)
        } else if open.connections.len() >= self.most {
            open.remove_idlest(|_| true)
        } else {
            None
        };
        let number = open.next;
        open.next += 1;
        let last_request = Arc::new(AtomicU64::new(self.now()));
        let counted = CountedConnection {
            limits: self.clone(),
            number,
            last_request: last_request.clone(),
        };
        let connection = OpenConnection {
            site,
            last_request,
            task: serve(counted),
        };
        open.connections.insert(number, connection);
        site.into_iter()
            .for_each(|site| *open.of_site.entry(site).or_default() += 1);
        drop(open);
        surplus.iter().for_each(AbortHandle::abort);
    }

    /// Ends the connections on which no request has begun for `patience`. A client that does not read its answers, for
    /// example, cannot be distinguished from a dead one.
    pub fn end_stuck(&self, patience: Duration) {
        let mut open = self.lock();
        let before = self.now().saturating_sub(millis(patience));
        let is_stuck = |connection: &OpenConnection| connection.last_request.load(Ordering::Relaxed) < before;
        let stuck: Vec<u64> = open
            .connections
            .iter()
            .filter_map(|(number, connection)| is_stuck(connection).then_some(*number))
            .collect();
        let stuck: Vec<_> = stuck.into_iter().filter_map(|number| open.remove(number)).collect();
        drop(open);
        stuck.iter().for_each(AbortHandle::abort);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Millis {
        millis(self.started.elapsed())
    }
}

impl Open {
    /// Removes the connection that has been idle for the longest time, and returns its task.
    fn remove_idlest(&mut self, among: impl Fn(&OpenConnection) -> bool) -> Option<AbortHandle> {
        let candidates = self.connections.iter().filter(|(_, connection)| among(connection));
        let idle_since = |(number, connection): &(&u64, &OpenConnection)| {
            (connection.last_request.load(Ordering::Relaxed), **number)
        };
        let (number, _) = candidates.min_by_key(idle_since)?;
        self.remove(*number)
    }

    fn remove(&mut self, number: u64) -> Option<AbortHandle> {
        let connection = self.connections.remove(&number)?;
        if let Some(site) = connection.site
            && let Some(count) = self.of_site.get_mut(&site)
        {
            *count -= 1;
            if *count == 0 {
                self.of_site.remove(&site);
            }
        }
        Some(connection.task)
    }
}

impl CountedConnection {
    /// Notes that a request has begun.
    pub fn request_began(&self) {
        self.last_request.store(self.limits.now(), Ordering::Relaxed);
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.limits.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::pending;

    use super::*;

    fn site(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, n]))
    }

    /// Opens a connection that never ends by itself.
    fn open(limits: &Arc<ConnectionLimits>, site: Option<IpAddr>) -> Arc<CountedConnection> {
        let mut opened = None;
        limits.open(site, |counted| {
            let counted = Arc::new(counted);
            opened = Some(counted.clone());
            tokio::spawn(pending::<()>()).abort_handle()
        });
        opened.unwrap()
    }

    fn is_open(limits: &ConnectionLimits, counted: &CountedConnection) -> bool {
        limits.lock().connections.contains_key(&counted.number)
    }

    async fn pass(milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_above_its_limit_closes_its_own_idlest() {
        let limits = ConnectionLimits::new(10, 2);
        let other = open(&limits, site(1));
        pass(1).await;
        let (first, second) = (open(&limits, site(2)), open(&limits, site(2)));
        pass(1).await;
        first.request_began();
        let third = open(&limits, site(2));
        assert!(is_open(&limits, &other) && is_open(&limits, &first) && is_open(&limits, &third));
        assert!(!is_open(&limits, &second));
    }

    #[tokio::test(start_paused = true)]
    async fn above_the_total_the_idlest_of_all_is_closed() {
        let limits = ConnectionLimits::new(3, 3);
        let idlest = open(&limits, site(1));
        pass(1).await;
        let newer = [open(&limits, site(2)), open(&limits, site(2)), open(&limits, None)];
        assert!(!is_open(&limits, &idlest));
        assert!(newer.iter().all(|connection| is_open(&limits, connection)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_has_no_limit_of_its_own() {
        let limits = ConnectionLimits::new(5, 1);
        let newer: Vec<_> = (0..5).map(|_| open(&limits, None)).collect();
        assert!(newer.iter().all(|connection| is_open(&limits, connection)));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_connections_do_not_count() {
        let limits = ConnectionLimits::new(5, 5);
        for _ in 0..100 {
            drop(open(&limits, site(1)));
        }
        let still = limits.lock();
        assert!(still.connections.is_empty() && still.of_site.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn stuck_connections_are_closed() {
        let limits = ConnectionLimits::new(5, 5);
        let (stuck, busy) = (open(&limits, site(1)), open(&limits, site(1)));
        pass(900).await;
        busy.request_began();
        pass(101).await;
        limits.end_stuck(Duration::from_secs(1));
        assert!(!is_open(&limits, &stuck) && is_open(&limits, &busy));
    }
}
