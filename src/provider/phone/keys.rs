//! The keys of gateways in `[providers.phone]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::channel::cleartext::is_safe;
use crate::section::{ConfigError, cleartext, secret, unusable};

/// The texts of the section, by their keys.
#[derive(Clone, Debug)]
pub struct GatewayKeys {
    pub(super) texts: BTreeMap<String, SecretString>,
    /// `true` if the connection to the gateway of another machine may be without TLS.
    pub(super) allow_cleartext: bool,
    /// `true` if the gateway is to call, and to read texts out.
    pub(super) voice: bool,
    /// The path of the section, as an admin knows it.
    pub(super) section: String,
}

impl Default for GatewayKeys {
    fn default() -> Self {
        Self {
            texts: BTreeMap::new(),
            allow_cleartext: false,
            voice: false,
            section: "providers.phone".into(),
        }
    }
}

impl GatewayKeys {
    /// Returns the full name of `key`, as an admin knows it.
    pub fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.section)
    }

    /// Returns the text of `key`, if there is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(ExposeSecret::expose_secret)
    }

    /// Returns the text of `key`, which is `what`.
    ///
    /// # Errors
    /// If there is none.
    pub fn needed(&self, key: &str, what: &str) -> Result<String, ConfigError> {
        let text = self.text(key).map(str::to_owned);
        text.ok_or_else(|| unusable(self.path(key), format!("set it to {what}")))
    }

    /// Returns the secret of `key`, which may stand in a file, if there is one.
    ///
    /// # Errors
    /// If it stands in both, or the file cannot be read.
    pub fn secret(&self, key: &str) -> Result<Option<SecretString>, ConfigError> {
        let file = self.text(&format!("{key}_file")).map(PathBuf::from);
        secret(&self.path(key), &self.texts.get(key).cloned(), &file)
    }

    /// Returns the `url` that stands at `key`, if nobody else can read what is sent there, or the admin allows it.
    ///
    /// # Errors
    /// If it is not an HTTP URL, or not allowed.
    pub fn checked(&self, key: &str, url: String) -> Result<String, ConfigError> {
        match Url::parse(&url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => match is_safe(&url) || self.allow_cleartext {
                true => Ok(url),
                false => Err(cleartext(self.path(key), "https://", "providers.phone")),
            },
            _ => Err(unusable(
                self.path(key),
                "expected a URL like https://sms.example.org/send",
            )),
        }
    }
}
