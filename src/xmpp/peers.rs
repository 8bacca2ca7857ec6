//! The peers, asked over the XMPP connection.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota as Rate, RateLimiter};
use minidom::Element;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use xmpp_parsers::iq::IqPayload;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::channel::peers::Peers;
use crate::channel::{Channel, Letter, Message, Places, SendError, Sent, Trouble};
use crate::clock::Clock;
use crate::model::{BareJid, Hash};
use crate::xmpp::connection::ConnectionError;
use crate::xmpp::delivery::info;
use crate::xmpp::keeper::Uplink;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::stanza;

/// The time limit for the answer to a contact request. After it, the request is sent again later.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause of a place between two contact requests: the two places of a peer pass on eight in a second at most. A service takes 50
/// requests of a peer in a second, and questions must have room beside them.
const PACE: Duration = Duration::from_millis(250);
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

#[cfg(test)]
mod tests {
    //! Questions, over a pipe whose other end is the peer.
    #![allow(clippy::unwrap_used)]

    use futures::StreamExt;
    use futures::stream::FuturesUnordered;
    use tokio::io::{AsyncReadExt, DuplexStream};
    use tokio_xmpp::Stanza;
    use xmpp_parsers::iq::{Iq, IqHeader};

    use super::*;
    use crate::xmpp::connection::{Connection, Patience};

    const THERE: &str = "itseme.there.example";

    fn connected() -> (PeerLink, Clock, Connection, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let own = BareJid::new("itseme.here.example").unwrap();
        let patience = Patience {
            silence: Duration::from_secs(60),
            answer: Duration::from_secs(20),
        };
        let (connection, _writer) = Connection::open(own, ours, patience, Arc::default(), CancellationToken::new());
        let clock = Clock::system();
        let link = PeerLink::new(
            Uplink::over(connection.clone()),
            clock.clone(),
            CancellationToken::new(),
        );
        (link, clock, connection, theirs)
    }

    /// Answers each question with `true`, as the peer that was asked.
    async fn confirm_all(connection: Connection, mut asked: DuplexStream) {
        let mut unread = String::new();
        loop {
            let mut bytes = vec![0; 1 << 16];
            let length = asked.read(&mut bytes).await.unwrap();
            unread.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
            while let Some((question, rest)) = unread.split_once("</iq>") {
                let question: Element = format!("{question}</iq>").parse().unwrap();
                unread = rest.to_owned();
                let (from, to) = (question.attr("to").unwrap(), question.attr("from").unwrap());
                let header = IqHeader {
                    from: Some(from.parse().unwrap()),
                    to: Some(to.parse().unwrap()),
                    id: question.attr("id").unwrap().to_owned(),
                };
                let confirmed = stanza::Confirmed { confirmed: true };
                let answer: Iq = header.assemble(IqPayload::Result(Some(confirmed.into())));
                assert!(connection.takes(&Stanza::Iq(answer)));
            }
        }
    }

    async fn ask(link: &PeerLink, peer: &str) -> bool {
        let whom = BareJid::new("nobody@there.example").unwrap();
        link.confirm(&BareJid::new(peer).unwrap(), &whom, &[]).await
    }

    #[tokio::test]
    async fn a_peer_is_asked_no_more_than_it_takes() {
        let (link, clock, connection, theirs) = connected();
        let answering = tokio::spawn(confirm_all(connection, theirs));
        let flood = async |peer: &str| {
            let mut confirmed = 0;
            while ask(&link, peer).await {
                confirmed += 1;
                assert!(confirmed < 1000, "there is no limit");
            }
            confirmed
        };
        // A few more, because time goes on.
        assert!((30..45).contains(&flood(THERE).await));
        assert!((30..45).contains(&flood("itseme.other.example").await), "another peer");
        clock.advance(Duration::from_secs(1));
        assert!((30..45).contains(&flood(THERE).await), "a second later");
        assert!(!answering.is_finished());
        answering.abort();
    }

    #[tokio::test]
    async fn a_silent_peer_leaves_room_for_contact_requests() {
        let (link, _clock, connection, theirs) = connected();
        let mut asked: FuturesUnordered<_> = (0..20).map(|_| ask(&link, THERE)).collect();
        for _ in ASKED_AT_ONCE..20 {
            assert_eq!(asked.next().await, Some(false), "there is no place for it");
        }
        let answering = tokio::spawn(confirm_all(connection, theirs));
        let confirmed: Vec<_> = asked.collect().await;
        assert_eq!(confirmed, [true; ASKED_AT_ONCE]);
        assert!(ask(&link, THERE).await, "a place is free again");
        answering.abort();
    }
}
