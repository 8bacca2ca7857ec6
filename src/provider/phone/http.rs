//! Any gateway that takes `POST {"to", "text"}` as JSON.

use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};

use super::{GatewayKeys, GatewayKind};
use crate::channel::sms::Gateway;
use crate::section::ConfigError;

pub static DECLARED: GatewayKind = GatewayKind {
    name: "http",
    keys: &["url", "token", "token_file"],
    new,
    secret: "token",
};

struct HttpGateway {
    /// The URL of the gateway.
    url: String,
    /// Sent as bearer token (RFC 6750).
    token: Option<SecretString>,
}

fn new(keys: &GatewayKeys) -> Result<Arc<dyn Gateway>, ConfigError> {
    let url = keys.needed("url", "the address that takes the messages")?;
    Ok(Arc::new(HttpGateway {
        url: keys.checked("url", url)?,
        token: keys.secret("token")?,
    }))
}

impl HttpGateway {
    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }
}

impl Gateway for HttpGateway {
    fn message(&self, client: &Client, to: &str, text: &str) -> RequestBuilder {
        let message = serde_json::json!({ "to": to, "text": text });
        self.with_login(client.post(&self.url).json(&message))
    }

    fn question(&self, client: &Client) -> RequestBuilder {
        self.with_login(client.head(&self.url))
    }
}
