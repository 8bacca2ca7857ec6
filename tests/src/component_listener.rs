//! The side of XEP-0114 that a server plays, as far as a test needs it: to do with the connection what no server would.

use itseme_client::minidom::Element;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{raw::Stream, wait::within, world::SERVICE};

/// The port where components connect.
#[derive(Debug)]
pub struct ComponentListener(TcpListener);

/// A connected component; it may have any secret.
#[derive(Debug)]
pub struct Component {
    connection: TcpStream,
    stream: Stream,
}

impl ComponentListener {
    /// Listens on any port of 127.0.0.1.
    pub async fn listen() -> Self {
        Self::on(0).await
    }

    /// Listens on this port of 127.0.0.1.
    pub async fn on(port: u16) -> Self {
        Self(TcpListener::bind(("127.0.0.1", port)).await.expect("a port"))
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    /// The next component that connects and shakes hands.
    pub async fn accept(&self) -> Component {
        within("a component", async {
            let (connection, _) = self.0.accept().await.expect("a connection");
            let mut component = Component { connection, stream: Stream::new() };
            component
                .send(
                    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
                     xmlns:stream='http://etherx.jabber.org/streams' id='1'>",
                )
                .await;
            assert_eq!(component.next().await.name(), "handshake");
            component.send("<handshake/>").await;
            component
        })
        .await
    }
}

impl Component {
    /// Sends text as it is; the component may have hung up.
    pub async fn send(&mut self, text: &str) {
        let _ = self.connection.write_all(text.as_bytes()).await;
    }

    /// The next thing that it sends, other than to itself: that comes back, as from a server.
    pub async fn next(&mut self) -> Element {
        within("a stanza of the component", async {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                while let Some(element) = self.stream.next() {
                    if element.attr("to").is_none_or(|to| Some(to) != element.attr("from")) {
                        return element;
                    }
                    self.send(&String::from(&element)).await;
                }
                let length = self.connection.read(&mut bytes).await.expect("the component is connected");
                assert_ne!(length, 0, "the component has hung up");
                self.stream.feed(&bytes[..length]);
            }
        })
        .await
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

    /// Sends an `<iq/>` of an account with this payload, and returns its result or error.
    pub async fn ask(&mut self, from: &str, kind: &str, payload: &str) -> Element {
        self.ask_as(SERVICE, from, kind, payload).await
    }

    /// The same if it is another component.
    pub async fn ask_as(&mut self, to: &str, from: &str, kind: &str, payload: &str) -> Element {
        let id = format!("asked-{:016x}", rand::random::<u64>());
        self.send(&format!("<iq type='{kind}' id='{id}' from='{from}' to='{to}'>{payload}</iq>")).await;
        self.next_that(|answer| answer.name() == "iq" && answer.attr("id") == Some(&id)).await
    }

    /// Waits until the component closes the connection, without reading what it sends.
    pub async fn is_let_go(self) {
        within("the end of the connection", async {
            // Whitespace between stanzas means nothing (RFC 6120, 4.6.1).
            let mut connection = self.connection;
            while connection.write_all(b" ").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}
