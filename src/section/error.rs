//! The errors of a section. They name the key and the remedy, and never a value.

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
