//! One connection to the server, as its senders use it.

pub mod concurrency;
mod events;
pub mod outgoing;
mod payloads;
pub mod prompt;
pub mod stream;
pub mod stream_end;
mod writer;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use minidom::Element;
use tokio::io::AsyncWrite;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::{Iq, IqGetPayload, IqHeader, IqPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::ping::Ping;

use self::outgoing::{Outgoing, random_id};
use self::writer::{Queued, cost};
use crate::channel::Bounces;
use crate::model::BareJid;
use crate::xmpp::protocol::answer::Answer;
use crate::xmpp::protocol::bounce;

/// Bytes waiting to be written.
const QUEUED: usize = 16 * 1024 * 1024;

/// A server that was started less than this time ago may not have loaded all that it needs.
const STARTING: Duration = Duration::from_secs(20);

/// The time limits for the server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The time without a sign of life after which one is asked for, and the time limit for the server to take written
    /// bytes.
    pub silence: Duration,
    /// The time limit for the answer to a question for a sign of life.
    pub answer: Duration,
}

/// The number of connections so far.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// The reason why something may not have reached the server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The link is down, or went down meanwhile.
    #[error("there is no connection to the XMPP server")]
    Down,
    /// No answer came in time.
    #[error("no answer came in time")]
    Unanswered,
    /// The request is too large, or has characters that XML does not.
    #[error("it cannot be written as a stanza")]
    Unwritable,
}

/// A question that waits for its answer.
struct Question {
    /// The JID that was asked, and alone can answer.
    whom: Jid,
    answer: oneshot::Sender<Answer>,
}

/// One connection, as long as it lasts.
#[derive(Clone)]
pub struct Connection {
    jid: BareJid,
    /// The number of the connection, which no other has.
    number: u64,
    patience: Patience,
    opened: Instant,
    /// The number of received elements.
    heard: Arc<AtomicU64>,
    gone: CancellationToken,
    queue: mpsc::UnboundedSender<Bytes>,
    /// The number of bytes that the queue can still take.
    free_bytes: Arc<Semaphore>,
    asked: Arc<Mutex<HashMap<String, Question>>>,
    /// Messages that may come back with an error.
    bounces: Arc<Bounces>,
    /// The id of the ping that keeps a quiet line alive.
    sign_of_life: Arc<str>,
    has_twin: Arc<AtomicBool>,
}

