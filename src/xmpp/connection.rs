//! One connection to the server, as those use it who send.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ping::Ping;

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

/// One connection, as long as it lasts.
#[derive(Clone)]
pub struct Connection {
    jid: BareJid,
    queue: mpsc::Sender<Bytes>,
    pings: Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>,
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
                pings: Arc::default(),
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

    /// Resolves when the server has taken everything that was queued before: XEP-0114 knows no acknowledgements, but a
    /// ping to the own JID (XEP-0199) comes back only after what it follows was routed.
    pub async fn barrier(&self) -> Result<(), Down> {
        let (id, answered) = self.register_ping();
        self.send(stream::serialise(&self.ping(id)).map_err(|_| Down)?).await?;
        timeout(ANSWERING, answered)
            .await
            .map_err(|_elapsed| Down)?
            .map_err(|_| Down)
    }

    /// Asks the server for a sign of life.
    pub fn ask(&self) {
        self.try_send(&self.ping("still-there".into()));
    }

    /// Tells everybody who waits at a barrier that it will not come.
    pub fn give_up(&self) {
        self.pings().clear();
    }

    fn register_ping(&self) -> (String, oneshot::Receiver<()>) {
        let id = format!("ping-{:032x}", rand::rng().random::<u128>());
        let (answer, answered) = oneshot::channel();
        self.pings().insert(id.clone(), answer);
        (id, answered)
    }

    fn ping(&self, id: String) -> Iq {
        let own: Jid = self.jid.clone().into();
        Iq::from_get(id, Ping).with_from(own.clone()).with_to(own)
    }

    fn pings(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.pings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the stanza is one of our own pings, come back. It needs no answer: its arrival is one.
    pub fn is_own_ping(&self, stanza: &Stanza) -> bool {
        let Stanza::Iq(iq @ (Iq::Get { .. } | Iq::Result { .. } | Iq::Error { .. })) = stanza else {
            return false;
        };
        let own = iq.from().is_some_and(|from| from.as_str() == self.jid.as_str());
        if let Some(answer) = own.then(|| self.pings().remove(iq.id())).flatten() {
            let _ = answer.send(());
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
