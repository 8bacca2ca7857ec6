//! A host and a port, as they stand in the configuration.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Where XMPP servers listen for components.
impl Default for Address {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 5347,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let split = text
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = split
            .filter(|(host, _)| !host.is_empty())
            .ok_or_else(|| serde::de::Error::custom("expected host:port, like 127.0.0.1:5347"))?;
        // An IPv6 address stands in brackets.
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
        })
    }
}
