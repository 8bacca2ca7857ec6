//! The task that owns the stream: it writes requests, returns answers to their requesters, and queues the rest as
//! events.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use minidom::Element;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_xmpp::xmlstream::ReadError;
use xmpp_parsers::{
    disco::{DiscoInfoResult, Identity},
    iq::Iq,
    jid::{BareJid, Jid},
    ns::{DEFAULT_NS, DISCO_INFO},
    ping::Ping,
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
};

use crate::{
    addresses::Addresses,
    connect::{Stream, stream_error},
    element::Incoming,
    error::Error,
    event::Event,
    ns,
};

/// The time limit for the server to accept one stanza, and to close the stream.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Ping of a silent connection; its answer only has to arrive.
const PING_ID: &str = "ping";

/// The answer to an IQ: the payload of a result, or the error.
pub(crate) type Answer = Result<Option<Element>, Error>;

/// The commands to the worker.
pub(crate) enum Command {
    /// Write this, and say when it is written.
    Send { stanza: Element, sent: oneshot::Sender<()> },
    /// Write this IQ and pass on the answer of whom it goes to.
    Ask { iq: Element, id: String, to: Jid, answer: oneshot::Sender<Answer> },
    /// Say goodbye and end.
    Close,
}

/// Somebody waits for an answer.
struct Pending {
    to: Jid,
    answer: oneshot::Sender<Answer>,
}

/// Owns the stream until it ends. Requests that still wait then see their sender dropped.
pub(crate) struct Worker {
    pub(crate) stream: Stream,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) account: BareJid,
    pub(crate) service: Addresses,
}

impl Worker {
    /// Runs until the stream ends, then leaves the reason in `reason`.
    pub(crate) async fn run(mut self, reason: Arc<OnceLock<String>>) {
        let mut waiting = HashMap::new();
        let why = loop {
            let step = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Close) | None => break self.close().await,
                    Some(command) => self.obey(command, &mut waiting).await,
                },
                item = self.stream.next() => self.receive(item, &mut waiting).await,
            };
            if let Err(why) = step {
                break why;
            }
        };
        let _ = reason.set(why);
    }

    async fn obey(&mut self, command: Command, waiting: &mut HashMap<String, Pending>) -> Result<(), String> {
        match command {
            Command::Send { stanza, sent } => {
                self.write(&stanza).await?;
                let _ = sent.send(());
            }
            Command::Ask { iq, id, to, answer } => {
                waiting.retain(|_, pending| !pending.answer.is_closed());
                waiting.insert(id, Pending { to, answer });
                self.write(&iq).await?;
            }
            Command::Close => {}
        }
        Ok(())
    }

    async fn write(&mut self, stanza: &Element) -> Result<(), String> {
        match timeout(WRITE_TIMEOUT, self.stream.send(stanza)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the server does not read any more".into()),
        }
    }

    /// Reads on until the server has also closed the stream. Closing a connection with unread data could discard the
    /// last written data.
    async fn close(&mut self) -> String {
        let goodbye = async {
            if self.stream.shutdown().await.is_ok() {
                while !matches!(
                    self.stream.next().await,
                    None | Some(Err(ReadError::HardError(_) | ReadError::StreamFooterReceived))
                ) {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
        "closed by this client".into()
    }

    async fn receive(
        &mut self,
        item: Option<Result<Incoming, ReadError>>,
        waiting: &mut HashMap<String, Pending>,
    ) -> Result<(), String> {
        match item {
            Some(Ok(Incoming::Element(element))) => self.dispatch(element, waiting).await,
            Some(Ok(Incoming::TooDeep) | Err(ReadError::ParseError(_))) => Ok(()),
            Some(Err(ReadError::SoftTimeout)) => self.write(&Iq::from_get(PING_ID, Ping).into()).await,
            Some(Err(ReadError::HardError(error))) => Err(error.to_string()),
            Some(Err(ReadError::StreamFooterReceived)) => Err("closed by the server".into()),
            None => Err("the server hung up".into()),
        }
    }

    async fn dispatch(
        &mut self,
        element: Element,
        waiting: &mut HashMap<String, Pending>,
    ) -> Result<(), String> {
        if element.is("message", DEFAULT_NS) {
            self.queue(element);
        } else if element.is("iq", DEFAULT_NS) {
            match element.attr("type") {
                Some("result" | "error") => self.resolve(element, waiting),
                _ => self.answer(&element).await?,
            }
        } else if let Some(why) = stream_error(element) {
            return Err(why);
        }
        Ok(())
    }

    /// Drops the newest message if the queue is full: reading never waits for a program that reads no events.
    fn queue(&self, message: Element) {
        if let Some(event) = Event::from_message(message, &self.account, &self.service) {
            let _ = self.events.try_send(event);
        }
    }

    /// Only who was asked can answer; anybody could guess an id.
    fn resolve(&self, iq: Element, waiting: &mut HashMap<String, Pending>) {
        let Some(id) = iq.attr("id").map(str::to_owned) else { return };
        let from = match iq.attr("from") {
            Some(from) => Jid::new(from).ok(),
            None => Some(self.account.clone().into()),
        };
        let Some(pending) = waiting.get(&id) else { return };
        if from.as_ref() != Some(&pending.to) {
            return;
        }
        if let Some(pending) = waiting.remove(&id) {
            let _ = pending.answer.send(read_answer(iq));
        }
    }

    /// Answers a request. Every request gets an answer, but this client only offers its features.
    async fn answer(&mut self, request: &Element) -> Result<(), String> {
        let Some(id) = request.attr("id") else { return Ok(()) };
        let query = request.get_child("query", DISCO_INFO).filter(|query| query.attr("node").is_none());
        let mut answer = match (request.attr("type"), query) {
            (Some("get"), Some(_)) => Iq::from_result(id, Some(abilities())),
            _ => Iq::from_error(id, not_offered()),
        };
        if let Some(from) = request.attr("from") {
            let Ok(from) = Jid::new(from) else { return Ok(()) };
            answer = answer.with_to(from);
        }
        self.write(&answer.into()).await
    }
}

/// Returns the features of this client (XEP-0030). By the namespace of it-se.me, the service knows that its user need not be told
/// to write back.
fn abilities() -> DiscoInfoResult {
    DiscoInfoResult {
        node: None,
        identities: vec![Identity { category: "client".into(), type_: "pc".into(), lang: None, name: None }],
        features: [DISCO_INFO, ns::CONTACT].map(str::to_owned).into(),
        extensions: Vec::new(),
    }
}

fn not_offered() -> StanzaError {
    StanzaError::new(
        ErrorType::Cancel,
        DefinedCondition::ServiceUnavailable,
        "en",
        "This client answers no such requests.",
    )
}

fn read_answer(iq: Element) -> Answer {
    match Iq::try_from(iq) {
        Ok(Iq::Result { payload, .. }) => Ok(payload),
        Ok(Iq::Error { error, .. }) => Err(error.into()),
        Ok(_) => Err(Error::Malformed("neither result nor error".into())),
        Err(error) => Err(Error::Malformed(error.to_string())),
    }
}
