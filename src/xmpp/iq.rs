//! IQ requests: which payload is which operation.

use futures::FutureExt;
use minidom::Element;
use serde_json_borrow::Value;

use crate::json::details;
use crate::service::{self, Error, Meant, Result, is_set, read_hash, read_hashes};
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
        (Set, "command", ns::COMMANDS) => commands::answer(sessions, asker, payload).boxed().await,
        (_, "query", xmpp_parsers::ns::REGISTER) => {
            registration::answer(host, asker, kind, &payload, aside).boxed().await
        }
        (Get, "ping", PING) => Ok(None),
        (Get, "query", DISCO_INFO) => disco::info(entities, asker, &payload),
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
    run: impl AsyncFnOnce(&Asker, P) -> Result<Option<Element>>,
) -> Answer {
    let answered = async {
        let payload = P::try_from(payload)
            .map_err(|_| Error::Value("The payload has an element twice, or one that cannot be read.".into()))?;
        run(asker, payload).await
    };
    answered.await.map_err(|error| stanza_error(&error, asker.words()))
}

/// Runs a request that names some by its children, and means all where it has none. One whose children are all unknown, for a
/// misspelt name or a wrong namespace, would mean all by mistake.
async fn some_or_all<P: TryFrom<Element>>(
    asker: &Asker,
    payload: Element,
    child: &'static str,
    run: impl AsyncFnOnce(&Asker, P) -> Result<Option<Element>>,
) -> Answer {
    let names_unknown = payload.children().next().is_some() && !payload.has_child(child, payload.ns().as_str());
    match names_unknown {
        true => Err(stanza_error(&Error::Key(child.into()), asker.words())),
        false => operation(asker, payload, run).await,
    }
}

async fn register(asker: &Asker, register: Register) -> Result<Option<Element>> {
    let provider = register.provider.ok_or(Error::Key("provider".into()))?;
    let id = register.id.ok_or(Error::Key("id".into()))?;
    let resend = is_set("The attribute 'resend'", register.resend.as_deref())?;
    let registered = asker
        .call(service::Register::own(asker.bare.clone(), &provider, &id, resend))
        .await?;
    Ok(Some(Element::from(Registered {
        status: registered.status.name().into(),
        hash: registered.hash.to_string(),
        goto: registered.goto,
    })))
}

async fn verify(asker: &Asker, verify: Verify) -> Result<Option<Element>> {
    verified(asker, verify).await.map(|verified| Some(verified.into()))
}

/// Enters a code that came in an IQ or a message.
pub async fn verified(asker: &Asker, verify: Verify) -> Result<Verified> {
    let hash = verify.hash.ok_or(Error::Key("hash".into()))?;
    let verify = service::Verify {
        hash: read_hash(&hash)?,
        meant: Meant::Target(asker.bare.clone()),
        code: verify.code,
    };
    let verified = asker.call(verify).await?;
    Ok(Verified {
        hash: verified.hash.to_string(),
        confirmed: true,
    })
}

async fn contact(asker: &Asker, contact: Contact) -> Result<Option<Element>> {
    let info = contact.info.ok_or(Error::Key("info".into()))?;
    let info: Value<'_> = serde_json::from_str(&info).map_err(|_| Error::JsonDecode)?;
    if contact.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let contact = service::Contact {
        target: asker.bare.clone(),
        details: details("info", &info)?,
        contacts: read_hashes(&contact.hashes),
    };
    asker.call(contact).await?;
    Ok(Some(Element::from(ContactSent {
        status: "requests_send".into(),
    })))
}

async fn confirm(asker: &Asker, confirm: Confirm) -> Result<Option<Element>> {
    let jid = confirm.jid.ok_or(Error::Key("jid".into()))?;
    if confirm.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let confirmed = asker.call(service::Confirm::new(&jid, &confirm.hashes)).await?;
    Ok(Some(Element::from(Confirmed { confirmed })))
}

async fn links(asker: &Asker, _: Links) -> Result<Option<Element>> {
    let links = asker.call(service::Links).await?;
    Ok(Some(Element::from(Links {
        hashes: links.iter().map(|link| link.hash.to_string()).collect(),
    })))
}

async fn forget(asker: &Asker, forget: Forget) -> Result<Option<Element>> {
    asker
        .call(service::Forget::own(asker.bare.clone(), &forget.hashes))
        .await?;
    Ok(None)
}

async fn mute(asker: &Asker, mute: Mute) -> Result<Option<Element>> {
    asker.call(service::Mute { jids: mute.jids }).await?;
    Ok(None)
}

async fn unmute(asker: &Asker, unmute: Unmute) -> Result<Option<Element>> {
    asker.call(service::Unmute { jids: unmute.jids }).await?;
    Ok(None)
}

async fn mutes(asker: &Asker, _: Mutes) -> Result<Option<Element>> {
    let muted = asker.call(service::Mutes).await?;
    Ok(Some(Element::from(Mutes {
        all: muted.everybody,
        jids: muted.jids,
    })))
}
