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

use super::events::Events;
use super::payloads::Payloads;
use super::stream_end::StreamEnd;

/// The time limit for the rest of a stanza that has begun.
const STALLED: Duration = Duration::from_secs(120);

/// An event of the stream.
pub enum Incoming {
    /// A stanza, well-formed or not, or another element of the stream, with its own `xml:lang`.
    Element(Box<FallibleStreamElement>, Option<String>),
    /// A stanza whose sender's bare JID is not in its normal form. After parsing, it would be another JID.
    Misnamed(String, RawStanzaHeader),
    /// No event within the given time.
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
            // Reading an event is cancel safe: the part that was read stays in the parser.
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

    async fn element(&mut self, (name, mut attributes): (QName, AttrMap)) -> Result<FallibleStreamElement, StreamEnd> {
        leave_out_unknown_type(&name, &mut attributes);
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

/// A message of an unknown type is a `normal` one (RFC 6121, 5.2.2), as is one without a type. The library would not read it.
fn leave_out_unknown_type((_, name): &QName, attributes: &mut AttrMap) {
    const KNOWN: [&str; 5] = ["chat", "error", "groupchat", "headline", "normal"];
    let is_unknown = |known: &String| !KNOWN.contains(&known.as_str());
    if name == "message" && attributes.get(rxml::Namespace::none(), "type").is_some_and(is_unknown) {
        attributes.remove(rxml::Namespace::none(), "type");
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

/// Returns `true` if a bare JID is in normal form without doubt, so that nobody need look closer: most are.
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

/// Exchanges stream headers only. Finds out if a server serves the component's domain, and changes nothing.
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

/// Servers end the stream at stanzas that are too long for them: Prosody at 512 KiB, ejabberd at a configured size. An
/// answer must repeat parts of its request, like the id, and can be longer than that.
const LARGEST: usize = 200 * 1024;

/// Returns an element as bytes, to be written to the stream.
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
mod tests;
