//! Codes by text message, over an HTTP gateway.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};

use super::{Channel, Letter, Message, Places, SendError, Sent, Trouble, text};
use crate::dial::Fault;

/// The time limit for an answer, from the first byte that is sent. A gateway that takes longer may still have accepted
/// the message.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time limit for a connection, before which nothing is sent. It is shorter than the time that the outbox gives to
/// messages in progress when the service stops: a message without an answer then was sent.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(10);
/// Numbers that differ only in this many last digits are one destination: they belong to one network in one country.
/// Not all numbers of a country are one destination, because most people of a service are of one country.
const DIGITS_OF_A_BLOCK: usize = 3;
/// The longest pause that a gateway can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
const LONGEST_ANSWER: usize = 64 * 1024;

/// A gateway that takes text messages.
pub trait Gateway: Send + Sync {
    /// Returns the request that sends a message.
    fn message(&self, client: &Client, to: &str, text: &str) -> RequestBuilder;

    /// Returns a request that sends no message, and shows if the gateway answers and accepts the login, as far as
    /// possible.
    fn question(&self, client: &Client) -> RequestBuilder;

    /// Returns the meaning of an answer to the question, which shows that the gateway is there and refuses no login.
    ///
    /// # Errors
    /// The fault and its remedy.
    fn verdict(&self, status: StatusCode, body: &[u8]) -> Result<String, String>;

    /// Returns the result of a message by its answer.
    fn result(&self, status: StatusCode, body: &[u8]) -> Sent {
        match status.is_success() {
            true => Ok(()),
            false => Err(self.refusal(status, body)),
        }
    }

    /// Returns the result of a message whose answer is not a success.
    fn refusal(&self, status: StatusCode, _body: &[u8]) -> SendError {
        Refusal::of(status).meaning()
    }
}

/// Sends codes by text message.
pub struct Sms {
    client: Client,
    gateways: BTreeMap<String, Arc<dyn Gateway>>,
}

impl Sms {
    /// Sends by the first of `gateways`.
    ///
    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn new(gateways: BTreeMap<String, Arc<dyn Gateway>>) -> Result<Self, String> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE_TO_CONNECT)
            // The other side may close a connection just when it is used again. Then nobody knows if the message was
            // read.
            .pool_max_idle_per_host(0)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("itseme/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(reason)?;
        Ok(Self { client, gateways })
    }

    /// Checks if the gateways answer and, as far as possible without sending, accept the login. Returns what was tried.
    ///
    /// # Errors
    /// With the reason of each that does not.
    pub async fn check(&self) -> Result<String, String> {
        let each = self.gateways.iter().map(async |(name, gateway)| {
            let answer = self.ask(&**gateway).await;
            let told = answer.as_ref().map_or_else(String::clone, String::clone);
            let told = if self.gateways.len() > 1 {
                format!("{name}: {told}")
            } else {
                told
            };
            answer.map(|_| told.clone()).map_err(|_| told)
        });
        let all = join_all(each).await;
        let works = all.iter().all(Result::is_ok);
        let told: Vec<String> = all
            .into_iter()
            .map(|answer| answer.unwrap_or_else(|fault| fault))
            .collect();
        if works {
            Ok(told.join("; "))
        } else {
            Err(told.join("; "))
        }
    }

    async fn ask(&self, gateway: &dyn Gateway) -> Result<String, String> {
        let mut response = gateway.question(&self.client).send().await.map_err(reason)?;
        gateway.verdict(response.status(), &bounded(&mut response).await)
    }

    async fn send_text(&self, to: &str, text: &str) -> Sent {
        let Some(gateway) = self.gateways.values().next() else {
            return Err(SendError::Retry(Trouble::refused("no gateway is configured")));
        };
        let mut response = gateway
            .message(&self.client, to, text)
            .send()
            .await
            .map_err(not_answered)?;
        let again = retry_after(response.headers());
        let sent = gateway.result(response.status(), &bounded(&mut response).await);
        sent.map_err(|error| match error {
            SendError::Retry(trouble) => SendError::Retry(Trouble { again, ..trouble }),
            other => other,
        })
    }
}

/// Returns the pause that an answer asks for (RFC 9110, 10.2.3), by the clock of the gateway.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let wish = text(RETRY_AFTER)?;
    let pause = match wish.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = |text| httpdate::parse_http_date(text).ok();
            date(wish)?.duration_since(date(text(DATE)?)?).ok()?
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// Returns the fault that the status of an answer to a question shows, if it shows one. A message without a number may be too
/// much for a gateway that is in order.
pub fn fault_of(status: StatusCode) -> Option<String> {
    match Refusal::of(status).meaning() {
        SendError::Retry(trouble) if !status.is_success() && ![500, 501].contains(&status.as_u16()) => {
            Some(trouble.reason)
        }
        _ => None,
    }
}

/// Returns the body, or the beginning of one that is too long.
async fn bounded(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await
        && body.len() + chunk.len() <= LONGEST_ANSWER
    {
        body.extend_from_slice(&chunk);
    }
    body
}

/// The answer of a gateway that has not accepted a message.
pub struct Refusal {
    /// The status of the answer.
    pub status: StatusCode,
    /// The answer in words.
    pub told: String,
}

impl Refusal {
    /// Returns an answer that consists of its status only.
    pub fn of(status: StatusCode) -> Self {
        let told = format!("the gateway answered {status}");
        Self { status, told }
    }

