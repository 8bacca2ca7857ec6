//! Text messages of people, as gateways pass them on.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::super::{GatewayCall, TextMessage};
use super::Gateway;
use crate::model::{Identity, Provider};

/// The gateway that passes text messages on, and the places of sender and text in its calls.
pub struct Inbound {
    /// The name in the address that it calls.
    pub gateway: String,
    /// The secret in that address, or in a header; `None`: the gateway signs what it sends.
    pub secret: Option<SecretString>,
    /// The place of the sender: a JSON pointer.
    pub sender: String,
    /// The place of the text.
    pub text: String,
    /// The answer that makes the gateway send nothing back.
    pub answer: &'static str,
}

impl Inbound {
    /// Returns the message in a call; `None` if it is not of that gateway.
    pub fn read(&self, url: Option<&str>, call: &GatewayCall, gateway: Option<&dyn Gateway>) -> Option<TextMessage> {
        let is_its = match &self.secret {
            Some(secret) => secret.expose_secret().as_bytes().ct_eq(call.word.as_bytes()).into(),
            None => call.word.is_empty() && gateway?.has_signed(url?, call),
        };
        if !is_its {
            return None;
        }
        let content = call.content();
        let part = |place: &str| match content.pointer(place)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        Some(TextMessage {
            from: part(&self.sender).and_then(|sender| number(&sender)),
            text: part(&self.text).unwrap_or_default(),
            answer: self.answer,
        })
    }
}

/// Reads the sender of a message: an international number, with + or without. Names, short numbers and national numbers are none.
fn number(sender: &str) -> Option<Identity> {
    let sender = sender.trim();
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    let is_international = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = is_international.then(|| Identity::parse(Provider::Phone, &format!("+{digits}")))?;
    number.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn inbound() -> Inbound {
        Inbound {
            gateway: "own".into(),
            secret: Some("0123456789abcdef".to_owned().into()),
            sender: "/from".into(),
            text: "/text".into(),
            answer: "",
        }
    }

    fn call(word: &str, query: &str, body: &str) -> GatewayCall {
        GatewayCall {
            gateway: "own".into(),
            word: word.into(),
            query: query.into(),
            body: body.into(),
            ..GatewayCall::default()
        }
    }

    #[test]
    fn queries_forms_and_json_are_read() {
        const JSON: &str = r#"{"from": 447700900123, "text": "12345678"}"#;
        for (query, body) in [
            ("from=447700900123&text=12345678", ""),
            ("", "from=%2B447700900123&text=12345678"),
            ("", JSON),
        ] {
            let read = inbound()
                .read(None, &call("0123456789abcdef", query, body), None)
                .unwrap();
            assert_eq!(read.from.unwrap().id, "+447700900123");
            assert_eq!((read.text.as_str(), read.answer), ("12345678", ""));
        }
        let nothing = inbound().read(None, &call("0123456789abcdef", "", "[]"), None).unwrap();
        assert!(nothing.from.is_none() && nothing.text.is_empty());
    }

    #[test]
    fn a_wrong_secret_is_nothing() {
        for word in ["", "0123456789abcdeg", "0123456789abcde", "0123456789abcdef0"] {
            assert!(
                inbound()
                    .read(None, &call(word, "from=447700900123&text=1", ""), None)
                    .is_none()
            );
        }
        let signed = Inbound {
            secret: None,
            ..inbound()
        };
        let call = call("", "from=447700900123&text=1", "");
        assert!(signed.read(Some("https://it-se.example"), &call, None).is_none());
    }

    #[test]
    fn senders_are_international_numbers() {
        for sender in ["+447700900123", "447700900123", " +447700900123 "] {
            assert_eq!(number(sender).unwrap().id, "+447700900123");
        }
        for sender in [
            "07700900123",
            "00447700900123",
            "12345",
            "AMY",
            "whatsapp:+447700900123",
            "+44 7700 900123",
            "",
            "+",
            "44770090012345678",
            "٤٤٧٧٠٠٩٠٠١٢٣",
        ] {
            assert!(number(sender).is_none(), "{sender}");
        }
    }
}
