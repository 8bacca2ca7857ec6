//! The XML stream of a component connection (XEP-0114): stanzas in, bytes out.
//!
//! `tokio_xmpp`'s own stream gives up at attributes of more than 8 KiB, which servers pass on from any user; this one
//! reads the same elements with a larger limit (`events.rs`).

use std::io;
use std::time::Duration;

use rxml::parser::EventMetrics;
use rxml::xml_lang::XmlLangStack;
use rxml::{AttrMap, Event, QName};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_xmpp::xmlstream::{FallibleStreamElement, RawStanzaHeader, XmppStreamElement};
use xmpp_parsers::component::Handshake;
use xmpp_parsers::jid::Jid;
use xso::{FromEventsBuilder, FromXml};

use crate::dial::DialError;
use crate::xmpp::connection::events::{Events, ReadError};

/// A stanza that has begun must end within this time.
const STALLED: Duration = Duration::from_secs(120);

/// Why a stream cannot be used any more.
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
    /// The server sent what is no XML.
    #[error("the server sent what is no XML: {0}")]
    NoXml(String),
    /// The server does not answer any more.
    #[error("the server does not answer any more")]
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

/// What the stream brought.
pub enum Incoming {
    /// A stanza, well-formed or not, or another element of the stream; and its own `xml:lang`.
    Element(Box<FallibleStreamElement>, Option<String>),
    /// A stanza whose sender's bare JID is not in its normal form. Parsed, it would be another's.
    Misnamed(String, RawStanzaHeader),
    /// Nothing, for as long as was agreed.
    Silence,
}

/// The half that reads.
pub struct StanzaReader<R> {
    events: Events<R>,
    lang: XmlLangStack,
}

impl<R: AsyncRead + Unpin> StanzaReader<R> {
    /// Reads from `io`, from its first byte on.
    pub fn new(io: R) -> Self {
        Self {
            events: Events::new(io),
            lang: XmlLangStack::new(),
        }
    }

    async fn event(&mut self) -> Result<Event, StreamEnd> {
        let event = self.events.next().await?.ok_or(StreamEnd::Closed)?;
        self.lang.handle_event(&event);
        Ok(event)
    }

    /// The stream id of the server's stream header.
    pub async fn header(&mut self) -> Result<String, StreamEnd> {
        loop {
            match self.event().await? {
                Event::StartElement(_, (ns, name), mut attributes)
                    if ns == xmpp_parsers::ns::STREAM && name == "stream" =>
                {
                    let id = attributes.remove(rxml::Namespace::none(), "id");
                    return id.ok_or(StreamEnd::Protocol("its stream has no id"));
                }
                Event::XmlDeclaration(..) => {}
                _ => return Err(StreamEnd::Protocol("it begins with something else than a stream")),
            }
        }
    }

    /// The next element, or [`Incoming::Silence`] if none begins within `patience`.
    pub async fn next(&mut self, patience: Duration) -> Result<Incoming, StreamEnd> {
        // Between stanzas there may be whitespace (keepalives); buffering it would wait for more.
        self.events.set_text_buffering(false);
        let begin = loop {
            // Reading an event is cancel safe: what was read of it stays in the parser.
            match tokio::time::timeout(patience, self.event()).await {
                Err(_elapsed) => return Ok(Incoming::Silence),
                Ok(event) => match event? {
                    Event::Text(..) | Event::XmlDeclaration(..) => {}
                    Event::EndElement(_) => return Err(StreamEnd::Closed),
                    Event::StartElement(_, name, attributes) => break (name, attributes),
                },
            }
        };
        self.events.set_text_buffering(true);
        // Not the stream's language: that is the server's, not the sender's.
        let lang = begin.1.get(rxml::Namespace::xml(), "lang").cloned();
        let misnamed = misnamed(&begin).map(|header| (begin.0.1.to_string(), header));
        let element = tokio::time::timeout(STALLED, self.element(begin));
        match element
            .await
            .map_err(|_elapsed| StreamEnd::Protocol("it took too long over a stanza"))??
        {
            FallibleStreamElement::Ok(XmppStreamElement::StreamError(error)) => Err(StreamEnd::Error {
                condition: condition(&error),
                text: error.0.texts.into_iter().next().map(|(_, text)| text.clone()),
            }),
            element => Ok(match misnamed {
                Some((name, header)) => Incoming::Misnamed(name, header),
                None => Incoming::Element(Box::new(element), lang),
            }),
        }
    }

