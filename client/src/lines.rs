//! Carriage returns from the network become line feeds.
//!
//! Servers pass on what anybody writes as `&#xD;` in an attribute as a bare carriage return. To the XML reader
//! below tokio-xmpp that is an error which ends the stream; to XML it is one of the ways to end a line.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads line feeds for carriage returns, and writes everything as it is.
#[derive(Debug)]
pub(crate) struct PlainLines<Io>(pub(crate) Io);

impl<Io: AsyncRead + Unpin> AsyncRead for PlainLines<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(context, buffer))?;
        let new = buffer.filled_mut().iter_mut().skip(before);
        new.filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for PlainLines<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn only_what_is_read_is_changed() {
        let (near, mut far) = duplex(64);
        let mut near = PlainLines(near);
        let mut bytes = [b'\r'; 8];
        for text in ["a\rb", "\r\n\r"] {
            far.write_all(text.as_bytes()).await.unwrap();
            near.read_exact(&mut bytes[..3]).await.unwrap();
            assert_eq!(&bytes[..3], text.replace('\r', "\n").as_bytes());
        }
        near.write_all(b"\r").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'\r');
    }
}
