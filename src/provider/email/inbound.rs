//! `[providers.email.inbound]`: mails that prove the address that they come from.

use std::os::unix::net::SocketAddr;

use lettre::Address;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::listen::Listen;
use crate::section::{ConfigError, Mistakes, unusable, words};

const EXPECTED: &str = "expected unix: and the path of a socket, or an address of this machine alone, like 127.0.0.1:8024: whoever \
                        connects is taken for the mail server";

/// `[providers.email.inbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundSection {
    /// The address that people write to.
    pub address: String,
    /// Where the mail server delivers these mails, by LMTP.
    #[serde(deserialize_with = "read_listen")]
    pub listen: Listen,
    /// The mode of a Unix socket: who may connect to it.
    #[serde(default = "InboundSection::default_mode", deserialize_with = "words::mode")]
    pub socket_mode: u32,
    /// The DNS servers that are asked for keys and policies of domains; empty: those of the system.
    #[serde(default, deserialize_with = "read_dns")]
    pub dns: Vec<std::net::SocketAddr>,
}

impl InboundSection {
    fn default_mode() -> u32 {
        0o660
    }

    /// Checks every value whose type allows more than can be used.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    pub fn check(&self) -> Result<(), Mistakes> {
        let mut found = Mistakes::default();
        found.take(self.read_address());
        let is_too_long = match &self.listen {
            Listen::Unix(path) => SocketAddr::from_pathname(path).is_err(),
            Listen::Tcp(_) | Listen::Systemd => false,
        };
        found.unless(
            !is_too_long,
            "providers.email.inbound.listen",
            "the path is too long: the system takes 107 bytes for that of a socket",
        );
        let is_local = match &self.listen {
            Listen::Tcp(address) => address.ip().is_loopback(),
            Listen::Unix(_) => true,
            Listen::Systemd => false,
        };
        found.unless(is_local, "providers.email.inbound.listen", EXPECTED);
        found.result()
    }

    fn read_address(&self) -> Result<Address, ConfigError> {
        let remedy = "expected an address like verify@itseme.example.org";
        let read = self.address.parse();
        read.map_err(|_| unusable("providers.email.inbound.address", remedy))
    }
}

/// Unlike `http.listen`, it can be no socket of systemd, so its remedy is another one.
fn read_listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Listen, D::Error> {
    Listen::deserialize(deserializer).map_err(|_| D::Error::custom(EXPECTED))
}

fn read_dns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<std::net::SocketAddr>, D::Error> {
    let read: Result<_, _> = Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|address| address.parse())
        .collect();
    read.map_err(|_| D::Error::custom("expected addresses with ports, like [\"127.0.0.1:53\", \"[::1]:53\"]"))
}
