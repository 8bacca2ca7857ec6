//! XML events with their namespaces, of elements up to a depth.
//!
//! `rxml`'s own resolver looks for a namespace through every open element, so that a stanza of some ten thousand nested
//! elements, which servers relay from any user, takes seconds. Here, elements that are nested too deep are dropped
//! before they are resolved: no payload needs them, and the destructors of nested elements would also overflow the
//! stack.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rxml::parser::EventMetrics;
use rxml::parser::RawQName;
use rxml::{AsyncRawReader, AttrMap, Event, Namespace, NcName, RawEvent, RawParser, WithOptions};
use tokio::io::{AsyncRead, BufReader, ReadBuf};

/// Elements nested deeper than this are dropped; the stream itself counts.
const DEEPEST: usize = 49;
/// Larger than the stanzas that Prosody (512 KiB) and ejabberd relay by default, so that only a server configured
/// otherwise can end the stream by size.
const LONGEST_TOKEN: usize = 2 * 1024 * 1024;

/// Stanzas are this deep; the stream itself counts.
const STANZA: usize = 2;
/// The namespace of a component's stanzas (XEP-0114).
const COMPONENT: Namespace<'static> = Namespace::from_str(xmpp_parsers::ns::COMPONENT);
/// The namespace that jabberd2 leaves on them.
const CLIENT: &str = "jabber:client";

/// Turns carriage returns into line feeds, as any XML processor must (XML 1.0, section 2.11). `rxml` takes a bare one in
/// an attribute for an error, and Prosody writes `&#xD;` as one.
struct Lines<R>(R);

impl<R: AsyncRead + Unpin> AsyncRead for Lines<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.0).poll_read(cx, buffer);
        for byte in &mut buffer.filled_mut()[before..] {
            if *byte == b'\r' {
                *byte = b'\n';
            }
        }
        result
    }
}

/// The namespaces that an element declares.
#[derive(Default)]
struct DeclaredNamespaces {
    default: Option<Namespace<'static>>,
    prefixes: BTreeMap<NcName, Namespace<'static>>,
}

/// An element whose head is not complete yet.
struct Head {
    name: RawQName,
    attributes: Vec<(RawQName, String)>,
}

/// The reason why nothing more can be read.
#[derive(Debug)]
pub enum ReadError {
    /// The connection ended between two stanzas, or before the stream began.
    Ended,
    /// The connection ended in the middle of a stanza, or of a tag.
    Cut,
    /// The received bytes are not XML.
    NoXml(String),
    /// The connection failed.
    Io(io::Error),
}

/// Reads events.
pub struct Events<R> {
    raw: AsyncRawReader<BufReader<Lines<R>>>,
    depth: usize,
    scopes: Vec<DeclaredNamespaces>,
    head: Option<Head>,
    /// `true` if the stanza that is read has the namespace of clients.
    is_of_clients: bool,
}

impl<R: AsyncRead + Unpin> Events<R> {
    /// Reads from `io`.
    pub fn new(io: R) -> Self {
        let options = rxml::Options {
            max_token_length: LONGEST_TOKEN,
            ..rxml::Options::default()
        };
        Self {
            raw: AsyncRawReader::wrap(
                BufReader::with_capacity(64 * 1024, Lines(io)),
                RawParser::with_options(options),
            ),
            depth: 0,
            scopes: Vec::new(),
            head: None,
            is_of_clients: false,
        }
    }

    /// Returns `true` if text is held back until it is complete. Between stanzas it must not be: whitespace keeps streams alive.
    pub fn set_text_buffering(&mut self, enabled: bool) {
        self.raw.parser_mut().set_text_buffering(enabled);
    }

