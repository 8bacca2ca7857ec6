//! Routes stanzas to their handlers, and ensures that each IQ request gets exactly one answer (RFC 6120, 8.2.3).

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use minidom::Element;
use rxml::xml_ncname;
use tokio_xmpp::Stanza;
use tokio_xmpp::xmlstream::RawStanzaHeader;
use xmpp_parsers::iq::{Iq, IqHeader, IqPayload};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::Message;
use xmpp_parsers::presence::{Presence, Type};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::health::Health;
use crate::language::Language;
use crate::model::BareJid;
use crate::service::{Effort, Error, Limit, Requester, Service};
use crate::xmpp::connection::Connection;
use crate::xmpp::connection::concurrency::Full;
use crate::xmpp::connection::outgoing::Outgoing;
use crate::xmpp::iq;
use crate::xmpp::message;
use crate::xmpp::people::clients::Clients;
use crate::xmpp::people::commands::Sessions;
use crate::xmpp::people::last_sent::LastSent;
use crate::xmpp::people::loop_guard::LoopGuard;
use crate::xmpp::people::presence;
use crate::xmpp::protocol::answer::{Kind, service_unavailable};
use crate::xmpp::protocol::error::{coded, plain, stanza_error};
use crate::xmpp::protocol::host::{Addressee, Asker, Host};
use crate::xmpp::protocol::presentation::Presentation;

/// Answers stanzas.
pub struct Router {
    service: Service,
    presentation: Presentation,
    sessions: Sessions,
    loop_guard: LoopGuard,
    clients: Arc<Clients>,
    last_sent: Arc<LastSent>,
}

impl Router {
    /// Answers by `service`, which presents itself by `presentation`.
    pub fn new(service: Service, presentation: Presentation) -> Self {
        let own = Arc::new(service.settings().own_domains.clone());
        Self {
            presentation,
            sessions: Sessions::new(own.clone()),
            loop_guard: LoopGuard::new(own.clone()),
            clients: Arc::new(Clients::new(own.clone())),
            last_sent: Arc::new(LastSent::new(own)),
            service,
        }
    }

    /// Returns where the state of the connection is reported.
    pub fn health(&self) -> &Health {
        self.service.health()
    }

    /// Returns the clients that were seen.
    pub fn clients(&self) -> Arc<Clients> {
        self.clients.clone()
    }

    /// Returns the last message to each JID.
    pub fn last_sent(&self) -> Arc<LastSent> {
        self.last_sent.clone()
    }

