//! The errors of a malformed configuration. They name the key and the remedy, and never a value.

use std::path::Path;

use crate::section::ConfigError;

/// Returns a message of the TOML parser without the lines that it quotes: they may contain a secret.
fn without_source(message: &str) -> String {
    let is_quote = |line: &&str| {
        line.split_once('|')
            .is_some_and(|(number, _)| number.trim().bytes().all(|b| b.is_ascii_digit()))
    };
    let lines: Vec<&str> = message.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}

/// Returns the error with its place, but without the value: it may be a secret.
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
        // Without the unknown word: it may be a secret in the wrong line.
        Kind::UnknownVariant(_, expected) => format!("expected one of: {}", expected.join(", ")),
        Kind::Message(message) if from_file => {
            format!("{}; component.toml.example shows how it looks", without_source(message))
        }
        Kind::Message(_) => "has a value that cannot be used".into(),
        other => other.to_string(),
    };
    ConfigError::Malformed(format!("{place}:{key} {what}"))
}
