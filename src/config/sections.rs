//! The sections of the file, and the defaults of their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::dial::Address;
use crate::language::Language;
use crate::listen::{Listen, NO_ADDRESS};
use crate::model::BareJid;
use crate::provider::{self, KINDS, ProviderSection};
use crate::section::{ConfigError, secret, unusable, words};
use crate::service::{About, Served};

/// `[component]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The component's domain, as in the server's configuration.
    #[serde(deserialize_with = "words::domain")]
    pub jid: BareJid,
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    /// Host and port of the server's component listener.
    #[serde(default)]
    pub server: Address,
    /// The accounts that may use admin commands.
    #[serde(default, deserialize_with = "words::accounts")]
    pub admins: Vec<BareJid>,
    /// The time of silence after which the server is asked for a sign of life.
    #[serde(default = "Component::default_ping", with = "humantime_serde")]
    pub ping_after: Duration,
    /// The time limit for the server's answer, after which the connection is given up.
    #[serde(default = "Component::default_ping_timeout", with = "humantime_serde")]
    pub ping_timeout: Duration,
}

impl Component {
    fn default_ping() -> Duration {
        Duration::from_secs(60)
    }

    fn default_ping_timeout() -> Duration {
        Duration::from_secs(20)
    }

    /// Returns the secret that the server and the component share.
    ///
    /// # Errors
    /// If there is none.
    pub fn secret(&self) -> Result<SecretString, ConfigError> {
        secret("component.secret", &self.secret, &self.secret_file)?.ok_or_else(|| {
            unusable(
                "component.secret",
                "set it, or secret_file, to the secret of the component in the server's configuration",
            )
        })
    }
}

/// `[service]`: how the service presents itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSection {
    /// The localpart of the account from which people are written to.
    pub account: String,
    /// `true` if those who subscribe to the service's presence are asked for theirs.
    pub subscribe_back: bool,
    /// The language for people whose language is not known.
    #[serde(deserialize_with = "words::word")]
    pub language: Language,
    /// The name; `None` for its own.
    pub name: Option<String>,
    /// The URL of a page about it.
    pub url: Option<String>,
    /// The name of the person or organisation that runs it.
    pub operator: Option<String>,
    /// The URL of the privacy policy.
    pub privacy_url: Option<String>,
    /// The contact addresses (XEP-0157).
    pub addresses: Addresses,
}

impl ServiceSection {
    /// Returns the parts that people read.
    pub fn about(&self) -> About {
        About {
            name: self.name.clone(),
            url: self.url.clone(),
            operator: self.operator.clone(),
            privacy_url: self.privacy_url.clone(),
            security: self.addresses.security.clone(),
        }
    }
}

impl Default for ServiceSection {
    fn default() -> Self {
        Self {
            account: "itseme".into(),
            subscribe_back: false,
            language: Language::default(),
            name: None,
            url: None,
            operator: None,
            privacy_url: None,
            addresses: Addresses::default(),
        }
    }
}

/// `[service.addresses]`: URIs like `mailto:abuse@example.org` or `xmpp:admin@example.org` (XEP-0157).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Addresses {
    pub abuse: Vec<String>,
    pub admin: Vec<String>,
    pub feedback: Vec<String>,
    pub sales: Vec<String>,
    pub security: Vec<String>,
    pub status: Vec<String>,
    pub support: Vec<String>,
}

impl Addresses {
    /// Returns the addresses of each purpose, with its name.
    pub fn by_purpose(&self) -> [(&'static str, &[String]); 7] {
        [
            ("abuse", &self.abuse),
            ("admin", &self.admin),
            ("feedback", &self.feedback),
            ("sales", &self.sales),
            ("security", &self.security),
            ("status", &self.status),
            ("support", &self.support),
        ]
    }
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to listen at.
    pub listen: Listen,
    /// The mode of a Unix socket: who may connect to it.
    #[serde(default = "Http::default_mode", deserialize_with = "words::mode")]
    pub socket_mode: u32,
    /// Its public address: the beginning of links in mails.
    pub public_url: Option<String>,
    /// `true` if that may be an `http` URL of another machine.
    #[serde(default)]
    pub allow_cleartext: bool,
    /// The proxies whose X-Forwarded-For is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// The web pages that may call it: origins, or "*".
    #[serde(default = "Http::default_origins")]
    pub cors_origins: Vec<String>,
    /// The origins that browsers may be sent to after they have signed in.
    #[serde(default)]
    pub next_origins: Vec<String>,
    /// `true` if there is a page for people at `/`.
    #[serde(default = "Http::default_page")]
    pub page: bool,
    /// `true` if a request in a target's name needs a token of that target.
    #[serde(default)]
    pub require_token: bool,
    /// The time limit of a request, from its first byte to its last.
    #[serde(default = "Http::default_timeout", with = "humantime_serde")]
    pub request_timeout: Duration,
    /// The largest number of connections at once. Each may hold a head and a body of 128 KiB.
    #[serde(default = "Http::default_connections")]
    pub max_connections: usize,
    /// The largest number of one client address (IPv6: of one /64). Trusted proxies may have all.
    #[serde(default = "Http::default_share")]
    pub max_connections_per_address: usize,
}

impl Http {
    fn default_origins() -> Vec<String> {
        vec!["*".into()]
    }

