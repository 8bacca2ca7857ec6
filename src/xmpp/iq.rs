//! IQ requests: which payload is which operation.

use minidom::Element;
use serde_json::Value;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use xmpp_parsers::version::VersionResult;

use super::error::{plain, stanza_error};
use super::stanza::{Confirm, Confirmed, Contact, ContactSent, Forget, Links, Register, Registered, Verified, Verify};
use super::{disco, ns};
use crate::model::BareJid;
use crate::service::{ContactRequest, Error, Requester, Result, Service, is_set};

/// Whether something is asked or to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `type='get'`
    Get,
    /// `type='set'`
    Set,
}

type Answer = std::result::Result<Option<Element>, StanzaError>;

/// The answer's payload, or the error.
pub async fn answer(service: &Service, sender: &Jid, kind: Kind, payload: Element) -> Answer {
    use Kind::{Get, Set};
    use xmpp_parsers::ns::{DISCO_INFO, DISCO_ITEMS, PING, VERSION};
    let (name, namespace) = (payload.name().to_owned(), payload.ns());
    match (kind, name.as_str(), namespace.as_str()) {
        (Get, "ping", PING) => Ok(None),
        (Get, "query", DISCO_INFO) => disco::info(&payload),
        (Get, "query", DISCO_ITEMS) => disco::items(&payload),
        (Get, "query", VERSION) => Ok(Some(version())),
        (Get, "confirm", ns::CONFIRM) => operation(service, sender, payload, confirm).await,
        (Set, "register", ns::REGISTER) => operation(service, sender, payload, register).await,
        (Set, "verify", ns::VERIFY) => operation(service, sender, payload, verify).await,
        (Set, "contact", ns::CONTACT) => operation(service, sender, payload, contact).await,
        (Get, "links", ns::REGISTER) => operation(service, sender, payload, links).await,
        (Set, "forget", ns::REGISTER) => operation(service, sender, payload, forget).await,
        _ => Err(service_unavailable()),
    }
}

/// The answer to what is not offered (RFC 6120, 8.4).
pub fn service_unavailable() -> StanzaError {
    plain(
        ErrorType::Cancel,
        DefinedCondition::ServiceUnavailable,
        "This is not offered here.",
    )
}

fn version() -> Element {
    Element::from(VersionResult {
        name: "it-se.me".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        os: None,
    })
}

/// Counts the request, reads its payload, runs it.
async fn operation<P: TryFrom<Element>>(
    service: &Service,
    sender: &Jid,
    payload: Element,
    run: impl AsyncFnOnce(&Service, &BareJid, P) -> Result<Option<Element>>,
) -> Answer {
    let sender = sender.to_bare();
    let answered = async {
        service.admit(&Requester::Jid(sender.clone()))?;
        let payload = P::try_from(payload)
            .map_err(|_| Error::Value("The payload has an element twice, or one that cannot be read.".into()))?;
        run(service, &sender, payload).await
    };
    answered.await.map_err(|error| stanza_error(&error))
}

/// Links belong to people, not to servers.
fn account(sender: &BareJid) -> Result<&BareJid> {
    match sender.node() {
        Some(_) => Ok(sender),
        None => Err(Error::Value(
            "Only accounts, like name@example.org, can do this.".into(),
        )),
    }
}

async fn register(service: &Service, sender: &BareJid, register: Register) -> Result<Option<Element>> {
    let provider = register.provider.ok_or(Error::Key("provider"))?;
    let id = register.id.ok_or(Error::Key("id"))?;
    let resend = is_set("resend", register.resend.as_deref())?;
    let registered = service
        .register_native(account(sender)?, &provider, &id, resend)
        .await?;
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
    let hash = verify.hash.ok_or(Error::Key("hash"))?;
    let verified = service.verify_native(sender, &hash, verify.code.as_deref()).await?;
    Ok(Verified {
        hash: verified.hash.to_string(),
        confirmed: true,
    })
}

async fn contact(service: &Service, sender: &BareJid, contact: Contact) -> Result<Option<Element>> {
    let info = contact.info.ok_or(Error::Key("info"))?;
    let info: Value = serde_json::from_str(&info).map_err(|_| Error::JsonDecode)?;
    if contact.hashes.is_empty() {
        return Err(Error::Key("hash"));
    }
    let request = ContactRequest::new(account(sender)?.clone(), &info, contact.hashes)?;
    service.contact_native(request).await?;
    Ok(Some(Element::from(ContactSent {
        status: "requests_send".into(),
    })))
}

async fn confirm(service: &Service, _: &BareJid, confirm: Confirm) -> Result<Option<Element>> {
    let jid = confirm.jid.ok_or(Error::Key("jid"))?;
    if confirm.hashes.is_empty() {
        return Err(Error::Key("hash"));
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
