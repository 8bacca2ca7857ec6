//! IQ requests: which payload is which operation.

use futures::FutureExt;
use minidom::Element;
use serde_json_borrow::Value;

use crate::model::BareJid;
use crate::service::{ContactRequest, Error, Result, Service, is_set};
use crate::xmpp::connection::outgoing::Outgoing;
use crate::xmpp::disco;
use crate::xmpp::people::commands::{self, Sessions};
use crate::xmpp::people::registration;
use crate::xmpp::protocol::about;
use crate::xmpp::protocol::answer::{Answer, Kind, service_unavailable};
use crate::xmpp::protocol::entities::Entities;
use crate::xmpp::protocol::error::stanza_error;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::stanza::{
    Confirm, Confirmed, Contact, ContactSent, Forget, Links, Mute, Mutes, Register, Registered, Unmute, Verified,
    Verify,
};
use crate::xmpp::requests;

/// The answer to an IQ request; `aside` is what else is to be sent. Each operation is boxed: the task of a stanza would else
/// be as large as the largest of them, and be copied as it is spawned.
pub async fn answer(
    host: &Host,
    entities: &Entities,
    sessions: &Sessions,
    asker: &Asker,
    kind: Kind,
    payload: Element,
    aside: &mut Vec<Outgoing>,
) -> Answer {
    use Kind::{Get, Set};
    use xmpp_parsers::ns::{DISCO_INFO, DISCO_ITEMS, PING, VCARD, VERSION};
    let (name, namespace) = (payload.name().to_owned(), payload.ns());
    match (kind, name.as_str(), namespace.as_str()) {
        (Get, "confirm", ns::CONFIRM) => operation(asker, payload, confirm).boxed().await,
        (Set, "register", ns::REGISTER) => operation(asker, payload, register).boxed().await,
        (Set, "verify", ns::VERIFY) => operation(asker, payload, verify).boxed().await,
        (Set, "contact", ns::CONTACT) => operation(asker, payload, contact).boxed().await,
        (Set, "mute", ns::CONTACT) => some_or_all(asker, payload, "jid", mute).boxed().await,
        (Set, "unmute", ns::CONTACT) => some_or_all(asker, payload, "jid", unmute).boxed().await,
        (Get, "mutes", ns::CONTACT) => operation(asker, payload, mutes).boxed().await,
        (Get, "links", ns::REGISTER) => operation(asker, payload, links).boxed().await,
        (Set, "forget", ns::REGISTER) => some_or_all(asker, payload, "hash", forget).boxed().await,
        (Set, "command", ns::COMMANDS) => commands::answer(host, sessions, asker, payload).boxed().await,
        (_, "query", xmpp_parsers::ns::REGISTER) => {
            registration::answer(host, asker, kind, &payload, aside).boxed().await
        }
        (Get, "ping", PING) => Ok(None),
        (Get, "query", DISCO_INFO) => disco::info(host, entities, asker, &payload),
        (Get, "query", DISCO_ITEMS) => disco::items(host, asker, &payload),
        (Get, "query", VERSION) => Ok(Some(about::version())),
        (Get, "query", ns::LAST) => Ok(Some(about::last_activity(asker))),
        (Get, "vCard", VCARD) => Ok(Some(about::vcard(host, asker))),
        _ => Err(requests::misplaced(&payload).map_or_else(
            || service_unavailable(asker.words()),
            |error| stanza_error(&error, asker.words()),
        )),
    }
}

/// Reads the payload, runs the request.
async fn operation<P: TryFrom<Element>>(
    asker: &Asker,
    payload: Element,
    run: impl AsyncFnOnce(&Service, &BareJid, P) -> Result<Option<Element>>,
) -> Answer {
    let answered = async {
        let payload = P::try_from(payload)
            .map_err(|_| Error::Value("The payload has an element twice, or one that cannot be read.".into()))?;
        run(&asker.service, &asker.bare, payload).await
    };
    answered.await.map_err(|error| stanza_error(&error, asker.words()))
}

