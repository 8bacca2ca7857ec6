//! The requests of the it-se.me namespaces: the operation of each, and the errors for requests that are sent in a wrong
//! way.

use futures::FutureExt;
use futures::future::BoxFuture;
use minidom::Element;
use serde_json_borrow::Value;

use crate::json::details;
use crate::service::{self, Effort, Error, How, Meant, Operation, Result, Scope, is_set, read_hash, read_hashes};
use crate::xmpp::protocol::answer::Answer;
use crate::xmpp::protocol::answer::Kind::{self, Get, Set};
use crate::xmpp::protocol::error::stanza_error;
use crate::xmpp::protocol::host::Asker;
use crate::xmpp::protocol::{ns, stanza};

/// A request. Its element has the name of the operation.
pub struct Request {
    name: &'static str,
    namespace: &'static str,
    /// The type of the IQ.
    kind: Kind,
    /// The effort of the operation.
    pub effort: Effort,
    handler: Handler,
}

/// Boxed: the task of a stanza would else be as large as the largest handler, and be copied as it is spawned.
type Handler = for<'a> fn(&'a Asker, Element) -> BoxFuture<'a, Answer>;

static REQUESTS: [Request; 11] = [
    Request::of::<service::Confirm>(ns::CONFIRM, Get, |asker, it| operation(asker, it, confirm).boxed()),
    Request::of::<service::Register>(ns::REGISTER, Set, |asker, it| operation(asker, it, register).boxed()),
    Request::of::<service::Links>(ns::REGISTER, Get, |asker, it| operation(asker, it, links).boxed()),
    Request::of::<service::Forget>(ns::REGISTER, Set, |asker, it| {
        some_or_all(asker, it, "hash", forget).boxed()
    }),
    Request::of::<service::Verify>(ns::VERIFY, Set, |asker, it| operation(asker, it, verify).boxed()),
    Request::of::<service::Contact>(ns::CONTACT, Set, |asker, it| operation(asker, it, contact).boxed()),
    Request::of::<service::PeerContact>(ns::PEER, Set, |asker, it| of_peer(asker, it, peer_contact).boxed()),
    Request::of::<service::PeerContacts>(ns::PEER, Set, |asker, it| of_peer(asker, it, peer_contacts).boxed()),
    Request::of::<service::Mute>(ns::CONTACT, Set, |asker, it| {
        some_or_all(asker, it, "jid", mute).boxed()
    }),
    Request::of::<service::Unmute>(ns::CONTACT, Set, |asker, it| {
        some_or_all(asker, it, "jid", unmute).boxed()
    }),
    Request::of::<service::Mutes>(ns::CONTACT, Get, |asker, it| operation(asker, it, mutes).boxed()),
];

impl Request {
    const fn of<O: Operation>(namespace: &'static str, kind: Kind, handler: Handler) -> Self {
        Self {
            name: O::NAME,
            namespace,
            kind,
            effort: O::EFFORT,
            handler,
        }
    }

    /// The request that an IQ with `payload` is.
    pub fn find(kind: Kind, payload: &Element) -> Option<&'static Self> {
        Self::named(payload).filter(|request| request.kind == kind)
    }

    /// The request with that payload, whatever the type of the IQ.
    fn named(payload: &Element) -> Option<&'static Self> {
        REQUESTS
            .iter()
            .find(|request| payload.is(request.name, request.namespace))
    }

    /// The answer to `payload`.
    pub async fn answer(&self, asker: &Asker, payload: Element) -> Answer {
        (self.handler)(asker, payload).await
    }
}

/// Returns the reason why an IQ with `payload` is no request, if its namespace is one of ours: its type is the other one, or
/// there is no such element.
pub fn misplaced(payload: &Element) -> Option<Error> {
    if payload.ns() == ns::PEER {
        return Some(Error::NotAllowed);
    }
    let how = how(payload).or_else(|| {
        let of_it = REQUESTS.iter().filter(|request| payload.ns() == request.namespace);
        let names: Vec<_> = of_it.map(|request| format!("<{}/>", request.name)).collect();
        let there_is = format!("In this namespace, these can be sent: {}.", names.join(", "));
        Some(there_is).filter(|_| !names.is_empty())
    });
    how.map(|how| Error::Value(how.into()))
}

/// Returns the reason why a message with `payload` is no request, if an IQ with it would be one.
pub fn in_message(payload: &Element) -> Option<Error> {
    if payload.ns() == ns::PEER {
        return Some(Error::NotAllowed);
    }
    let mut how = how(payload)?;
    if payload.is("contact", ns::CONTACT) {
        how += " To answer an introduction, send the message to the JID in its <jid/>.";
    }
    Some(Error::Value(how.into()))
}

