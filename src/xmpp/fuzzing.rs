//! Stanzas that servers relay from strangers, read as from a component stream and answered.

use std::time::Duration;

use bytes::Bytes;
use minidom::Element;
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::{FallibleStreamElement, StreamElementError, XmppStreamElement};
use xmpp_parsers::iq::Iq;

use crate::fuzzing::World;
use crate::language::Language;
use crate::model::BareJid;
use crate::xmpp::connection::outgoing::Outgoing;
use crate::xmpp::connection::stream;
use crate::xmpp::connection::stream::{Incoming, StanzaReader};
use crate::xmpp::connection::stream_end::StreamEnd;
use crate::xmpp::connection::{Connection, Patience};
use crate::xmpp::protocol::host::{self, Host};
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::presentation::Presentation;
use crate::xmpp::router::{self, Router};

const PATIENCE: Duration = Duration::from_secs(60);
const HEADER: &str = "<stream:stream xmlns='jabber:component:accept' \
     xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
/// Stands for the session that was opened last: nobody guesses its id.
const SESSION: &str = "S";

/// A component that receives stanzas.
pub struct Stanzas {
    world: World,
    component: FuzzedComponent,
}

struct FuzzedComponent {
    own: BareJid,
    router: Router,
    connection: Connection,
    session: String,
}

impl Stanzas {
    /// With a service of its own.
    #[expect(clippy::new_without_default, reason = "it opens a database")]
    pub fn new() -> Self {
        let world = World::new();
        let component = FuzzedComponent::new(&world);
        Self { world, component }
    }

    /// Reads what follows the stream header, and answers each stanza: a request once, nothing else with an IQ, and
    /// never by what could not be sent, or be read by others.
    pub fn run(&mut self, input: &[u8]) {
        if self.world.has_aged() {
            *self = Self::new();
        }
        let stream = [HEADER.as_bytes(), input, b"</stream:stream>"].concat();
        self.world.runtime.block_on(self.component.serve(&stream));
    }
}

impl FuzzedComponent {
    fn new(world: &World) -> Self {
        let host = Host {
            subscribe_back: true,
            url: Some("https://itseme.example.org".into()),
            ..Host::example()
        };
        let own = host.domain.clone();
        let _within = world.runtime.enter();
        let patience = Patience {
            silence: PATIENCE,
            answer: PATIENCE,
        };
        let (connection, _writer) = Connection::open(
            own.clone(),
            tokio::io::sink(),
            patience,
            Default::default(),
            CancellationToken::new(),
        );
        Self {
            router: Router::new(world.service.clone(), Presentation::new(&world.service, host)),
            own,
            connection,
            session: String::new(),
        }
    }

    async fn serve(&mut self, stream: &[u8]) {
        let mut reader = StanzaReader::new(stream);
        reader.header().await.expect("a stream");
        loop {
            match reader.next(PATIENCE).await {
                Ok(Incoming::Element(element, lang)) => self.receive(*element, lang).await,
                Ok(Incoming::Misnamed(name, header)) => {
                    let error = router::misnamed(Language::default());
                    if let Some(reply) = router::raw_error(&name, header, &self.own, error) {
                        readable(&stream::serialise(&reply)).await;
                    }
                }
                Ok(Incoming::Silence) => panic!("bytes are never late"),
                // No server sends bytes that are not XML.
                Err(
                    StreamEnd::Closed
                    | StreamEnd::HungUp
                    | StreamEnd::Cut
                    | StreamEnd::NoXml(_)
                    | StreamEnd::Io(_)
                    | StreamEnd::Error { .. },
                ) => return,
                Err(StreamEnd::Protocol("it sent an element that is no stanza")) => return,
                Err(end) => panic!("{end}"),
            }
        }
    }

    async fn receive(&mut self, element: FallibleStreamElement, lang: Option<String>) {
        match element {
            FallibleStreamElement::Ok(XmppStreamElement::Stanza(mut stanza)) => {
                self.enter_session(&mut stanza);
                let expected = request(&stanza);
                if self.connection.takes(&stanza) {
                    let own = expected.is_none_or(|(_, from)| from == self.own.as_str());
                    return assert!(own, "a request was swallowed");
                }
                let language = lang.as_deref().and_then(host::spoken);
                let answers = self.router.answer(stanza, language).await;
                self.check(&answers, expected).await;
            }
            FallibleStreamElement::Err(StreamElementError::InvalidStanza { name, header, .. }) => {
                let error = router::unreadable(Language::default());
                if let Some(reply) = router::raw_error(&name.to_string(), header, &self.own, error) {
                    readable(&stream::serialise(&reply)).await;
                }
            }
            _ => {}
        }
    }

    fn enter_session(&self, stanza: &mut Stanza) {
        if let Stanza::Iq(Iq::Set { payload, .. }) = stanza
            && payload.is("command", ns::COMMANDS)
            && payload.attr("sessionid") == Some(SESSION)
        {
            payload.set_attr(
                rxml::Namespace::NONE,
                "sessionid".try_into().expect("a name"),
                self.session.clone(),
            );
        }
    }

    /// Checks that a request has one answer, which goes to its sender, that anything else has none, and that every
    /// stanza can be read.
    async fn check(&mut self, answers: &[Outgoing], expected: Option<(String, String)>) {
        let iqs = answers.iter().filter_map(|answer| match answer {
            Outgoing::Iq(iq) => Some(iq),
            _ => None,
        });
        let mut answered = Vec::new();
        for iq in iqs {
            if let Iq::Result {
                payload: Some(payload), ..
            } = iq
                && let Some(session) = payload.attr("sessionid")
            {
                session.clone_into(&mut self.session);
            }
            let to = iq.to().expect("to whom").to_string();
            assert!(iq.from().is_some() && matches!(iq, Iq::Result { .. } | Iq::Error { .. }));
            answered.push((iq.id().to_owned(), to));
        }
        assert_eq!(answered, Vec::from_iter(expected));
        for answer in answers {
            readable(&answer.serialise()).await;
        }
    }
}

/// Id and sender of a request that must be answered.
fn request(stanza: &Stanza) -> Option<(String, String)> {
    let Stanza::Iq(iq @ (Iq::Get { .. } | Iq::Set { .. })) = stanza else {
        return None;
    };
    iq.to()?;
    Some((iq.id().to_owned(), iq.from()?.to_string()))
}

/// Checks that the written bytes are one stanza, which does not name a bug. A stanza that repeats a large request may
/// be too large to be written.
async fn readable(written: &std::io::Result<Bytes>) {
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(error) => return assert_eq!(error.to_string(), "the stanza is too large"),
    };
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    assert!(!text.contains("internal-server-error"), "{text}");
    let stream = [HEADER.as_bytes(), bytes, b"</stream:stream>"].concat();
    let mut reader = StanzaReader::new(&stream[..]);
    reader.header().await.expect("a stream");
    let read = reader.next(PATIENCE).await;
    let Ok(Incoming::Element(element, _)) = read else {
        panic!("not to be read: {text}")
    };
    assert!(
        matches!(*element, FallibleStreamElement::Ok(XmppStreamElement::Stanza(_))),
        "no stanza: {text}"
    );
    assert!(
        matches!(reader.next(PATIENCE).await, Err(StreamEnd::Closed)),
        "more than one: {text}"
    );
    // Parsed as by libraries that accept no errors.
    text.parse::<Element>().expect("an element");
}
