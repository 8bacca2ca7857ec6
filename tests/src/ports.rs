//! Free loopback ports that stay free while their server restarts.

use std::{collections::BTreeSet, net::TcpListener, ops::Range, sync::Mutex};

/// Below the range from which the system takes the ports of outgoing connections.
const RANGE: Range<u16> = 10_000..32_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port nobody listens on, and that no other call in this process returns.
pub fn free() -> u16 {
    let mut given = GIVEN.lock().unwrap();
    loop {
        let port = rand::random_range(RANGE);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && given.insert(port) {
            return port;
        }
    }
}
