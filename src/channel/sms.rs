//! Codes by text message, over Twilio's API or a plain HTTP gateway.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Channel, Letter, Message, SendError, Sent, text};

const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: usize = 64 * 1024;

/// Who takes the text messages.
pub enum Gateway {
    /// Twilio's Messages resource (API version 2010-04-01), or whatever speaks it.
    Twilio {
        /// `https://api.twilio.com`, or a compatible gateway.
        api_url: String,
        /// The account's SID.
        account_sid: String,
        /// The account's secret.
        auth_token: SecretString,
        /// The number that sends.
        from: String,
    },
    /// `POST {"to", "text"}` as JSON.
    Http {
        /// Where to.
        url: String,
        /// Sent as bearer token (RFC 6750).
        token: Option<SecretString>,
    },
}

impl Gateway {
    /// Whether its secret is that of component.toml.example.
    pub fn is_example(&self) -> bool {
        let secret = match self {
            Self::Twilio { auth_token, .. } => Some(auth_token),
            Self::Http { token, .. } => token.as_ref(),
        };
        secret.is_some_and(|secret| secret.expose_secret() == "change me")
    }
}

/// Sends codes by text message.
pub struct Sms {
    client: Client,
    gateway: Gateway,
}

/// Twilio's error object; see "REST API error and warning dictionary" in its documentation.
#[derive(Deserialize)]
struct TwilioError {
    code: u32,
}

impl Sms {
    /// Sends by `gateway`.
    ///
    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn new(gateway: Gateway) -> Result<Self, String> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("itseme/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(reason)?;
        Ok(Self { client, gateway })
    }

    /// Whether the gateway answers and, as far as it can tell without sending, takes the login.
    ///
    /// # Errors
    /// With the reason.
    pub async fn check(&self) -> Result<(), String> {
        let request = match &self.gateway {
            Gateway::Twilio {
                api_url, account_sid, ..
            } => self
                .client
                .get(format!("{api_url}/2010-04-01/Accounts/{account_sid}.json")),
            Gateway::Http { url, .. } => self.client.head(url),
        };
        let status = self.with_login(request).send().await.map_err(reason)?.status();
        let login_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match &self.gateway {
            _ if login_refused => Err(format!("the gateway refuses the login ({status})")),
            _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                Err(format!("the gateway answered {status}"))
            }
            Gateway::Twilio { .. } if !status.is_success() => Err(format!("the gateway answered {status}")),
            _ => Ok(()),
        }
    }

    fn with_login(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.gateway {
            Gateway::Twilio {
                account_sid,
                auth_token,
                ..
            } => request.basic_auth(account_sid, Some(auth_token.expose_secret())),
            Gateway::Http { token: Some(token), .. } => request.bearer_auth(token.expose_secret()),
            Gateway::Http { token: None, .. } => request,
        }
    }

    fn request(&self, to: &str, text: &str) -> RequestBuilder {
        match &self.gateway {
            Gateway::Twilio {
                api_url,
                account_sid,
                from,
                ..
            } => self
                .client
                .post(format!("{api_url}/2010-04-01/Accounts/{account_sid}/Messages.json"))
                .form(&[("To", to), ("From", from), ("Body", text)]),
            Gateway::Http { url, .. } => self
                .client
                .post(url)
                .json(&serde_json::json!({ "to": to, "text": text })),
        }
    }

    async fn send_text(&self, to: &str, text: &str) -> Sent {
        let request = self.with_login(self.request(to, text));
        let mut response = request.send().await.map_err(|error| SendError::Retry(reason(error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await
            && body.len() + chunk.len() <= LONGEST_ANSWER
        {
            body.extend_from_slice(&chunk);
        }
        // The gateway's own words may repeat the number; its error code does not.
        let told = match serde_json::from_slice(&body) {
            Ok(TwilioError { code }) => format!("the gateway answered {status}, error {code}"),
            Err(_) => format!("the gateway answered {status}"),
        };
        // Wrong credentials are the admin's to mend, and soon mended: the message is still wanted then.
        let passing = status.is_server_error()
            || matches!(
                status,
                StatusCode::UNAUTHORIZED
                    | StatusCode::FORBIDDEN
                    | StatusCode::REQUEST_TIMEOUT
                    | StatusCode::TOO_MANY_REQUESTS
            );
        Err(if passing {
            SendError::Retry(told)
        } else {
            SendError::Fail(told)
        })
    }
}

/// What went wrong, without the URL, which may hold an account or a token.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        "the gateway did not answer in time".into()
    } else if error.is_connect() {
        "the gateway cannot be reached; is it running, at that URL?".into()
    } else {
        format!("the gateway cannot be used: {error}")
    }
}

impl Channel for Sms {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        let each = letters.iter().map(move |letter| async move {
            match &letter.message {
                Message::Code {
                    identity, target, code, ..
                } => {
                    self.send_text(&identity.id, &text::sms(target, code, letter.language))
                        .await
                }
                _ => Err(SendError::Fail("not a text message".into())),
            }
        });
        join_all(each).boxed()
    }
}
