//! Any gateway that takes `POST {"to", "text"}` as JSON.

use std::sync::Arc;

use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::{GatewayKeys, GatewayKind};
use crate::channel::SendError;
use crate::channel::sms::{Gateway, OverHttp, Refusal, Text, fault_of};
use crate::section::Mistakes;

pub static DECLARED: GatewayKind = GatewayKind {
    name: "http",
    keys: &["url", "token", "token_file"],
    can_call: false,
    new,
};

struct HttpGateway {
    /// The path of its section.
    section: String,
    /// The URL of the gateway.
    url: String,
    /// Sent as bearer token (RFC 6750).
    token: Option<SecretString>,
}

fn new(keys: &GatewayKeys) -> Result<Arc<dyn Gateway>, Mistakes> {
    let mut found = Mistakes::default();
    let url = keys.needed("url", "the address that takes the messages");
    let url = found.take(url.and_then(|url| keys.checked("url", url)));
    match (url, found.take(keys.secret("token"))) {
        (Some(url), Some(token)) => {
            let section = keys.section.clone();
            Ok(Arc::new(HttpGateway { section, url, token }))
        }
        _ => Err(found),
    }
}

impl HttpGateway {
    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }
}

impl OverHttp for HttpGateway {
    fn section(&self) -> &str {
        &self.section
    }

    fn message(&self, client: &Client, text: Text<'_>) -> RequestBuilder {
        let message = serde_json::json!({ "to": text.to, "text": text.text });
        self.with_login(client.post(&self.url).json(&message))
    }

    /// A message to nobody, which no gateway can send: such gateways have no other call in common.
    fn question(&self, client: &Client) -> RequestBuilder {
        self.message(client, Text::default())
    }

    /// A program of the admin's own says by 400 or 422 that the number is at fault.
    fn refusal(&self, status: StatusCode, _body: &[u8]) -> SendError {
        let refusal = Refusal::of(status);
        match status.as_u16() {
            400 | 422 => SendError::Fail(refusal.told),
            _ => refusal.meaning(),
        }
    }

    fn verdict(&self, status: StatusCode, _body: &[u8]) -> Result<String, String> {
        if let Some(fault) = fault_of(status) {
            return Err(fault);
        }
        let tried = format!("the gateway answered {status} to a message without a number");
        Ok(match status.as_u16() {
            400 | 422 => format!("{tried}, and refused no token: url is right, and most likely token as well"),
            _ => format!("{tried}: url is right; if token is, only a message shows"),
        })
    }
}
