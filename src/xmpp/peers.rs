//! The peers, asked over the XMPP connection.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use minidom::Element;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use xmpp_parsers::iq::IqPayload;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::channel::peers::Peers;
use crate::channel::{Channel, Letter, Message, Places, SendError, Sent, Trouble};
use crate::model::{BareJid, Hash};
use crate::xmpp::connection::ConnectionError;
use crate::xmpp::delivery::info;
use crate::xmpp::keeper::Uplink;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::stanza;

/// The time limit for the answer to a contact request. After it, the request is sent again later.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause of a place between two contact requests: the two places of a peer pass on eight in a second at most. A service takes ten
/// requests in a second, and questions must have room beside them.
const PACE: Duration = Duration::from_millis(250);
/// The time limit for the answer to a question, for which somebody waits.
const ANSWERS_IN: Duration = Duration::from_secs(5);
/// The largest number of questions that one peer is asked at the same time.
const ASKED_AT_ONCE: usize = 32;

/// Passes contact requests on to the peers, and asks them.
pub struct PeerLink {
    uplink: Uplink,
    /// The service stops: nothing is waited for any more.
    stop: CancellationToken,
    /// The peers that do not take requests.
    troubled: Mutex<HashSet<BareJid>>,
    /// The free places for questions, by peer.
    free: Mutex<HashMap<BareJid, Arc<Semaphore>>>,
}

impl PeerLink {
    /// Asks over the connection of `uplink`, until `stop`.
    pub fn new(uplink: Uplink, stop: CancellationToken) -> Self {
        Self {
            uplink,
            stop,
            troubled: Mutex::default(),
            free: Mutex::default(),
        }
    }

    async fn pass_on(&self, letter: &Letter) -> Sent {
        let Some((peer, contact)) = request(letter) else {
            return Err(SendError::Fail("it is for no peer".into()));
        };
        let connection = self.uplink.connection().map_err(down)?;
        let request = IqPayload::Set(contact);
        let asked = connection.exchange(peer.clone().into(), request, PATIENCE);
        let answer = self.stop.run_until_cancelled(asked).await;
        let sent = match answer {
            Some(Ok(Ok(_taken))) => Ok(()),
            Some(Ok(Err(error))) => Err(refusal(&error)),
            Some(Err(ConnectionError::Unanswered)) => Err(put_off("it did not answer in time")),
            Some(Err(error @ ConnectionError::Down)) => return Err(down(error)),
            None => return Err(self.cut_off()),
        };
        self.tell(peer, &sent);
        self.stop.run_until_cancelled(tokio::time::sleep(PACE)).await;
        sent
    }

    /// Returns the answer of a peer; `None` if there is none in time, or if it is asked too much at the moment.
    async fn ask(&self, peer: &BareJid, jid: &BareJid, hashes: &[Hash]) -> Option<bool> {
        let free = self.places_of(peer);
        let _place = free.try_acquire().ok()?;
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
    fn tell(&self, peer: &BareJid, sent: &Sent) {
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Ok(()) if troubled.remove(peer) => tracing::info!(%peer, "the peer takes requests again"),
            Ok(()) => {}
            Err(error) if troubled.insert(peer.clone()) => {
                tracing::warn!(%peer, reason = reason(error), remedy = "itseme check --login asks it", "the peer does not take requests");
            }
            Err(_) => {}
        }
    }
}

fn reason(error: &SendError) -> &str {
    match error {
        SendError::Retry(trouble) => &trouble.reason,
        SendError::Unclear(reason) | SendError::Fail(reason) => reason,
    }
}

/// Returns the peer that a letter is for, and the request in it.
fn request(letter: &Letter) -> Option<(&BareJid, Element)> {
    let Message::ToPeer {
        to,
        from,
        by_anybody,
        details,
        hashes,
    } = &letter.message
    else {
        return None;
    };
    let contact = stanza::PeerContact {
        jid: Some(from.to_string()),
        by: by_anybody.then(|| "anybody".into()),
        info: Some(info(details)),
        hashes: hashes.iter().map(ToString::to_string).collect(),
    };
    Some((to, in_language(contact.into(), letter.language)))
}

fn down(error: ConnectionError) -> SendError {
    SendError::Retry(Trouble::down(error.to_string()))
}

/// Another peer may take its requests meanwhile: the trouble is none of all messages.
fn put_off(reason: impl Into<String>) -> SendError {
    SendError::Retry(Trouble::of_message(reason))
}

/// Returns if a request is sent again after an error. Errors that a server sends because it does not reach the peer are no answer
/// of the peer.
fn refusal(error: &StanzaError) -> SendError {
    use DefinedCondition as Is;
    let condition = Element::from(error.defined_condition.clone());
    let reason = format!("it answered with the error {}", condition.name());
    let is_away = matches!(
        error.defined_condition,
        Is::RemoteServerNotFound | Is::RemoteServerTimeout | Is::ServiceUnavailable | Is::RecipientUnavailable
    );
    match error.type_ == ErrorType::Wait || is_away {
        true => put_off(reason),
        false => SendError::Fail(reason),
    }
}

impl Peers for PeerLink {
    fn confirm<'a>(&'a self, peer: &'a BareJid, jid: &'a BareJid, hashes: &'a [Hash]) -> BoxFuture<'a, bool> {
        async move { self.ask(peer, jid, hashes).await.unwrap_or_default() }.boxed()
    }
}

impl Channel for PeerLink {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        join_all(letters.iter().map(|letter| self.pass_on(letter))).boxed()
    }

    /// A peer that does not answer takes no places of the others.
    fn places(&self) -> Places {
        Places { all: 64, each: 2 }
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
