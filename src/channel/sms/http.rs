//! Gateways that take a message by one HTTP request.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use super::answer::{Refusal, bounded, not_answered, reason, retry_after};
use super::gateway::with_section;
use super::{Answer, Gateway, Signs, Text};
use crate::channel::{Fate, GatewayCall, SendError, Sent, Trouble};

/// A gateway that takes a message by one HTTP request.
pub trait OverHttp: Send + Sync {
    /// Returns the path of its section in the configuration, which its remedies concern.
    fn section(&self) -> &str;

    /// Returns the request that sends a message.
    fn message(&self, client: &Client, text: Text<'_>) -> RequestBuilder;

    /// Returns `true` if it calls, and sends no text messages.
    fn calls(&self) -> bool {
        false
    }

    /// Returns how it passes the messages of people on, if it signs what it sends.
    fn signs(&self) -> Option<Signs> {
        None
    }

    /// Returns `true` if a call of `url` has its signature.
    fn has_signed(&self, _url: &str, _call: &GatewayCall) -> bool {
        false
    }

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

    /// Returns the meaning of a report at `url`; `None` if this gateway has not sent it.
    fn report(&self, _url: &str, _report: &GatewayCall) -> Option<Fate> {
        None
    }
}

impl<G: OverHttp> Gateway for G {
    fn send<'a>(&'a self, client: &'a Client, text: Text<'a>) -> BoxFuture<'a, Answer> {
        async move {
            match self.message(client, text).send().await {
                Err(error) => Answer::None(not_answered(error)),
                Ok(response) => read(self, response).await,
            }
        }
        .boxed()
    }

    fn check<'a>(&'a self, client: &'a Client) -> BoxFuture<'a, Result<String, String>> {
        async move {
            let mut response = self.question(client).send().await.map_err(reason)?;
            let verdict = self.verdict(response.status(), &bounded(&mut response).await);
            verdict.map_err(|fault| with_section(&fault, self.section()))
        }
        .boxed()
    }

    fn calls(&self) -> bool {
        OverHttp::calls(self)
    }

    fn signs(&self) -> Option<Signs> {
        OverHttp::signs(self)
    }

    fn has_signed(&self, url: &str, call: &GatewayCall) -> bool {
        OverHttp::has_signed(self, url, call)
    }

    fn report(&self, url: &str, report: &GatewayCall) -> Option<Fate> {
        OverHttp::report(self, url, report)
    }
}

/// Reads the answer of a gateway. It may ask for a pause: of this message, and, if it is busy and others are not, of all.
async fn read(gateway: &dyn OverHttp, mut response: Response) -> Answer {
    let (status, again) = (response.status(), retry_after(response.headers()));
    let sent = gateway.result(status, &bounded(&mut response).await);
    let sent = sent.map_err(|error| match error.in_section(gateway.section()) {
        SendError::Retry(trouble) => SendError::Retry(Trouble { again, ..trouble }),
        other => other,
    });
    let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    Answer::Given { sent, is_busy }
}
