//! Codes by text message, over gateways.

mod answer;
mod gateway;
mod health;
mod http;
mod inbound;
mod routes;
pub mod smpp;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all, select_all};
use reqwest::{Client, redirect};
use tokio::time::Instant;

use self::answer::reason;
pub use self::answer::{Refusal, fault_of};
pub use self::gateway::{Answer, Gateway, Signs, Text};
use self::health::{Admission, Health, REFUSED, SILENT, tell};
pub use self::http::OverHttp;
pub use self::inbound::Inbound;
pub use self::routes::{Rank, Route};
use self::routes::{Recent, Routes};
use super::{Channel, Fate, GatewayCall, Letter, Message, Places, Report, SendError, Sent, TextMessage, Trouble, text};
use crate::meters;

/// The time limit for an answer, from the first byte that is sent. A gateway that takes longer may still have accepted
/// the message.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time limit for a connection, before which nothing is sent. Together with [`HASTE`], it is shorter than the time that the outbox
/// gives to messages in progress when the service stops: a message without an answer then was sent.
const PATIENCE_TO_CONNECT: Duration = Duration::from_secs(5);
/// The time in which the next gateway gets a message that the former has not taken. After that, the outbox looks first if the code is
/// still wanted, or another one has taken its place. It is longer than one gateway has for a connection.
const HASTE: Duration = Duration::from_secs(7);
/// Numbers that differ only in this many last digits are one destination: they belong to one network in one country.
/// Not all numbers of a country are one destination, because most people of a service are of one country.
const DIGITS_OF_A_BLOCK: usize = 3;

/// A gateway of the configuration.
struct NamedGateway {
    name: String,
    gateway: Arc<dyn Gateway>,
    health: Health,
}

/// Sends codes by text message.
pub struct Sms {
    client: Client,
    /// In the order of their names.
    gateways: Vec<NamedGateway>,
    routes: Routes,
    recent: Recent,
    /// The base URL of the HTTP API, without a final slash, where gateways report.
    public_url: Option<String>,
    /// The messages of people.
    inbound: Option<Inbound>,
}

impl Sms {
    /// Sends by `gateways`. The routes name them by their places. With a `public_url`, the gateways report there.
    ///
    /// # Errors
    /// If the system has no usable TLS roots.
    pub fn new(
        gateways: BTreeMap<String, Arc<dyn Gateway>>,
        routes: Vec<Route>,
        public_url: Option<String>,
    ) -> Result<Self, String> {
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
        let named = |(name, gateway)| NamedGateway {
            name,
            gateway,
            health: Health::default(),
        };
        let (gateways, routes): (Vec<_>, _) = (gateways.into_iter().map(named).collect(), Routes::new(routes));
        meters::begin_gateways(gateways.iter().map(|named| &*named.name));
        for route in routes.iter() {
            let named = route.gateways().filter_map(|number| gateways.get(number));
            named.for_each(|named| meters::expect_gateway(&named.name, &route.prefix));
        }
        Ok(Self {
            client,
            gateways,
            routes,
            recent: Recent::default(),
            public_url,
            inbound: None,
        })
    }

    /// Takes messages of people as well.
    #[must_use]
    pub fn taking(self, inbound: Option<Inbound>) -> Self {
        Self { inbound, ..self }
    }

    /// Checks if the gateways answer and, as far as possible without sending, accept the login. Returns what was tried.
    ///
    /// # Errors
    /// With the reason of each that does not.
    pub async fn check(&self) -> Result<String, String> {
        let all = join_all(self.gateways.iter().map(|named| named.gateway.check(&self.client))).await;
        let told = self.gateways.iter().zip(&all).map(|(named, answer)| {
            let (Ok(told) | Err(told)) = answer;
            self.of(named, told)
        });
        let told = told.collect::<Vec<_>>().join("; ");
        match all.iter().all(Result::is_ok) {
            true => Ok(told),
            false => Err(told),
        }
    }

    /// Returns the words of a gateway, with its name if there are several.
    fn of(&self, named: &NamedGateway, told: &str) -> String {
        match self.gateways.len() {
            0 | 1 => told.to_owned(),
            _ => format!("{}: {told}", named.name),
        }
    }

