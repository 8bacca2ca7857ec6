//! Calls of gateways: reports on messages that they took, and messages of people.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Channel;
use crate::model::Identity;

/// A call of a gateway: a report or a message, as it has sent it.
#[derive(Clone, Default)]
pub struct GatewayCall {
    /// The name of the gateway, in the address that was called.
    pub gateway: String,
    /// The word of the letter, or the secret of the gateway, in the same address or in a header.
    pub word: String,
    /// The query of that address.
    pub query: String,
    /// The content.
    pub body: Vec<u8>,
    /// The signature, if the gateway has one.
    pub signature: Option<String>,
}

impl GatewayCall {
    /// Returns the fields of the form.
    pub fn form(&self) -> Vec<(String, String)> {
        serde_urlencoded::from_bytes(&self.body).unwrap_or_default()
    }

    /// Returns the content if it is JSON, otherwise the fields of the form, as an object. Fields of the query, which the gateway has
    /// made, stand over those of the content, which a person may have written.
    pub fn content(&self) -> Value {
        let object = |fields: Vec<(String, String)>| -> Map<String, Value> {
            fields.into_iter().map(|(name, value)| (name, value.into())).collect()
        };
        let query = object(serde_urlencoded::from_str(&self.query).unwrap_or_default());
        let mut content = match serde_json::from_slice(&self.body) {
            Ok(Value::Array(list)) if query.is_empty() => return Value::Array(list),
            Ok(Value::Object(content)) => content,
            _ => object(self.form()),
        };
        content.extend(query);
        Value::Object(content)
    }
}

/// The meaning of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The message does not arrive.
    Failed,
    /// It has arrived, or may still.
    Open,
}

/// A report of a gateway that nobody else can have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The name of the gateway.
    pub gateway: String,
    /// The word of the letter.
    pub word: String,
    /// The meaning.
    pub fate: Fate,
}

/// A text message of a person.
pub struct TextMessage {
    /// The sender; `None` if it is not a number.
    pub from: Option<Identity>,
    /// The text.
    pub text: String,
    /// The answer to the gateway.
    pub answer: &'static str,
}

/// The channels whose gateways call the service.
#[derive(Clone, Default)]
pub struct Reporters(Vec<Arc<dyn Channel>>);

impl Reporters {
    /// Returns the meaning of a report; `None` if none of the gateways has sent it.
    pub fn meaning(&self, report: &GatewayCall) -> Option<Fate> {
        self.0.iter().find_map(|channel| channel.report(report))
    }

    /// Returns the message of a person in a call; `None` if none of the gateways has made it.
    pub fn text(&self, call: &GatewayCall) -> Option<TextMessage> {
        self.0.iter().find_map(|channel| channel.text(call))
    }
}

impl FromIterator<Arc<dyn Channel>> for Reporters {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Channel>>>(channels: I) -> Self {
        Self(channels.into_iter().collect())
    }
}

impl fmt::Debug for Reporters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} channels", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_reports_are_read() {
        let content = |query: &str, body: &str| {
            let report = GatewayCall {
                query: query.into(),
                body: body.into(),
                ..GatewayCall::default()
            };
            report.content()
        };
        assert_eq!(content("type=2&x=%2B1", "")["type"], "2");
        assert_eq!(content("", "MessageStatus=failed&To=%2B44")["MessageStatus"], "failed");
        assert_eq!(
            content("a=1", r#"{"results": [{"status": 5}]}"#)["results"][0]["status"],
            5
        );
        assert_eq!(content("status=1", "5")["status"], "1");
        for forged in [r#"{"from": "+2"}"#, "from=%2B2", r#"[{"from": "+2"}]"#] {
            assert_eq!(content("from=%2B1", forged)["from"], "+1", "{forged}");
        }
    }
}
