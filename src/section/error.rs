//! The errors of a section. They name the key and the remedy, and never a value.

use std::fmt;
use std::path::PathBuf;

/// An error of the configuration: the key, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}. Name the configuration with --config FILE; component.toml.example shows one.", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// A key is unknown, missing or of the wrong type.
    #[error("{0}")]
    Malformed(String),
    /// A key's value cannot be used.
    #[error("{key}: {remedy}")]
    Unusable {
        /// The key.
        key: String,
        /// The expected value.
        remedy: String,
    },
}

/// The mistakes of a configuration. As an error, it has at least one.
#[derive(Debug, Default)]
pub struct Mistakes(pub Vec<ConfigError>);

impl Mistakes {
    /// Returns the value, or notes what is wrong.
    pub fn take<T>(&mut self, result: Result<T, impl Into<Mistakes>>) -> Option<T> {
        result.map_err(|wrong| self.0.extend(wrong.into().0)).ok()
    }

    /// Notes what to do about `key`, unless it is right.
    pub fn unless(&mut self, is_right: bool, key: impl Into<String>, remedy: impl Into<String>) {
        if !is_right {
            self.0.push(unusable(key, remedy));
        }
    }

    /// Returns the mistakes as an error, if there are any.
    ///
    /// # Errors
    /// If there are any.
    pub fn result(self) -> Result<(), Self> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }
}

impl From<ConfigError> for Mistakes {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => only.fmt(f),
            all => {
                write!(f, "the configuration has {} mistakes:", all.len())?;
                all.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
            }
        }
    }
}

/// Returns the error for a value that cannot be used.
pub fn unusable(key: impl Into<String>, remedy: impl Into<String>) -> ConfigError {
    ConfigError::Unusable {
        key: key.into(),
        remedy: remedy.into(),
    }
}

/// Returns the error for a URL by which secret or personal data would leave this machine unencrypted, in a section that
/// can allow it.
pub fn cleartext(key: impl Into<String>, encrypted: &str, section: &str) -> ConfigError {
    unusable(
        key,
        format!(
            "everything that is sent there can be read on the way: use {encrypted}, or a server on this machine. Where the network in \
             between is nobody else's, {section}.allow_cleartext = true allows it"
        ),
    )
}
