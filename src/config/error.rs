//! The errors of a malformed configuration, in words for an admin. They name the remedy, and never a value.

use std::path::Path;

use figment::error::Kind;

use super::example;
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

/// Returns the error of a file that is no TOML.
pub(super) fn no_toml(error: &figment::Error, file: &Path) -> ConfigError {
    let what = match &error.kind {
        Kind::Message(message) => without_source(message),
        other => other.to_string(),
    };
    ConfigError::Malformed(format!(
        "{}: {what}; component.toml.example shows how it looks",
        file.display()
    ))
}

/// Returns what is wrong with the value at `path`, and the remedy, without the value: it may be a secret.
pub(super) fn what(kind: &Kind, path: &str) -> String {
    let expected = match kind {
        Kind::UnknownField(name, known) => {
            return format!(
                "unknown key {name:?}; remove it, or mend it to one of: {}",
                known.join(", ")
            );
        }
        // Without the unknown word: it may be a secret in the wrong line.
        Kind::UnknownVariant(_, known) => {
            let words: Vec<_> = known.iter().map(|word| format!("{word:?}")).collect();
            format!("expected one of {}", words.join(", "))
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("expected {}", in_words(expected, path))
        }
        // The own readers of values say what is expected, and others may repeat the value.
        Kind::Message(message) if message.starts_with("expected") => message.clone(),
        _ => "expected another value".into(),
    };
    match example::line(path) {
        Some(line) => format!("{expected}; component.toml.example has: {line}"),
        None => format!("{expected}; component.toml.example shows one"),
    }
}

/// Returns in words what a type's reader expects.
fn in_words(expected: &str, path: &str) -> String {
    let words = match expected {
        "a boolean" => "true or false, without quotation marks",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "a string" | "string" | "path string" => "a text in quotation marks",
        "a sequence" => "a list in square brackets",
        "a duration" => "a time in quotation marks, like \"30s\", \"10m\" or \"24h\"",
        "a map" => "a table in braces",
        section if section.starts_with("struct ") && !path.contains('.') => return format!("a section [{path}]"),
        section if section.starts_with("struct ") => "a section or a table",
        other => other,
    };
    words.to_owned()
}
