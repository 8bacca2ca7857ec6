//! One connection to the server, as those use it who send.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use minidom::Element;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::{Iq, IqGetPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ping::Ping;

use super::outgoing::{Outgoing, random_id};
use super::stream;
use crate::model::BareJid;

/// After a question whether it is still there, the server has this long to answer.
pub const ANSWERING: Duration = Duration::from_secs(20);
/// The server must take what is written within this time.
pub const WRITING: Duration = Duration::from_secs(60);
/// Stanzas waiting to be written.
const QUEUED: usize = 4096;

/// Why something may not have reached the server.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link is down, or went down meanwhile.
    #[error("there is no connection to the XMPP server")]
    Down,
    /// No answer came in time.
    #[error("the XMPP server did not confirm it in time")]
    Unanswered,
}

/// A question that waits for its answer.
struct Asked {
    /// Who was asked, and alone can answer.
    whom: Jid,
    answer: oneshot::Sender<Option<Element>>,
}

/// One connection, as long as it lasts.
#[derive(Clone)]
pub struct Connection {
    jid: BareJid,
    queue: mpsc::Sender<Bytes>,
    asked: Arc<Mutex<HashMap<String, Asked>>>,
    /// The id of the ping that keeps a quiet line alive.
    sign_of_life: Arc<str>,
    has_twin: Arc<AtomicBool>,
}

impl Connection {
    /// Writes to the server whatever is sent, until `close`; the task ends with the error that the connection died of.
    pub fn open(
        jid: BareJid,
        write: impl AsyncWrite + Unpin + Send + 'static,
        close: CancellationToken,
    ) -> (Self, JoinHandle<io::Error>) {
        let (queue, queued) = mpsc::channel(QUEUED);
        let writer = tokio::spawn(write_queued(write, queued, close));
        (
            Self {
                jid,
                queue,
                asked: Arc::default(),
                sign_of_life: random_id().into(),
                has_twin: Arc::default(),
            },
            writer,
        )
    }

    /// Queues an element, as [`stream::serialise`] made it, waiting for room.
    pub async fn send(&self, element: Bytes) -> Result<(), LinkError> {
        self.queue.send(element).await.map_err(|_| LinkError::Down)
    }

    /// Queues an element if there is room.
    pub fn try_send(&self, element: &impl xso::AsXml) {
        if let Ok(bytes) = stream::serialise(element) {
            let _ = self.queue.try_send(bytes);
        }
    }

    /// Queues a stanza, waiting for room.
    pub async fn send_stanza(&self, stanza: &Outgoing) -> Result<(), LinkError> {
        match stanza.serialise() {
            Ok(bytes) => self.send(bytes).await,
            Err(error) => {
                tracing::warn!(%error, "an answer was dropped");
                Ok(())
            }
        }
    }

    /// Resolves when the server has taken everything that was queued before: XEP-0114 knows no acknowledgements, but a
    /// ping to the own JID (XEP-0199) comes back only after what it follows was routed.
    pub async fn barrier(&self) -> Result<(), LinkError> {
        self.request(self.jid.clone().into(), Ping, ANSWERING).await.map(drop)
    }

    /// Asks `whom`, and waits up to `patience` for the answer's payload: none if it is an error, or empty.
    pub async fn request(
        &self,
        whom: Jid,
        payload: impl IqGetPayload,
        patience: Duration,
    ) -> Result<Option<Element>, LinkError> {
        let id = random_id();
        let (answer, answered) = oneshot::channel();
        let iq = Iq::from_get(id.clone(), payload)
            .with_from(self.jid.clone().into())
            .with_to(whom.clone());
        let iq = stream::serialise(&iq).map_err(|_| LinkError::Down)?;
        self.asked().insert(id.clone(), Asked { whom, answer });
        let answered = timeout(patience, async {
            self.send(iq).await?;
            answered.await.map_err(|_| LinkError::Down)
        })
        .await;
        self.asked().remove(&id);
        answered.unwrap_or(Err(LinkError::Unanswered))
    }

    /// Asks the server for a sign of life.
    pub fn ask(&self) {
        let own: Jid = self.jid.clone().into();
        let ping = Iq::from_get(self.sign_of_life.to_string(), Ping);
        self.try_send(&ping.with_from(own.clone()).with_to(own));
    }

