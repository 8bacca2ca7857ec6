//! Connections of components (XEP-0114), from either end.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use itseme::model::hex;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use xmpp_parsers::component::Handshake;

use crate::server::SECRET;
use crate::stanzas::{Stanzas, attribute, has};
use crate::wait::PATIENCE;

const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
                       xmlns:stream='http://etherx.jabber.org/streams'";

/// A connection over which stanzas go.
#[derive(Debug)]
pub struct Link {
    stream: TcpStream,
    stanzas: Stanzas,
}

impl Link {
    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, stanzas: Stanzas::default() })
    }

    /// Starts a component, which connects to that port, and plays its server, whatever its secret.
    pub async fn accept<C>(start: impl FnOnce(u16) -> Result<C>) -> Result<(C, Self)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let component = start(listener.local_addr()?.port())?;
        let accepted = timeout(PATIENCE, listener.accept()).await.context("no component came")?;
        let mut link = Self::over(accepted?.0)?;
        link.until(b"http://etherx.jabber.org/streams").await?;
        link.write(format!("{OPENING} id='1'>").as_bytes()).await?;
        link.until(b"</handshake>").await?;
        link.write(b"<handshake/>").await?;
        link.stanzas = Stanzas::default();
        Ok((component, link))
    }

    /// Attaches the component `jid` to the server at that port.
    pub async fn attach(jid: &str, port: u16) -> Result<Self> {
        let mut link = Self::over(TcpStream::connect(("127.0.0.1", port)).await?)?;
        link.write(format!("{OPENING} to='{jid}'>").as_bytes()).await?;
        let opened = link.until(b"<stream:stream").await?;
        let id = attribute(&opened, "id").context("the stream has no id")?.to_owned();
        let digest = Handshake::from_stream_id_and_password(id, SECRET).data.context("no digest")?;
        link.write(format!("<handshake>{}</handshake>", hex::write(&digest)).as_bytes()).await?;
        link.until(b"<handshake").await?;
        link.stanzas = Stanzas::default();
        Ok(link)
    }

    /// Moves it to the runtime that this is called in.
    pub fn moved(self) -> Result<Self> {
        Ok(Self { stream: TcpStream::from_std(self.stream.into_std()?)?, ..self })
    }

    /// Reads until `text` and the end of the tag that it stands in came; returns everything from `text` on.
    async fn until(&mut self, text: &[u8]) -> Result<Vec<u8>> {
        let received = self.stanzas.room();
        loop {
            if let Some(at) = memmem::find(received, text)
                && received[at..].contains(&b'>')
            {
                return Ok(received[at..].to_vec());
            }
            if timeout(PATIENCE, self.stream.read_buf(received)).await.context("no answer")?? == 0 {
                bail!("the other end hung up: {}", String::from_utf8_lossy(received));
            }
        }
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Waits for more, and hands over each stanza that is there. Those that the component sends to itself go back, as from a
    /// server.
    pub async fn read(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.stream.read_buf(self.stanzas.room()).await? == 0 {
            bail!("the other end hung up");
        }
        let mut back = Vec::new();
        while let Some(stanza) = self.stanzas.next() {
            match attribute(stanza, "to") {
                Some(to) if attribute(stanza, "from") == Some(to) => back.extend_from_slice(stanza),
                _ if has(stanza, "<stream:error") => {
                    bail!("a stream error: {}", String::from_utf8_lossy(stanza))
                }
                _ => take(stanza)?,
            }
        }
        self.write(&back).await
    }

    /// Reads until the connection ends, beside all else, and hands over each stanza.
    pub fn serve(mut self, mut take: impl FnMut(&[u8]) -> Result<()> + Send + 'static) {
        tokio::spawn(async move { while self.read(&mut take).await.is_ok() {} });
    }
}
