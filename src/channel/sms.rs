//! Codes by text message, over Twilio's API or a plain HTTP gateway.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::gateway::refusal;
use super::{Channel, Letter, Message, Places, SendError, Sent, Trouble, text};

/// For an answer, from the first byte that is sent. A gateway that takes longer may have taken the message all the same.
const PATIENCE: Duration = Duration::from_secs(30);
/// For a connection, until which nothing is sent. Shorter than what the outbox gives messages that are being sent when the
/// service stops: what is not answered then, was sent.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(10);
/// Numbers that differ in their last digits only, so many of them, are one destination: of one network in one country. Not
/// all of a country's: most people of a service are of one.
const DIGITS_OF_A_BLOCK: usize = 3;
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
            .connect_timeout(PATIENCE_TO_CONNECT)
            // A connection that is used again may be closed by the other side just when something is written to it. Nobody
            // could tell whether that was read.
            .pool_max_idle_per_host(0)
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
        let mut response = request.send().await.map_err(not_answered)?;
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
        let told: Option<TwilioError> = serde_json::from_slice(&body).ok();
        let is_twilio = matches!(self.gateway, Gateway::Twilio { .. });
        Err(refusal(status, told.filter(|_| is_twilio).map(|error| error.code)))
    }
}

/// What became of a message that was not answered. Nothing was sent before there was a connection. After that, nobody can tell
/// whether the gateway has taken it, and each that it takes is paid for.
fn not_answered(error: reqwest::Error) -> SendError {
    match error.is_connect() || error.is_builder() {
        true => SendError::Retry(Trouble::down(reason(error))),
        false => SendError::Unclear(reason(error)),
    }
}

/// What went wrong, without the URL, which may hold an account or a token.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_connect() {
        "the gateway cannot be reached; is it running, at that URL?".into()
    } else if error.is_timeout() {
        "the gateway did not answer in time".into()
    } else if error.is_request() {
        "the gateway closed the connection before it answered".into()
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

    fn places(&self) -> Places {
        Places { all: 32, each: 8 }
    }

    fn destination(&self, letter: &Letter) -> String {
        match &letter.message {
            Message::Code { identity, .. } => {
                let block = identity.id.len().saturating_sub(DIGITS_OF_A_BLOCK);
                identity.id.get(..block).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        }
    }

    fn cut_off(&self) -> SendError {
        SendError::Unclear("the service was stopped before the gateway answered".into())
    }
}
