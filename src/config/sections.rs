//! The sections of the file, and what their keys are by default.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use lettre::transport::smtp::extension::ClientId;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::error::{cleartext, unusable};
use super::oauth::OAuthProvider;
use crate::channel::cleartext::is_safe;
use crate::channel::sms::Gateway;
use crate::channel::smtp::{Server, hello_name, own_name};
use crate::language::Language;
use crate::model::BareJid;
use crate::service::Served;
use crate::xmpp::Address;

/// `[component]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The component's domain, as in the server's configuration.
    pub jid: BareJid,
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    /// Host and port of the server's component listener.
    #[serde(default)]
    pub server: Address,
    /// Who may use admin commands.
    #[serde(default)]
    pub admins: Vec<BareJid>,
    /// After so much silence the server is asked whether it is still there.
    #[serde(default = "Component::default_ping", with = "humantime_serde")]
    pub ping_after: Duration,
    /// A server that has been asked and is silent for so long is given up.
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

    /// What the server and the component share.
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
pub struct Presentation {
    /// The localpart of the account from which people are written to.
    pub account: String,
    /// Whether those who subscribe to the service's presence are asked for theirs.
    pub subscribe_back: bool,
    /// What is spoken to those whose language is not known.
    pub language: Language,
    /// What it is called; its own name if there is none.
    pub name: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// Whom to write to (XEP-0157).
    pub addresses: Addresses,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            account: "itseme".into(),
            subscribe_back: false,
            language: Language::default(),
            name: None,
            url: None,
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
    /// The addresses of each purpose, by its name.
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
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the outside reaches it: the beginning of links in mails.
    pub public_url: Option<String>,
    /// Whether that may be an `http` URL of another machine.
    #[serde(default)]
    pub allow_cleartext: bool,
    /// Whose X-Forwarded-For is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// Which web pages may call it: origins, or "*".
    #[serde(default = "Http::default_origins")]
    pub cors_origins: Vec<String>,
    /// Where browsers may be sent after they have signed in: origins.
    #[serde(default)]
    pub next_origins: Vec<String>,
    /// Whether asking in a target's name needs a token of that target.
    #[serde(default)]
    pub require_token: bool,
    /// For how long a request may take, from its first byte to its last.
    #[serde(default = "Http::default_timeout", with = "humantime_serde")]
    pub request_timeout: Duration,
    /// Connections at once. Each may hold a head and a body of 128 KiB.
    #[serde(default = "Http::default_connections")]
    pub max_connections: usize,
    /// Of one client address (IPv6: of one /64); trusted proxies may have all.
    #[serde(default = "Http::default_share")]
    pub max_connections_per_address: usize,
}

impl Http {
    fn default_origins() -> Vec<String> {
        vec!["*".into()]
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

/// A network, or a single address.
#[derive(Clone, Copy, Debug)]
pub struct Network(pub IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network
            .map(Self)
            .map_err(|_| serde::de::Error::custom("expected a network like 10.0.0.0/8 or an address"))
    }
}

/// `[access]`: for whom the service is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Domains whose accounts are people of the admin's own server; by default the domain above the component's.
    pub own_server: Option<BTreeSet<Domain>>,
    /// Whose accounts may register.
    pub register: Register,
}

/// `access.register`: `"everybody"`, `"own server"` or a list of domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register(pub Served);

impl<'de> Deserialize<'de> for Register {
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
            // A word in a list would be a domain that nobody has.
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

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    url: String,
    /// The key that makes a stolen database worthless; made on first start.
    pub key_file: PathBuf,
    key: Option<SecretString>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:itseme.db".into(),
            key_file: "itseme.key".into(),
            key: None,
        }
    }
}

impl StoreConfig {
    /// The database file.
    ///
    /// # Errors
    /// If the URL is of another kind.
    pub fn path(&self) -> Result<&Path, ConfigError> {
        let path = self
            .url
            .strip_prefix("sqlite:")
            .map(|path| path.strip_prefix("//").unwrap_or(path));
        path.filter(|path| !path.is_empty() && !path.starts_with(':'))
            .map(Path::new)
            .ok_or_else(|| {
                unusable(
                    "store.url",
                    "expected sqlite: and the path of a file, like \"sqlite:/var/lib/itseme/itseme.db\"",
                )
            })
    }

    /// The key, where it is set directly (`ITSEME_STORE__KEY`), as 64 hex digits.
    pub fn key(&self) -> Option<&SecretString> {
        self.key.as_ref()
    }
}

/// `[providers]`
#[derive(Clone, Debug, Default)]
pub struct Providers {
    /// E-mail addresses.
    pub email: Option<EmailProvider>,
    /// Phone numbers.
    pub phone: Option<PhoneProvider>,
    /// Any other name: where people sign in.
    pub oauth: BTreeMap<String, OAuthProvider>,
}

/// By hand, because `#[serde(flatten)]` forgets where in the file an error is.
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
                    match name.as_str() {
                        "email" => providers.email = Some(map.next_value()?),
                        "phone" => providers.phone = Some(map.next_value()?),
                        _ => _ = providers.oauth.insert(name, map.next_value()?),
                    }
                }
                Ok(providers)
            }
        }
        deserializer.deserialize_map(Sections)
    }
}

