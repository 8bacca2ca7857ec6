//! One connection of the user.

mod answers;
mod requests;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use minidom::Element;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use xmpp_parsers::{
    iq::Iq,
    jid::{BareJid, FullJid, Jid},
    presence::Presence,
};

pub use self::{
    answers::{Confirmed, How, Muted, Registered, Service, Status, ToSend},
    requests::Scope,
};
use crate::{
    addresses::Addresses,
    connect::{self, Stream},
    error::Error,
    event::Event,
    wire::to_element,
    worker::{Answer, Command, Worker},
};

/// The time limit of every request, in seconds: Debian's ejabberd passes a `confirm` of 500 hashes on in 17.
const PATIENCE: u64 = 60;
/// Messages that wait to be looked at.
const EVENT_QUEUE: usize = 1024;
const COMMAND_QUEUE: usize = 32;

/// The account, its server and the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The user's own JID.
    pub jid: BareJid,
    /// The password of that account.
    pub password: String,
    /// The JID of the it-se.me service: its domain, or its account. Messages count as the service's when they come from either. Where
    /// the account has another name than `itseme`, the account has to be named here.
    pub service: BareJid,
    /// `None`: find the server by DNS and use TLS. `Some("127.0.0.1:5222")`: plain TCP to this loopback address.
    pub server: Option<String>,
}

/// A connection to the user's XMPP server.
///
/// All methods take `&self` and may be called at the same time, also while somebody waits for the next event.
/// Dropping it closes the stream.
#[derive(Debug)]
pub struct Session {
    jid: FullJid,
    service: Addresses,
    commands: mpsc::Sender<Command>,
    events: Mutex<mpsc::Receiver<Event>>,
    reason: Arc<OnceLock<String>>,
    farewell: AtomicBool,
    next_id: AtomicU64,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Session {
    /// Logs in and becomes available, so that messages arrive. The messages that the server stored meanwhile come at
    /// once, and only once. A program that does not read events uses [`Session::log_in`].
    ///
    /// # Errors
    /// Those of [`Session::log_in`] and [`Session::become_available`].
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let session = Self::log_in(options).await?;
        session.become_available().await?;
        Ok(session)
    }

    /// Logs in without initial presence. Every method works; messages stay with the server, or go to other
    /// clients of the user, until [`Session::become_available`].
    ///
    /// # Errors
    /// [`Error::NotLoopback`], [`Error::NotAnAccount`], [`Error::Unreachable`], [`Error::Login`], or
    /// [`Error::Timeout`] when all of it takes longer than 60 seconds.
    pub async fn log_in(options: Options) -> Result<Self, Error> {
        let login = connect::connect(&options.jid, &options.password, options.server.as_deref());
        let (stream, jid) = in_time(login).await??;
        Ok(Self::start(stream, jid, options.service))
    }

    /// Sends initial presence: from here on messages arrive, see [`Session::next_event`].
    ///
    /// # Errors
    /// Those of [`Session::send_raw`].
    pub async fn become_available(&self) -> Result<(), Error> {
        self.send_raw(Presence::available().into()).await
    }

    /// Puts a stream into the hands of a worker.
    fn start(stream: Stream, jid: FullJid, service: BareJid) -> Self {
        let service = Addresses::of(service);
        let (commands, command_queue) = mpsc::channel(COMMAND_QUEUE);
        let (event_queue, events) = mpsc::channel(EVENT_QUEUE);
        let reason = Arc::new(OnceLock::new());
        let worker = Worker {
            stream,
            commands: command_queue,
            events: event_queue,
            account: jid.to_bare(),
            service: service.clone(),
        };
        let worker = tokio::spawn(worker.run(reason.clone()));
        Self {
            jid,
            service,
            commands,
            events: Mutex::new(events),
            reason,
            farewell: AtomicBool::new(false),
            next_id: AtomicU64::new(1),
            worker: Mutex::new(Some(worker)),
        }
    }

