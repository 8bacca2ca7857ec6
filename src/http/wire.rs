//! JSON bodies, read key by key, so that an error can name the key.

use bytes::Bytes;
use serde_json_borrow::{ObjectAsVec, Value};

use crate::json::member;
use crate::service::{Error, Result, is_set};

/// A JSON object. It borrows from the body: hundreds of hashes need no copies of their digits.
pub struct Object<'a>(ObjectAsVec<'a>);

impl<'a> Object<'a> {
    /// Reads `body`, whatever its Content-Type says.
    ///
    /// # Errors
    /// `json_decode_error` if it is no JSON, `value_error` if it is no object.
    pub fn parse(body: &'a Bytes) -> Result<Self> {
        match serde_json::from_slice(body).map_err(|_| Error::JsonDecode)? {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(Error::Value("The request must be a JSON object.".into())),
        }
    }

    /// Returns the value of `key`; `null` counts as absent.
    pub fn optional(&self, key: &'static str) -> Option<&Value<'a>> {
        member(&self.0, key)
    }

    /// Returns the value of `key`.
    ///
    /// # Errors
    /// `key_error` if there is none.
    pub fn value(&self, key: &'static str) -> Result<&Value<'a>> {
        self.optional(key).ok_or(Error::Key(key.into()))
    }

    /// Returns the string of `key`.
    ///
    /// # Errors
    /// `key_error`, or `value_error` if it is something else.
    pub fn text(&self, key: &'static str) -> Result<&str> {
        as_text(key, self.value(key)?)
    }

    /// Returns the string of `key`, if it is set.
    ///
    /// # Errors
    /// `value_error` if it is something else.
    pub fn optional_text(&self, key: &'static str) -> Result<Option<&str>> {
        self.optional(key).map(|value| as_text(key, value)).transpose()
    }

    /// Returns the strings of the array of `key`.
    ///
    /// # Errors
    /// `key_error`, or `value_error` if it is something else.
    pub fn texts(&self, key: &'static str) -> Result<Vec<&str>> {
        as_texts(key, self.value(key)?)
    }

    /// Returns the strings of the array of `key`, if it is set.
    ///
    /// # Errors
    /// `value_error` if it is something else.
    pub fn optional_texts(&self, key: &'static str) -> Result<Option<Vec<&str>>> {
        self.optional(key).map(|value| as_texts(key, value)).transpose()
    }

    /// Returns `true` if `key` is set: `true`, `1`, or either as a string.
    ///
    /// # Errors
    /// `value_error` if it is something else, and not `false` or `0` either.
    pub fn flag(&self, key: &'static str) -> Result<bool> {
        let text = self
            .optional(key)
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        is_set(&format!("The key '{key}'"), text.as_deref())
    }
}

fn as_text<'a>(key: &'static str, value: &'a Value<'_>) -> Result<&'a str> {
    value
        .as_str()
        .ok_or_else(|| Error::Value(format!("'{key}' must be a string.").into()))
}

fn as_texts<'a>(key: &'static str, value: &'a Value<'_>) -> Result<Vec<&'a str>> {
    let wrong = || Error::Value(format!("'{key}' must be an array of strings.").into());
    let texts = value.as_array().ok_or_else(wrong)?;
    texts.iter().map(|text| text.as_str().ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn error(body: &'static [u8]) -> Error {
        Object::parse(&Bytes::from_static(body)).err().unwrap()
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_object() {
        for body in [&b"{\"a\":\"\xff\"}"[..], b"{\"\\ud800\":1}", b"[1,", b"", b"{} {}"] {
            assert!(matches!(error(body), Error::JsonDecode), "{body:?}");
        }
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        let deep = Bytes::from(format!("{{\"a\":{deep}}}"));
        assert!(matches!(Object::parse(&deep).err(), Some(Error::JsonDecode)));
        for body in [&b"[]"[..], b"1", b"null", b"\"{}\""] {
            assert!(matches!(error(body), Error::Value(_)), "{body:?}");
        }
    }

    #[test]
    fn a_flag_is_true_or_1_and_nothing_else() {
        let flag = |value: &str| {
            Object::parse(&Bytes::from(format!("{{{value}}}")))
                .unwrap()
                .flag("resend")
        };
        for yes in ["true", "1", "\"true\"", "\"1\""] {
            assert!(flag(&format!("\"resend\": {yes}")).unwrap(), "{yes}");
        }
        for no in [
            "",
            "\"resend\": null",
            "\"resend\": false",
            "\"resend\": 0",
            "\"resend\": \"0\"",
        ] {
            assert!(!flag(no).unwrap(), "{no}");
        }
        for other in ["\"\"", "\"yes\"", "\"True\"", "2", "1.0", "-1", "[]", "[true]", "{}"] {
            let error = flag(&format!("\"resend\": {other}")).unwrap_err();
            let told = "The key 'resend' must be true or 1, or else false or 0.";
            assert!(
                matches!(&error, Error::Value(text) if text == told),
                "{other}: {error:?}"
            );
        }
    }

    /// `serde_json` interprets a string in some objects as JSON again, without a limit.
    #[test]
    fn an_object_is_what_it_looks_like() {
        let body = Bytes::from_static(br#"{"a":{"$serde_json::private::RawValue":"[1]"},"b":1,"b":"\u00e4"}"#);
        let object = Object::parse(&body).unwrap();
        assert!(object.value("a").unwrap().is_object());
        assert_eq!(object.text("b").unwrap(), "ä");
    }
}
