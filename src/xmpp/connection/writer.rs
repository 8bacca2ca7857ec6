//! Writes the queue, in batches.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::QUEUED;
use crate::meters;

/// The bytes of a waiting stanza besides its own.
const PER_STANZA: usize = 64;
/// Bytes written before the server must have taken them.
const BATCH: usize = 64 * 1024;

/// Returns the number of bytes that an element takes in the queue.
pub fn cost(element: &Bytes) -> u32 {
    u32::try_from(element.len() + PER_STANZA).unwrap_or(u32::MAX)
}

/// The stanzas that wait to be written.
pub struct Queued {
    /// The elements.
    pub waiting: mpsc::UnboundedReceiver<Bytes>,
    /// The number of bytes that the queue can still take.
    pub free_bytes: Arc<Semaphore>,
}

impl Drop for Queued {
    /// Ends the waiting for space in a queue that is not read any more.
    fn drop(&mut self) {
        self.free_bytes.close();
    }
}

impl Queued {
    /// Writes in batches, until `close`; ends early with the error that the connection died of.
    pub async fn write_all(
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

    /// Writes `first` and the elements behind it, at most a batch: the time limit is for a batch, so that a server that
    /// takes a long queue slowly is not given up. Without `first`, writes the end of the stream.
    async fn write_batch(&mut self, write: &mut (impl AsyncWrite + Unpin), first: Option<Bytes>) -> io::Result<()> {
        let Some(first) = first else {
            write.write_all(b"</stream:stream>").await?;
            return write.shutdown().await;
        };
        let (mut next, mut written) = (Some(first), 0);
        while let Some(element) = next {
            write.write_all(&element).await?;
            self.free_bytes.add_permits(cost(&element) as usize);
            meters::xmpp_queue(QUEUED.saturating_sub(self.free_bytes.available_permits()));
            written += element.len();
            meters::stanza("out");
            next = (written < BATCH).then(|| self.waiting.try_recv().ok()).flatten();
        }
        write.flush().await
    }
}
