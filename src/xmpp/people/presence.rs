//! Tells subscribers if the service is online (RFC 6121, 3 and 4; XEP-0100, 4.2).
//!
//! The service does not want to know when people are online. It subscribes to nobody, unless the admin asks for it:
//! some servers deliver messages only from contacts with a subscription in both directions. The presence that it then
//! receives is dropped.

use xmpp_parsers::jid::Jid;
use xmpp_parsers::presence::{Presence, Type};

use crate::language::Language;
use crate::model::OwnAddress;
use crate::service::{AskBack, Error, Pages, Result, SeeSubscriber, Service, Subscribe, Unsubscribe};
use crate::xmpp::connection::Connection;
use crate::xmpp::connection::outgoing::{Outgoing, presence};
use crate::xmpp::protocol::about;
use crate::xmpp::protocol::entities::Entities;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::presentation::Presented;

/// Returns the answers to a presence of `type_`.
pub async fn answer(presented: &Presented, asker: &Asker, type_: Type) -> Result<Vec<Outgoing>> {
    let Presented { host, entities } = presented;
    if !matches!(type_, Type::Subscribe | Type::Unsubscribe | Type::Probe) {
        return Ok(Vec::new());
    }
    let at = asker.at;
    let to = |stanza| presence(stanza, host.bare(at).clone(), &asker.bare);
    let show = || presence(available(entities, at, asker.words()), host.full(at), &asker.bare);
    Ok(match type_ {
        Type::Subscribe if asker.bare.node().is_some() => match asker.call(Subscribe(at)).await {
            Ok(()) => {
                let asked_back = ask_back(host, asker).await?;
                [to(Presence::new(Type::Subscribed))]
                    .into_iter()
                    .chain(asked_back)
                    .chain([show()])
                    .collect()
            }
            // There are too many already.
            Err(Error::RequestLimitReached { .. }) => vec![to(Presence::new(Type::Unsubscribed))],
            Err(error) => return Err(error),
        },
        Type::Probe if asker.call(SeeSubscriber(at)).await? => {
            // The subscription may be older than the admin's setting.
            let asked_back = ask_back(host, asker).await?;
            asked_back.into_iter().chain([show()]).collect()
        }
        // The own server asks for its people alone, and for those whose contact list has the service. The admin may have put it there:
        // servers subscribe nobody then (Prosody's mod_groups, ejabberd's add_rosteritem). Nothing is stored.
        Type::Probe if asker.bare.node().is_some() && asker.service.is_own_domain(asker.bare.domain().as_str()) => {
            vec![show()]
        }
        Type::Unsubscribe => dismiss(host, asker, at).await?,
        // Servers have no contact lists; and who asks without having subscribed is out of step (RFC 6121, 4.3.2).
        _ => vec![to(Presence::new(Type::Unsubscribed))],
    })
}

/// Returns the request for the presence of a subscriber, if the admin wants it and none was made before: two services
/// that both do so would otherwise ask each other for ever.
async fn ask_back(host: &Host, asker: &Asker) -> Result<Option<Outgoing>> {
    if !host.subscribe_back || !asker.call(AskBack(asker.at)).await? {
        return Ok(None);
    }
    let mut request = Presence::new(Type::Subscribe);
    // Clients show the name in the question to the user (converse.js 14, XEP-0172, 4.1).
    request.payloads.push(about::nick(host, asker.words()));
    Ok(Some(presence(request, host.bare(asker.at).clone(), &asker.bare)))
}

/// Ends the subscription of the asker to `address`, if there is one, and answers so (RFC 6121, 3.3.3). Also ends the
/// subscription in return.
pub async fn dismiss(host: &Host, asker: &Asker, address: OwnAddress) -> Result<Vec<Outgoing>> {
    if !asker.call(Unsubscribe(address)).await? {
        return Ok(Vec::new());
    }
    let tell = |type_| presence(Presence::new(type_), host.bare(address).clone(), &asker.bare);
    let unavailable = presence(Presence::new(Type::Unavailable), host.full(address), &asker.bare);
    let own = host.subscribe_back.then(|| tell(Type::Unsubscribe));
    Ok([unavailable, tell(Type::Unsubscribed)].into_iter().chain(own).collect())
}

/// Returns the answer to a presence of `type_` from `sender` to an account that does not exist (RFC 6121, 3.1.3 and
/// 4.3.2).
pub fn nobody(type_: &Type, nobody: &Jid, sender: &Jid) -> Vec<Outgoing> {
    match type_ {
        Type::Subscribe | Type::Probe => {
            let unsubscribed = Presence::new(Type::Unsubscribed);
            vec![presence(unsubscribed, nobody.to_bare(), &sender.to_bare())]
        }
        _ => Vec::new(),
    }
}

/// Tells every subscriber that the service comes online, or goes offline.
pub async fn announce(presented: &Presented, service: &Service, connection: &Connection, online: bool) {
    let Presented { host, entities } = presented;
    let stanza = |address| match online {
        true => available(entities, address, service.language()),
        false => Presence::new(Type::Unavailable),
    };
    let stanzas = OwnAddress::ALL.map(|address| (address, stanza(address)));
    let mut pages = Pages::default();
    while let Ok(Some(page)) = service.subscribers(&mut pages).await {
        for (subscriber, addresses) in page {
            for (address, stanza) in stanzas.iter().filter(|(address, _)| addresses.contains(*address)) {
                let told = presence(stanza.clone(), host.full(*address), &subscriber);
                if connection.send_stanza(told).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Returns the presence of the service: online, with its features (XEP-0115) and its avatar.
fn available(entities: &Entities, address: OwnAddress, words: Language) -> Presence {
    let mut presence = Presence::available();
    let status = words.presence_status();
    // Without a language of its own, it is shown by every client.
    presence.statuses.insert(String::new().into(), status);
    let caps = entities.of(address).caps.clone();
    presence.payloads.extend(caps.map(Into::into));
    presence.payloads.push(about::avatar_update());
    presence
}