    async fn element(&mut self, (name, attributes): (QName, AttrMap)) -> Result<FallibleStreamElement, StreamEnd> {
        let mut payloads = Payloads::new(&name, &attributes);
        let context = xso::Context::empty().with_language(self.lang.current());
        let Ok(mut builder) = FallibleStreamElement::from_events(name, attributes, &context) else {
            return Err(StreamEnd::Protocol("it sent an element that is no stanza"));
        };
        loop {
            let event = self.event().await?;
            let context = xso::Context::empty().with_language(self.lang.current());
            let mut read = Ok(None);
            if payloads.is_one_too_many(&event) {
                // No IQ has text, so that it is read as one that is broken.
                read = builder.feed(Event::Text(EventMetrics::zero(), "another payload".into()), &context);
            }
            match read.and_then(|_| builder.feed(event, &context)) {
                Ok(Some(element)) => return Ok(element),
                Ok(None) => {}
                Err(_) => return Err(StreamEnd::Protocol("it sent an element that cannot be read")),
            }
        }
    }
}

/// Counts the payloads of an IQ request, of which there must be one (RFC 6120, 8.2.3). Prosody refuses others itself, ejabberd passes
/// them on, and `xmpp_parsers` would take the first.
struct Payloads {
    is_request: bool,
    depth: usize,
    count: usize,
}

impl Payloads {
    fn new((_, name): &QName, attributes: &AttrMap) -> Self {
        let type_ = attributes.get(rxml::Namespace::none(), "type").map(String::as_str);
        Self {
            is_request: name == "iq" && matches!(type_, Some("get" | "set")),
            depth: 0,
            count: 0,
        }
    }

    fn is_one_too_many(&mut self, event: &Event) -> bool {
        match event {
            Event::StartElement(..) => {
                self.depth += 1;
                self.count += usize::from(self.depth == 1);
                self.is_request && self.depth == 1 && self.count == 2
            }
            Event::EndElement(_) => {
                self.depth = self.depth.saturating_sub(1);
                false
            }
            _ => false,
        }
    }
}

/// The header of a stanza whose sender's bare JID is a JID, but not in its normal form.
fn misnamed((_, attributes): &(QName, AttrMap)) -> Option<RawStanzaHeader> {
    let attribute = |name| attributes.get(rxml::Namespace::none(), name);
    let from = attribute("from")?;
    let bare = from.split_once('/').map_or(from.as_str(), |(bare, _)| bare);
    if is_plainly_normal(bare) || Jid::new(from).ok()?.to_bare().as_str() == bare {
        return None;
    }
    Some(RawStanzaHeader {
        from: Some(from.clone()),
        to: attribute("to").cloned(),
        type_: attribute("type").cloned(),
        id: attribute("id").cloned(),
    })
}

/// Whether a bare JID is in normal form without doubt, so that nobody need look closer: most are.
fn is_plainly_normal(bare: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'@' | b'.' | b'-' | b'_');
    bare.bytes().all(is_plain) && !bare.ends_with('.')
}

fn condition(error: &xmpp_parsers::stream_error::ReceivedStreamError) -> String {
    use minidom::Element;
    let element: Element = error.0.clone().into();
    let named = element.children().find(|child| child.name() != "text");
    named.map_or_else(|| "undefined-condition".into(), |child| child.name().to_owned())
}

/// Opens a component stream for `domain` and authenticates with `secret`.
pub async fn open<R, W>(
    read: R,
    write: &mut W,
    domain: &str,
    secret: &str,
    patience: Duration,
) -> Result<StanzaReader<R>, StreamEnd>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let within = |what| move |_elapsed| StreamEnd::Protocol(what);
    tokio::time::timeout(patience, async {
        let (mut reader, id) = greet(read, write, domain).await?;
        let handshake = Handshake::from_stream_id_and_password(id, secret);
        write.write_all(&serialise(&handshake)?).await?;
        write.flush().await?;
        match reader.next(patience).await? {
            Incoming::Element(element, _) => match *element {
                FallibleStreamElement::Ok(XmppStreamElement::ComponentHandshake(_)) => Ok(reader),
                _ => Err(StreamEnd::Protocol("it answered the handshake with something else")),
            },
            Incoming::Misnamed(..) => Err(StreamEnd::Protocol("it answered the handshake with something else")),
            Incoming::Silence => Err(StreamEnd::Protocol("it did not answer the handshake")),
        }
    })
    .await
    .map_err(within("it did not answer in time"))?
}

