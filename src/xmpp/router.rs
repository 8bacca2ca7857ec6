//! Which stanza goes where, and that each IQ request gets exactly one answer (RFC 6120, 8.2.3).

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
use crate::xmpp::protocol::entities::Entities;
use crate::xmpp::protocol::error::{coded, plain, stanza_error};
use crate::xmpp::protocol::host::{Addressee, Asker, Host};

/// Answers stanzas.
pub struct Router {
    service: Service,
    host: Host,
    entities: Entities,
    sessions: Sessions,
    loop_guard: LoopGuard,
    clients: Arc<Clients>,
    last_sent: Arc<LastSent>,
}

impl Router {
    /// Answers by `service`, which presents itself as `host`.
    pub fn new(service: Service, host: Host) -> Self {
        let own = Arc::new(service.own_domains().clone());
        Self {
            entities: Entities::new(&service, &host),
            host,
            sessions: Sessions::new(own.clone()),
            loop_guard: LoopGuard::new(own.clone()),
            clients: Arc::new(Clients::new(own.clone())),
            last_sent: Arc::new(LastSent::new(own)),
            service,
        }
    }

    /// The clients that have shown themselves.
    pub fn clients(&self) -> Arc<Clients> {
        self.clients.clone()
    }

    /// What was sent last to whom.
    pub fn last_sent(&self) -> Arc<LastSent> {
        self.last_sent.clone()
    }

    /// Counts a stanza of `sender`, whatever it is. The own server itself may send as many as it likes: it asks whether the
    /// service is there, and hears no from whoever does not answer.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub fn admit(&self, sender: &Jid) -> Result<(), Error> {
        let (node, domain) = (sender.node().map(|node| node.as_str()), sender.domain().as_str());
        if node.is_none() && self.service.own_domains().contains(domain) {
            return Ok(());
        }
        self.service.admit(Requester::Jid(node, domain))
    }

    /// Counts a stanza of a sender that is written in another way than its normal form.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub fn admit_misnamed(&self, sender: &str) -> Result<(), Error> {
        self.service.admit(Requester::Misnamed(sender))
    }

    /// The language that is spoken to somebody who has named `language`.
    pub fn words(&self, language: Option<Language>) -> Language {
        language.unwrap_or(self.service.language())
    }

    /// What is to be sent in answer to `stanza`, whose sender speaks `language`.
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

    /// Tells over a new connection that the service is there.
    pub async fn announce(&self, connection: &Connection) {
        presence::announce(&self.host, &self.entities, &self.service, connection, true).await;
    }

    /// Tells over a connection that is about to end that the service goes.
    pub async fn take_leave(&self, connection: &Connection) {
        presence::announce(&self.host, &self.entities, &self.service, connection, false).await;
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
        let mut aside = Vec::new();
        let answer = match self.host.addressee(&to) {
            Addressee::Service(at) => {
                if kind == Kind::Set {
                    self.clients.seen(&sender, self.service.clock().now());
                }
                let asker = Asker::new(sender.clone(), at, &self.service, language);
                let Self {
                    host,
                    entities,
                    sessions,
                    ..
                } = self;
                let request = iq::answer(host, entities, sessions, &asker, kind, payload, &mut aside);
                caught(asker.words(), request).await.unwrap_or_else(Err)
            }
            // As of any resource that is not online (RFC 6121, 8.5.3.2.3): a program that asks a resource wants to know whether it is
            // there, and the service is at one alone.
            Addressee::Resource(_) => Err(service_unavailable(self.words(language))),
            Addressee::Nobody => Err(self.nobody(language)),
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

    /// Notes whether words are among what is sent to `whom`.
    fn note_words<'a>(&self, whom: &Jid, sent: impl IntoIterator<Item = &'a Outgoing>) {
        if sent.into_iter().any(|sent| matches!(sent, Outgoing::Words(_))) {
            self.last_sent.sent_else(&whom.to_bare(), self.service.clock().now());
        }
    }

    async fn answer_message(&self, message: Message, language: Option<Language>) -> Option<Outgoing> {
        let sender = message.from.clone().filter(|sender| !self.host.is_own(sender))?;
        // A message to a resource that is not online is one to the bare JID (RFC 6121, 8.5.3.2.1).
        let Some(at) = self.host.addressee(message.to.as_ref()?).address() else {
            return message::nobody(&message, self.nobody(language));
        };
        self.clients.seen(&sender, self.service.clock().now());
        let asker = Asker::new(sender, at, &self.service, language);
        let answer = message::answer(&self.host, &self.loop_guard, &asker, &message);
        let answer = caught(asker.words(), answer).await.ok().flatten();
        self.note_words(&asker.jid, &answer);
        answer
    }

    async fn answer_presence(&self, presence: Presence, language: Option<Language>) -> Vec<Outgoing> {
        let Some((sender, to)) = presence.from.zip(presence.to) else {
            return Vec::new();
        };
        if self.host.is_own(&sender) {
            return Vec::new();
        }
        let Some(at) = self.host.addressee(&to).address() else {
            return presence::nobody(&presence.type_, &to, &sender);
        };
        let now = self.service.clock().now();
        match presence.type_ {
            // Whose presence is asked for shows nothing by it.
            Type::None if !self.host.subscribe_back => self.clients.seen(&sender, now),
            Type::Unavailable => self.clients.gone(&sender, now),
            _ => {}
        }
        let asker = Asker::new(sender, at, &self.service, language);
        let answer = presence::answer(&self.host, &self.entities, &asker, presence.type_);
        // A presence that cannot be dealt with now is not answered: RFC 6121 knows no errors for it that would help.
        caught(asker.words(), answer)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default()
    }

    /// The answer to what is sent to an account that does not exist.
    fn nobody(&self, language: Option<Language>) -> StanzaError {
        let words = self.words(language);
        let text = words.stanza_nobody(&self.host.account);
        plain(words, ErrorType::Cancel, DefinedCondition::ItemNotFound, text)
    }
}

/// A bug in a handler is answered like any other failure of ours.
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

/// On which thread a stanza is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// On the one that reads, because it must not overtake what came before: who goes is not to be remembered for having come.
    InOrder,
    /// On the one that reads, unless that has enough to do.
    Here,
    /// On another.
    Elsewhere,
}

/// Questions with more in them than that take effort.
const FEW: usize = 4;

/// On which thread `stanza` is handled, without looking into it for long.
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

/// Who sent a stanza.
pub fn sender(stanza: &Stanza) -> Option<&Jid> {
    match stanza {
        Stanza::Iq(iq) => iq.from(),
        Stanza::Message(message) => message.from.as_ref(),
        Stanza::Presence(presence) => presence.from.as_ref(),
    }
}

/// The answer to a stanza for which there is no room.
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

/// The answer to a stanza that is not handled: to a request, an error.
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

/// Why a stanza is not handled whose sender's JID is not in its normal form: it would be done in the name of whose JID that normal
/// form is.
pub fn misnamed(words: Language) -> StanzaError {
    let (type_, condition) = (ErrorType::Modify, DefinedCondition::JidMalformed);
    coded(plain(words, type_, condition, words.stanza_misnamed()), "value-error")
}

/// The error that answers a stanza called `name` of which there is no more than the header, if it is a request: to its sender as it
/// is written there and not as it would be normalised.
pub fn raw_error(name: &str, header: RawStanzaHeader, own: &BareJid, error: StanzaError) -> Option<Element> {
    let is_request = matches!(header.type_.as_deref(), Some("get" | "set"));
    if name != "iq" || !is_request {
        return None;
    }
    // Nobody can be answered who is not called so.
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
