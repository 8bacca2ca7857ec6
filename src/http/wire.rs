//! JSON bodies, read key by key, so that an error can name the key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::service::{Error, Result, is_set};

/// A JSON object whose values are read when they are asked for: hundreds of hashes need no copies of their digits.
pub struct Object<'a>(BTreeMap<String, &'a RawValue>);

/// A string, borrowed unless something in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Object<'a> {
    /// Reads `body`, whatever its Content-Type says.
    ///
    /// # Errors
    /// `json_decode_error` if it is no JSON, `value_error` if it is no object.
    pub fn parse(body: &'a Bytes) -> Result<Self> {
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| match serde_json::from_slice::<IgnoredAny>(body) {
                Ok(IgnoredAny) => Error::Value("The request must be a JSON object.".into()),
                Err(_) => Error::JsonDecode,
            })
    }

    /// What `key` holds; `null` is as good as nothing.
    fn optional(&self, key: &'static str) -> Option<&'a str> {
        self.0
            .get(key)
            .map(|value| value.get())
            .filter(|value| *value != "null")
    }

    fn required(&self, key: &'static str) -> Result<&'a str> {
        self.optional(key).ok_or(Error::Key(key))
    }

    /// What `key` holds, whatever it is.
    ///
    /// # Errors
    /// `key_error` if there is nothing, `json_decode_error`.
    pub fn value(&self, key: &'static str) -> Result<Value> {
        read(self.required(key)?, String::new)
    }

    /// The string that `key` holds.
    ///
    /// # Errors
    /// `key_error`, or `value_error` if it is something else.
    pub fn text(&self, key: &'static str) -> Result<Cow<'a, str>> {
        text(key, self.required(key)?)
    }

    /// The string that `key` holds, if there is something.
    ///
    /// # Errors
    /// `value_error` if it is something else.
    pub fn optional_text(&self, key: &'static str) -> Result<Option<Cow<'a, str>>> {
        self.optional(key).map(|value| text(key, value)).transpose()
    }

    /// The strings of the array that `key` holds.
    ///
    /// # Errors
    /// `key_error`, or `value_error` if it is something else.
    pub fn texts(&self, key: &'static str) -> Result<Vec<Cow<'a, str>>> {
        texts(key, self.required(key)?)
    }

    /// The strings of the array that `key` holds, if there is something.
    ///
    /// # Errors
    /// `value_error` if it is something else.
    pub fn optional_texts(&self, key: &'static str) -> Result<Option<Vec<Cow<'a, str>>>> {
        self.optional(key).map(|value| texts(key, value)).transpose()
    }

    /// Whether `key` is set: `true`, `1`, or either as a string.
    ///
    /// # Errors
    /// `value_error` if it is neither that nor its opposite.
    pub fn flag(&self, key: &'static str) -> Result<bool> {
        let text = self.optional(key).map(|value| {
            let text: Option<Text<'_>> = serde_json::from_str(value).ok();
            text.map_or(Cow::Borrowed(value), |Text(text)| text)
        });
        is_set(key, text.as_deref())
    }
}

fn text<'a>(key: &str, value: &'a str) -> Result<Cow<'a, str>> {
    let Text(text) = read(value, || format!("'{key}' must be a string."))?;
    Ok(text)
}

fn texts<'a>(key: &str, value: &'a str) -> Result<Vec<Cow<'a, str>>> {
    let texts: Vec<Text<'_>> = read(value, || format!("'{key}' must be an array of strings."))?;
    Ok(texts.into_iter().map(|Text(text)| text).collect())
}

/// A value that was only skipped until now: what is wrong within it is found here.
fn read<'a, T: Deserialize<'a>>(value: &'a str, expected: impl FnOnce() -> String) -> Result<T> {
    serde_json::from_str(value).map_err(|error| match error.is_data() {
        true => Error::Value(expected().into()),
        false => Error::JsonDecode,
    })
}
