//! Whether the service is online, told to those who have it in their contact list (RFC 6121, 3 and 4; XEP-0100, 4.2).
//!
//! The service subscribes to nobody: when people are online is none of its business.

use xmpp_parsers::caps::{Caps, compute_disco, hash_caps};
use xmpp_parsers::hashes::Algo;
use xmpp_parsers::presence::{Presence, Type};

use super::connection::Connection;
use super::host::{Asker, Presentation};
use super::outgoing::{Outgoing, presence};
use super::{about, disco};
use crate::service::{Error, Pages, Result, Service};

/// The answers to a presence of `type_`.
pub async fn answer(host: &Presentation, asker: &Asker, type_: Type) -> Result<Vec<Outgoing>> {
    if !matches!(type_, Type::Subscribe | Type::Unsubscribe | Type::Probe) {
        return Ok(Vec::new());
    }
    let to = |stanza| presence(stanza, &host.jid, &asker.bare);
    Ok(match type_ {
        Type::Subscribe if asker.bare.node().is_some() => match asker.service.subscribe(&asker.bare).await {
            Ok(()) => vec![to(Presence::new(Type::Subscribed)), to(available(host, &asker.service))],
            // There are too many already.
            Err(Error::RequestLimitReached { .. }) => vec![to(Presence::new(Type::Unsubscribed))],
            Err(error) => return Err(error),
        },
        Type::Probe if asker.service.see_subscriber(&asker.bare).await? => vec![to(available(host, &asker.service))],
        Type::Unsubscribe => dismiss(host, asker).await?,
        // Servers have no contact lists; and who asks without having subscribed is out of step (RFC 6121, 4.3.2).
        _ => vec![to(Presence::new(Type::Unsubscribed))],
    })
}

/// Ends the subscription of the asker, if there is one, and says so (RFC 6121, 3.3.3).
pub async fn dismiss(host: &Presentation, asker: &Asker) -> Result<Vec<Outgoing>> {
    if !asker.service.unsubscribe(&asker.bare).await? {
        return Ok(Vec::new());
    }
    let tell = |type_| presence(Presence::new(type_), &host.jid, &asker.bare);
    Ok(vec![tell(Type::Unavailable), tell(Type::Unsubscribed)])
}

/// Tells every subscriber that the service is there, or that it goes.
pub async fn announce(host: &Presentation, service: &Service, connection: &Connection, online: bool) {
    let stanza = match online {
        true => available(host, service),
        false => Presence::new(Type::Unavailable),
    };
    let mut pages = Pages::default();
    while let Ok(Some(page)) = service.subscribers(&mut pages).await {
        for subscriber in page {
            let told = presence(stanza.clone(), &host.jid, &subscriber);
            if connection.send_stanza(told).await.is_err() {
                return;
            }
        }
    }
}

/// Online, with what the service can do (XEP-0115) and its avatar.
fn available(host: &Presentation, service: &Service) -> Presence {
    let mut presence = Presence::available();
    let status = service.language().presence_status();
    // Without a language of its own, it is shown by every client.
    presence.statuses.insert(String::new().into(), status);
    let caps = hash_caps(&compute_disco(&disco::root(host)), Algo::Sha_1);
    let caps = caps.ok().map(|hash| Caps::new(disco::CAPS_NODE, hash).into());
    presence.payloads.extend(caps);
    presence.payloads.push(about::avatar_update());
    presence
}
