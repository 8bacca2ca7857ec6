//! The configuration: one TOML file, then `ITSEME_…` environment variables, then flags.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use warp::http::Uri;

use crate::channel::sms::Gateway;
use crate::model::BareJid;
use crate::service::{CodeRule, CodeRules, Limits, Settings};
use crate::xmpp::Address;

/// What is wrong with the configuration: which key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}. Name the configuration with --config FILE; component.toml.example shows one.", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A key is unknown, missing or of the wrong type.
    #[error("{0}")]
    Malformed(String),
    /// A key's value cannot be used.
    #[error("{key}: {remedy}")]
    Unusable {
        /// Which.
        key: &'static str,
        /// What is expected.
        remedy: String,
    },
}

fn unusable(key: &'static str, remedy: impl Into<String>) -> ConfigError {
    ConfigError::Unusable {
        key,
        remedy: remedy.into(),
    }
}

/// Everything an admin can set; `component.toml.example` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The connection to the XMPP server.
    pub component: Component,
    /// The HTTP API; none without.
    pub http: Option<Http>,
    /// Where links are kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Shape and life of codes.
    #[serde(default)]
    pub codes: CodeRules,
    /// How often, how much.
    #[serde(default)]
    pub limits: Limits,
    /// What identities can be linked, besides JIDs.
    #[serde(default)]
    pub providers: Providers,
}

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
}

impl Component {
    fn default_ping() -> Duration {
        Duration::from_secs(60)
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

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the outside reaches it: the beginning of links in mails.
    pub public_url: Option<String>,
    /// Whose X-Forwarded-For is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<Network>,
    /// Which web pages may call it: origins, or "*".
    #[serde(default = "Http::default_origins")]
    pub cors_origins: Vec<String>,
    /// For how long a request may take, from its first byte to its last.
    #[serde(default = "Http::default_timeout", with = "humantime_serde")]
    pub request_timeout: Duration,
}

impl Http {
    fn default_origins() -> Vec<String> {
        vec!["*".into()]
    }