    /// Counts a stanza of `sender`, of any kind. The own server itself has no limit: it asks whether the service is
    /// alive, and takes silence for an answer. A peer, which asks for all of its people, is counted apart.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub fn admit(&self, sender: &Jid) -> Result<(), Error> {
        let (node, domain) = (sender.node().map(|node| node.as_str()), sender.domain().as_str());
        if node.is_none() && self.service.is_own_domain(domain) {
            return Ok(());
        }
        let requester = match sender.try_as_full() {
            Err(bare) if self.service.settings().peer(bare).is_some() => Requester::Peer(bare.as_str()),
            _ => Requester::Jid(node, domain),
        };
        self.service.admit(requester)
    }

    /// Counts a stanza of a sender that is written in another way than its normal form.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub fn admit_misnamed(&self, sender: &str) -> Result<(), Error> {
        self.service.admit(Requester::Misnamed(sender))
    }

    /// Returns the language for a sender who has named `language`.
    pub fn words(&self, language: Option<Language>) -> Language {
        language.unwrap_or(self.service.language())
    }

    /// Returns the stanzas to send in answer to `stanza`, whose sender speaks `language`.
    pub async fn answer(&self, stanza: Stanza, language: Option<Language>) -> Vec<Outgoing> {
        match stanza {
            Stanza::Iq(iq) => self.answer_iq(iq, language).await,
            Stanza::Message(message) => {
                let answer = self.answer_message(message, language).boxed();
                answer.await.into_iter().collect()
            }
            Stanza::Presence(presence) => self.answer_presence(presence, language).boxed().await,
        }
    }

    /// Tells all subscribers over a new connection that the service is online, and again whenever what presences announce
    /// has changed.
    pub async fn announce(&self, connection: &Connection) {
        let mut news = self.presentation.news();
        loop {
            let presented = news.borrow_and_update().clone();
            presence::announce(&presented, &self.service, connection, true).await;
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells all subscribers that the service goes offline, over a connection that is about to end.
    pub async fn take_leave(&self, connection: &Connection) {
        presence::announce(&self.presentation.get(), &self.service, connection, false).await;
    }

    async fn answer_iq(&self, iq: Iq, language: Option<Language>) -> Vec<Outgoing> {
        let (IqHeader { from, to, id }, payload) = iq.split();
        let (kind, payload) = match payload {
            IqPayload::Get(payload) => (Kind::Get, payload),
            IqPayload::Set(payload) => (Kind::Set, payload),
            IqPayload::Result(_) | IqPayload::Error(_) => return Vec::new(),
        };
        let Some((sender, to)) = from.zip(to) else {
            return Vec::new();
        };
        let (mut aside, presented) = (Vec::new(), self.presentation.get());
        let answer = match presented.host.addressee(&to) {
            Addressee::Service(at) => {
                if kind == Kind::Set {
                    self.clients.seen(&sender, self.service.clock().now());
                }
                let asker = Asker::new(sender.clone(), at, &self.service, language);
                let request = iq::answer(&presented, &self.sessions, &asker, kind, payload, &mut aside);
                caught(asker.words(), request).await.unwrap_or_else(Err)
            }
            // The same answer as from any resource that is not online (RFC 6121, 8.5.3.2.3): a program that asks a
            // resource wants to know if it is online, and the service has only one.
            Addressee::Resource(_) => Err(service_unavailable(self.words(language))),
            Addressee::Nobody => Err(self.nobody(&presented.host, language)),
        };
        self.note_words(&sender, &aside);
        let header = IqHeader {
            from: Some(to),
            to: Some(sender),
            id,
        };
        let answer = header.assemble(match answer {
            Ok(payload) => IqPayload::Result(payload),
            Err(error) => IqPayload::Error(error),
        });
        aside.insert(0, Outgoing::Iq(answer));
        aside
    }

    /// Notes it if a message with a text is sent to `whom`.
    fn note_words<'a>(&self, whom: &Jid, sent: impl IntoIterator<Item = &'a Outgoing>) {
        if sent.into_iter().any(|sent| matches!(sent, Outgoing::Words(_))) {
            self.last_sent.sent_else(&whom.to_bare(), self.service.clock().now());
        }
    }

    async fn answer_message(&self, message: Message, language: Option<Language>) -> Option<Outgoing> {
        let presented = self.presentation.get();
        let host = &presented.host;
        let sender = message.from.clone().filter(|sender| !host.is_own(sender))?;
        // A message to a resource that is not online counts as one to the bare JID (RFC 6121, 8.5.3.2.1).
        let Some(at) = host.addressee(message.to.as_ref()?).address() else {
            return message::nobody(&message, self.nobody(host, language));
        };
        self.clients.seen(&sender, self.service.clock().now());
        let asker = Asker::new(sender, at, &self.service, language);
        let answer = message::answer(host, &self.loop_guard, &asker, &message);
        let answer = caught(asker.words(), answer).await.ok().flatten();
        self.note_words(&asker.jid, &answer);
        answer
    }

    async fn answer_presence(&self, presence: Presence, language: Option<Language>) -> Vec<Outgoing> {
        let Some((sender, to)) = presence.from.zip(presence.to) else {
            return Vec::new();
        };
        let presented = self.presentation.get();
        let host = &presented.host;
        if host.is_own(&sender) {
            return Vec::new();
        }
        let Some(at) = host.addressee(&to).address() else {
            return presence::nobody(&presence.type_, &to, &sender);
        };
        let now = self.service.clock().now();
        match presence.type_ {
            // If the service asks for presence, a presence is the answer to that, and no sign that the person uses it.
            Type::None if !host.subscribe_back => self.clients.seen(&sender, now),
            Type::Unavailable => self.clients.gone(&sender, now),
            _ => {}
        }
        let asker = Asker::new(sender, at, &self.service, language);
        let answer = presence::answer(&presented, &asker, presence.type_);
        // No answer to a presence that cannot be handled now: RFC 6121 has no useful error for it.
        caught(asker.words(), answer)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default()
    }

    /// Returns the answer to a stanza for an account that does not exist.
    fn nobody(&self, host: &Host, language: Option<Language>) -> StanzaError {
        let words = self.words(language);
        let text = words.stanza_nobody(&host.account);
        plain(words, ErrorType::Cancel, DefinedCondition::ItemNotFound, text)
    }
}

