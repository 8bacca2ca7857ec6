//! Reading with acknowledgements that are not put off.
//!
//! A server writes small pieces, and by Nagle's algorithm (RFC 896), which Prosody leaves on, each waits until the one before is
//! acknowledged. Linux puts an acknowledgement off for 40 ms where it expects to send it along with data. So a stanza behind one
//! that is not answered came 40 ms late.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

/// Acknowledges what it reads at once.
pub struct Prompt(OwnedReadHalf);

impl Prompt {
    /// Reads from `half`.
    pub fn new(half: OwnedReadHalf) -> Self {
        Self(half)
    }
}

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        if read.is_ready() {
            // The system forgets it again (tcp(7)), and without it all works, only later.
            let _ = rustix::net::sockopt::set_tcp_quickack(self.0.as_ref(), true);
        }
        read
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn all_is_read_and_acknowledged_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (read, mut write) = listener.accept().await.unwrap().0.into_split();
        let mut prompt = Prompt::new(read);
        let quick = |prompt: &Prompt| rustix::net::sockopt::tcp_quickack(prompt.0.as_ref()).unwrap();
        let mut received = [0; 5];
        for _ in 0..3 {
            theirs.write_all(b"hello").await.unwrap();
            prompt.read_exact(&mut received).await.unwrap();
            assert_eq!(&received, b"hello");
            assert!(quick(&prompt));
            // After an answer, the system may delay further acknowledgements.
            write.write_all(b"hello").await.unwrap();
            theirs.read_exact(&mut received).await.unwrap();
        }
    }
}
