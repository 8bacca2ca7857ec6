//! The connection to the XMPP server (XEP-0114): made, kept, and made again without end.
//!
//! Each stanza is handled in a task of its own, up to a bound: on the thread that reads if that takes microseconds and
//! there are few, elsewhere if not, so that reading never waits for long. What is sent is queued, written in batches
//! and flushed once a batch.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::{FallibleStreamElement, RawStanzaHeader, StreamElementError, XmppStreamElement};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::stanza_error::StanzaError;

use crate::channel::Bounces;
use crate::dial::{self, Address};
use crate::health::XmppState;
use crate::language::Language;
use crate::meters;
use crate::model::BareJid;
use crate::service::Error;
use crate::xmpp::connection::concurrency::{ConcurrencyLimits, InHand};
use crate::xmpp::connection::prompt::Prompt;
use crate::xmpp::connection::stream::{self, Incoming, StanzaReader};
use crate::xmpp::connection::stream_end::{StreamEnd, remedy};
use crate::xmpp::connection::{Connection, ConnectionError, Patience};
use crate::xmpp::protocol::error::stanza_error;
use crate::xmpp::protocol::host;
use crate::xmpp::router::{self, Handling, Router};

/// The stream and the handshake may take this long.
const GREETING: Duration = Duration::from_secs(15);
/// A connection that lasted at least this long counts as stable: the next failure starts with a short wait again. Even
/// a server that fails often is to have the service back each time, and five seconds do not overload it.
const STABLE: Duration = Duration::from_secs(5);
/// The same if the server ended the stream with an error: two services that disconnect each other must not do so all
/// the time.
const UNDISPUTED: Duration = Duration::from_secs(60);
/// The time limit at the end, for each of: the requests in progress, the farewells, and the queue.
const LEAVING: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// With more stanzas in hand, the thread that reads has enough to do, and others help.
const BY_ONE_THREAD: usize = 16;

/// The settings of the connection.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// The component's domain.
    pub jid: BareJid,
    /// The secret that it shares with the server.
    pub secret: SecretString,
    /// The address of the server's component listener.
    pub server: Address,
    /// The time limits for the server.
    pub patience: Patience,
    /// Requests of one account per second; as many are handled at once.
    pub requests_per_second: u32,
}

/// The connection as its users see it: there at times, and made anew. Clones are the same.
#[derive(Clone)]
pub struct Uplink {
    current: watch::Receiver<Option<Connection>>,
    bounces: Arc<Bounces>,
}

impl Uplink {
    /// A connection that is there.
    #[cfg(test)]
    pub fn over(connection: Connection) -> Self {
        let (_, current) = watch::channel(Some(connection));
        Self {
            current,
            bounces: Arc::default(),
        }
    }

    /// The connection, if there is one.
    pub fn connection(&self) -> Result<Connection, ConnectionError> {
        self.current.borrow().clone().ok_or(ConnectionError::Down)
    }

    /// The messages that may come back, over this connection or a later one.
    pub fn bounces(&self) -> &Bounces {
        &self.bounces
    }