/// Runs a request that names some by its children, and means all where it has none. One whose children are all unknown, for a
/// misspelt name or a wrong namespace, would mean all by mistake.
async fn some_or_all<P: TryFrom<Element>>(
    asker: &Asker,
    payload: Element,
    child: &'static str,
    run: impl AsyncFnOnce(&Service, &BareJid, P) -> Result<Option<Element>>,
) -> Answer {
    let names_unknown = payload.children().next().is_some() && !payload.has_child(child, payload.ns().as_str());
    match names_unknown {
        true => Err(stanza_error(&Error::Key(child.into()), asker.words())),
        false => operation(asker, payload, run).await,
    }
}

async fn register(service: &Service, sender: &BareJid, register: Register) -> Result<Option<Element>> {
    let provider = register.provider.ok_or(Error::Key("provider".into()))?;
    let id = register.id.ok_or(Error::Key("id".into()))?;
    let resend = is_set("The attribute 'resend'", register.resend.as_deref())?;
    let registered = service.register_native(sender, &provider, &id, resend).await?;
    Ok(Some(Element::from(Registered {
        status: registered.status.name().into(),
        hash: registered.hash.to_string(),
        goto: registered.goto,
    })))
}

async fn verify(service: &Service, sender: &BareJid, verify: Verify) -> Result<Option<Element>> {
    verified(service, sender, verify)
        .await
        .map(|verified| Some(verified.into()))
}

/// Enters a code that came in an IQ or a message.
pub async fn verified(service: &Service, sender: &BareJid, verify: Verify) -> Result<Verified> {
    let hash = verify.hash.ok_or(Error::Key("hash".into()))?;
    let verified = service.verify_native(sender, &hash, verify.code.as_deref()).await?;
    Ok(Verified {
        hash: verified.hash.to_string(),
        confirmed: true,
    })
}

async fn contact(service: &Service, sender: &BareJid, contact: Contact) -> Result<Option<Element>> {
    let info = contact.info.ok_or(Error::Key("info".into()))?;
    let info: Value<'_> = serde_json::from_str(&info).map_err(|_| Error::JsonDecode)?;
    if contact.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let request = ContactRequest::new(sender.clone(), "info", &info, &contact.hashes)?;
    service.contact_native(request).await?;
    Ok(Some(Element::from(ContactSent {
        status: "requests_send".into(),
    })))
}

async fn confirm(service: &Service, _: &BareJid, confirm: Confirm) -> Result<Option<Element>> {
    let jid = confirm.jid.ok_or(Error::Key("jid".into()))?;
    if confirm.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let confirmed = service.confirm(&jid, &confirm.hashes).await?;
    Ok(Some(Element::from(Confirmed { confirmed })))
}

async fn links(service: &Service, sender: &BareJid, _: Links) -> Result<Option<Element>> {
    let links = service.links(sender).await?;
    Ok(Some(Element::from(Links {
        hashes: links.iter().map(|link| link.hash.to_string()).collect(),
    })))
}

async fn forget(service: &Service, sender: &BareJid, forget: Forget) -> Result<Option<Element>> {
    service.forget_native(sender, &forget.hashes).await?;
    Ok(None)
}

async fn mute(service: &Service, sender: &BareJid, mute: Mute) -> Result<Option<Element>> {
    service.mute(sender, &mute.jids).await?;
    Ok(None)
}

async fn unmute(service: &Service, sender: &BareJid, unmute: Unmute) -> Result<Option<Element>> {
    service.unmute(sender, &unmute.jids).await?;
    Ok(None)
}

async fn mutes(service: &Service, sender: &BareJid, _: Mutes) -> Result<Option<Element>> {
    let muted = service.muted(sender).await?;
    Ok(Some(Element::from(Mutes {
        all: muted.everybody,
        jids: muted.jids,
    })))
}
