//! The common parts of all sections of the configuration: secrets, errors, and the declared keys.

pub mod declared;
mod error;
pub mod words;

use std::path::PathBuf;

use secrecy::SecretString;

pub use self::error::{ConfigError, Mistakes, cleartext, unusable};

/// Returns a secret that stands in the configuration or in a file of its own.
///
/// # Errors
/// If it stands in both, or the file cannot be read.
#[allow(clippy::disallowed_methods, reason = "read once, before anything is served")]
pub fn secret(
    key: &str,
    value: &Option<SecretString>,
    file: &Option<PathBuf>,
) -> Result<Option<SecretString>, ConfigError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(unusable(key, "set either the key or its _file, not both")),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| unusable(key, format!("its _file {} cannot be read: {error}", path.display())))?;
            match text.trim_end_matches(['\r', '\n']) {
                "" => Err(unusable(
                    key,
                    format!("its _file {} is empty; write the value into it", path.display()),
                )),
                text => Ok(Some(text.into())),
            }
        }
        (None, None) => Ok(None),
    }
}