    /// Returns the result of a refusal because of the configuration or the account. The message still waits: the admin
    /// is told the remedy, and it is tried again until it expires.
    pub fn refused(self, remedy: &str) -> SendError {
        SendError::Retry(Trouble::refused(format!("{}: {remedy}", self.told)).after_reading())
    }

    /// Returns the result of an answer that asks to send less.
    pub fn asks_to_wait(self) -> SendError {
        self.refused("it asks to wait; if that goes on, raise the limit of the account")
    }

    /// Returns the result of a refused login.
    pub fn refuses_login(self) -> SendError {
        self.refused(
            "the login is refused; set the account and its secret in [providers.phone] as the gateway has them",
        )
    }

    /// Returns the result of an answer that asks for payment.
    pub fn has_no_credit(self) -> SendError {
        self.refused("the account has no credit, or is suspended; see to it at the gateway")
    }

    /// Returns the meaning of the status. A fault of the number is permanent.
    pub fn meaning(self) -> SendError {
        match self.status.as_u16() {
            401 => self.refuses_login(),
            402 => self.has_no_credit(),
            403 => self.refused("the account may not do that; see to its rights at the gateway"),
            300..=399 => {
                self.refused("it is somewhere else; set url (or api_url) in [providers.phone] to where it leads")
            }
            404 | 405 | 410 => {
                self.refused("nothing takes messages there; mend url (or api_url, account_sid) in [providers.phone]")
            }
            407 => self.refused("a proxy on the way wants a login; see HTTPS_PROXY in the environment"),
            408 | 425 | 429 => self.asks_to_wait(),
            500..=599 => self.refused("it is out of order, or what is in front of it does not reach it"),
            _ => SendError::Fail(self.told),
        }
    }
}

/// Returns the result of a message without an answer. Before there is a connection, nothing was sent. After that,
/// nobody knows if the gateway has accepted it, and each accepted message costs money.
fn not_answered(error: reqwest::Error) -> SendError {
    match error.is_connect() || error.is_builder() {
        true => SendError::Retry(Trouble::down(reason(error))),
        false => SendError::Unclear(reason(error)),
    }
}

/// Returns the fault, without the URL, which may contain an account or a token.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if let Some(fault) = Fault::of(&error).filter(|_| error.is_connect()) {
        format!("the gateway cannot be reached: {fault}")
    } else if error.is_connect() {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::dial::fault::faulty;

    /// A gateway at a URL.
    struct At(String);

    impl Gateway for At {
        fn message(&self, client: &Client, _to: &str, _text: &str) -> RequestBuilder {
            client.post(&self.0)
        }

        fn question(&self, client: &Client) -> RequestBuilder {
            client.head(&self.0)
        }

        fn verdict(&self, status: StatusCode, _body: &[u8]) -> Result<String, String> {
            Ok(status.to_string())
        }
    }

    #[tokio::test]
    async fn each_fault_of_a_connection_has_its_own_words() {
        let server = faulty::SelfSigned::start();
        for (url, words) in [
            (
                format!("http://127.0.0.1:{}/?key=hunter2", faulty::refusing()),
                "refuses connections",
            ),
            ("https://nowhere.invalid/?key=hunter2".into(), "cannot be looked up"),
            (
                format!("https://127.0.0.1:{}/?key=hunter2", faulty::plain("hello\r\n")),
                "does not speak TLS",
            ),
            (
                format!("https://localhost:{}/?key=hunter2", server.port),
                "update-ca-certificates",
            ),
        ] {
            let told = Sms::new([("at".to_owned(), Arc::new(At(url)) as Arc<dyn Gateway>)].into())
                .unwrap()
                .check()
                .await
                .unwrap_err();
            assert!(told.contains(words) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_gateway_asks_for_a_pause_in_seconds_or_by_a_date() {
        let pause = |wish: &str| {
            let headers = [
                (DATE, "Mon, 30 Nov 2026 10:00:00 GMT".parse().unwrap()),
                (RETRY_AFTER, wish.parse().unwrap()),
            ];
            retry_after(&headers.into_iter().collect())
        };
        assert_eq!(pause("120"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Mon, 30 Nov 2026 10:02:00 GMT"), Some(Duration::from_secs(120)));
        assert_eq!(pause("Mon, 30 Nov 2026 09:00:00 GMT"), None);
        assert_eq!(pause("99999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon"), None);
    }

    fn answer(status: u16) -> SendError {
        Refusal::of(StatusCode::from_u16(status).unwrap()).meaning()
    }

    #[test]
    fn what_is_the_admins_to_mend_is_told_with_the_remedy_and_tried_again() {
        for (status, remedy) in [
            (302, "api_url"),
            (401, "login"),
            (402, "credit"),
            (403, "rights"),
            (404, "url"),
            (500, "out of order"),
            (504, "does not reach it"),
        ] {
            let SendError::Retry(trouble) = answer(status) else {
                unreachable!("{status} is to be tried again")
            };
            assert!(trouble.reason.contains(remedy), "{}", trouble.reason);
            assert!(trouble.was_read && trouble.cause.is_some());
        }
    }

    #[test]
    fn what_is_wrong_with_the_number_ends_it() {
        for status in [400, 422] {
            assert!(matches!(answer(status), SendError::Fail(_)), "{status}");
        }
    }
}
