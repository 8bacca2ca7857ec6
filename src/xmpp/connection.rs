//! One connection to the server, as those use it who send.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use minidom::Element;
use rand::RngExt;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::{Iq, IqGetPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ping::Ping;

use super::outgoing::Outgoing;
use super::stream;
use crate::model::BareJid;

/// After a question whether it is still there, the server has this long to answer.
pub const ANSWERING: Duration = Duration::from_secs(20);
/// The server must take what is written within this time.
pub const WRITING: Duration = Duration::from_secs(60);
/// Stanzas waiting to be written.
const QUEUED: usize = 4096;

/// The link is down, or went down before it was sure that the server took everything.
#[derive(Debug, thiserror::Error)]
#[error("there is no connection to the XMPP server")]
pub struct Down;

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
            },
            writer,
        )
    }

    /// Queues an element, as [`stream::serialise`] made it, waiting for room.
    pub async fn send(&self, element: Bytes) -> Result<(), Down> {
        self.queue.send(element).await.map_err(|_| Down)
    }

    /// Queues an element if there is room.
    pub fn try_send(&self, element: &impl xso::AsXml) {
        if let Ok(bytes) = stream::serialise(element) {
            let _ = self.queue.try_send(bytes);
        }
    }

    /// Queues a stanza, waiting for room.
    pub async fn send_stanza(&self, stanza: &Outgoing) -> Result<(), Down> {
        match stanza.serialise() {
            Ok(bytes) => self.send(bytes).await,
            Err(error) => {
                tracing::error!(%error, "a stanza cannot be written");
                Ok(())
            }
        }
    }

    /// Resolves when the server has taken everything that was queued before: XEP-0114 knows no acknowledgements, but a
    /// ping to the own JID (XEP-0199) comes back only after what it follows was routed.
    pub async fn barrier(&self) -> Result<(), Down> {
        self.request(self.jid.clone().into(), Ping).await.map(drop)
    }

    /// Asks `whom`, and waits for the answer's payload: none if it is an error, or empty.
    pub async fn request(&self, whom: Jid, payload: impl IqGetPayload) -> Result<Option<Element>, Down> {
        let id = format!("{:032x}", rand::rng().random::<u128>());
        let (answer, answered) = oneshot::channel();
        let iq = Iq::from_get(id.clone(), payload)
            .with_from(self.jid.clone().into())
            .with_to(whom.clone());
        self.asked().insert(id.clone(), Asked { whom, answer });
        let answered = async {
            self.send(stream::serialise(&iq).map_err(|_| Down)?).await?;
            timeout(ANSWERING, answered)
                .await
                .map_err(|_elapsed| Down)?
                .map_err(|_| Down)
        };
        let answered = answered.await;
        self.asked().remove(&id);
        answered
    }

    /// Asks the server for a sign of life.
    pub fn ask(&self) {
        let own: Jid = self.jid.clone().into();
        self.try_send(&Iq::from_get("still-there", Ping).with_from(own.clone()).with_to(own));
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