    /// The JID the server gave this connection.
    pub fn jid(&self) -> &FullJid {
        &self.jid
    }

    /// The service this session talks to.
    pub fn service(&self) -> &BareJid {
        self.service.named()
    }

    /// Returns `true` if that is an address of the service: its domain or its account, whatever the resource.
    pub fn is_service(&self, jid: &Jid) -> bool {
        self.service.has(jid)
    }

    /// Sends a request to the service, as `set` or `get`, and waits for the answer's payload.
    ///
    /// # Errors
    /// [`Error::Service`] when the answer is an error, [`Error::Malformed`] when it cannot be understood or the
    /// request cannot be written as XML, [`Error::Timeout`], [`Error::Disconnected`].
    pub async fn ask_service(&self, payload: Element, set: bool) -> Result<Option<Element>, Error> {
        self.iq_raw(payload, set, self.service().clone().into()).await
    }

    /// Sends any request to anybody and waits for the answer's payload.
    ///
    /// # Errors
    /// Those of [`Session::ask_service`].
    pub async fn iq_raw(&self, payload: Element, set: bool, to: Jid) -> Result<Option<Element>, Error> {
        let id = self.new_id();
        let header = (None, Some(to.clone()), id.clone());
        let iq = match (set, header) {
            (true, (from, to, id)) => Iq::Set { from, to, id, payload },
            (false, (from, to, id)) => Iq::Get { from, to, id, payload },
        };
        let iq = writable(to_element(&iq)?)?;
        let (answer, receiver) = oneshot::channel::<Answer>();
        self.command(Command::Ask { iq, id, to, answer }, receiver).await?
    }

    /// Sends any stanza and waits until it is written.
    ///
    /// # Errors
    /// [`Error::Malformed`] for what XML cannot carry, [`Error::Timeout`], [`Error::Disconnected`].
    pub async fn send_raw(&self, stanza: Element) -> Result<(), Error> {
        let (sent, receiver) = oneshot::channel();
        self.command(Command::Send { stanza: writable(stanza)?, sent }, receiver).await
    }

    /// Waits for the next event. The last one is [`Event::Disconnected`]; after it there is `None`.
    ///
    /// Up to 1024 events wait; when nobody takes them, further messages are lost. Cancelling loses nothing.
    pub async fn next_event(&self) -> Option<Event> {
        if let Some(event) = self.events.lock().await.recv().await {
            return Some(event);
        }
        if self.farewell.swap(true, Ordering::Relaxed) {
            return None;
        }
        let reason = self.reason.get().cloned().unwrap_or_else(|| "the connection broke".into());
        Some(Event::Disconnected { reason })
    }

    /// Closes the stream and waits until that is done. Calls that still wait fail with [`Error::Disconnected`].
    pub async fn close(&self) {
        let _ = self.commands.send(Command::Close).await;
        if let Some(worker) = self.worker.lock().await.take() {
            let _ = worker.await;
        }
    }

    /// Returns an id that no other stanza of this session has.
    pub(crate) fn new_id(&self) -> String {
        format!("itseme-{}", self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    async fn command<T>(&self, command: Command, receiver: oneshot::Receiver<T>) -> Result<T, Error> {
        let answered = async {
            self.commands.send(command).await.map_err(|_| Error::Disconnected)?;
            receiver.await.map_err(|_| Error::Disconnected)
        };
        in_time(answered).await?
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    timeout(Duration::from_secs(PATIENCE), work).await.map_err(|_| Error::Timeout(PATIENCE))
}

/// Refuses a stanza that cannot be written: failing half-way would spoil the stream.
fn writable(stanza: Element) -> Result<Element, Error> {
    match xso::to_vec(&stanza) {
        Ok(_) => Ok(stanza),
        Err(error) => Err(Error::Malformed(error.to_string())),
    }
}

#[cfg(test)]
pub(crate) mod tests;
