//! Reads the configuration from its file, the environment and the flags.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use figment::{Figment, Profile, Provider};

use super::error::no_toml;
use super::{Config, ConfigError, example, exposed, mistakes};
use crate::section::{Mistakes, declared};
use crate::service::CodeRules;

/// The largest configuration, in bytes.
const LARGEST: u64 = 1024 * 1024;

impl Config {
    /// Reads `file`, the environment and `overrides` (`key.path`, value), and checks all values.
    ///
    /// # Errors
    /// With every mistake: the key and the remedy.
    pub fn load(file: &Path, overrides: &[(String, String)]) -> Result<Self, Mistakes> {
        let text = read(file).map_err(|error| ConfigError::Unreadable {
            path: file.to_owned(),
            error,
        })?;
        // The defaults come first, so that a rule for codes can be given in part.
        let defaults = Serialized::default("codes", CodeRules::default());
        let text = Figment::from(Toml::string(&text));
        let mut figment = Figment::from(defaults).merge(&text);
        let environment = environment();
        for (key, value) in environment.iter().chain(overrides) {
            figment = figment.merge(Serialized::default(key, typed(key, value.clone())));
        }
        let mut found = Mistakes(variables_without_a_section());
        let values = figment.data().map_err(|error| no_toml(&error, file))?;
        let values = values.get(&Profile::Default).cloned().unwrap_or_default();
        let origin = |key: &str| origin(key, file, &text, &environment, overrides);
        let config = found.take(mistakes::read(values, &origin));
        found.result()?;
        let mut config = config.ok_or_else(|| ConfigError::Malformed("the configuration cannot be read".into()))?;
        config.inbound = config
            .providers
            .iter()
            .find_map(|(_, section)| section.inbound().cloned());
        config.exposed = exposed::find(file, &text, overrides, &figment);
        config.leftovers = example::leftovers(&figment);
        Ok(config)
    }
}

/// Returns the text of a file, which may also be a pipe.
fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    match text.len() as u64 > LARGEST {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")),
        false => Ok(text),
    }
}

/// Returns the variables of the environment, each as a key and its value. Every key stands in a section. A variable without one
/// (ITSEME_CLIENT_PASSWORD) belongs to another program.
fn environment() -> Vec<(String, String)> {
    let variables = Env::prefixed("ITSEME_").split("__");
    let all = variables.iter().map(|(key, value)| (key.to_string(), value));
    all.filter(|(key, _)| key.contains('.')).collect()
}

/// A variable that names a section but no key is a mistake, most likely one underscore instead of two.
fn variables_without_a_section() -> Vec<ConfigError> {
    let sections = declared::keys::<Config>();
    let variables = Env::prefixed("ITSEME_");
    let names = variables.iter().map(|(key, _)| key.as_str().to_lowercase());
    let is_mistake = |name: &String| {
        let section = name.split('_').next().unwrap_or_default();
        sections.contains(&section) && !name.contains("__")
    };
    let told = |name: String| {
        ConfigError::Malformed(format!(
            "the environment: ITSEME_{} is no key; write two underscores behind a section, like ITSEME_COMPONENT__SECRET",
            name.to_uppercase()
        ))
    };
    names.filter(is_mistake).map(told).collect()
}

/// Returns where the value of `key` is from, in words.
fn origin(
    key: &str,
    file: &Path,
    text: &Figment,
    environment: &[(String, String)],
    overrides: &[(String, String)],
) -> String {
    let in_file = text.find_value(key).is_ok();
    let is_of = |set: &str| {
        let (part, whole) = (key.strip_prefix(set), set.strip_prefix(key));
        part.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ',']))
            || !in_file && whole.is_some_and(|rest| rest.starts_with('.'))
    };
    let found = |all: &[(String, String)]| all.iter().map(|(key, _)| key.clone()).find(|key| is_of(key));
    if let Some(set) = found(overrides) {
        format!("--set {set}")
    } else if let Some(variable) = found(environment) {
        format!("ITSEME_{}", variable.replace('.', "__").to_uppercase())
    } else {
        file.display().to_string()
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
