//! Reads the configuration from its file, the environment and the flags.

use std::convert::Infallible;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;

use super::error::malformed;
use super::{Config, ConfigError, exposed};
use crate::section::declared;
use crate::service::CodeRules;

impl Config {
    /// Reads `file`, the environment and `overrides` (`key.path`, value), and checks all values.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    #[allow(clippy::disallowed_methods, reason = "read once, before anything is served")]
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Unreadable {
            path: file.to_owned(),
            error,
        })?;
        // The defaults come first, so that a rule for codes can be given in part.
        let defaults = Serialized::default("codes", CodeRules::default());
        let text = Figment::from(Toml::string(&text));
        let mut figment = Figment::from(defaults).merge(&text);
        Self::check_environment()?;
        // Every key stands in a section. A variable without one (ITSEME_CLIENT_PASSWORD) belongs to another program.
        let environment = Env::prefixed("ITSEME_").split("__");
        let environment = environment
            .iter()
            .map(|(key, value)| (key.to_string(), value))
            .filter(|(key, _)| key.contains('.'));
        for (key, value) in environment.chain(overrides.iter().cloned()) {
            figment = figment.merge(Serialized::default(&key, typed(&key, value)));
        }
        let mut config: Self = figment.extract().map_err(|error| malformed(error, file))?;
        config.check()?;
        config.exposed = exposed::find(file, &text, overrides, &figment);
        Ok(config)
    }

    /// A variable that names a section but no key is a mistake, most likely one underscore instead of two.
    fn check_environment() -> Result<(), ConfigError> {
        let sections = declared::keys::<Self>();
        for (key, _) in Env::prefixed("ITSEME_").iter() {
            let key = key.as_str().to_lowercase();
            let section = key.split('_').next().unwrap_or_default();
            if sections.contains(&section) && !key.contains("__") {
                let name = key.to_uppercase();
                return Err(ConfigError::Malformed(format!(
                    "the environment: ITSEME_{name} is no key; write two underscores behind a section, like \
                     ITSEME_COMPONENT__SECRET"
                )));
            }
        }
        Ok(())
    }
}

/// Reads a value that came as text. Numbers, lists and the like are read as such, except where a text is expected, so
/// that a secret of digits stays a text.
fn typed(key: &str, text: String) -> Value {
    if declared::is_text::<Config>(key) {
        return text.into();
    }
    text.parse().unwrap_or_else(|never: Infallible| match never {})
}
