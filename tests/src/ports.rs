//! Free loopback ports that stay free while their server restarts.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    ops::Range,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    sync::Mutex,
};

/// Below the range from which the system takes the ports of outgoing connections.
const RANGE: Range<u16> = 10_000..32_000;

/// The ports that were given, and for each what other processes of tests find it taken by: a name that the system frees at the
/// end of this process.
static GIVEN: Mutex<BTreeMap<u16, UnixListener>> = Mutex::new(BTreeMap::new());

/// Returns a port that nobody listens on, and that no other call returns, in this process or in another one of tests.
pub fn free() -> u16 {
    loop {
        let port = rand::random_range(RANGE);
        let name = SocketAddr::from_abstract_name(format!("itseme-tests-port-{port}"));
        let Ok(claim) = name.and_then(|name| UnixListener::bind_addr(&name)) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            GIVEN.lock().unwrap().insert(port, claim);
            return port;
        }
    }
}
