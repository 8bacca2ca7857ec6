//! The peers, asked over the XMPP connection.

mod contacts;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota as Rate, RateLimiter};
use minidom::Element;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use xmpp_parsers::iq::IqPayload;
use xmpp_parsers::ping::Ping;
use xmpp_parsers::stanza_error::ErrorType;

use self::contacts::{in_stanzas, put_off, refusal, request, results};
use crate::channel::peers::Peers;
use crate::channel::{Channel, Extent, Letter, Message, Places, SendError, Sent, Trouble};
use crate::clock::Clock;
use crate::model::{BareJid, Hash};
use crate::service::CONTACTS_OF_PEER;
use crate::xmpp::connection::{Connection, ConnectionError};
use crate::xmpp::keeper::Uplink;
use crate::xmpp::protocol::answer::Answer;
use crate::xmpp::protocol::{ns, stanza};

/// The time limit for the answer to a contact request. After it, the request is sent again later.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause of a place between two stanzas with contact requests: the two places of a peer send 16 in a second at most. A service
/// takes 50 of a peer in a second, and questions must have room beside them.
const PACE: Duration = Duration::from_millis(125);
/// The time after which no more of the requests that go together are sent. It is less than a worker may hold them.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// The time limit for the answer to a question, for which somebody waits.
const ANSWERS_IN: Duration = Duration::from_secs(5);
/// The largest number of questions that one peer is asked at the same time. A service handles 16 stanzas of a sender at once, and
/// contact requests must have room beside questions.
const ASKED_AT_ONCE: usize = 12;
/// The largest number of questions that one peer is asked in a second: with the contact requests fewer than a service takes, because
/// anybody can cause questions.
const ASKED_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// Passes contact requests on to the peers, and asks them.
pub struct PeerLink {
    uplink: Uplink,
    /// The service stops: nothing is waited for any more.
    stop: CancellationToken,
    /// The peers that do not take requests.
    troubled: Mutex<HashSet<BareJid>>,
    /// The free places for questions, by peer.
    free: Mutex<HashMap<BareJid, Arc<Semaphore>>>,
    /// The latest questions, by peer.
    questions: RateLimiter<BareJid, HashMapStateStore<BareJid>, Clock, NoOpMiddleware<Nanos>>,
}

impl PeerLink {
    /// Asks over the connection of `uplink`, until `stop`, as often as `clock` allows.
    pub fn new(uplink: Uplink, clock: Clock, stop: CancellationToken) -> Self {
        Self {
            uplink,
            stop,
            troubled: Mutex::default(),
            free: Mutex::default(),
            questions: RateLimiter::hashmap_with_clock(Rate::per_second(ASKED_PER_SECOND), clock),
        }
    }

    /// Passes requests on to one peer, in stanzas of several. After the first that is not answered, nothing is sent.
    async fn pass_all_on(&self, peer: &BareJid, contacts: &[Element]) -> Vec<Sent> {
        let began = Instant::now();
        let mut sent = Vec::new();
        for together in in_stanzas(contacts) {
            sent.extend(self.pass_on(peer, together, began).await);
            self.stop.run_until_cancelled(tokio::time::sleep(PACE)).await;
            if ends_all(sent.last(), began) {
                break;
            }
        }
        put_off_others(sent, contacts.len())
    }

    /// Passes requests on to a peer, in one stanza if it takes them together. Returns the result of each.
    async fn pass_on(&self, peer: &BareJid, contacts: &[Element], began: Instant) -> Vec<Sent> {
        if contacts.len() > 1
            && let Some(sent) = self.pass_together_on(peer, contacts).await
        {
            return sent;
        }
        let mut sent: Vec<Sent> = Vec::new();
        for contact in contacts {
            if !sent.is_empty() {
                self.stop.run_until_cancelled(tokio::time::sleep(PACE)).await;
            }
            let answer = self.exchange(peer, contact.clone()).await;
            let taken = answer.and_then(|answer| answer.map_err(|error| refusal(&error)));
            let taken = taken.map(drop);
            self.tell(peer, taken.as_ref().err());
            sent.push(taken);
            if ends_all(sent.last(), began) {
                break;
            }
        }
        put_off_others(sent, contacts.len())
    }

    /// Passes requests on in one stanza; `None` if the peer refuses them together. One of them may be the reason, or it takes each by
    /// itself alone: then its server may say that there is no such service.
    async fn pass_together_on(&self, peer: &BareJid, contacts: &[Element]) -> Option<Vec<Sent>> {
        let all = Element::builder("contacts", ns::PEER).append_all(contacts.iter().cloned());
        let error = match self.exchange(peer, all.build()).await {
            Ok(Ok(answer)) => {
                let results = results(answer, contacts.len())?;
                self.tell(peer, None);
                return Some(results);
            }
            Ok(Err(error)) if error.type_ != ErrorType::Wait => return None,
            Ok(Err(error)) => refusal(&error),
            Err(unanswered) => unanswered,
        };
        self.tell(peer, Some(&error));
        Some(vec![Err(error); contacts.len()])
    }