    /// Tells everybody who waits for an answer that it will not come.
    pub fn give_up(&self) {
        self.asked().clear();
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the stanza answers a question of ours, or is one of our own pings, come back: that needs no answer, its
    /// arrival is one.
    pub fn takes(&self, stanza: &Stanza) -> bool {
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
            let payload = match iq {
                Iq::Result { payload, .. } => payload.clone(),
                _ => None,
            };
            let _ = asked.answer.send(payload);
            return true;
        }
        own
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

/// Writes what is queued, in batches, until `close`; ends early with the error that the connection died of.
async fn write_queued(
    write: impl AsyncWrite + Unpin,
    mut queued: mpsc::Receiver<Bytes>,
    close: CancellationToken,
) -> io::Error {
    let mut write = BufWriter::with_capacity(64 * 1024, write);
    let result = loop {
        let first = tokio::select! {
            biased;
            first = queued.recv() => first,
            () = close.cancelled() => None,
        };
        let last = first.is_none();
        match timeout(WRITING, write_batch(&mut write, first, &mut queued)).await {
            Ok(Ok(())) if last => break Ok(()),
            Ok(Ok(())) => {}
            Ok(Err(error)) => break Err(error),
            Err(_elapsed) => break Err(io::Error::new(ErrorKind::TimedOut, "the server stopped reading")),
        }
    };
    result.err().unwrap_or_else(|| ErrorKind::ConnectionAborted.into())
}

/// Writes `first` and all that waits behind it; the end of the stream if there is none.
async fn write_batch(
    write: &mut (impl AsyncWrite + Unpin),
    first: Option<Bytes>,
    queued: &mut mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    let Some(first) = first else {
        write.write_all(b"</stream:stream>").await?;
        return write.shutdown().await;
    };
    write.write_all(&first).await?;
    while let Ok(next) = queued.try_recv() {
        write.write_all(&next).await?;
    }
    write.flush().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use xmpp_parsers::jid::Jid;

    use super::*;

    fn open() -> (Connection, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let own = BareJid::new("itseme.example.org").unwrap();
        (Connection::open(own, ours, CancellationToken::new()).0, theirs)
    }

    fn jid(text: &str) -> Jid {
        Jid::new(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_is_not_answered_is_forgotten() {
        let (connection, _server) = open();
        let asked = connection
            .request(jid("amy@example.org/phone"), Ping, Duration::from_secs(2))
            .await;
        assert!(matches!(asked, Err(LinkError::Unanswered)));
        assert!(connection.asked().is_empty());
    }

    #[tokio::test]
    async fn only_whoever_was_asked_can_answer() {
        let (connection, _server) = open();
        let whom = jid("amy@example.org/phone");
        let asking = connection.clone();
        let to = whom.clone();
        let question = tokio::spawn(async move { asking.request(to, Ping, Duration::from_secs(5)).await });
        let id = loop {
            if let Some(id) = connection.asked().keys().next() {
                break id.clone();
            }
            tokio::task::yield_now().await;
        };
        let answer = |from: &Jid| {
            Stanza::Iq(Iq::Result {
                from: Some(from.clone()),
                to: None,
                id: id.clone(),
                payload: None,
            })
        };
        assert!(!connection.takes(&answer(&jid("eve@example.org/phone"))));
        assert!(!connection.takes(&answer(&jid("amy@example.org"))));
        assert!(connection.takes(&answer(&whom)));
        assert!(matches!(question.await.unwrap(), Ok(None)));
    }

    #[tokio::test]
    async fn a_ping_of_ones_own_that_one_did_not_send_is_a_twins() {
        let (connection, _server) = open();
        let own = jid("itseme.example.org");
        let ping = |id: &str| Stanza::Iq(Iq::from_get(id, Ping).with_from(own.clone()).with_to(own.clone()));
        assert!(connection.takes(&ping(&connection.sign_of_life)));
        assert!(!connection.has_twin.load(Ordering::Relaxed));
        assert!(connection.takes(&ping("another's")));
        assert!(connection.has_twin.load(Ordering::Relaxed));
    }
}
