//! The answers of a gateway: by which a template recognises that a message was taken, or refused.

use std::borrow::Cow;

use reqwest::StatusCode;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::section::{ConfigError, Mistakes, unusable};

/// A pattern of answers. All parts that it has must match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pattern {
    /// One of these statuses; empty: any.
    #[serde(deserialize_with = "statuses")]
    status: Vec<u16>,
    /// A place in the JSON of the answer (RFC 6901). Without a value, something must be there.
    pointer: Option<String>,
    /// One of these values must be there, as a text, a number or a boolean.
    #[serde(deserialize_with = "words")]
    value: Vec<String>,
    /// The answer begins with one of these texts; with a pointer, the value there does.
    #[serde(deserialize_with = "words")]
    text: Vec<String>,
    /// The remedy for the admin.
    pub remedy: Option<String>,
}

/// The body of an answer.
pub struct Body<'a> {
    text: Cow<'a, str>,
    json: Option<Value>,
}

impl<'a> Body<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self {
            text: String::from_utf8_lossy(bytes),
            json: serde_json::from_slice(bytes).ok(),
        }
    }

    /// Returns what a report says.
    pub fn of_report(content: Value) -> Self {
        Self {
            text: Cow::Borrowed(""),
            json: Some(content),
        }
    }

    /// Returns the value at a place as a text; `None` if there is nothing.
    fn at(&self, pointer: &str) -> Option<String> {
        match self.json.as_ref()?.pointer(pointer)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl Pattern {
    /// Returns the words of an answer that matches, which contain nothing of the answer but what the configuration has;
    /// `None` if it does not match.
    pub fn matches(&self, status: StatusCode, body: &Body<'_>) -> Option<String> {
        let mut told = format!("the gateway answered {status}");
        if !self.status.is_empty() && !self.status.contains(&status.as_u16()) {
            return None;
        }
        let mut said = Cow::Borrowed(body.text.trim_start());
        if let Some(pointer) = &self.pointer {
            said = Cow::Owned(body.at(pointer)?);
            if !self.value.is_empty() {
                let value = self.value.iter().find(|value| **value == said)?;
                told = format!("{told} with {value} at {pointer}");
            }
        }
        if !self.text.is_empty() {
            let text = self.text.iter().find(|text| said.starts_with(&***text))?;
            told = format!("{told} with {text:?}");
        }
        Some(told)
    }

    /// Returns the value that an answer has where this pattern has one, if it is short enough to be a status and nothing
    /// of a person.
    pub fn short_value(&self, body: &Body<'_>) -> Option<String> {
        let pointer = self.pointer.as_deref()?;
        let value = body.at(pointer).filter(|value| value.len() <= 3)?;
        let is_word = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_word.then(|| format!(" with {value} at {pointer}"))
    }

    /// Returns `true` if it names statuses.
    pub fn has_status(&self) -> bool {
        !self.status.is_empty()
    }

    /// Checks the pattern at `key`.
    pub fn check(&self, key: &str, found: &mut Mistakes) {
        found.0.extend(self.mistake(key));
    }

    /// Checks the pattern of a report at `key`.
    pub fn check_report(&self, key: &str, found: &mut Mistakes) {
        let remedy = "expected a pointer to a field of the report, like { pointer = \"/status\", value = [\"failed\"] }, and neither status \
                      nor text";
        let has_only_pointer = self.pointer.is_some() && self.status.is_empty() && self.text.is_empty();
        found.unless(has_only_pointer, key, remedy);
        self.check(key, found);
    }

    fn mistake(&self, key: &str) -> Option<ConfigError> {
        let is_pointer = |pointer: &String| pointer.is_empty() || pointer.starts_with('/');
        if self.status.is_empty() && self.pointer.is_none() && self.text.is_empty() {
            let remedy = "expected at least one of status, pointer and text, like { status = [429] }";
            return Some(unusable(key, remedy));
        }
        if !self.pointer.as_ref().is_none_or(is_pointer) {
            let remedy = "expected a JSON pointer (RFC 6901), like \"/messages/0/status\"";
            return Some(unusable(format!("{key}.pointer"), remedy));
        }
        if !self.value.is_empty() && self.pointer.is_none() {
            let remedy = "set pointer to the place where the value is, like \"/messages/0/status\"";
            return Some(unusable(format!("{key}.value"), remedy));
        }
        None
    }
}

/// A value of the configuration, as it is compared.
#[derive(Deserialize)]
#[serde(untagged)]
enum ConfiguredValue {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl ConfiguredValue {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// Reads one value or a list of them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(ConfiguredValue),
        More(Vec<ConfiguredValue>),
    }
    match Written::deserialize(deserializer) {
        Ok(Written::One(word)) => Ok(vec![word.text()]),
        Ok(Written::More(words)) => Ok(words.into_iter().map(ConfiguredValue::text).collect()),
        Err(_unclear) => Err(D::Error::custom("expected a text, or a list of texts")),
    }
}

/// Reads one status or a list of them.
fn statuses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u16>, D::Error> {
    let status = |word: &String| word.parse().ok().filter(|status| (200..600).contains(status));
    let all: Option<Vec<u16>> = words(deserializer)?.iter().map(status).collect();
    all.ok_or_else(|| D::Error::custom("expected a status of HTTP like 429, or a list of them"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::*;

    fn pattern(toml: &str) -> Pattern {
        Figment::from(Toml::string(toml)).extract().unwrap()
    }

    fn told(toml: &str, status: u16, body: &str) -> Option<String> {
        pattern(toml).matches(StatusCode::from_u16(status).unwrap(), &Body::of(body.as_bytes()))
    }

    #[test]
    fn all_parts_must_match() {
        let vonage = "status = 200\npointer = \"/messages/0/status\"\nvalue = [\"1\", 5]";
        let answer = |value: &str| format!("{{\"messages\": [{{\"status\": {value}, \"to\": \"447700900123\"}}]}}");
        let expected = "the gateway answered 200 OK with 5 at /messages/0/status";
        assert_eq!(told(vonage, 200, &answer("\"5\"")).as_deref(), Some(expected));
        assert_eq!(told(vonage, 200, &answer("5")).as_deref(), Some(expected));
        assert_eq!(told(vonage, 201, &answer("\"5\"")), None);
        assert_eq!(told(vonage, 200, &answer("\"0\"")), None);
        assert_eq!(told(vonage, 200, "5"), None);
        let there = "pointer = \"/id\"";
        assert!(told(there, 200, "{\"id\": \"x\"}").is_some());
        assert!(told(there, 200, "{\"id\": null}").is_none() && told(there, 200, "{}").is_none());
        let kannel = "text = [\"0: Accepted\", \"3: Queued\"]";
        assert!(told(kannel, 202, "3: Queued for later delivery\n").is_some());
        assert!(told(kannel, 202, "Not 3: Queued").is_none());
        let android = "pointer = \"/message\"\ntext = \"invalid\"";
        assert!(told(android, 400, "{\"message\": \"invalid number 447700900123\"}").is_some());
        assert!(
            told(android, 400, "invalid").is_none() && told(android, 400, "{\"message\": \"not invalid\"}").is_none()
        );
        let truth = "pointer = \"/canceled\"\nvalue = false";
        assert!(told(truth, 201, "{\"canceled\": false}").is_some());
    }

    #[test]
    fn only_a_short_value_is_told() {
        let short = |body: &str| pattern("pointer = \"/status\"").short_value(&Body::of(body.as_bytes()));
        assert_eq!(short("{\"status\": 99}").as_deref(), Some(" with 99 at /status"));
        assert_eq!(short("{\"status\": \"3991\"}"), None);
        assert_eq!(short("{\"status\": \"a b\"}"), None);
    }
}