    /// Sends a text by the first gateway that takes it. If one may have taken it, no other gets it.
    async fn send_text(&self, letter: &Letter, to: &str, text: &str) -> Sent {
        let Some(route) = self.routes.to(to) else {
            return Err(SendError::Retry(Trouble::refused("no gateway is configured")));
        };
        let mut order = self.of_kind(route.order(), letter.by_call);
        if letter.replaces.is_some() {
            self.recent.avoid(letter.thread(), &mut order, Instant::now());
        }
        let mut troubles = Vec::new();
        let start = Instant::now();
        for (number, named) in self.willing(&order) {
            if start.elapsed() > HASTE {
                return Err(SendError::Retry(self.put_off(&troubles)));
            }
            let report_url = letter
                .report
                .as_ref()
                .and_then(|word| self.report_url(&named.name, word));
            let text = Text {
                to,
                text,
                language: letter.language,
                word: letter.report.as_deref(),
                report_url: report_url.as_deref(),
            };
            let sent = self.send_by(named, text).await;
            meters::gateway(&named.name, &route.prefix, word(&sent), !named.health.is_left());
            if matches!(sent, Ok(()) | Err(SendError::Unclear(_))) {
                self.recent.note(letter.thread(), number, Instant::now());
            }
            match sent {
                Err(SendError::Retry(trouble)) => troubles.push((named, trouble)),
                Err(SendError::Unclear(reason)) => return Err(SendError::Unclear(self.of(named, &reason))),
                Err(SendError::Fail(reason)) => return Err(SendError::Fail(self.of(named, &reason))),
                Ok(()) => return Ok(()),
            }
        }
        Err(SendError::Retry(self.all_refuse(route, &order, troubles)))
    }

    /// Returns those gateways that call, or those that send text messages; all of that kind if there is none among them.
    fn of_kind(&self, mut order: Vec<usize>, calls: bool) -> Vec<usize> {
        let is_meant = |named: &NamedGateway| named.gateway.calls() == calls;
        order.retain(|number| self.gateways.get(*number).is_some_and(is_meant));
        if order.is_empty() {
            let all = self.gateways.iter().enumerate();
            order = all
                .filter(|(_, named)| is_meant(named))
                .map(|(number, _)| number)
                .collect();
        }
        order
    }

    /// Returns the gateways to ask, in order: those that work; if none does, those that were left, by the ends of their pauses.
    fn willing(&self, order: &[usize]) -> Vec<(usize, &NamedGateway)> {
        let now = Instant::now();
        let (mut open, mut left) = (Vec::new(), Vec::new());
        for number in order {
            let Some(named) = self.gateways.get(*number) else {
                continue;
            };
            match named.health.admits(now) {
                Admission::Open => open.push((*number, named)),
                Admission::Left(until) => left.push((until, *number, named)),
                Admission::Closed => {}
            }
        }
        if open.is_empty() {
            left.sort_by_key(|(until, ..)| *until);
            open = left.into_iter().map(|(_, number, named)| (number, named)).collect();
        }
        open
    }

    /// Returns the address where a gateway reports on a letter. The word in it is known to that gateway alone.
    fn report_url(&self, gateway: &str, word: &str) -> Option<String> {
        let public_url = self.public_url.as_ref()?;
        Some(format!("{public_url}/report/{gateway}/{word}"))
    }

    async fn send_by(&self, named: &NamedGateway, text: Text<'_>) -> Sent {
        let _trial = named.health.begin();
        let start = Instant::now();
        let (sent, weight) = match named.gateway.send(&self.client, text).await {
            Answer::None(error) => (Err(error), SILENT),
            Answer::Given { sent, is_busy } => {
                self.note_answer(named, &sent, is_busy);
                (sent, REFUSED)
            }
        };
        let now = Instant::now();
        let change = match &sent {
            Ok(()) => named.health.worked(),
            // The next try begins with another one.
            Err(SendError::Retry(_)) if start.elapsed() > HASTE => named.health.failed(SILENT, now),
            Err(SendError::Retry(_) | SendError::Unclear(_)) => named.health.failed(weight, now),
            // A fault of the number says nothing about the gateway.
            Err(SendError::Fail(_)) => None,
        };
        if let Some(change) = change.filter(|_| self.gateways.len() > 1) {
            tell(&named.name, change, &sent);
        }
        sent
    }