/// `[providers.email]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailProvider {
    smtp: Option<SecretString>,
    smtp_file: Option<PathBuf>,
    /// Whether the SMTP server of another machine may be spoken to without TLS.
    #[serde(default)]
    allow_cleartext: bool,
    hello_name: Option<String>,
    /// Who the mails are from.
    pub from: Mailbox,
    /// How many are sent in a day.
    #[serde(default = "EmailProvider::default_budget")]
    pub budget: u32,
}

impl EmailProvider {
    fn default_budget() -> u32 {
        10_000
    }

    /// The SMTP server that takes the mails. Without a name of its own, the client says that of the machine in EHLO, or that
    /// of `component` if servers would not take it.
    ///
    /// # Errors
    /// If there is none, or it cannot be used.
    pub fn server(&self, component: &BareJid) -> Result<Server, ConfigError> {
        const KEY: &str = "providers.email.smtp";
        let url = secret(KEY, &self.smtp, &self.smtp_file)?.ok_or_else(|| {
            unusable(
                KEY,
                "set it, or smtp_file, to a URL like smtps://user:password@mail.example.org",
            )
        })?;
        let hello = match &self.hello_name {
            Some(name) => hello_name(name).map_err(|error| unusable("providers.email.hello_name", error))?,
            None => own_name().unwrap_or_else(|| ClientId::Domain(component.domain().to_string())),
        };
        let server = Server::new(url.expose_secret(), hello).map_err(|error| unusable(KEY, error))?;
        match server.is_open_to_others() && !self.allow_cleartext {
            true => Err(cleartext(
                KEY,
                "smtps://, or smtp:// with ?tls=required",
                "providers.email",
            )),
            false => Ok(server),
        }
    }
}

/// `[providers.phone]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneProvider {
    gateway: GatewayKind,
    url: Option<String>,
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
    account_sid: Option<String>,
    auth_token: Option<SecretString>,
    auth_token_file: Option<PathBuf>,
    from: Option<String>,
    api_url: Option<String>,
    #[serde(default)]
    allow_cleartext: bool,
    /// Beginnings of the numbers that are served; empty: all.
    #[serde(default)]
    pub allowed_prefixes: Vec<String>,
    #[serde(default)]
    budgets: BTreeMap<String, u32>,
}

/// The beginning of every number.
const ANY_NUMBER: &str = "+";
/// Text messages to all numbers in a day, unless the admin says otherwise.
const TEXTS_PER_DAY: u32 = 1000;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GatewayKind {
    Twilio,
    Http,
}

impl PhoneProvider {
    /// How many text messages are sent in a day to numbers that begin so. To all together there is always one.
    pub fn budgets(&self) -> BTreeMap<String, u32> {
        let mut budgets = self.budgets.clone();
        budgets.entry(ANY_NUMBER.into()).or_insert(TEXTS_PER_DAY);
        budgets
    }

    /// The gateway, with all that it needs.
    ///
    /// # Errors
    /// If something is missing.
    pub fn gateway(&self) -> Result<Gateway, ConfigError> {
        let needs = |key, value: &Option<String>, what: &str| {
            value.clone().ok_or_else(|| unusable(key, format!("set it to {what}")))
        };
        let encrypted = |key, url: String| match Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => match is_safe(&url) || self.allow_cleartext {
                true => Ok(url),
                false => Err(cleartext(key, "https://", "providers.phone")),
            },
            _ => Err(unusable(key, "expected a URL like https://sms.example.org/send")),
        };
        match self.gateway {
            GatewayKind::Http => Ok(Gateway::Http {
                url: encrypted(
                    "providers.phone.url",
                    needs("providers.phone.url", &self.url, "the address that takes the messages")?,
                )?,
                token: secret("providers.phone.token", &self.token, &self.token_file)?,
            }),
            GatewayKind::Twilio => Ok(Gateway::Twilio {
                api_url: encrypted(
                    "providers.phone.api_url",
                    self.api_url
                        .as_deref()
                        .unwrap_or("https://api.twilio.com")
                        .trim_end_matches('/')
                        .to_owned(),
                )?,
                account_sid: needs(
                    "providers.phone.account_sid",
                    &self.account_sid,
                    "the account's SID, AC…",
                )?,
                auth_token: secret("providers.phone.auth_token", &self.auth_token, &self.auth_token_file)?.ok_or_else(
                    || {
                        unusable(
                            "providers.phone.auth_token",
                            "set it, or auth_token_file, to the account's auth token",
                        )
                    },
                )?,
                from: needs("providers.phone.from", &self.from, "the number that sends")?,
            }),
        }
    }
}

/// A secret that stands in the configuration or in a file of its own.
pub(super) fn secret(
    key: &'static str,
    value: &Option<SecretString>,
    file: &Option<PathBuf>,
) -> Result<Option<SecretString>, ConfigError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(unusable(key, "set either the key or its _file, not both")),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| unusable(key, format!("its _file {} cannot be read: {error}", path.display())))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).into()))
        }
        (None, None) => Ok(None),
    }
}
