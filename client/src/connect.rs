//! From nothing to a bound stream: TCP, TLS, login, resource.
//!
//! This is built on the layers below `tokio_xmpp::Client`, which keeps a refused password to itself, tries
//! again for ever, and does not say when the connection is lost.

use std::{borrow::Cow, net::SocketAddr};

use futures_util::{SinkExt, StreamExt};
use minidom::Element;
use sasl::common::{ChannelBinding, Credentials};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufStream},
    net::TcpStream,
};
use tokio_xmpp::{
    client_login,
    connect::{AsyncReadAndWrite, DnsConfig, starttls::starttls, tls_common::TlsStream},
    error::AuthError,
    xmlstream::{PendingFeaturesRecv, ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream},
};
use xmpp_parsers::{
    bind::{BindQuery, BindResponse},
    iq::Iq,
    jid::{BareJid, FullJid},
    ns,
    sasl::DefinedCondition,
    stream_error::StreamError,
};

use crate::{element::Incoming, error::Error, lines::PlainLines, wire::from_element};

/// A stream after login.
pub(crate) type Stream = XmlStream<Box<dyn AsyncReadAndWrite + Send + 'static>, Incoming>;

const BIND_ID: &str = "bind";

/// Logs in and binds a resource that the server chooses.
pub(crate) async fn connect(
    jid: &BareJid,
    password: &str,
    server: Option<&str>,
) -> Result<(Stream, FullJid), Error> {
    let user = jid.node().ok_or_else(|| Error::NotAnAccount(jid.to_string()))?;
    let credentials = Credentials::default().with_username(user.as_str()).with_password(password);
    match server {
        Some(server) => {
            let tcp = DnsConfig::addr(&loopback(server)?.to_string()).resolve().await?;
            login(tcp, jid, credentials).await
        }
        None => {
            let tcp = DnsConfig::srv_default_client(jid.domain().as_str()).resolve().await?;
            let (tls, channel_binding) = encrypt(tcp, jid).await?;
            login(tls, jid, credentials.with_channel_binding(channel_binding)).await
        }
    }
}

/// STARTTLS. A server that does not offer it is none to send a password to.
async fn encrypt(tcp: TcpStream, jid: &BareJid) -> Result<(TlsStream<TcpStream>, ChannelBinding), Error> {
    let stream = open(BufStream::new(tcp), jid).await?;
    let (features, stream) = stream.recv_features().await.map_err(unreachable)?;
    match features.can_starttls() {
        true => Ok(starttls(stream, jid.domain().as_str()).await?),
        false => Err(Error::Unreachable("the server does not offer TLS".into())),
    }
}

/// Exchanges stream headers.
async fn open<Io>(io: Io, jid: &BareJid) -> Result<PendingFeaturesRecv<Io>, Error>
where
    Io: AsyncReadAndWrite,
{
    initiate_stream(io, ns::JABBER_CLIENT, header(jid), Timeouts::tight()).await.map_err(unreachable)
}

fn header(jid: &BareJid) -> StreamHeader<'_> {
    StreamHeader { to: Some(Cow::Borrowed(jid.domain().as_str())), from: None, id: None }
}

/// Without TLS the password must not leave the machine.
fn loopback(server: &str) -> Result<SocketAddr, Error> {
    let refused = || Error::NotLoopback(server.to_owned());
    let numeric = match server.strip_prefix("localhost:") {
        Some(port) => Cow::Owned(format!("127.0.0.1:{port}")),
        None => Cow::Borrowed(server),
    };
    let address: SocketAddr = numeric.parse().map_err(|_| refused())?;
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err(refused()),
    }
}

async fn login<Io>(io: Io, jid: &BareJid, credentials: Credentials) -> Result<(Stream, FullJid), Error>
where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = open(BufStream::new(PlainLines(io)), jid).await?;
    let (features, stream) = stream.recv_features().await.map_err(unreachable)?;
    let stream = client_login(stream, features.sasl_mechanisms, credentials).await?;
    let stream = stream.send_header(header(jid)).await.map_err(unreachable)?;
    let (_, stream) = stream.recv_features().await.map_err(unreachable)?;
    bind(stream.box_stream()).await
}

async fn bind(mut stream: Stream) -> Result<(Stream, FullJid), Error> {
    let request = Element::from(Iq::from_set(BIND_ID, BindQuery::new(None)));
    stream.send(&request).await.map_err(unreachable)?;
    loop {
        match stream.next().await {
            Some(Ok(Incoming::Element(element))) => match Iq::try_from(element.clone()) {
                Ok(Iq::Result { id, payload: Some(payload), .. }) if id == BIND_ID => {
                    let bound: BindResponse = from_element(payload)?;
                    return Ok((stream, bound.jid));
                }
                Ok(Iq::Error { id, error, .. }) if id == BIND_ID => return Err(error.into()),
                Ok(_) => {}
                Err(_) => stream_error(element).map_or(Ok(()), |reason| Err(Error::Unreachable(reason)))?,
            },
            Some(Ok(Incoming::TooDeep) | Err(ReadError::SoftTimeout | ReadError::ParseError(_))) => {}
            Some(Err(error)) => return Err(unreachable(error)),
            None => return Err(Error::Disconnected),
        }
    }
}

/// Returns the reason why the server closes the stream, if this element is a stream error.
pub(crate) fn stream_error(element: Element) -> Option<String> {
    StreamError::try_from(element).ok().map(|error| error.to_string())
}

fn unreachable(error: impl std::fmt::Display) -> Error {
    Error::Unreachable(error.to_string())
}

impl From<tokio_xmpp::Error> for Error {
    fn from(error: tokio_xmpp::Error) -> Self {
        use tokio_xmpp::Error as Xmpp;
        match error {
            Xmpp::Auth(AuthError::Fail(DefinedCondition::NotAuthorized)) => {
                Self::Login("wrong password, or no such account".into())
            }
            Xmpp::Auth(AuthError::Fail(condition)) => Self::Login(Element::from(condition).name().to_owned()),
            Xmpp::Auth(error) => Self::Login(error.to_string()),
            Xmpp::Io(error) => unreachable(error),
            other => unreachable(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_jid_without_a_localpart_is_refused_before_anything_is_sent() {
        let domain = "localhost".parse().unwrap();
        assert!(matches!(connect(&domain, "x", None).await, Err(Error::NotAnAccount(_))));
    }

    #[test]
    fn only_loopback_goes_without_tls() {
        for server in ["127.0.0.1:5222", "127.1.2.3:1", "[::1]:5222", "localhost:5222"] {
            assert!(loopback(server).is_ok(), "{server}");
        }
        for server in ["192.0.2.1:5222", "0.0.0.0:5222", "example.org:5222", "127.0.0.1", "localhost", ""] {
            assert!(matches!(loopback(server), Err(Error::NotLoopback(_))), "{server}");
        }
    }
}