    /// Logs an answer that nobody knows, and leaves alone a gateway that is busy, if there are others.
    fn note_answer(&self, named: &NamedGateway, sent: &Sent, is_busy: bool) {
        match sent {
            Err(SendError::Unclear(reason)) => {
                let gateway = &*named.name;
                tracing::error!(
                    gateway,
                    reason,
                    "a gateway may have taken a message, which is not sent again"
                );
            }
            Err(SendError::Retry(trouble)) if is_busy && self.gateways.len() > 1 => {
                named.health.holds(trouble, Instant::now());
            }
            _ => {}
        }
    }

    /// Returns the trouble of a message that the gateways until now took too long to refuse.
    fn put_off(&self, troubles: &[(&NamedGateway, Trouble)]) -> Trouble {
        let was_read = troubles.iter().any(|(_, trouble)| trouble.was_read);
        Trouble {
            was_read,
            ..Trouble::of_message(self.told(troubles))
        }
    }

    fn told(&self, troubles: &[(&NamedGateway, Trouble)]) -> String {
        let told = troubles.iter().map(|(named, trouble)| self.of(named, &trouble.reason));
        told.collect::<Vec<_>>().join("; ")
    }

    /// Returns the trouble of a message that no gateway took. Several gateways of a route have one outage.
    fn all_refuse<'a>(
        &'a self,
        route: &Route,
        order: &[usize],
        mut troubles: Vec<(&'a NamedGateway, Trouble)>,
    ) -> Trouble {
        if troubles.is_empty() {
            let now = Instant::now();
            let all = order.iter().filter_map(|number| self.gateways.get(*number));
            troubles = all
                .filter_map(|named| Some((named, named.health.closed(now)?)))
                .collect();
        }
        let again = troubles.iter().map(|(_, trouble)| trouble.again).min().flatten();
        let was_read = troubles.iter().any(|(_, trouble)| trouble.was_read);
        if troubles.is_empty() {
            return Trouble::refused("the gateways ask to wait");
        }
        let told = self.told(&troubles);
        let only = troubles.pop().filter(|_| self.gateways.len() == 1);
        let cause = match only {
            Some((_, trouble)) => trouble.cause,
            None => Some(format!("no gateway takes messages to {}", route.prefix)),
        };
        Trouble {
            cause,
            was_read,
            again,
            ..Trouble::of_message(told)
        }
    }
}

/// Returns the result in a word, for metrics.
fn word(sent: &Sent) -> &'static str {
    match sent {
        Ok(()) => "sent",
        Err(SendError::Retry(_)) => "retry",
        Err(SendError::Unclear(_)) => "unclear",
        Err(SendError::Fail(_)) => "failed",
    }
}

impl Channel for Sms {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        let each = letters.iter().map(move |letter| async move {
            match &letter.message {
                Message::Code {
                    identity, target, code, ..
                } => {
                    let text = match letter.by_call {
                        true => text::call(target, code, letter.language),
                        false => text::sms(target, code, letter.language),
                    };
                    self.send_text(letter, &identity.id, &text).await
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

    fn report(&self, report: &GatewayCall) -> Option<Fate> {
        let named = self.gateways.iter().find(|named| named.name == report.gateway)?;
        let url = self.report_url(&named.name, &report.word)?;
        named.gateway.report(&url, report)
    }

    fn text(&self, call: &GatewayCall) -> Option<TextMessage> {
        let inbound = self
            .inbound
            .as_ref()
            .filter(|inbound| inbound.gateway == call.gateway)?;
        let named = self.gateways.iter().find(|named| named.name == call.gateway);
        let url = self.public_url.as_ref();
        let url = url.map(|url| format!("{url}/inbound/{}", call.gateway));
        inbound.read(url.as_deref(), call, named.map(|named| &*named.gateway))
    }

    fn next_report(&self) -> BoxFuture<'_, Report> {
        let next = self.gateways.iter().map(|named| {
            let report = named.gateway.next_report();
            report
                .then(async |report| match report {
                    Some((word, fate)) => Report {
                        gateway: named.name.clone(),
                        word,
                        fate,
                    },
                    None => std::future::pending().await,
                })
                .boxed()
        });
        let next: Vec<_> = next.chain([std::future::pending().boxed()]).collect();
        select_all(next).map(|(known, ..)| known).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let each = self.gateways.iter().map(|named| named.gateway.close());
        join_all(each).map(|_| ()).boxed()
    }

    fn cut_off(&self) -> SendError {
        SendError::Unclear("the service was stopped before the gateway answered".into())
    }
}