    fn default_page() -> bool {
        true
    }

    pub(super) fn default_mode() -> u32 {
        0o660
    }

    pub(super) fn default_timeout() -> Duration {
        Duration::from_secs(10)
    }

    pub(super) fn default_connections() -> usize {
        1000
    }

    pub(super) fn default_share() -> usize {
        100
    }
}

/// A network, a single address, or all clients of a Unix socket.
#[derive(Clone, Copy, Debug)]
pub struct Network(pub IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "unix" {
            return Ok(Self(NO_ADDRESS.into()));
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network
            .map(Self)
            .map_err(|_| serde::de::Error::custom("expected a network like 10.0.0.0/8, an address, or unix"))
    }
}

/// `[monitor]`: a listener for the admin's programs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// The address to listen at.
    #[serde(deserialize_with = "words::address")]
    pub listen: SocketAddr,
    /// `true` if that may be an address of which others than this machine may know.
    #[serde(default)]
    pub allow_remote: bool,
}

/// `[admin]`: the commands on the command line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminSocket {
    socket: PathBuf,
}

impl Default for AdminSocket {
    fn default() -> Self {
        Self {
            socket: "itseme.sock".into(),
        }
    }
}

impl AdminSocket {
    /// Returns the file of the Unix socket; `None`: there is none.
    pub fn socket(&self) -> Option<&Path> {
        Some(&*self.socket).filter(|file| file.as_os_str() != "none")
    }
}

/// `[log]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The level or filter of the log, unless the command line or `RUST_LOG` names one.
    pub filter: Option<String>,
}

/// `[access]`: the people that the service serves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Domains whose accounts are people of the admin's own server; by default the domain above the component's.
    pub own_server: Option<BTreeSet<Domain>>,
    /// The accounts that may register.
    pub register: RegisterFor,
}

/// `access.register`: `"everybody"`, `"own server"` or a list of domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterFor(pub Served);

impl<'de> Deserialize<'de> for RegisterFor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Word(String),
            Domains(BTreeSet<Domain>),
        }
        let served = match Written::deserialize(deserializer) {
            Ok(Written::Word(word)) if word == "everybody" => Served::Everybody,
            Ok(Written::Word(word)) if word == "own server" => Served::OwnServer,
            // A word in a list would be a domain that does not exist.
            Ok(Written::Domains(domains))
                if domains.iter().all(|domain| domain.0 != "everybody") && !domains.is_empty() =>
            {
                Served::Domains(domains.into_iter().map(|domain| domain.0).collect())
            }
            _ => {
                let expected = "expected \"everybody\", \"own server\" or a list of domains like [\"example.org\"]";
                return Err(serde::de::Error::custom(expected));
            }
        };
        Ok(Self(served))
    }
}

/// A domain as it stands in JIDs, normalised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain(pub String);

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let jid = BareJid::new(&text).ok().filter(|jid| jid.node().is_none());
        jid.map(|jid| Self(jid.to_string()))
            .ok_or_else(|| serde::de::Error::custom("expected a domain like example.org, without a name and @"))
    }
}

/// `[providers]`, each by its name.
#[derive(Clone, Debug, Default)]
pub struct Providers(BTreeMap<String, Arc<dyn ProviderSection>>);

impl Providers {
    /// Returns every section with its name. Those of providers to which codes are sent come first.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &dyn ProviderSection)> {
        let known = KINDS.iter().filter_map(|kind| self.0.get_key_value(kind.name));
        let others = self
            .0
            .iter()
            .filter(|(name, _)| KINDS.iter().all(|kind| kind.name != *name));
        known.chain(others).map(|(name, section)| (name, &**section))
    }
}

/// Not derived, because `#[serde(flatten)]` loses the place of an error in the file.
impl<'de> Deserialize<'de> for Providers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sections;
        impl<'de> Visitor<'de> for Sections {
            type Value = Providers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("sections of providers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Providers, A::Error> {
                let mut providers = Providers::default();
                while let Some(name) = map.next_key::<String>()? {
                    let section = provider::section(&name, &mut map)?;
                    providers.0.insert(name, section);
                }
                Ok(providers)
            }
        }
        deserializer.deserialize_map(Sections)
    }
}
