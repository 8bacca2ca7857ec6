//! Secrets that others on the same machine can read.

use std::path::Path;

use figment::Figment;
use figment::value::{Dict, Value};
use url::Url;

use super::Config;
use crate::private;
use crate::section::declared;

/// Finds secrets that others can read, and describes each with its remedy. `text` is the content of `file`, `overrides`
/// stand on the command line, and `merged` is the whole configuration.
pub fn find(file: &Path, text: &Figment, overrides: &[(String, String)], merged: &Figment) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_file = Vec::new();
    walk(text, &mut |key, value| {
        in_file.extend(holds_secret(key, value).then(|| key.to_owned()))
    });
    if let (false, Err(reason)) = (in_file.is_empty(), private::check_file(file)) {
        let keys = in_file.join(", ");
        found.push(format!("{} has secrets ({keys}): {reason}", file.display()));
    }
    let is_exposed = |(key, value): &&(String, String)| holds_secret(key, &value.as_str().into());
    for (key, _) in overrides.iter().filter(is_exposed) {
        found.push(format!(
            "{key}: every user of this machine can read it on the command line (ps); put it into {key}_file, the configuration file \
             or the environment"
        ));
    }
    walk(merged, &mut |key, value| {
        // The key file is checked when it is read.
        let is_read = names_a_file(key) && key != "store.key_file";
        let path = value.as_str().filter(|_| is_read).map(Path::new);
        if let Some((path, Err(reason))) = path.map(|path| (path, private::check_file(path))) {
            found.push(format!("{key} {}: {reason}", path.display()));
        }
    });
    found
}

fn is_secret(key: &str) -> bool {
    declared::is_secret::<Config>(key)
}

/// Returns `true` if the key names a file that holds a secret.
pub fn names_a_file(key: &str) -> bool {
    key.strip_suffix("_file").is_some_and(is_secret)
}

/// Returns `true` if a value is to be kept secret: that of a secret's key, and any URL with a password. The URL of a file holds none.
fn holds_secret(key: &str, value: &Value) -> bool {
    let is_file = || key == "store.url" && value.as_str().is_some_and(|url| url.starts_with("sqlite:"));
    let has_password = || {
        value
            .as_str()
            .and_then(|url| Url::parse(url).ok())
            .is_some_and(|url| url.password().is_some())
    };
    is_secret(key) && !is_file() || has_password()
}

/// Calls `show` with the path and the value of every key.
pub fn walk(figment: &Figment, show: &mut dyn FnMut(&str, &Value)) {
    // Errors of reading are reported elsewhere.
    walk_dict("", &figment.extract::<Dict>().unwrap_or_default(), show);
}

/// As [`walk`], of a value.
pub fn walk_value(value: &Value, show: &mut dyn FnMut(&str, &Value)) {
    if let Value::Dict(_, dict) = value {
        walk_dict("", dict, show);
    }
}

fn walk_dict(above: &str, dict: &Dict, show: &mut dyn FnMut(&str, &Value)) {
    for (key, value) in dict {
        let path = format!("{above}{key}");
        match value {
            Value::Dict(_, dict) => walk_dict(&format!("{path}."), dict, show),
            _ => show(&path, value),
        }
    }
}
