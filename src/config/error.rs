//! What is wrong with a configuration, in words that name the key and the remedy and repeat no value.

use std::path::{Path, PathBuf};

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

/// A value that cannot be used.
pub(super) fn unusable(key: &'static str, remedy: impl Into<String>) -> ConfigError {
    ConfigError::Unusable {
        key,
        remedy: remedy.into(),
    }
}

/// A URL by which what is secret or personal would leave this machine unencrypted, in a section that can allow it.
pub(super) fn cleartext(key: &'static str, encrypted: &str, section: &str) -> ConfigError {
    unusable(
        key,
        format!(
            "what is sent there can be read on the way: use {encrypted}, or a server on this machine. Where the network in \
             between is nobody else's, {section}.allow_cleartext = true allows it"
        ),
    )
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
pub(super) fn malformed(error: figment::Error, file: &Path) -> ConfigError {
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
        Kind::InvalidType(_, expected) => format!("expected {expected}; component.toml.example shows one"),
        Kind::InvalidValue(_, expected) => format!("expected {expected}; component.toml.example shows one"),
        // Not with what was found: it may be a secret that slipped into another line.
        Kind::UnknownVariant(_, expected) => format!("expected one of: {}", expected.join(", ")),
        Kind::Message(message) if from_file => {
            format!("{}; component.toml.example shows how it looks", without_source(message))
        }
        Kind::Message(_) => "has a value that cannot be used".into(),
        other => other.to_string(),
    };
    ConfigError::Malformed(format!("{place}:{key} {what}"))
}
