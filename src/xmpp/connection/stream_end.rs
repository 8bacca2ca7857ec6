//! The ways in which a stream ends, and their remedies.

use std::io;

use super::events::ReadError;
use crate::dial::Address;
use crate::dial::DialError;
use crate::model::BareJid;

/// The reason why a stream can no longer be used.
#[derive(Debug, thiserror::Error)]
pub enum StreamEnd {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] DialError),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(io::Error),
    /// The server closed the stream, as it does when it is stopped.
    #[error("the server closed the stream")]
    Closed,
    /// The connection ended without an end of the stream, between two stanzas.
    #[error("the server closed the connection without closing the stream")]
    HungUp,
    /// The connection ended in the middle of a stanza.
    #[error("the server closed the connection in the middle of a stanza")]
    Cut,
    /// The connection was reset.
    #[error("the connection was reset ({0})")]
    Reset(io::Error),
    /// The server sent something else than XML.
    #[error("the server sent invalid XML: {0}")]
    NoXml(String),
    /// The server does not answer any more.
    #[error("the server no longer answers")]
    Silent,
    /// The server said something that is no component stream.
    #[error("the server does not speak the component protocol here: {0}")]
    Protocol(&'static str),
    /// The server said why it ends the stream (RFC 6120, 4.9).
    #[error("the server ended the stream: {condition}{}", text.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Error {
        /// The defined condition, like `conflict`.
        condition: String,
        /// The server's own words.
        text: Option<String>,
    },
}

impl From<io::Error> for StreamEnd {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected => Self::Reset(error),
            _ => Self::Io(error),
        }
    }
}

impl From<ReadError> for StreamEnd {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Ended => Self::HungUp,
            ReadError::Cut => Self::Cut,
            ReadError::NoXml(what) => Self::NoXml(what),
            ReadError::Io(error) => error.into(),
        }
    }
}

/// Returns the remedy for a failed connection of `jid` to `server`.
pub fn remedy(end: &StreamEnd, jid: &BareJid, server: &Address) -> String {
    match end {
        StreamEnd::Error { condition, .. } => match condition.as_str() {
            "not-authorized" => format!(
                "the secret is wrong, or the server does not know {jid}: make component.secret the same as the secret of \
                 {jid} in the server's configuration"
            ),
            "conflict" => format!(
                "another connection of {jid} is there: stop the other service that uses this JID; if it is another instance of \
                 this one that hangs, set component_conflict_resolve = \"kick_old\" in Prosody"
            ),
            "host-unknown" | "host-gone" => {
                format!(
                    "the server does not know {jid} here: add it as a component to the server's configuration, and restart \
                     it; or {server} (component.server) is where clients connect, and not components"
                )
            }
            "invalid-namespace" => wrong_port(server),
            _ => "see the server's log".into(),
        },
        StreamEnd::Unreachable(DialError::Unknown { host, .. }) => {
            format!("is {host} in component.server spelled right, and does this machine reach a name server?")
        }
        StreamEnd::Unreachable(DialError::Unreachable(_)) => {
            format!("is the server running, and does it listen for components at {server} (component.server)?")
        }
        StreamEnd::Io(_) | StreamEnd::Silent => "is the server stuck, or the network to it broken?".into(),
        StreamEnd::Closed => "was the server stopped, or is it restarting?".into(),
        StreamEnd::HungUp => format!(
            "was the server stopped or killed? If it runs, see its log; a proxy or firewall on the way to {server} \
             (component.server) may also close connections"
        ),
        StreamEnd::Cut | StreamEnd::Reset(_) => format!(
            "did the server crash, or was it killed? If it runs, see its log; a proxy or firewall on the way to {server} \
             (component.server) may also cut connections"
        ),
        StreamEnd::Protocol(_) | StreamEnd::NoXml(_) => wrong_port(server),
    }
}

fn wrong_port(server: &Address) -> String {
    format!("does {server} (component.server) belong to the server's component listener?")
}