    /// Returns the next event; `None` at the end. Cancel safe: the bytes read of an event stay here.
    pub async fn next(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            let Some(raw) = self.raw.read().await.map_err(|error| self.explain(error))? else {
                return Ok(None);
            };
            if let Some(event) = self.take(raw).map_err(|error| self.explain(error))? {
                return Ok(Some(event));
            }
        }
    }

    /// The parser takes the end of the connection for an error of the XML.
    fn explain(&self, error: io::Error) -> ReadError {
        use rxml::error::ErrorContext::{DocumentBegin, Text};
        if error.kind() != io::ErrorKind::InvalidData {
            return ReadError::Io(error);
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rxml::Error::InvalidEof(None | Some(DocumentBegin | Text))) if self.depth < STANZA => ReadError::Ended,
            Some(rxml::Error::InvalidEof(_)) => ReadError::Cut,
            _ => ReadError::NoXml(error.to_string()),
        }
    }

    fn take(&mut self, raw: RawEvent) -> io::Result<Option<Event>> {
        match raw {
            RawEvent::ElementHeadOpen(..) => self.depth += 1,
            RawEvent::ElementFoot(..) => self.depth -= 1,
            _ => {}
        }
        let is_foot = matches!(raw, RawEvent::ElementFoot(..));
        if self.depth > DEEPEST || (is_foot && self.depth == DEEPEST) {
            return Ok(None);
        }
        Ok(match raw {
            RawEvent::XmlDeclaration(metrics, version) => Some(Event::XmlDeclaration(metrics, version)),
            RawEvent::Text(metrics, text) => Some(Event::Text(metrics, text)),
            RawEvent::ElementHeadOpen(_, name) => {
                self.head = Some(Head {
                    name,
                    attributes: Vec::new(),
                });
                None
            }
            RawEvent::Attribute(_, name, value) => {
                if let Some(head) = &mut self.head {
                    head.attributes.push((name, value));
                }
                None
            }
            RawEvent::ElementHeadClose(metrics) => self.head.take().map(|head| self.open(metrics, head)).transpose()?,
            RawEvent::ElementFoot(metrics) => {
                self.scopes.pop();
                Some(Event::EndElement(metrics))
            }
        })
    }

    /// Namespaces in XML 1.0, sections 3, 5 and 6.
    fn open(&mut self, metrics: EventMetrics, head: Head) -> io::Result<Event> {
        let mut scope = DeclaredNamespaces::default();
        let mut named = Vec::new();
        for ((prefix, name), value) in head.attributes {
            match prefix.as_deref().map(AsRef::<str>::as_ref) {
                None if name == "xmlns" => scope.default = Some(Namespace::from(value)),
                Some("xmlns") => _ = scope.prefixes.insert(name, Namespace::from(value)),
                _ => named.push((prefix, name, value)),
            }
        }
        self.scopes.push(scope);
        let mut attributes = AttrMap::new();
        for (prefix, name, value) in named {
            // Without a prefix, an attribute has no namespace, whatever the element's is.
            let namespace = match &prefix {
                Some(prefix) => self.resolve(prefix)?,
                None => Namespace::NONE,
            };
            if attributes.insert(namespace, name, value).is_some() {
                return Err(malformed("an attribute stands twice"));
            }
        }
        let (prefix, name) = head.name;
        let namespace = match &prefix {
            Some(prefix) => self.resolve(prefix)?,
            None => self
                .scopes
                .iter()
                .rev()
                .find_map(|scope| scope.default.clone())
                .unwrap_or(Namespace::NONE),
        };
        Ok(Event::StartElement(
            metrics,
            (self.as_of_component(namespace), name),
            attributes,
        ))
    }

    /// jabberd2 leaves the namespace of clients on the stanzas that it passes to a component. They are read as the component's own,
    /// with their children of the same namespace, such as a body or an error. A stanza in a payload, such as a forwarded one, keeps
    /// its namespace.
    fn as_of_component(&mut self, namespace: Namespace<'static>) -> Namespace<'static> {
        if self.depth == STANZA {
            self.is_of_clients = namespace == CLIENT;
        }
        let is_own = self.depth == STANZA || self.depth == STANZA + 1;
        match is_own && self.is_of_clients && namespace == CLIENT {
            true => COMPONENT,
            false => namespace,
        }
    }

    fn resolve(&self, prefix: &NcName) -> io::Result<Namespace<'static>> {
        if prefix == "xml" {
            return Ok(Namespace::xml().clone());
        }
        let declared = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.prefixes.get(prefix).cloned());
        declared.ok_or_else(|| malformed("a prefix is not declared"))
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(xml: &str) -> Result<Vec<Event>, ReadError> {
        let mut events = Events::new(xml.as_bytes());
        let mut read = Vec::new();
        while let Some(event) = events.next().await? {
            assert!(
                events.scopes.len() <= DEEPEST,
                "as many scopes as elements that are read"
            );
            read.push(event);
        }
        Ok(read)
    }

    #[tokio::test]
    async fn namespaces_are_those_that_rxml_finds() {
        let xml = "<?xml version='1.0'?><s:a xmlns:s='urn:s' xmlns='urn:d' s:x='1' x='2' xml:lang='de'>t\
                   <b xmlns='' y='3'><s:c xmlns:s='urn:t' s:z='4'/></b><d/></s:a>";
        let mut expected = Vec::new();
        let mut reader = rxml::AsyncReader::new(xml.as_bytes());
        while let Some(event) = reader.read().await.unwrap() {
            expected.push(event);
        }
        let without_metrics = |events: Vec<Event>| {
            let plain = events.into_iter().map(|event| match event {
                Event::StartElement(_, name, attributes) => Event::StartElement(EventMetrics::zero(), name, attributes),
                Event::Text(_, text) => Event::Text(EventMetrics::zero(), text),
                Event::EndElement(_) => Event::EndElement(EventMetrics::zero()),
                Event::XmlDeclaration(_, version) => Event::XmlDeclaration(EventMetrics::zero(), version),
            });
            plain.collect::<Vec<_>>()
        };
        assert_eq!(without_metrics(read(xml).await.unwrap()), without_metrics(expected));
    }

    #[tokio::test]
    async fn stanzas_in_the_namespace_of_clients_are_the_components() {
        let xml = "<s xmlns='jabber:component:accept'>\
                   <message xmlns='jabber:client'><body/><x xmlns='urn:x'><message xmlns='jabber:client'><body/></message><y/></x>\
                   <subject xmlns='jabber:client'/></message>\
                   <c:iq xmlns:c='jabber:client'><c:error/><x xmlns='urn:x'/></c:iq>\
                   <presence><x xmlns='jabber:client'/></presence></s>";
        let read = read(xml).await.unwrap();
        let named = read.iter().filter_map(|event| match event {
            Event::StartElement(_, (namespace, name), _) => Some(format!("{namespace} {name}")),
            _ => None,
        });
        let expected = [
            "jabber:component:accept s",
            "jabber:component:accept message",
            "jabber:component:accept body",
            "urn:x x",
            "jabber:client message",
            "jabber:client body",
            "urn:x y",
            "jabber:component:accept subject",
            "jabber:component:accept iq",
            "jabber:component:accept error",
            "urn:x x",
            "jabber:component:accept presence",
            "jabber:client x",
        ];
        assert_eq!(named.collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn what_is_nested_too_deep_is_dropped_before_it_is_looked_at() {
        let deep = 50_000;
        let xml = format!("<r>{}x{}<b>y</b></r>", "<a>".repeat(deep), "</a>".repeat(deep));
        let events = read(&xml).await.unwrap();
        let opened = events
            .iter()
            .filter(|event| matches!(event, Event::StartElement(..)))
            .count();
        assert_eq!(opened, DEEPEST + 1);
        assert!(matches!(&events[events.len() - 3], Event::Text(_, text) if text == "y"));
    }

    #[tokio::test]
    async fn carriage_returns_are_line_feeds() {
        let events = read("<a b='\rx\r\ny\r'>\r</a>").await.unwrap();
        assert!(matches!(&events[1], Event::Text(_, text) if text == "\n"), "{events:?}");
    }

    #[tokio::test]
    async fn what_is_not_well_formed_is_an_error() {
        for xml in ["<a b='1' b='2'/>", "<p:a/>", "<a p:b='1'/>", "<a></b>"] {
            assert!(read(xml).await.is_err(), "{xml}");
        }
    }
}
