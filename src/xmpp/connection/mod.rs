//! One connection to the server, as those use it who send.

pub mod address;
pub mod concurrency;
mod events;
pub mod outgoing;
pub mod prompt;
pub mod stream;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use minidom::Element;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::{Iq, IqGetPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, MessageType};
use xmpp_parsers::ping::Ping;

use self::outgoing::{Outgoing, random_id};
use crate::channel::Bounces;
use crate::model::BareJid;
use crate::xmpp::protocol::bounce;

/// Bytes waiting to be written.
const QUEUED: usize = 16 * 1024 * 1024;
/// What a stanza that waits takes besides its own bytes.
const PER_STANZA: usize = 64;
/// Bytes written before the server must have taken them.
const BATCH: usize = 64 * 1024;

/// A server that was started so long ago may not have all that it needs yet.
const STARTING: Duration = Duration::from_secs(20);

/// How long the server is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a sign of life, before it is asked for one, and until it has taken what is written.
    pub silence: Duration,
    /// For an answer to the question whether it is still there.
    pub answer: Duration,
}

/// How many connections there were.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// Why something may not have reached the server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The link is down, or went down meanwhile.
    #[error("there is no connection to the XMPP server")]
    Down,
    /// No answer came in time.
    #[error("no answer came in time")]
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
    /// Which one: a number that no other connection has.
    number: u64,
    patience: Patience,
    opened: Instant,
    /// How many elements came.
    heard: Arc<AtomicU64>,
    gone: CancellationToken,
    queue: mpsc::UnboundedSender<Bytes>,
    /// Bytes for which the queue has room.
    room: Arc<Semaphore>,
    asked: Arc<Mutex<HashMap<String, Asked>>>,
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
        let room = Arc::new(Semaphore::new(QUEUED));
        let queued = Queued {
            waiting,
            room: room.clone(),
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
                room,
                asked: Arc::default(),
                bounces,
                sign_of_life: random_id().into(),
                has_twin: Arc::default(),
            },
            writer,
        )
    }

    /// Queues an element, as [`stream::serialise`] made it, waiting for room.
    pub async fn send(&self, element: Bytes) -> Result<(), ConnectionError> {
        let room = self.room.acquire_many(cost(&element)).await;
        room.map_err(|_| ConnectionError::Down)?.forget();
        self.queue.send(element).map_err(|_| ConnectionError::Down)
    }

    /// Queues an element if there is room.
    pub fn try_send(&self, element: &impl xso::AsXml) {
        if let Ok(bytes) = stream::serialise(element)
            && let Ok(room) = self.room.try_acquire_many(cost(&bytes))
        {
            room.forget();
            let _ = self.queue.send(bytes);
        }
    }

    /// Queues a stanza, waiting for room.
    pub async fn send_stanza(&self, stanza: Outgoing) -> Result<(), ConnectionError> {
        let serialised = stanza.serialise();
        // It may be large, and need not wait as well.
        drop(stanza);
        match serialised {
            Ok(bytes) => self.send(bytes).await,
            Err(error) => {
                tracing::warn!(%error, "an answer was dropped");
                Ok(())
            }
        }
    }

    /// Which one it is: a number that no other connection has.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Resolves when the server has taken everything that was queued before: XEP-0114 knows no acknowledgements, but a
    /// ping to the own JID (XEP-0199) comes back only after what it follows was routed. The connection is over when
    /// nothing comes at all: whatever was sent must be sent again on another, and not twice on this one.
    pub async fn barrier(&self) -> Result<(), ConnectionError> {
        let mut pings = FuturesUnordered::new();
        loop {
            pings.push(self.request(self.jid.clone().into(), Ping, Duration::MAX));
            let heard = self.heard.load(Ordering::Relaxed);
            match timeout(self.patience.answer, pings.next()).await {
                Ok(Some(answer)) => return answer.map(drop),
                // It has much to say, and may come to it yet. Or it has dealt the ping out to a connection of before, which
                // it holds to be alive (ejabberd does that): then one of the next comes here.
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

    /// Asks `whom`, and waits up to `patience` for the answer's payload: none if it is an error, or empty.
    pub async fn request(
        &self,
        whom: Jid,
        payload: impl IqGetPayload,
        patience: Duration,
    ) -> Result<Option<Element>, ConnectionError> {
        let id = random_id();
        let (answer, answered) = oneshot::channel();
        let iq = Iq::from_get(id.clone(), payload)
            .with_from(self.jid.clone().into())
            .with_to(whom.clone());
        let iq = stream::serialise(&iq).map_err(|_| ConnectionError::Down)?;
        self.asked().insert(id.clone(), Asked { whom, answer });
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

    /// Tells everybody who waits for an answer that it will not come.
    pub fn give_up(&self) {
        self.asked().clear();
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the stanza answers a question of ours, is a message that came back, or is one of our own pings, come back:
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
            let payload = match iq {
                Iq::Result { payload, .. } => payload.clone(),
                _ => None,
            };
            let _ = asked.answer.send(payload);
            return true;
        }
        own
    }

    /// A server took the message and could not pass it on (RFC 6120, 8.3.1): that of the recipient, or ours, which says so in the
    /// recipient's name.
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

/// The room that an element takes in the queue.
fn cost(element: &Bytes) -> u32 {
    u32::try_from(element.len() + PER_STANZA).unwrap_or(u32::MAX)
}

/// What waits to be written.
struct Queued {
    waiting: mpsc::UnboundedReceiver<Bytes>,
    room: Arc<Semaphore>,
}

impl Drop for Queued {
    /// Nobody may wait on for room in a queue that is not read any more.
    fn drop(&mut self) {
        self.room.close();
    }
}

impl Queued {
    /// Writes in batches, until `close`; ends early with the error that the connection died of.
    async fn write_all(
        mut self,
        write: impl AsyncWrite + Unpin,
        patience: Duration,
        close: CancellationToken,
    ) -> io::Error {
        let mut write = BufWriter::with_capacity(BATCH, write);
        let result = loop {
            let first = tokio::select! {
                biased;
                first = self.waiting.recv() => first,
                () = close.cancelled() => None,
            };
            let last = first.is_none();
            match timeout(patience, self.write_batch(&mut write, first)).await {
                Ok(Ok(())) if last => break Ok(()),
                Ok(Ok(())) => {}
                Ok(Err(error)) => break Err(error),
                Err(_elapsed) => break Err(io::Error::new(ErrorKind::TimedOut, "the server stopped reading")),
            }
        };
        result.err().unwrap_or_else(|| ErrorKind::ConnectionAborted.into())
    }

    /// Writes `first` and what waits behind it, up to a batch: a server that takes one after the other is well, however
    /// much is still to come. The end of the stream if there is none.
    async fn write_batch(&mut self, write: &mut (impl AsyncWrite + Unpin), first: Option<Bytes>) -> io::Result<()> {
        let Some(first) = first else {
            write.write_all(b"</stream:stream>").await?;
            return write.shutdown().await;
        };
        let (mut next, mut written) = (Some(first), 0);
        while let Some(element) = next {
            write.write_all(&element).await?;
            self.room.add_permits(cost(&element) as usize);
            written += element.len();
            next = (written < BATCH).then(|| self.waiting.try_recv().ok()).flatten();
        }
        write.flush().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use xmpp_parsers::message::Id;

    use super::*;
    use crate::channel::Letter;
    use crate::language::Language;

    fn open() -> (Connection, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        (opened(ours).0, theirs)
    }

    fn opened(ours: tokio::io::DuplexStream) -> (Connection, JoinHandle<io::Error>) {
        let own = BareJid::new("itseme.example.org").unwrap();
        Connection::open(own, ours, PATIENCE, Arc::default(), CancellationToken::new())
    }

    const PATIENCE: Patience = Patience {
        silence: Duration::from_secs(60),
        answer: Duration::from_secs(20),
    };

    fn jid(text: &str) -> Jid {
        Jid::new(text).unwrap()
    }

    fn message(type_: MessageType, id: &str, from: &str) -> Stanza {
        let mut message = Message::new_with_type(type_, jid("itseme.example.org"));
        message.id = Some(Id(id.into()));
        message.from = Some(jid(from));
        Stanza::Message(message)
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_is_not_answered_is_forgotten() {
        let (connection, _server) = open();
        let asked = connection
            .request(jid("amy@example.org/phone"), Ping, Duration::from_secs(2))
            .await;
        assert!(matches!(asked, Err(ConnectionError::Unanswered)));
        assert!(connection.asked().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_any_more_is_gone() {
        let (connection, _server) = open();
        assert!(matches!(connection.barrier().await, Err(ConnectionError::Unanswered)));
        connection.gone().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_has_much_to_say_is_waited_for() {
        let (connection, _server) = open();
        let busy = async {
            for _ in 0..60 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                connection.hear();
            }
        };
        tokio::select! {
            _ = connection.barrier() => unreachable!("it was not answered"),
            () = busy => {}
        }
        assert!(!connection.gone.is_cancelled());
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
    async fn a_message_that_came_back_is_told_whatever_connection_it_comes_by() {
        let bounces = Arc::<Bounces>::default();
        let introduction = crate::channel::Message::Introduction {
            to: BareJid::new("amy@example.net").unwrap(),
            from: BareJid::new("eve@example.org").unwrap(),
            details: Vec::new(),
        };
        bounces.expect(7, &Letter::new("1", Language::English, introduction), 100);
        let own = BareJid::new("itseme.example.org").unwrap();
        let stop = CancellationToken::new();
        let (connection, _) = Connection::open(own, tokio::io::sink(), PATIENCE, bounces.clone(), stop);
        assert!(!connection.takes(&message(MessageType::Chat, "1", "amy@example.net")));
        assert!(connection.takes(&message(MessageType::Error, "1", "eve@example.net/phone")));
        assert!(bounces.take_all().is_empty());
        assert!(connection.takes(&message(MessageType::Error, "1", "amy@example.net/phone")));
        let back = bounces.take_all();
        assert_eq!(back.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [7]);
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

    /// ejabberd deals stanzas out at random where a connection of before, cut in the middle, seems to be alive.
    #[tokio::test(start_paused = true)]
    async fn a_ping_that_went_to_another_connection_is_not_waited_for_for_good() {
        let (connection, _server) = open();
        let answering = connection.clone();
        let answer_the_second = async move {
            let mut pings = Vec::new();
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                answering.hear();
                let new = answering.asked().keys().find(|id| !pings.contains(*id)).cloned();
                pings.extend(new);
                if let [_, second] = &pings[..] {
                    let own = jid("itseme.example.org");
                    let ping = Iq::from_get(second.as_str(), Ping).with_from(own.clone()).with_to(own);
                    assert!(answering.takes(&Stanza::Iq(ping)));
                    return std::future::pending().await;
                }
            }
        };
        let barrier = timeout(10 * PATIENCE.answer, connection.barrier());
        tokio::select! {
            passed = barrier => assert!(matches!(passed, Ok(Ok(())))),
            () = answer_the_second => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stops_reading_is_given_up_and_nobody_waits_on() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let (connection, writer) = opened(ours);
        let stanza = Bytes::from(vec![b'x'; 200 * 1024]);
        let mut sent = 0;
        while connection.send(stanza.clone()).await.is_ok() {
            sent += stanza.len();
        }
        assert!(
            sent <= QUEUED + 2 * stanza.len(),
            "{sent} bytes were taken for a server that reads nothing"
        );
        assert_eq!(writer.await.unwrap().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_server_that_reads_on_is_not_given_up_however_much_there_is() {
        use tokio::io::AsyncReadExt;
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let (connection, writer) = opened(ours);
        let sender = connection.clone();
        // There is always more to write than was read.
        tokio::spawn(async move { while sender.send(Bytes::from(vec![b'x'; 8 * 1024])).await.is_ok() {} });
        let (began, mut bytes) = (tokio::time::Instant::now(), vec![0; 16 * 1024]);
        while began.elapsed() < 10 * PATIENCE.silence {
            theirs.read_exact(&mut bytes).await.unwrap();
            tokio::time::sleep(PATIENCE.silence / 10).await;
        }
        assert!(!writer.is_finished());
    }

    #[tokio::test]
    async fn what_has_no_room_is_dropped_where_nobody_can_wait() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        let (connection, _writer) = opened(ours);
        let ping = Iq::from_get("x".repeat(100_000), Ping);
        for _ in 0..1000 {
            connection.try_send(&ping);
        }
        assert!(connection.room.available_permits() < 200_000);
    }
}
