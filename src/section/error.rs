//! What is wrong with a section, in words that name the key and the remedy and repeat no value.

use std::path::PathBuf;

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
        key: String,
        /// What is expected.
        remedy: String,
    },
}

/// A value that cannot be used.
pub fn unusable(key: impl Into<String>, remedy: impl Into<String>) -> ConfigError {
    ConfigError::Unusable {
        key: key.into(),
        remedy: remedy.into(),
    }
}

/// A URL by which what is secret or personal would leave this machine unencrypted, in a section that can allow it.
pub fn cleartext(key: impl Into<String>, encrypted: &str, section: &str) -> ConfigError {
    unusable(
        key,
        format!(
            "everything that is sent there can be read on the way: use {encrypted}, or a server on this machine. Where the network in \
             between is nobody else's, {section}.allow_cleartext = true allows it"
        ),
    )
}
