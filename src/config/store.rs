//! The place of the database and of its key.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::section::{ConfigError, secret, unusable};
use crate::store::Database;

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    url: Option<SecretString>,
    url_file: Option<PathBuf>,
    /// The file of the key, without which the database is unreadable. It is made on first start.
    pub key_file: PathBuf,
    key: Option<SecretString>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            key_file: "itseme.key".into(),
            key: None,
        }
    }
}

impl StoreConfig {
    /// Returns the database.
    ///
    /// # Errors
    /// If no engine knows the URL, or its file cannot be read.
    pub fn database(&self) -> Result<Database, ConfigError> {
        Database::of_url(self.url()?.expose_secret()).map_err(|reason| unusable("store.url", reason))
    }

    /// Returns the URL of the database.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn url(&self) -> Result<SecretString, ConfigError> {
        let url = secret("store.url", &self.url, &self.url_file)?;
        Ok(url.unwrap_or_else(|| "sqlite:itseme.db".into()))
    }

    /// Returns the key, if it is set directly (`ITSEME_STORE__KEY`), as 64 hex digits.
    pub fn key(&self) -> Option<&SecretString> {
        self.key.as_ref()
    }
}