/// Exchanges stream headers only: tells whether a server serves the component's domain, and changes nothing.
pub async fn greet<R, W>(read: R, write: &mut W, domain: &str) -> Result<(StanzaReader<R>, String), StreamEnd>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{}'>",
        xmpp_parsers::ns::COMPONENT,
        xmpp_parsers::ns::STREAM,
        domain.replace('&', "&amp;").replace('\'', "&apos;"),
    );
    write.write_all(header.as_bytes()).await?;
    write.flush().await?;
    let mut reader = StanzaReader::new(read);
    let id = reader.header().await?;
    if id.is_empty() {
        // Prosody names no id where the reason for refusing the stream follows.
        reader.next(STALLED).await?;
    }
    Ok((reader, id))
}

/// Servers end the stream at stanzas that are too long for them: Prosody at 512 KiB, ejabberd where it is told to. What must be repeated of a request, like its id, can make an answer longer than that.
const LARGEST: usize = 200 * 1024;

/// An element as bytes, to be written to the stream.
///
/// # Errors
/// If it cannot be written, or is too large.
pub fn serialise(element: &impl xso::AsXml) -> io::Result<bytes::Bytes> {
    let bytes = xso::to_vec(element).map_err(io::Error::other)?;
    match bytes.len() {
        ..=LARGEST => Ok(bytes.into()),
        _ => Err(io::Error::other("the stanza is too large")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio_xmpp::Stanza;
    use tokio_xmpp::xmlstream::StreamElementError;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    async fn read(stanzas: &str) -> Vec<Result<FallibleStreamElement, StreamEnd>> {
        let xml = format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
             xmlns:stream='http://etherx.jabber.org/streams' id='1'>{stanzas}</stream:stream>"
        );
        let mut reader = StanzaReader::new(xml.as_bytes());
        assert_eq!(reader.header().await.unwrap(), "1");
        let mut read = Vec::new();
        loop {
            match reader.next(PATIENCE).await {
                Ok(Incoming::Element(element, _)) => read.push(Ok(*element)),
                Ok(Incoming::Silence | Incoming::Misnamed(..)) => {}
                Err(StreamEnd::Closed) => return read,
                Err(end) => {
                    read.push(Err(end));
                    return read;
                }
            }
        }
    }

    fn is_iq(element: &Result<FallibleStreamElement, StreamEnd>) -> bool {
        matches!(
            element,
            Ok(FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Iq(_))))
        )
    }

    const IQ: &str = "<iq type='get' id='1' from='a@b.c' to='d.e'><ping xmlns='urn:xmpp:ping'/></iq>";

    #[tokio::test]
    async fn a_stanza_that_does_not_parse_is_told_and_the_next_is_read() {
        for broken in [
            "<presence from='a@b.c' to='d.e'><show>zzz</show></presence>",
            "<message type='bogus' from='a@b.c' to='d.e'/>",
            "<iq type='get' id='2' from='a@b.c' to='d.e'/>",
            "<iq type='bogus' id='2'><a xmlns='b'/></iq>",
            "<iq type='get'><a xmlns='b'/></iq>",
            "<iq type='set' id='2' from='a@b.c' to='d.e'><a xmlns='b'><c/></a><a xmlns='b'/><a xmlns='b'/></iq>",
        ] {
            let read = read(&format!("{broken} \n{IQ}")).await;
            assert_eq!(read.len(), 2, "{broken}");
            assert!(
                matches!(
                    &read[0],
                    Ok(FallibleStreamElement::Err(StreamElementError::InvalidStanza { .. }))
                ),
                "{broken}"
            );
            assert!(is_iq(&read[1]), "{broken}");
        }
    }

    #[tokio::test]
    async fn long_attributes_and_texts_are_read() {
        for length in [10 * 1024, 600 * 1024] {
            let long = "x".repeat(length);
            let stanza = format!("<iq type='get' id='1'><a xmlns='b' c='{long}'>{long}</a></iq>");
            let read = read(&format!("{stanza}{IQ}")).await;
            assert!(read.len() == 2 && read.iter().all(is_iq));
        }
    }

    #[tokio::test]
    async fn who_is_not_named_in_normal_form_is_told_apart() {
        let is_misnamed = async |from: &str| {
            let stream = format!(
                "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>\
                 <iq type='get' id='1' to='d.e' from='{from}'><ping xmlns='urn:xmpp:ping'/></iq>"
            );
            let mut reader = StanzaReader::new(stream.as_bytes());
            reader.header().await.unwrap();
            match reader.next(PATIENCE).await.unwrap() {
                Incoming::Misnamed(name, header) => {
                    assert_eq!((name.as_str(), header.from.as_deref()), ("iq", Some(from)));
                    assert_eq!(
                        (header.type_.as_deref(), header.id.as_deref()),
                        (Some("get"), Some("1"))
                    );
                    true
                }
                Incoming::Element(..) => false,
                Incoming::Silence => unreachable!("bytes are never late"),
            }
        };
        for normal in [
            "amy@example.org",
            "amy@example.org/Phone Ａ",
            "example.org",
            "a\u{f6}@b\u{fc}cher.example/x",
            "a.b+c%1@xn--bcher-kva.example",
            "a@[2001:db8::1]",
        ] {
            assert!(!is_misnamed(normal).await, "{normal}");
        }
        for other in [
            "Amy@example.org/x",
            "amy@Example.org",
            "\u{ff41}my@example.org",
            "a\u{aa}@example.org",
            "am\u{ad}y@example.org",
            "amy@exam\u{200b}ple.org",
            "a\u{df}@example.org",
        ] {
            assert!(is_misnamed(other).await, "{other}");
        }
        // Of a sender that is no JID at all, nothing is read.
        assert!(!is_misnamed("@").await);
    }

    #[tokio::test]
    async fn nesting_is_cut_and_does_not_overflow() {
        let deep = 100_000;
        let nested = format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep));
        let read = read(&format!("<iq type='get' id='1'><x xmlns='y'>{nested}</x></iq>{IQ}")).await;
        assert!(read.len() == 2 && read.iter().all(is_iq));
        let Ok(FallibleStreamElement::Ok(XmppStreamElement::Stanza(Stanza::Iq(xmpp_parsers::iq::Iq::Get {
            payload,
            ..
        })))) = &read[0]
        else {
            unreachable!()
        };
        let (mut depth, mut element) = (0, payload);
        while let Some(child) = element.children().next() {
            (depth, element) = (depth + 1, child);
        }
        assert!((10..50).contains(&depth), "{depth}");
    }

    #[tokio::test]
    async fn a_stream_error_is_told_with_condition_and_text() {
        let error = "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                     <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>twice</text></stream:error>";
        let read = read(error).await;
        assert_eq!(
            read[0].as_ref().unwrap_err().to_string(),
            "the server ended the stream: conflict (twice)"
        );
    }

    #[tokio::test]
    async fn what_is_no_xml_ends_the_stream() {
        assert!(matches!(&read("<a b=c>").await[..], [Err(StreamEnd::NoXml(_))]));
    }

    #[tokio::test]
    async fn the_ways_in_which_a_connection_ends_are_told_apart() {
        const HEADER: &str = "<stream:stream xmlns='jabber:component:accept' \
                              xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
        let end = async |sent: &str| {
            let mut reader = StanzaReader::new(sent.as_bytes());
            if let Err(end) = reader.header().await {
                return end.to_string();
            }
            loop {
                if let Err(end) = reader.next(PATIENCE).await {
                    return end.to_string();
                }
            }
        };
        for between in [
            "",
            "<?xml version='1.0'?>",
            HEADER,
            &format!("{HEADER} \n"),
            &format!("{HEADER}{IQ}"),
            &format!("{HEADER}{IQ} "),
        ] {
            assert_eq!(
                end(between).await,
                "the server closed the connection without closing the stream",
                "{between}"
            );
        }
        for amid in [
            &HEADER[..20],
            &format!("{HEADER}<"),
            &format!("{HEADER}<iq id='"),
            &format!("{HEADER}<iq><ping> "),
            &format!("{HEADER}{IQ}</"),
        ] {
            assert_eq!(
                end(amid).await,
                "the server closed the connection in the middle of a stanza",
                "{amid}"
            );
        }
        assert_eq!(
            end(&format!("{HEADER}{IQ}</stream:stream>")).await,
            "the server closed the stream"
        );
        assert_eq!(
            end(&format!("{HEADER}</stream:stream> ")).await,
            "the server closed the stream"
        );
    }

    #[test]
    fn a_reset_is_told_by_its_name() {
        let reset = StreamEnd::from(io::Error::from(io::ErrorKind::ConnectionReset));
        assert!(matches!(reset, StreamEnd::Reset(_)));
        assert!(matches!(
            StreamEnd::from(io::Error::from(io::ErrorKind::TimedOut)),
            StreamEnd::Io(_)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_told_and_nothing_is_lost_by_it() {
        let (mut server, client) = tokio::io::duplex(1 << 16);
        let mut reader = StanzaReader::new(client);
        server.write_all(b"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>").await.unwrap();
        reader.header().await.unwrap();
        server.write_all(&IQ.as_bytes()[..10]).await.unwrap();
        assert!(matches!(reader.next(PATIENCE).await.unwrap(), Incoming::Silence));
        server.write_all(&IQ.as_bytes()[10..]).await.unwrap();
        assert!(matches!(reader.next(PATIENCE).await.unwrap(), Incoming::Element(..)));
    }
}