    /// Resolves when there is a connection.
    pub async fn connected(&self) {
        let mut current = self.current.clone();
        if current.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns the connection and the future that makes and keeps it until `stop`. Hands what comes in to `router`: in tasks of the
/// runtime `helpers` where that is more than the thread that reads should do.
pub fn keep_connected(
    config: ConnectionConfig,
    router: Router,
    helpers: Handle,
    stop: CancellationToken,
) -> (Uplink, impl Future<Output = ()>) {
    let (publish, current) = watch::channel(None);
    let bounces = Arc::<Bounces>::default();
    let keeper = Keeper {
        config,
        bounces: bounces.clone(),
        router: Arc::new(router),
        helpers,
        publish,
        stop,
    };
    (Uplink { current, bounces }, keeper.keep())
}

struct Keeper {
    config: ConnectionConfig,
    bounces: Arc<Bounces>,
    router: Arc<Router>,
    helpers: Handle,
    publish: watch::Sender<Option<Connection>>,
    stop: CancellationToken,
}

impl Keeper {
    async fn keep(self) {
        let (mut failures, mut told) = (0, String::new());
        loop {
            let began = Instant::now();
            let Err(end) = self.connect_and_serve(&mut told).await else {
                return;
            };
            if began.elapsed() >= stable(&end) {
                failures = 0;
            }
            let pause = pause(&end, failures);
            failures += 1;
            self.tell(&end, pause, &mut told);
            if self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Returns when the connection is over: `Ok` if it was to stop.
    async fn connect_and_serve(&self, told: &mut String) -> Result<(), StreamEnd> {
        let Some(connected) = self.stop.run_until_cancelled(self.connect()).await else {
            return Ok(());
        };
        let (mut reader, write) = connected?;
        tracing::info!(component = %self.config.jid, "component connected");
        told.clear();
        self.router.health().set_xmpp(XmppState::Connected);
        meters::xmpp_connected(true);
        let close = CancellationToken::new();
        let (jid, bounces) = (self.config.jid.clone(), self.bounces.clone());
        let (connection, mut writer) = Connection::open(jid, write, self.config.patience, bounces, close.clone());
        let handlers = TaskTracker::new();
        self.publish.send_replace(Some(connection.clone()));
        let (router, greeted) = (self.router.clone(), connection.clone());
        // It must not go on while the service says goodbye, nor with the next connection.
        let over = self.stop.child_token();
        let _over = over.clone().drop_guard();
        handlers.spawn(async move { over.run_until_cancelled(router.announce(&greeted)).await });
        let end = tokio::select! {
            end = self.read(&mut reader, &connection, &handlers) => Err(end),
            written = &mut writer => Err(written.map_or_else(|_| StreamEnd::Closed, StreamEnd::from)),
            () = connection.gone() => Err(StreamEnd::Silent),
            () = self.stop.cancelled() => Ok(()),
        };
        self.publish.send_replace(None);
        meters::xmpp_connected(false);
        meters::xmpp_queue(0);
        connection.give_up();
        if end.is_ok() {
            handlers.close();
            let _ = timeout(LEAVING, handlers.wait()).await;
            let _ = timeout(LEAVING, self.router.take_leave(&connection)).await;
            close.cancel();
            let _ = timeout(LEAVING, writer).await;
            tracing::info!("component disconnected");
        } else {
            writer.abort();
        }
        end
    }

    async fn connect(&self) -> Result<(StanzaReader<Prompt>, OwnedWriteHalf), StreamEnd> {
        let Address { host, port } = &self.config.server;
        let tcp = dial::connect(host, *port).await?;
        tcp.set_nodelay(true)?;
        tracing::debug!(address = ?tcp.peer_addr().ok(), "connected to the XMPP server; opening the stream");
        let (read, mut write) = tcp.into_split();
        let secret = self.config.secret.expose_secret();
        let reader = stream::open(
            Prompt::new(read),
            &mut write,
            self.config.jid.as_str(),
            secret,
            GREETING,
        )
        .await?;
        Ok((reader, write))
    }

    async fn read(
        &self,
        reader: &mut StanzaReader<Prompt>,
        connection: &Connection,
        handlers: &TaskTracker,
    ) -> StreamEnd {
        let limits = ConcurrencyLimits::new(self.config.requests_per_second);
        let Patience { silence, answer } = self.config.patience;
        let mut asked = false;
        loop {
            let patience = if asked { answer } else { silence };
            match reader.next(patience).await {
                Ok(Incoming::Element(element, lang)) => {
                    meters::stanza("in");
                    asked = false;
                    connection.hear();
                    let language = lang.as_deref().and_then(host::spoken);
                    self.receive(*element, language, connection, &limits, handlers);
                    // Otherwise nothing would be handled before all that has come is read.
                    tokio::task::consume_budget().await;
                }
                Ok(Incoming::Misnamed(name, header)) => {
                    asked = false;
                    connection.hear();
                    tracing::debug!(stanza = name, "a sender's address is not in its normal form");
                    let admitted = self.router.admit_misnamed(header.from.as_deref().unwrap_or_default());
                    self.refuse(&name, header, admitted, router::misnamed, connection);
                    tokio::task::consume_budget().await;
                }
                Ok(Incoming::Silence) if asked => return StreamEnd::Silent,
                Ok(Incoming::Silence) => {
                    asked = true;
                    connection.ask();
                }
                Err(end) => return end,
            }
        }
    }

    fn receive(
        &self,
        element: FallibleStreamElement,
        language: Option<Language>,
        connection: &Connection,
        limits: &Arc<ConcurrencyLimits>,
        handlers: &TaskTracker,
    ) {
        match element {
            FallibleStreamElement::Ok(XmppStreamElement::Stanza(stanza)) if connection.takes(&stanza) => {}
            FallibleStreamElement::Ok(XmppStreamElement::Stanza(stanza)) => {
                // Without a sender, nobody could be answered.
                let Some(sender) = router::sender(&stanza) else { return };
                if let Err(error) = self.router.admit(sender) {
                    let refused = router::refused_with(&stanza, stanza_error(&error, self.router.words(language)));
                    refused.iter().for_each(|reply| connection.try_send(reply));
                    return;
                }
                match limits.take(sender) {
                    Ok(in_hand) => {
                        let is_here = match router::handling(&stanza) {
                            Handling::InOrder => true,
                            Handling::Here => limits.in_hand() <= BY_ONE_THREAD,
                            Handling::Elsewhere => false,
                        };
                        let handled = handle(self.router.clone(), stanza, language, connection.clone(), in_hand);
                        match is_here {
                            true => handlers.spawn(handled),
                            false => handlers.spawn_on(handled, &self.helpers),
                        };
                    }
                    Err(full) => router::refused(&stanza, full, self.router.words(language))
                        .iter()
                        .for_each(|reply| connection.try_send(reply)),
                }
            }
            FallibleStreamElement::Err(StreamElementError::InvalidStanza { name, header, .. }) => {
                tracing::debug!(stanza = %name, "a stanza does not parse");
                let sender = header.from.as_deref().and_then(|from| Jid::new(from).ok());
                let admitted = sender.map_or(Ok(()), |sender| self.router.admit(&sender));
                self.refuse(&name.to_string(), header, admitted, router::unreadable, connection);
            }
            _ => tracing::debug!("an element of the stream is not a stanza"),
        }
    }

    /// Answers a stanza that is not handled for that `reason`, or because there are too many.
    fn refuse(
        &self,
        name: &str,
        header: RawStanzaHeader,
        admitted: Result<(), Error>,
        reason: fn(Language) -> StanzaError,
        connection: &Connection,
    ) {
        let words = self.router.words(None);
        let error = admitted.map_or_else(|error| stanza_error(&error, words), |()| reason(words));
        let reply = router::raw_error(name, header, &self.config.jid, error);
        reply.iter().for_each(|reply| connection.try_send(reply));
    }

    /// Logs an error once, with its remedy for the admin.
    fn tell(&self, end: &StreamEnd, pause: Duration, told: &mut String) {
        let reason = end.to_string();
        self.router.health().set_xmpp(XmppState::Down(reason.clone()));
        let again_in = pause.as_secs_f32();
        if *told == reason {
            tracing::debug!(reason, again_in, "still not connected to the XMPP server");
        } else {
            let remedy = remedy(end, &self.config.jid, &self.config.server);
            tracing::warn!(
                reason,
                remedy,
                "not connected to the XMPP server; trying again until it works"
            );
            *told = reason;
        }
    }
}

/// Returns how long a connection that ended so must have lasted to count as stable.
fn stable(end: &StreamEnd) -> Duration {
    match end {
        StreamEnd::Protocol(_) | StreamEnd::NoXml(_) | StreamEnd::Error { .. } => UNDISPUTED,
        _ => STABLE,
    }
}

/// Returns the time to wait before the next connection.
#[allow(clippy::disallowed_methods, reason = "when it is tried again is no secret")]
fn pause(end: &StreamEnd, failures: u32) -> Duration {
    let not_there = matches!(
        end,
        StreamEnd::Unreachable(_) | StreamEnd::Io(_) | StreamEnd::HungUp | StreamEnd::Cut | StreamEnd::Reset(_)
    );
    let wrong_secret = matches!(end, StreamEnd::Error { condition, .. } if condition == "not-authorized");
    let pause = match failures {
        // Asking a server that is not there costs nothing, and its return is to be noticed within two seconds. This is
        // also true for a proxy before it, which accepts connections and resets them.
        0 => Duration::ZERO,
        _ if not_there => Duration::from_millis(900),
        _ if wrong_secret => LONGEST_WAIT,
        failures => Duration::from_secs(1 << (failures - 1).min(5)).min(LONGEST_WAIT),
    };
    pause.mul_f64(rand::rng().random_range(0.8..1.2))
}

async fn handle(
    router: Arc<Router>,
    stanza: Stanza,
    language: Option<Language>,
    connection: Connection,
    in_hand: InHand,
) {
    for reply in router.answer(stanza, language).await {
        // A connection that is down drops the reply.
        let _ = connection.send_stanza(reply).await;
    }
    drop(in_hand);
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn pauses_grow_unless_nobody_listens() {
        let closed = StreamEnd::Closed;
        assert!(pause(&closed, 0).is_zero());
        assert!(pause(&closed, 3) > pause(&closed, 1));
        assert!(pause(&closed, 1000) <= LONGEST_WAIT.mul_f64(1.2));
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset] {
            assert!(pause(&std::io::Error::from(kind).into(), 1000) < Duration::from_secs(2));
        }
        let wrong = StreamEnd::Error {
            condition: "not-authorized".into(),
            text: None,
        };
        assert!(pause(&wrong, 1) > Duration::from_secs(20));
        assert!(stable(&closed) < stable(&wrong));
    }
}