    /// Returns the answer of a peer to a request.
    ///
    /// # Errors
    /// If there is none.
    async fn exchange(&self, peer: &BareJid, request: Element) -> Result<Answer, SendError> {
        let connection = self.uplink.connection().map_err(down)?;
        let asked = connection.exchange(peer.clone().into(), IqPayload::Set(request), PATIENCE);
        match self.stop.run_until_cancelled(asked).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(ConnectionError::Unanswered)) => Err(self.unanswered(&connection, peer).await),
            Some(Err(error @ ConnectionError::Unwritable)) => Err(SendError::Fail(error.to_string())),
            Some(Err(error @ ConnectionError::Down)) => Err(down(error)),
            None => Err(self.cut_off()),
        }
    }

    /// Returns the trouble if a peer has not answered: if it answers a ping, the request is the reason.
    async fn unanswered(&self, connection: &Connection, peer: &BareJid) -> SendError {
        let ping = connection.exchange(peer.clone().into(), IqPayload::Get(Ping.into()), ANSWERS_IN);
        let extent = match self.stop.run_until_cancelled(ping).await {
            Some(Ok(Ok(_))) => Extent::OneOfThem,
            _ => Extent::Destination,
        };
        SendError::Retry(Trouble::of_message("it did not answer in time").of(extent))
    }

    /// Returns the answer of a peer; `None` if there is none in time, or if it is asked too much at the moment. It speaks for itself:
    /// a service that it names counts for nothing.
    async fn ask(&self, peer: &BareJid, jid: &BareJid, hashes: &[Hash]) -> Option<bool> {
        let free = self.places_of(peer);
        let _place = free.try_acquire().ok()?;
        self.questions.check_key(peer).ok()?;
        let question = stanza::Confirm {
            jid: Some(jid.to_string()),
            hashes: hashes.iter().map(ToString::to_string).collect(),
        };
        let connection = self.uplink.connection().ok()?;
        let asked = connection.exchange(peer.clone().into(), IqPayload::Get(question.into()), ANSWERS_IN);
        let answer = asked.await.ok()?.ok()??;
        let confirmed = stanza::Confirmed::try_from(answer).ok()?;
        Some(confirmed.confirmed)
    }

    fn places_of(&self, peer: &BareJid) -> Arc<Semaphore> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let places = free.entry(peer.clone());
        places
            .or_insert_with(|| Arc::new(Semaphore::new(ASKED_AT_ONCE)))
            .clone()
    }

    /// Logs it once if a peer takes no requests, and when it takes them again.
    fn tell(&self, peer: &BareJid, error: Option<&SendError>) {
        if self.stop.is_cancelled() {
            return;
        }
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            None if troubled.remove(peer) => tracing::info!(%peer, "the peer takes requests again"),
            None => {}
            Some(error) if troubled.insert(peer.clone()) => {
                tracing::warn!(%peer, reason = reason(error), remedy = "itseme check --login asks it", "the peer does not take requests");
            }
            Some(_) => {}
        }
    }
}

/// Returns `true` if nothing more is to be sent after such a result, or so late.
fn ends_all(sent: Option<&Sent>, began: Instant) -> bool {
    let is_away = matches!(sent, Some(Err(SendError::Retry(Trouble { cause, extent, .. }))) if cause.is_some() || *extent != Extent::Each);
    is_away || began.elapsed() > LONGEST
}

/// Returns the results of `number` requests, of which the last ones were not sent.
fn put_off_others(mut sent: Vec<Sent>, number: usize) -> Vec<Sent> {
    let reason = match sent.last() {
        Some(Err(error @ SendError::Retry(_))) => error.clone(),
        _ => put_off("those before took too long"),
    };
    sent.resize(number, Err(reason));
    sent
}

fn reason(error: &SendError) -> &str {
    match error {
        SendError::Retry(trouble) => &trouble.reason,
        SendError::Unclear(reason) | SendError::Fail(reason) => reason,
    }
}

fn down(error: ConnectionError) -> SendError {
    SendError::Retry(Trouble::down(error.to_string()))
}

impl Peers for PeerLink {
    fn confirm<'a>(&'a self, peer: &'a BareJid, jid: &'a BareJid, hashes: &'a [Hash]) -> BoxFuture<'a, bool> {
        async move { self.ask(peer, jid, hashes).await.unwrap_or_default() }.boxed()
    }
}

impl Channel for PeerLink {
    /// All letters are for the same peer.
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        async move {
            let unwritable = || SendError::Fail("it cannot be written as a stanza".into());
            let contacts: Vec<_> = letters
                .iter()
                .map(|letter| request(letter).ok_or_else(unwritable))
                .collect();
            let writable: Vec<_> = contacts.iter().flatten().cloned().collect();
            let sent = match letters.first().and_then(request_to) {
                Some(peer) if !writable.is_empty() => self.pass_all_on(peer, &writable).await,
                _ => Vec::new(),
            };
            let mut sent = sent.into_iter();
            let results = contacts.into_iter();
            results
                .map(|contact| contact.and_then(|_| sent.next().unwrap_or_else(|| Err(self.cut_off()))))
                .collect()
        }
        .boxed()
    }

    /// A peer that does not answer takes no places of the others.
    fn places(&self) -> Places {
        Places { all: 64, each: 2 }
    }

    fn together(&self) -> usize {
        CONTACTS_OF_PEER
    }

    fn destination(&self, letter: &Letter) -> String {
        request_to(letter).map(ToString::to_string).unwrap_or_default()
    }
}

fn request_to(letter: &Letter) -> Option<&BareJid> {
    match &letter.message {
        Message::ToPeer { to, .. } => Some(to),
        _ => None,
    }
}