/// Runs a handler. A panic in it is answered as an internal error.
async fn caught<T>(words: Language, handler: impl Future<Output = T>) -> Result<T, StanzaError> {
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|_| {
        tracing::error!("a handler failed by a bug");
        let (type_, condition) = (ErrorType::Wait, DefinedCondition::InternalServerError);
        coded(
            plain(words, type_, condition, words.error_internal()),
            "internal-server-error",
        )
    })
}

/// The thread on which a stanza is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The thread that reads, because the stanza must not overtake an earlier one: a client that has left must not be
    /// remembered.
    InOrder,
    /// The thread that reads, unless that is busy.
    Here,
    /// Another thread.
    Elsewhere,
}

/// Requests with more children than this take effort.
const FEW: usize = 4;

/// Returns the thread on which `stanza` is handled, without a long look into it.
pub fn handling(stanza: &Stanza) -> Handling {
    let (kind, payload) = match stanza {
        Stanza::Presence(_) => return Handling::InOrder,
        Stanza::Iq(Iq::Get { payload, .. }) => (Kind::Get, payload),
        Stanza::Iq(Iq::Set { payload, .. }) => (Kind::Set, payload),
        Stanza::Iq(_) | Stanza::Message(_) => return Handling::Elsewhere,
    };
    match iq::effort(kind, payload) {
        Effort::Little if payload.children().nth(FEW).is_none() => Handling::Here,
        Effort::Little | Effort::Much => Handling::Elsewhere,
    }
}

/// Returns the sender of a stanza.
pub fn sender(stanza: &Stanza) -> Option<&Jid> {
    match stanza {
        Stanza::Iq(iq) => iq.from(),
        Stanza::Message(message) => message.from.as_ref(),
        Stanza::Presence(presence) => presence.from.as_ref(),
    }
}

/// Returns the answer to a stanza above the concurrency limits.
pub fn refused(stanza: &Stanza, full: Full, words: Language) -> Option<Iq> {
    let second = Duration::from_secs(1);
    let too_much = Error::RequestLimitReached {
        retry_after: second,
        limit: Limit::Requests,
    };
    let mut error = stanza_error(&too_much, words);
    if full == Full::All {
        error.texts = BTreeMap::from([(words.tag().into(), words.stanza_busy())]);
    }
    refused_with(stanza, error)
}

/// Returns the answer to a stanza that is not handled: an error, if it is a request.
pub fn refused_with(stanza: &Stanza, error: StanzaError) -> Option<Iq> {
    let Stanza::Iq(iq @ (Iq::Get { .. } | Iq::Set { .. })) = stanza else {
        return None;
    };
    let mut answer = Iq::from_error(iq.id(), error);
    *answer.from_mut() = iq.to().cloned();
    *answer.to_mut() = Some(iq.from()?.clone());
    Some(answer)
}

/// Returns the reason why a stanza that does not parse is not handled.
pub fn unreadable(words: Language) -> StanzaError {
    stanza_error(&Error::Value(words.stanza_malformed().into()), words)
}

/// Returns the error for a stanza whose sender's JID is not in its normal form: it would act for the JID that is that
/// normal form.
pub fn misnamed(words: Language) -> StanzaError {
    let (type_, condition) = (ErrorType::Modify, DefinedCondition::JidMalformed);
    coded(plain(words, type_, condition, words.stanza_misnamed()), "value-error")
}

/// Returns the error that answers a stanza called `name` of which only the header is known, if it is a request. It goes
/// to the sender as written there, not normalised.
pub fn raw_error(name: &str, header: RawStanzaHeader, own: &BareJid, error: StanzaError) -> Option<Element> {
    let is_request = matches!(header.type_.as_deref(), Some("get" | "set"));
    if name != "iq" || !is_request {
        return None;
    }
    // A sender whose address is not a JID cannot be answered.
    Jid::new(header.from.as_deref()?).ok()?;
    let from = header.to.filter(|to| Jid::new(to).is_ok());
    let answer = Element::builder("iq", xmpp_parsers::ns::COMPONENT)
        .attr(xml_ncname!("type").into(), "error")
        .attr(xml_ncname!("id").into(), header.id?)
        .attr(xml_ncname!("from").into(), from.unwrap_or_else(|| own.to_string()))
        .attr(xml_ncname!("to").into(), header.from?)
        .append(Element::from(error));
    Some(answer.build())
}

#[cfg(test)]
mod tests;
