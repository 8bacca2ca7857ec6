//! An account that sends what no client would send: bytes, over TCP, without TLS.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use itseme_client::minidom::{Element, tree_builder::TreeBuilder};
use rxml::{Options, Parse, RawEvent, RawParser, WithOptions, error::EndOrError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    people::Person,
    wait::{logged_in, within},
};

/// Longer than any attribute that a server relays.
const LONGEST_TOKEN: usize = 4 << 20;

/// A logged-in stream.
#[derive(Debug)]
pub struct RawClient {
    connection: TcpStream,
    stream: Stream,
    jid: String,
    host: &'static str,
}

impl RawClient {
    /// Logs in on this port of 127.0.0.1, binds a resource and sends presence.
    pub async fn login(port: u16, person: &Person) -> Self {
        logged_in(async || Self::try_login(port, person).await).await.expect("the XMPP server")
    }

    /// The same with a server that may be away.
    ///
    /// # Errors
    /// If the server is not there, goes away meanwhile, or does not know the account.
    pub async fn try_login(port: u16, person: &Person) -> io::Result<Self> {
        let connection = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut client =
            Self { connection, stream: Stream::new(), jid: person.jid.to_owned(), host: person.host() };
        client.open().await?;
        let secret = STANDARD.encode(format!("\0{}\0{}", person.name, person.password()));
        client.try_send(&format!("<auth xmlns='{SASL}' mechanism='PLAIN'>{secret}</auth>")).await?;
        let answer = client.expected().await?;
        if !answer.is("success", SASL) {
            return Err(io::Error::new(ErrorKind::PermissionDenied, String::from(&answer)));
        }
        client.stream = Stream::new();
        client.open().await?;
        let bind = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
        client.try_send(bind).await?;
        let bound = client.expected().await?;
        client.jid = bound.children().flat_map(Element::children).map(Element::text).collect();
        client.try_send("<presence/>").await?;
        Ok(client)
    }

    /// How many messages with these words are on the first page of the account's archive (XEP-0313, 4).
    pub async fn archived(&mut self, words: &str) -> usize {
        self.send("<iq type='set' id='archive'><query xmlns='urn:xmpp:mam:2'/></iq>").await;
        let mut found = 0;
        loop {
            let stanza = self.next().await;
            if stanza.name() == "iq" && stanza.attr("id") == Some("archive") {
                return found;
            }
            let archived = stanza.children().any(|child| child.is("result", "urn:xmpp:mam:2"));
            found += usize::from(archived && String::from(&stanza).contains(words));
        }
    }

    /// The full JID the server gave.
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Sends text as it is.
    pub async fn send(&mut self, text: &str) {
        self.try_send(text).await.expect("the stream is open");
    }

    /// Sends text as it is.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn try_send(&mut self, text: &str) -> io::Result<()> {
        self.connection.write_all(text.as_bytes()).await
    }

    /// Sends text, and takes what comes meanwhile: it is there [next](Self::next). A server that is waited for waits itself.
    pub async fn flood(&mut self, text: &str) {
        let (mut read, mut write) = self.connection.split();
        let mut sending = std::pin::pin!(write.write_all(text.as_bytes()));
        let mut bytes = vec![0; 64 * 1024];
        loop {
            tokio::select! {
                sent = &mut sending => return sent.expect("the stream is open"),
                length = read.read(&mut bytes) => self.stream.feed(&bytes[..length.expect("the stream is open")]),
            }
        }
    }

    /// The next thing that comes; panics when the server closes the stream.
    pub async fn next(&mut self) -> Element {
        let next = within("a stanza", self.expected()).await;
        next.unwrap_or_else(|error| panic!("the stream of {}: {error}", self.jid))
    }

    /// Returns the next element, without a time limit; `None` when the server has closed the stream. Cancelling loses
    /// nothing.
    ///
    /// # Errors
    /// If the connection is gone.
    pub async fn try_next(&mut self) -> io::Result<Option<Element>> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            if let Some(element) = self.stream.next() {
                return Ok(Some(element));
            }
            match self.connection.read(&mut bytes).await? {
                0 => return Ok(None),
                length => self.stream.feed(&bytes[..length]),
            }
        }
    }

    async fn expected(&mut self) -> io::Result<Element> {
        let closed = || io::Error::new(ErrorKind::UnexpectedEof, "the server closed it");
        self.try_next().await?.ok_or_else(closed)
    }

    /// The next thing that is as `wanted`; what comes before it is dropped.
    pub async fn next_that(&mut self, wanted: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if wanted(&element) {
                return element;
            }
        }
    }

    /// Sends an `<iq/>` with this payload, and returns its result or error.
    pub async fn ask(&mut self, kind: &str, to: &str, payload: &str) -> Element {
        let id = format!("raw-{:016x}", rand::random::<u64>());
        self.send(&format!("<iq type='{kind}' id='{id}' to='{to}'>{payload}</iq>")).await;
        self.next_that(|answer| answer.name() == "iq" && answer.attr("id") == Some(&id)).await
    }

    async fn open(&mut self) -> io::Result<()> {
        let header = format!(
            "<?xml version='1.0'?><stream:stream to='{}' version='1.0' \
             xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
            self.host
        );
        self.try_send(&header).await?;
        let features = self.expected().await?;
        assert_eq!(features.name(), "features");
        Ok(())
    }
}

const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";

/// Bytes in, elements out.
pub(crate) struct Stream {
    parser: RawParser,
    tree: TreeBuilder,
    ready: VecDeque<Element>,
}

impl Stream {
    pub(crate) fn new() -> Self {
        let options = Options { max_token_length: LONGEST_TOKEN, ..Options::default() };
        Self { parser: RawParser::with_options(options), tree: TreeBuilder::new(), ready: VecDeque::new() }
    }

    pub(crate) fn next(&mut self) -> Option<Element> {
        self.ready.pop_front()
    }

    /// Carriage returns stand for line feeds in XML; this parser does not take all of them as they come.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let bytes: Vec<u8> = bytes.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect();
        let mut bytes = bytes.as_slice();
        loop {
            match self.parser.parse(&mut bytes, false) {
                Ok(Some(event)) => self.take(event),
                Ok(None) | Err(EndOrError::NeedMoreData) => return,
                Err(EndOrError::Error(error)) => panic!("the server sent no XML: {error}"),
            }
        }
    }

    /// A child of the stream that has ended is an element of its own.
    fn take(&mut self, event: RawEvent) {
        let ends = matches!(event, RawEvent::ElementFoot(_));
        self.tree.process_event(event).expect("XML with namespaces");
        if ends && self.tree.depth() == 1 {
            self.ready.extend(self.tree.unshift_child());
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stream").field("ready", &self.ready).finish_non_exhaustive()
    }
}