    fn default_timeout() -> Duration {
        Duration::from_secs(10)
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// E-mail addresses.
    pub email: Option<EmailProvider>,
    /// Phone numbers.
    pub phone: Option<PhoneProvider>,
}

/// `[providers.email]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailProvider {
    smtp: Option<SecretString>,
    smtp_file: Option<PathBuf>,
    /// Who the mails are from.
    pub from: Mailbox,
}

impl EmailProvider {
    /// The SMTP server's URL, which may hold a password.
    ///
    /// # Errors
    /// If there is none.
    pub fn smtp(&self) -> Result<SecretString, ConfigError> {
        secret("providers.email.smtp", &self.smtp, &self.smtp_file)?.ok_or_else(|| {
            unusable(
                "providers.email.smtp",
                "set it, or smtp_file, to a URL like smtps://user:password@mail.example.org",
            )
        })
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
    /// Beginnings of the numbers that are served; empty: all.
    #[serde(default)]
    pub allowed_prefixes: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GatewayKind {
    Twilio,
    Http,
}

impl PhoneProvider {
    /// The gateway, with all that it needs.
    ///
    /// # Errors
    /// If something is missing.
    pub fn gateway(&self) -> Result<Gateway, ConfigError> {
        let needs = |key, value: &Option<String>, what: &str| {
            value.clone().ok_or_else(|| unusable(key, format!("set it to {what}")))
        };
        match self.gateway {
            GatewayKind::Http => Ok(Gateway::Http {
                url: needs("providers.phone.url", &self.url, "the address that takes the messages")?,
                token: secret("providers.phone.token", &self.token, &self.token_file)?,
            }),
            GatewayKind::Twilio => Ok(Gateway::Twilio {
                api_url: self
                    .api_url
                    .as_deref()
                    .unwrap_or("https://api.twilio.com")
                    .trim_end_matches('/')
                    .to_owned(),
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
fn secret(
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

impl Config {
    /// Reads `file`, the environment and `overrides` (`key.path`, value), and checks that all of it can be used.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            path: file.to_owned(),
            error,
        })?;
        // With defaults below, so that half a rule for codes is enough.
        let defaults = Serialized::default("codes", CodeRules::default());
        let mut figment = Figment::from(defaults).merge(Toml::string(&text));
        // Every key stands in a section; what has none (ITSEME_CLIENT_PASSWORD) is another program's.
        let environment = Env::prefixed("ITSEME_").split("__");
        let environment = environment
            .iter()
            .map(|(key, value)| (key.to_string(), value))
            .filter(|(key, _)| key.contains('.'));
        for (key, value) in environment.chain(overrides.iter().cloned()) {
            figment = figment.merge(Serialized::default(&key, typed(&key, value)));
        }
        let config: Self = figment.extract().map_err(|error| malformed(error, file))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.component.jid.node().is_some() {
            return Err(unusable(
                "component.jid",
                "expected a domain like itseme.example.org, without a name and @",
            ));
        }
        if self.component.ping_after < Duration::from_secs(1) {
            return Err(unusable("component.ping_after", "must be at least 1s"));
        }
        if self.limits.guesses_per_code == 0 {
            return Err(unusable(
                "limits.guesses_per_code",
                "must be at least 1, or no code is ever right",
            ));
        }
        self.component.secret()?;
        self.store.path()?;
        self.check_codes()?;
        if let Some(http) = &self.http {
            http.check()?;
        }
        if let Some(email) = &self.providers.email {
            email.smtp()?;
        }
        if let Some(phone) = &self.providers.phone {
            phone.gateway()?;
            if phone.allowed_prefixes.iter().any(|prefix| !prefix.starts_with('+')) {
                return Err(unusable(
                    "providers.phone.allowed_prefixes",
                    "expected prefixes like \"+49\"",
                ));
            }
        }
        Ok(())
    }

    fn check_codes(&self) -> Result<(), ConfigError> {
        let CodeRules { xmpp, phone, email } = self.codes;
        for (key, CodeRule { digits, expires }) in
            [("codes.xmpp", xmpp), ("codes.phone", phone), ("codes.email", email)]
        {
            if !(4..=12).contains(&digits) {
                return Err(unusable(key, "digits must be 4 to 12"));
            }
            if expires < Duration::from_secs(60) {
                return Err(unusable(key, "expires must be at least 1m"));
            }
        }
        Ok(())
    }

    /// What of it the operations need.
    pub fn settings(&self) -> Settings {
        let phone = self.providers.phone.as_ref();
        let configured = [
            Some("xmpp"),
            self.providers.email.as_ref().map(|_| "email"),
            phone.map(|_| "phone"),
        ];
        Settings {
            providers: configured.into_iter().flatten().map(str::to_owned).collect(),
            phone_prefixes: phone.map(|phone| phone.allowed_prefixes.clone()).unwrap_or_default(),
            codes: self.codes.clone(),
            limits: self.limits.clone(),
        }
    }

    /// `http.public_url` without a final slash.
    pub fn public_url(&self) -> Option<String> {
        let url = self.http.as_ref()?.public_url.as_deref()?;
        Some(url.trim_end_matches('/').to_owned())
    }
}

impl Http {
    fn check(&self) -> Result<(), ConfigError> {
        if self
            .public_url
            .as_deref()
            .is_some_and(|url| web(url).is_none_or(|url| url.query().is_some()))
        {
            return Err(unusable(
                "http.public_url",
                "expected a URL like https://api.example.org",
            ));
        }
        // An origin is a scheme, a host and perhaps a port, and nothing else (RFC 6454).
        let is_origin = |origin: &String| {
            web(origin).is_some_and(|url| {
                let bare = url.path() == "/" && url.query().is_none() && !origin.ends_with('/');
                bare && url
                    .authority()
                    .is_some_and(|authority| !authority.as_str().contains('@'))
            })
        };
        if !self
            .cors_origins
            .iter()
            .all(|origin| origin == "*" || is_origin(origin))
        {
            return Err(unusable(
                "http.cors_origins",
                "expected \"*\" or origins like \"https://app.example.org\"",
            ));
        }
        if self.request_timeout < Duration::from_secs(1) {
            return Err(unusable("http.request_timeout", "must be at least 1s"));
        }
        Ok(())
    }
}

/// The URL, if it is one of the web, without a fragment.
fn web(url: &str) -> Option<Uri> {
    let parsed: Uri = url.parse().ok()?;
    let known =
        matches!(parsed.scheme_str(), Some("http" | "https")) && parsed.host().is_some_and(|host| !host.is_empty());
    (known && !url.contains('#') && (parsed.port().is_none() || parsed.port_u16().is_some())).then_some(parsed)
}

/// A value that came as text: numbers, lists and the like are read as such, except where only text makes sense, so that a
/// secret of digits stays one.
fn typed(key: &str, text: String) -> Value {
    const TEXTS: [&str; 8] = [
        "secret",
        "key",
        "smtp",
        "token",
        "auth_token",
        "account_sid",
        "from",
        "url",
    ];
    let name = key.rsplit('.').next().unwrap_or(key);
    if TEXTS.contains(&name) {
        return text.into();
    }
    text.parse().unwrap_or_else(|never: Infallible| match never {})
}

/// A message of the TOML parser without the lines that it quotes: a secret may stand there.
fn without_source(message: &str) -> String {
    let is_quote = |line: &&str| {
        line.split_once('|')
            .is_some_and(|(number, _)| number.trim().bytes().all(|b| b.is_ascii_digit()))
    };
    let lines: Vec<&str> = message.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}

/// Says where and what, without the value: it may be a secret.
fn malformed(error: figment::Error, file: &Path) -> ConfigError {
    use figment::error::Kind;
    let Some(first) = error.into_iter().next() else {
        return ConfigError::Malformed("the configuration cannot be read".into());
    };
    let path = first.path.join(".");
    let from_file = first
        .metadata
        .as_ref()
        .is_none_or(|metadata| metadata.name.contains("TOML"));
    let place = if from_file {
        file.display().to_string()
    } else {
        "the environment (ITSEME_…) or --set".into()
    };
    let key = if path.is_empty() {
        String::new()
    } else {
        format!(" {path}:")
    };
    let what = match &first.kind {
        Kind::UnknownField(name, expected) => {
            format!(
                "unknown key {name:?}; remove it, or mend it to one of: {}",
                expected.join(", ")
            )
        }
        Kind::MissingField(name) => format!("key {name:?} is missing; component.toml.example shows it"),
        Kind::InvalidType(_, expected) => format!("expected {expected}"),
        Kind::InvalidValue(_, expected) => format!("expected {expected}"),
        Kind::Message(message) if from_file => without_source(message),
        Kind::Message(_) => "has a value that cannot be used".into(),
        other => other.to_string(),
    };
    ConfigError::Malformed(format!("{place}:{key} {what}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use secrecy::ExposeSecret;

    use super::*;

    const LEAST: &str = "[component]\njid = \"itseme.example.org\"\nsecret = \"s3cret\"\n";

    fn load_with(text: &str, overrides: &[(&str, &str)]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let overrides: Vec<_> = overrides.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Config::load(file.path(), &overrides).map_err(|error| error.to_string())
    }

    fn load(text: &str) -> Result<Config, String> {
        load_with(text, &[])
    }

    fn complaint(addition: &str) -> String {
        load(&format!("{LEAST}{addition}")).err().unwrap()
    }

    #[test]
    fn the_example_can_be_loaded_and_has_every_default() {
        let text = include_str!("../component.toml.example");
        let config = load(text).unwrap();
        let least = load(LEAST).unwrap();
        assert_eq!(format!("{:?}", config.limits), format!("{:?}", least.limits));
        assert_eq!(format!("{:?}", config.codes), format!("{:?}", least.codes));
        assert_eq!(config.component.ping_after, least.component.ping_after);
        assert_eq!(config.component.server, least.component.server);
        assert_eq!(config.store.path().unwrap(), least.store.path().unwrap());
        assert_eq!(config.store.key_file, least.store.key_file);
        assert_eq!(config.http.unwrap().request_timeout, Http::default_timeout());
    }

    #[test]
    fn every_commented_key_of_the_example_is_known() {
        let text = include_str!("../component.toml.example");
        // A commented key looks like "#key = value", prose like "# words".
        let all: String = text
            .lines()
            .map(|line| {
                let commented = line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
                format!("{}\n", if commented { &line[1..] } else { line })
            })
            .collect();
        // Secrets may stand only once: as themselves or as a file.
        let all: String = all
            .lines()
            .filter(|line| !line.contains("_file = ") || line.starts_with("key_file"))
            .map(|line| format!("{line}\n"))
            .collect();
        load(&all).unwrap();
    }

    #[test]
    fn defaults_are_the_protocols() {
        let config = load(LEAST).unwrap();
        assert_eq!(config.limits.requests_per_second.get(), 10);
        assert_eq!(
            (
                config.codes.xmpp.digits,
                config.codes.phone.digits,
                config.codes.email.digits
            ),
            (4, 4, 6)
        );
        assert_eq!(config.component.server.to_string(), "127.0.0.1:5347");
        assert!(config.http.is_none());
    }

    #[test]
    fn flags_override_the_file() {
        let config = load_with(
            LEAST,
            &[
                ("limits.requests_per_second", "99"),
                ("component.server", "localhost:1"),
            ],
        )
        .unwrap();
        assert_eq!(config.limits.requests_per_second.get(), 99);
        assert_eq!(config.component.server.to_string(), "localhost:1");
    }

    #[test]
    fn half_a_rule_for_codes_is_enough() {
        let config = load_with(LEAST, &[("codes.xmpp.digits", "8")]).unwrap();
        assert_eq!(
            (config.codes.xmpp.digits, config.codes.xmpp.expires),
            (8, Duration::from_secs(600))
        );
    }

    #[test]
    fn a_secret_of_digits_stays_one() {
        for secret in ["12345", "1e5", "true", "[1]"] {
            let config = load_with(LEAST, &[("component.secret", secret)]).unwrap();
            assert_eq!(config.component.secret().unwrap().expose_secret(), secret);
        }
    }

    #[test]
    fn errors_name_the_key_and_the_remedy() {
        for (addition, expected) in [
            ("server = \"localhost\"\n", "component.server: expected host:port"),
            ("[limit]\n", "unknown key \"limit\""),
            ("[limits]\nguesses = 5\n", "limits.guesses: unknown key"),
            (
                "[limits]\nguesses_per_day = \"many\"\n",
                "limits.guesses_per_day: expected u32",
            ),
            ("[limits]\nresend_after = \"soon\"\n", "limits.resend_after:"),
            (
                "[codes]\nxmpp = { digits = 2, expires = \"10m\" }\n",
                "codes.xmpp: digits must be 4 to 12",
            ),
            ("[http]\nlisten = \"8114\"\n", "http.listen:"),
            (
                "[http]\nlisten = \"127.0.0.1:1\"\npublic_url = \"x\"\n",
                "http.public_url: expected a URL",
            ),
            (
                "[http]\nlisten = \"127.0.0.1:1\"\ncors_origins = [\"x\"]\n",
                "http.cors_origins: expected",
            ),
            (
                "[http]\nlisten = \"127.0.0.1:1\"\ntrusted_proxies = [\"x\"]\n",
                "http.trusted_proxies",
            ),
            ("[store]\nurl = \"mysql://x\"\n", "store.url: expected sqlite:"),
            (
                "[providers.email]\nfrom = \"a@example.org\"\n",
                "providers.email.smtp: set it",
            ),
            ("[providers.phone]\ngateway = \"http\"\n", "providers.phone.url: set it"),
            ("[providers.phone]\ngateway = \"pigeon\"\n", "providers.phone.gateway"),
        ] {
            let complaint = complaint(addition);
            assert!(complaint.contains(expected), "{addition}: {complaint}");
        }
        assert!(load("").err().unwrap().contains("component"));
        assert!(
            load("[component]\njid = \"x.org\"\n")
                .err()
                .unwrap()
                .contains("component.secret: set it")
        );
        assert!(load("[component\n").is_err());
    }

    #[test]
    fn a_secret_is_never_repeated() {
        let both = "secret_file = \"/nonexistent\"\n";
        let complaint = complaint(both);
        assert!(
            complaint.contains("not both") && !complaint.contains("s3cret"),
            "{complaint}"
        );
        assert!(!format!("{:?}", load(LEAST).unwrap()).contains("s3cret"));
        for line in [
            "secret = s3cret",
            "secret = \"s3cret",
            "secret = 's3cret'\nsecret = 's3cret'",
        ] {
            let wrong = load(&format!("[component]\njid = \"x.org\"\n{line}\n")).err().unwrap();
            assert!(!wrong.contains("s3cret") && wrong.contains("line"), "{wrong}");
        }
        let wrong = load("[component]\njid = \"x.org\"\nsecret = [\"s3cret\"]\n")
            .err()
            .unwrap();
        assert!(!wrong.contains("s3cret"), "{wrong}");
    }

    #[test]
    fn secrets_can_stand_in_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from file\n").unwrap();
        let text = format!("[component]\njid = \"x.org\"\nsecret_file = {:?}\n", file.path());
        assert_eq!(
            load(&text).unwrap().component.secret().unwrap().expose_secret(),
            "from file"
        );
    }
}