fn how(payload: &Element) -> Option<String> {
    let Request { name, kind, .. } = Request::named(payload)?;
    let kind = match kind {
        Get => "get",
        Set => "set",
    };
    Some(format!("Please send <{name}/> in an IQ of type '{kind}'."))
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

/// Runs a request of a peer. Nothing of anybody else's is read.
async fn of_peer<P: TryFrom<Element>>(
    asker: &Asker,
    payload: Element,
    run: impl AsyncFnOnce(&Asker, P) -> Result<Option<Element>>,
) -> Answer {
    match asker.is_peer() {
        true => operation(asker, payload, run).await,
        false => Err(stanza_error(&Error::NotAllowed, asker.words())),
    }
}

async fn register(asker: &Asker, register: stanza::Register) -> Result<Option<Element>> {
    let provider = register.provider.ok_or(Error::Key("provider".into()))?;
    let id = register.id.ok_or(Error::Key("id".into()))?;
    let resend = is_set("The attribute 'resend'", register.resend.as_deref())?;
    let how = How::read("The attribute 'how'", register.how.as_deref())?;
    let own = service::Register::own(asker.bare.clone(), &provider, &id, resend);
    let registered = asker.call(service::Register { how, ..own }).await?;
    Ok(Some(Element::from(stanza::Registered {
        status: registered.status.name().into(),
        hash: registered.hash.to_string(),
        goto: registered.goto,
        send: registered.send.map(|send| stanza::Send {
            to: send.to,
            text: send.text,
        }),
    })))
}

async fn verify(asker: &Asker, verify: stanza::Verify) -> Result<Option<Element>> {
    verified(asker, verify).await.map(|verified| Some(verified.into()))
}

/// Enters a code that came in an IQ or a message.
pub async fn verified(asker: &Asker, verify: stanza::Verify) -> Result<stanza::Verified> {
    let hash = verify.hash.ok_or(Error::Key("hash".into()))?;
    let verify = service::Verify {
        hash: read_hash(&hash)?,
        meant: Meant::Target(asker.bare.clone()),
        code: verify.code,
    };
    let verified = asker.call(verify).await?;
    Ok(stanza::Verified {
        hash: verified.hash.to_string(),
        confirmed: true,
    })
}

async fn contact(asker: &Asker, contact: stanza::Contact) -> Result<Option<Element>> {
    let info = contact.info.ok_or(Error::Key("info".into()))?;
    let info: Value<'_> = serde_json::from_str(&info).map_err(|_| Error::JsonDecode)?;
    if contact.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let contact = service::Contact {
        target: asker.bare.clone(),
        details: details("info", &info)?,
        contacts: read_hashes(&contact.hashes),
        scope: Scope::read(contact.scope.as_deref())?,
    };
    asker.call(contact).await?;
    Ok(Some(Element::from(stanza::ContactSent {
        status: "requests_send".into(),
    })))
}

async fn peer_contact(asker: &Asker, contact: stanza::PeerContact) -> Result<Option<Element>> {
    asker.call_as_peer(read_peer_contact(contact)?).await?;
    Ok(None)
}

async fn peer_contacts(asker: &Asker, contacts: stanza::PeerContacts) -> Result<Option<Element>> {
    let (mut readable, mut read) = (Vec::new(), Vec::new());
    for contact in contacts.contacts {
        read.push(read_peer_contact(contact).map(|contact| readable.push(contact)));
    }
    let mut taken = asker.call_as_peer(service::PeerContacts(readable)).await?.into_iter();
    let results = read
        .into_iter()
        .map(|read| peer_result(read.and_then(|()| taken.next().unwrap_or(Ok(())))));
    let taken = stanza::PeerContactsTaken {
        results: results.collect(),
    };
    Ok(Some(taken.into()))
}

fn peer_result(taken: Result<()>) -> stanza::PeerContactResult {
    use stanza::PeerContactResult::{Later, Refused, Taken};
    let Err(error) = taken else { return Taken };
    let code = error.code().to_owned();
    match error {
        Error::RequestLimitReached { .. } | Error::Internal(_) => Later { error: code },
        _ => Refused { error: code },
    }
}

fn read_peer_contact(contact: stanza::PeerContact) -> Result<service::PeerContact> {
    let info = contact.info.ok_or(Error::Key("info".into()))?;
    let info: Value<'_> = serde_json::from_str(&info).map_err(|_| Error::JsonDecode)?;
    Ok(service::PeerContact {
        jid: contact.jid.ok_or(Error::Key("jid".into()))?,
        by_anybody: is_by_anybody(contact.by.as_deref())?,
        details: details("info", &info)?,
        contacts: read_hashes(&contact.hashes),
    })
}

fn is_by_anybody(by: Option<&str>) -> Result<bool> {
    match by {
        None => Ok(false),
        Some("anybody") => Ok(true),
        Some(_) => Err(Error::Value(
            "The attribute 'by' must be 'anybody', or not there.".into(),
        )),
    }
}

async fn confirm(asker: &Asker, confirm: stanza::Confirm) -> Result<Option<Element>> {
    let jid = confirm.jid.ok_or(Error::Key("jid".into()))?;
    if confirm.hashes.is_empty() {
        return Err(Error::Key("hash".into()));
    }
    let confirmed = asker.call(service::Confirm::new(&jid, &confirm.hashes)).await?;
    Ok(Some(Element::from(stanza::Confirmed {
        confirmed: confirmed.is_yes(),
        service: confirmed.service().map(ToString::to_string),
    })))
}

async fn links(asker: &Asker, _: stanza::Links) -> Result<Option<Element>> {
    let links = asker.call(service::Links).await?;
    Ok(Some(Element::from(stanza::Links {
        hashes: links.iter().map(|link| link.hash.to_string()).collect(),
    })))
}

async fn forget(asker: &Asker, forget: stanza::Forget) -> Result<Option<Element>> {
    asker
        .call(service::Forget::own(asker.bare.clone(), &forget.hashes))
        .await?;
    Ok(None)
}

async fn mute(asker: &Asker, mute: stanza::Mute) -> Result<Option<Element>> {
    asker.call(service::Mute { jids: mute.jids }).await?;
    Ok(None)
}

async fn unmute(asker: &Asker, unmute: stanza::Unmute) -> Result<Option<Element>> {
    asker.call(service::Unmute { jids: unmute.jids }).await?;
    Ok(None)
}

async fn mutes(asker: &Asker, _: stanza::Mutes) -> Result<Option<Element>> {
    let muted = asker.call(service::Mutes).await?;
    Ok(Some(Element::from(stanza::Mutes {
        all: muted.everybody,
        jids: muted.jids,
    })))
}
