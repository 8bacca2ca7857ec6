//! Reads the values, and finds every mistake and not only the first: what is wrong is noted, taken out, and the rest is read again.

use std::collections::{BTreeMap, BTreeSet};

use figment::error::{Error, Kind};
use figment::value::{Dict, Value};

use super::{Config, error};
use crate::section::{ConfigError, Mistakes};

/// The largest number of mistakes that are looked for.
const ENOUGH: usize = 100;

/// The beginnings of remedies for what may follow from another key of the section that was taken out.
const FOLLOWS: [&str; 4] = ["set ", "nothing uses it", "{to}", "{text}"];

/// Stands for a section that must be there.
const STAND_IN: [(&str, &str); 2] = [("jid", "stand-in.invalid"), ("secret", "-")];

/// Reads the configuration from its values. `origin` tells where the value of a key is from.
///
/// # Errors
/// With every mistake.
pub fn read(values: Dict, origin: &dyn Fn(&str) -> String) -> Result<Config, Mistakes> {
    let mut reader = MistakeReader {
        values: values.into(),
        origin,
        found: Mistakes::default(),
        told: BTreeSet::new(),
        given_up: Vec::new(),
        taken: BTreeMap::new(),
    };
    reader.empty_texts();
    let config = reader.config();
    if let Some(Err(unusable)) = config.as_ref().map(Config::check) {
        let new = unusable.0.into_iter().filter(|mistake| !reader.knows(mistake));
        reader.found.0.extend(new.collect::<Vec<_>>());
    }
    match (config, reader.found.result()) {
        (Some(config), Ok(())) => Ok(config),
        (_, Err(found)) => Err(found),
        (None, Ok(())) => Err(ConfigError::Malformed("the configuration cannot be read".into()).into()),
    }
}

struct MistakeReader<'a> {
    values: Value,
    origin: &'a dyn Fn(&str) -> String,
    found: Mistakes,
    /// The keys that something was told about.
    told: BTreeSet<String>,
    /// The sections that were taken out.
    given_up: Vec<String>,
    /// The places in each list that were taken out.
    taken: BTreeMap<String, Vec<usize>>,
}

impl MistakeReader<'_> {
    /// No key has a use for an empty text. It comes from variables that somebody forgot to set.
    fn empty_texts(&mut self) {
        let mut empty = Vec::new();
        super::exposed::walk_value(&self.values, &mut |key, value| {
            empty.extend((value.as_str() == Some("")).then(|| key.to_owned()));
        });
        for key in empty {
            self.tell(&key, "expected a value, and it is empty: set it, or take it out");
            take(&mut self.values, &key.split('.').collect::<Vec<_>>());
        }
    }

    fn config(&mut self) -> Option<Config> {
        for _ in 0..ENOUGH {
            match self.values.deserialize() {
                Ok(config) => return Some(config),
                Err(error) => {
                    if !self.note(&error) {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Notes a mistake and takes it out. Returns `false` if that cannot be done.
    fn note(&mut self, error: &Error) -> bool {
        let mut path: Vec<&str> = error.path.iter().map(String::as_str).collect();
        match &error.kind {
            Kind::MissingField(name) => {
                self.missing(&path, name);
                true
            }
            Kind::UnknownField(name, _) => {
                // The own readers of sections have read the key already.
                if path.last() != Some(&name.as_str()) {
                    path.push(name);
                }
                let key = self.written(&path);
                self.tell(&key, &error::what(&error.kind, &path.join(".")));
                take(&mut self.values, &path)
            }
            kind => {
                let key = self.written(&path);
                self.tell(&key, &error::what(kind, &path.join(".")));
                take(&mut self.values, &path)
            }
        }
    }

    /// Notes a mistake, once for each key.
    fn tell(&mut self, key: &str, what: &str) {
        if self.told.insert(key.to_owned()) {
            let place = (self.origin)(key);
            self.found
                .0
                .push(ConfigError::Malformed(format!("{place}: {key}: {what}")));
        }
    }

    /// Notes a key that must be there. Without it, the section cannot be read.
    fn missing(&mut self, section: &[&str], name: &str) {
        let key = self.written(&[section, &[name]].concat());
        if !self.told.iter().any(|told| told.starts_with(&format!("{key}."))) {
            self.tell(&key, "is missing; component.toml.example shows it");
        }
        let (gone, must_be) = match section {
            [] => (name.to_owned(), true),
            section => (section.join("."), *section == ["component"]),
        };
        let path: Vec<_> = gone.split('.').collect();
        self.written(&path);
        take(&mut self.values, &path);
        self.given_up.push(format!("{gone}."));
        if let (true, Value::Dict(_, sections)) = (must_be, &mut self.values) {
            let keys = STAND_IN.map(|(key, value)| (key.to_owned(), Value::from(value)));
            sections.insert(gone, Dict::from(keys).into());
        }
    }

    /// Returns the name of a key, with the number of each entry in a list as it is written, counted from 1. If the key is an entry,
    /// it is about to be taken out.
    fn written(&mut self, path: &[&str]) -> String {
        let mut name = String::new();
        let mut separator = "";
        for (depth, part) in path.iter().enumerate() {
            let is_entry = find(&mut self.values, &path[..depth]).is_some_and(|value| value.as_array().is_some());
            if !is_entry {
                name = format!("{name}{separator}{part}");
                separator = ".";
                continue;
            }
            let now = part.parse::<usize>().unwrap_or_default();
            let taken = self.taken.entry(path[..depth].join(".")).or_default();
            let place = taken
                .iter()
                .fold(now, |place, taken| place + usize::from(*taken <= place));
            if depth + 1 == path.len() {
                taken.push(place);
            }
            name = format!("{name}, entry {}", place + 1);
            separator = ", ";
        }
        name
    }

    /// Returns `true` if a mistake follows from one that was told.
    fn knows(&self, mistake: &ConfigError) -> bool {
        let ConfigError::Unusable { key, remedy } = mistake else {
            return false;
        };
        // What is not set may have been taken out, or stands under a wrong name.
        let section = key.rsplit_once('.').map(|(section, _)| format!("{section}."));
        let is_near = |told: &String| section.as_ref().is_some_and(|section| told.starts_with(section));
        FOLLOWS.iter().any(|begin| remedy.starts_with(begin)) && self.told.iter().any(is_near)
            || self
                .told
                .iter()
                .any(|told| told == key || told.strip_prefix(key) == Some("_file"))
            || self.given_up.iter().any(|section| key.starts_with(section))
    }
}

fn find<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    let Some((first, rest)) = path.split_first() else {
        return Some(value);
    };
    let next = match value {
        Value::Dict(_, dict) => dict.get_mut(*first),
        Value::Array(_, list) => list.get_mut(first.parse::<usize>().ok()?),
        _ => None,
    };
    find(next?, rest)
}

/// Takes out the value at a path. Returns `false` if there is none.
fn take(value: &mut Value, path: &[&str]) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    match find(value, above) {
        Some(Value::Dict(_, dict)) => dict.remove(*last).is_some(),
        Some(Value::Array(_, list)) => match last.parse() {
            Ok(place) if place < list.len() => {
                list.remove(place);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