impl Connection {
    /// Writes to the server whatever is sent, until `close`; the task ends with the error that the connection died of.
    pub fn open(
        jid: BareJid,
        write: impl AsyncWrite + Unpin + Send + 'static,
        patience: Patience,
        bounces: Arc<Bounces>,
        close: CancellationToken,
    ) -> (Self, JoinHandle<io::Error>) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let free_bytes = Arc::new(Semaphore::new(QUEUED));
        let queued = Queued {
            waiting,
            free_bytes: free_bytes.clone(),
        };
        let writer = tokio::spawn(queued.write_all(write, patience.silence, close));
        (
            Self {
                jid,
                number: OPENED.fetch_add(1, Ordering::Relaxed),
                patience,
                opened: Instant::now(),
                heard: Arc::default(),
                gone: CancellationToken::new(),
                queue,
                free_bytes,
                asked: Arc::default(),
                bounces,
                sign_of_life: random_id().into(),
                has_twin: Arc::default(),
            },
            writer,
        )
    }

    /// Queues an element, as [`stream::serialise`] made it, waiting for space in the queue.
    pub async fn send(&self, element: Bytes) -> Result<(), ConnectionError> {
        let taken = self.free_bytes.acquire_many(cost(&element)).await;
        taken.map_err(|_| ConnectionError::Down)?.forget();
        self.queue.send(element).map_err(|_| ConnectionError::Down)
    }

    /// Queues an element if the queue can take it; drops it otherwise.
    pub fn try_send(&self, element: &impl xso::AsXml) {
        if let Ok(bytes) = stream::serialise(element)
            && let Ok(taken) = self.free_bytes.try_acquire_many(cost(&bytes))
        {
            taken.forget();
            let _ = self.queue.send(bytes);
        }
    }

    /// Queues a stanza, waiting for space in the queue.
    pub async fn send_stanza(&self, stanza: Outgoing) -> Result<(), ConnectionError> {
        let serialised = stanza.serialise();
        // The stanza may be large, and is not needed while the bytes wait.
        drop(stanza);
        match serialised {
            Ok(bytes) => self.send(bytes).await,
            Err(error) => {
                tracing::warn!(%error, "an answer was dropped");
                Ok(())
            }
        }
    }

    /// Returns the number of the connection, which no other has.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Resolves when the server has taken everything that was queued before: XEP-0114 knows no acknowledgements, but a
    /// ping to the own JID (XEP-0199) comes back only after the stanzas before it were routed. If nothing comes at all,
    /// the connection is closed: all that was sent must be sent again on another connection, and not twice on this one.
    pub async fn barrier(&self) -> Result<(), ConnectionError> {
        let mut pings = FuturesUnordered::new();
        loop {
            pings.push(self.request(self.jid.clone().into(), Ping, Duration::MAX));
            let heard = self.heard.load(Ordering::Relaxed);
            match timeout(self.patience.answer, pings.next()).await {
                Ok(Some(answer)) => return answer.map(drop),
                // The server is still sending other stanzas, and the ping may follow. Or the server has sent the ping
                // to a former connection that it holds to be alive (ejabberd does that): then one of the next pings
                // comes here.
                Err(_elapsed) if self.heard.load(Ordering::Relaxed) != heard => {}
                Ok(None) | Err(_) => {
                    self.gone.cancel();
                    return Err(ConnectionError::Unanswered);
                }
            }
        }
    }

    /// Notes that something came.
    pub fn hear(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// Resolves when the server was asked and did not say anything any more.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// Asks `whom`, and waits at most `patience` for the answer's payload; `None` if it is an error or empty.
    pub async fn request(
        &self,
        whom: Jid,
        payload: impl IqGetPayload,
        patience: Duration,
    ) -> Result<Option<Element>, ConnectionError> {
        let answer = self.exchange(whom, IqPayload::Get(payload.into()), patience).await?;
        Ok(answer.ok().flatten())
    }

    /// Sends a request to `whom`, and waits at most `patience` for the answer.
    pub async fn exchange(&self, whom: Jid, request: IqPayload, patience: Duration) -> Result<Answer, ConnectionError> {
        let id = random_id();
        let (answer, answered) = oneshot::channel();
        let header = IqHeader {
            from: Some(self.jid.clone().into()),
            to: Some(whom.clone()),
            id: id.clone(),
        };
        let iq = header.assemble(request);
        let iq = stream::serialise(&iq).map_err(|_| ConnectionError::Unwritable)?;
        self.asked().insert(id.clone(), Question { whom, answer });
        let answered = timeout(patience, async {
            self.send(iq).await?;
            answered.await.map_err(|_| ConnectionError::Down)
        })
        .await;
        self.asked().remove(&id);
        answered.unwrap_or(Err(ConnectionError::Unanswered))
    }

    /// Asks the server for a sign of life.
    pub fn ask(&self) {
        let own: Jid = self.jid.clone().into();
        let ping = Iq::from_get(self.sign_of_life.to_string(), Ping);
        self.try_send(&ping.with_from(own.clone()).with_to(own));
    }

    /// Ends the waiting for all answers: they will not come.
    pub fn give_up(&self) {
        self.asked().clear();
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Question>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if the stanza answers a question of ours, is a message that came back, or is one of our own pings, come back:
    /// none needs an answer.
    pub fn takes(&self, stanza: &Stanza) -> bool {
        if let Stanza::Message(
            message @ Message {
                type_: MessageType::Error,
                ..
            },
        ) = stanza
        {
            self.take_back(message);
            return true;
        }
        let Stanza::Iq(iq @ (Iq::Get { .. } | Iq::Result { .. } | Iq::Error { .. })) = stanza else {
            return false;
        };
        let own = iq.from().is_some_and(|from| from.as_str() == self.jid.as_str());
        if !own && matches!(iq, Iq::Get { .. }) {
            return false;
        }
        if own && matches!(iq, Iq::Get { .. }) {
            self.notice_twin(iq.id());
        }
        let mut asked = self.asked();
        if asked.get(iq.id()).is_some_and(|asked| Some(&asked.whom) == iq.from())
            && let Some(asked) = asked.remove(iq.id())
        {
            let answer = match iq {
                Iq::Result { payload, .. } => Ok(payload.clone()),
                Iq::Error { error, .. } => Err(error.clone()),
                _ => Ok(None),
            };
            let _ = asked.answer.send(answer);
            return true;
        }
        own
    }

    /// Notes that a server took the message and could not pass it on (RFC 6120, 8.3.1): the recipient's server, or our
    /// own, which answers in the recipient's name.
    fn take_back(&self, message: &Message) {
        if let (Some(id), Some(from)) = (&message.id, &message.from) {
            let (from, just_started) = (from.to_bare(), self.opened.elapsed() < STARTING);
            let reason = || bounce::reason(message, &from, just_started);
            self.bounces.take(&id.0, &from, reason);
        }
    }

    /// Some servers attach the same component twice and deal stanzas out at random: what this connection did not send
    /// comes from the other.
    fn notice_twin(&self, id: &str) {
        let is_ours = id == &*self.sign_of_life || self.asked().contains_key(id);
        if !is_ours && !self.has_twin.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                remedy = "stop the other service that uses this JID: each of the two gets only some of the stanzas",
                "another connection of this component is attached to the server"
            );
        }
    }
}

#[cfg(test)]
mod tests;
