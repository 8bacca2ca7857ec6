//! Connecting to a host that has several addresses, some of which may be dead (RFC 8305, "Happy Eyeballs").
//!
//! hyper-util's connector does the same for HTTP. It is not used here because its error has neither the address that
//! failed nor the reason.

mod address;
pub mod fault;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

pub use self::address::Address;
pub use self::fault::Fault;

/// The time limit for looking up a name.
const LOOKING_UP: Duration = Duration::from_secs(10);
/// The next address is tried after this time, while those before it are waited for (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// The time limit for an address to answer. The system alone would wait for two minutes.
const ANSWERING: Duration = Duration::from_secs(10);

/// The reason why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name could not be looked up.
    #[error("the name {host} cannot be looked up: {reason}")]
    Unknown {
        /// The name.
        host: String,
        /// The reason.
        reason: String,
    },
    /// No address took a connection. They are in order.
    #[error("no connection: {}", list(.0))]
    Unreachable(Vec<(SocketAddr, io::Error)>),
}

fn list(failures: &[(SocketAddr, io::Error)]) -> String {
    let each = failures.iter().map(|(address, error)| format!("{address}: {error}"));
    each.collect::<Vec<_>>().join("; ")
}

/// Connects to the first address of `host` that accepts a TCP connection.
///
/// # Errors
/// If there is none: each address with what went wrong.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    connect_to(addresses(host, port).await?).await
}

#[allow(clippy::disallowed_methods, reason = "one of several attempts at the same time")]
async fn connect_to(addresses: Vec<SocketAddr>) -> Result<TcpStream, DialError> {
    let attempt = |address| async move {
        let late = || {
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} seconds", ANSWERING.as_secs()),
            )
        };
        let connected = timeout(ANSWERING, TcpStream::connect(address)).await;
        connected.unwrap_or_else(|_elapsed| Err(late()))
    };
    first(addresses, STAGGER, attempt).await.map_err(DialError::Unreachable)
}

/// The addresses of a host in the order in which to try them.
///
/// # Errors
/// If it has none.
pub async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    let unknown = |reason: String| DialError::Unknown {
        host: host.to_owned(),
        reason,
    };
    let found = match timeout(LOOKING_UP, lookup_host((host, port))).await {
        Ok(found) => found.map_err(|error| unknown(error.to_string()))?,
        Err(_elapsed) => return Err(unknown("no answer in time".into())),
    };
    match in_turn(found.collect()) {
        none if none.is_empty() => Err(unknown("it has no address".into())),
        addresses => Ok(addresses),
    }
}

/// Both families in turn, so that a dead one holds up the other only once (RFC 8305, section 4). The system's order
/// (RFC 6724) decides which is first, and the order within each.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_first_family = |address: &SocketAddr| address.is_ipv6() == addresses[0].is_ipv6();
    let (first, second): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_first_family);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(first.next().into_iter().chain(second.next()));
    }
    mixed
}

/// Returns the result of the first attempt that succeeds. Each address is tried when `stagger` has passed since the one before, or
/// when an attempt has failed.
///
/// # Errors
/// If none succeeds: each address, in order, with its error.
pub async fn first<T, E, F: Future<Output = Result<T, E>>>(
    addresses: Vec<SocketAddr>,
    stagger: Duration,
    attempt: impl Fn(SocketAddr) -> F,
) -> Result<T, Vec<(SocketAddr, E)>> {
    let (mut waiting, mut running) = (addresses.into_iter(), FuturesUnordered::new());
    let mut failures = Vec::new();
    loop {
        running.extend(
            waiting
                .next()
                .map(|address| attempt(address).map(move |result| (address, result))),
        );
        tokio::select! {
            Some((address, result)) = running.next() => match result {
                Ok(connected) => return Ok(connected),
                Err(error) => failures.push((address, error)),
            },
            () = sleep(stagger), if waiting.len() > 0 => {}
            else => {
                failures.sort_by_key(|(address, _)| *address);
                return Err(failures);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::pending;

    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::Instant;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns() {
        let [a, b, c, d] = ["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1"].map(address);
        assert_eq!(in_turn(vec![a, b, c, d]), [a, c, b, d]);
        assert_eq!(in_turn(vec![c, a, b]), [c, a, b]);
        assert_eq!(in_turn(vec![a, b]), [a, b]);
        assert!(in_turn(Vec::new()).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_never_answers_holds_up_the_next_by_the_stagger() {
        let (dead, alive) = (address("[::1]:1"), address("127.0.0.1:1"));
        let attempt = |to| async move {
            match to == alive {
                true => Ok(to),
                false => pending::<Result<_, ()>>().await,
            }
        };
        let began = Instant::now();
        assert_eq!(first(vec![dead, dead, alive], STAGGER, attempt).await, Ok(alive));
        assert_eq!(began.elapsed(), 2 * STAGGER);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_refuses_holds_up_nothing() {
        let (refuses, alive) = (address("[::1]:1"), address("127.0.0.1:1"));
        let attempt = |to| async move { if to == alive { Ok(()) } else { Err(()) } };
        let began = Instant::now();
        assert_eq!(first(vec![refuses, alive], STAGGER, attempt).await, Ok(()));
        assert!(began.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn all_failures_are_told_in_order() {
        let (one, two) = (address("127.0.0.1:1"), address("127.0.0.2:1"));
        let attempt = |to| async move {
            sleep(Duration::from_secs(if to == one { 9 } else { 1 })).await;
            Err::<(), _>(to)
        };
        assert_eq!(
            first(vec![one, two], STAGGER, attempt).await,
            Err(vec![(one, one), (two, two)])
        );
        assert_eq!(first(Vec::new(), STAGGER, attempt).await, Err(Vec::new()));
    }

    /// A port that is taken, and drops new connections because its queue is full.
    async fn black_hole() -> (SocketAddr, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address("127.0.0.1:0")).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        std::mem::forget(listener);
        let mut queued = Vec::new();
        while let Ok(connected) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
            queued.push(connected.unwrap());
        }
        (address, queued)
    }

    #[tokio::test]
    async fn a_dead_address_before_one_that_works_is_passed_by() {
        let (dead, _queued) = black_hole().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let connected = connect_to(vec![dead, alive]).await.unwrap();
        assert_eq!(connected.peer_addr().unwrap(), alive);
    }

    #[tokio::test]
    async fn each_address_is_named_with_what_went_wrong() {
        let (dead, _queued) = black_hole().await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let failed = connect_to(vec![dead, free]).await.unwrap_err().to_string();
        assert!(
            failed.contains(&format!("{dead}: no answer within 10 seconds")),
            "{failed}"
        );
        assert!(failed.contains(&format!("{free}: Connection refused")), "{failed}");
        let unknown = connect("nobody.invalid", 5347).await.unwrap_err().to_string();
        assert!(unknown.contains("nobody.invalid cannot be looked up"), "{unknown}");
    }
}
