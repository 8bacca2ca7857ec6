//! Texts with placeholders, like `{to}`, which are escaped for the place where they stand.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters that must be encoded within a part of a URL, or a value of a form (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the parts of a template stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In a URL, or a form.
    Url,
    /// In a string of JSON.
    Json,
    /// In a header, or in plain text.
    Plain,
}

impl Encoding {
    fn escape(self, text: &str) -> String {
        match self {
            Self::Url => utf8_percent_encode(text, RESERVED).to_string(),
            // A string of JSON, without its quotation marks.
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
            }
            Self::Plain => text.to_owned(),
        }
    }
}

/// The placeholders that each message fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hole {
    /// The number, with its +.
    To,
    /// The number, without its +.
    ToDigits,
    /// The text of the message.
    Text,
    /// The language of the text, with a region (RFC 5646), like `en-US`.
    Language,
    /// The address where the gateway reports on it.
    ReportUrl,
}

/// The values of a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// The number.
    pub to: &'a str,
    /// The text.
    pub text: &'a str,
    /// The language, with a region.
    pub locale: &'a str,
    /// The address for reports.
    pub report_url: Option<&'a str>,
}

impl Hole {
    fn named(name: &str) -> Option<Self> {
        match name {
            "to" => Some(Self::To),
            "to_digits" => Some(Self::ToDigits),
            "text" => Some(Self::Text),
            "language" => Some(Self::Language),
            "report_url" => Some(Self::ReportUrl),
            _ => None,
        }
    }
}

enum Part {
    /// A text of the configuration, with what that fills in.
    Fixed(String),
    Hole(Hole),
}

/// A text whose placeholders of the configuration are filled in. It may contain a secret, so it cannot be shown.
pub struct Filled {
    parts: Vec<Part>,
    encoding: Encoding,
}

/// The reason why a text cannot be filled in: a placeholder.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// There is none of that name.
    Unknown(String),
    /// The key of that name is not set.
    Unset(String),
}

/// Looks up the value of a placeholder that the configuration fills in. The inner `None`: it is known, and not set.
pub type Known<'a> = &'a dyn Fn(&str) -> Option<Option<String>>;

impl Filled {
    /// Fills in the placeholders that the configuration has. `used` gets their names.
    ///
    /// # Errors
    /// If there is an unknown one, or one that is not set.
    pub fn new(text: &str, encoding: Encoding, values: Known<'_>, used: &mut BTreeSet<String>) -> Result<Self, Wrong> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            parts.push(Part::Fixed(before.to_owned()));
            parts.push(match (Hole::named(name), values(name)) {
                (Some(hole), _) => Part::Hole(hole),
                // The beginning of a URL is none of its values.
                (None, Some(Some(url))) if name == "api_url" && encoding == Encoding::Url => {
                    Part::Fixed(url.trim_end_matches('/').to_owned())
                }
                (None, Some(Some(value))) => Part::Fixed(encoding.escape(&value)),
                (None, Some(None)) => return Err(Wrong::Unset(name.to_owned())),
                (None, None) => return Err(Wrong::Unknown(name.to_owned())),
            });
            used.insert(name.to_owned());
            rest = after;
        }
        parts.push(Part::Fixed(rest.to_owned()));
        Ok(Self { parts, encoding })
    }

    /// Returns `true` if each message fills something in.
    pub fn has_holes(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Hole(_)))
    }

    /// Returns the whole text of a message.
    pub fn with(&self, values: Values<'_>) -> String {
        let Values {
            to,
            text,
            locale,
            report_url,
        } = values;
        let part = |part: &Part| match part {
            Part::Fixed(fixed) => fixed.clone(),
            Part::Hole(Hole::To) => self.encoding.escape(to),
            Part::Hole(Hole::ToDigits) => self.encoding.escape(to.trim_start_matches('+')),
            Part::Hole(Hole::Text) => self.encoding.escape(text),
            Part::Hole(Hole::Language) => self.encoding.escape(locale),
            Part::Hole(Hole::ReportUrl) => self.encoding.escape(report_url.unwrap_or_default()),
        };
        self.parts.iter().map(part).collect()
    }
}

/// Returns the text before the next placeholder, its name, and the text behind it. Braces around anything but a name are a
/// part of the text, as in JSON.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        is_name(name).then_some((&text[..at], name, after))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn filled(text: &str, encoding: Encoding) -> Result<Filled, Wrong> {
        let values = |name: &str| match name {
            "password" => Some(Some("a\"b&c=\n+ü".to_owned())),
            "api_url" => Some(Some("https://sms.example.org/x/".to_owned())),
            "from" => Some(None),
            _ => None,
        };
        Filled::new(text, encoding, &values, &mut BTreeSet::new())
    }

    #[test]
    fn each_value_is_escaped_for_its_place() {
        let values = Values {
            to: "+447700900123",
            text: "\"¿a b\\?\"\t&{to}",
            locale: "es-ES",
            report_url: Some("https://it-se.example/report/own/1a"),
        };
        let with = |text, encoding| filled(text, encoding).unwrap().with(values);
        assert_eq!(
            with("{api_url}/{to}/{to_digits}?p={password}&t={text}", Encoding::Url),
            "https://sms.example.org/x/%2B447700900123/447700900123?p=a%22b%26c%3D%0A%2B%C3%BC&\
             t=%22%C2%BFa%20b%5C%3F%22%09%26%7Bto%7D"
        );
        let json = with(
            "{\"a\": {\"to\": \"{to}\", \"n\": {to_digits}}, \"t\": \"{text}\", \"p\": \"{password}\"}",
            Encoding::Json,
        );
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["a"]["n"], 447_700_900_123_u64);
        assert_eq!(json["t"], "\"¿a b\\?\"\t&{to}");
        assert_eq!(json["p"], "a\"b&c=\n+ü");
        let callback = with("callback={report_url}", Encoding::Url);
        assert_eq!(callback, "callback=https%3A%2F%2Fit-se.example%2Freport%2Fown%2F1a");
        assert_eq!(
            with("{ {to_digits} {} {A} }{", Encoding::Plain),
            "{ 447700900123 {} {A} }{"
        );
    }

    #[test]
    fn a_placeholder_that_cannot_be_filled_in_is_named() {
        assert_eq!(
            filled("{to} {txt}", Encoding::Url).err(),
            Some(Wrong::Unknown("txt".into()))
        );
        assert_eq!(filled("{from}", Encoding::Url).err(), Some(Wrong::Unset("from".into())));
    }
}
