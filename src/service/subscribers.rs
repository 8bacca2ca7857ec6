//! Stores the subscribers of the service's presence, and nothing else of a contact list.

use std::time::Duration;

use super::caller::Caller;
use super::error::{Error, Limit, Result};
use super::growth::{self, Payer};
use super::limits::DAY;
use super::operation::{Effort, Operation, Rights};
use super::{Core, Service, Tx};
use crate::clock::{Millis, millis};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Mac, OwnAddress, OwnAddresses};
use crate::store::{Read, Subscriber};

/// The number of subscribers that are read together.
const PAGE: usize = 500;
/// The largest number of subscribers, without those that always fit. Each gets presence when the service comes and goes.
const MOST: usize = if cfg!(test) { 200 } else { 100_000 };
/// The largest number of subscribers of one other server.
const OF_SERVER: usize = MOST / 10;
/// Subscribers without a link are removed when they were not seen for this time. Their server asks for the service's
/// presence whenever they come online (RFC 6121, 4.3).
pub(super) const UNSEEN: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The position in the list of subscribers, which is read in pages.
#[derive(Default)]
pub struct Pages {
    after: Option<Mac>,
    ended: bool,
}

/// Stores that the sender of a stanza has an address of the service in the contact list.
///
/// # Errors
/// `request_limit_reached`, `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct Subscribe(pub OwnAddress);

impl Operation for Subscribe {
    type Reply = ();
    const NAME: &'static str = "subscribe";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<()> {
        service.subscribe(caller.sender()?, self.0).await
    }
}

/// Stores, once a day, that the sender of a stanza was seen, if it has subscribed to an address of the service. Returns
/// `true` if it has.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct SeeSubscriber(pub OwnAddress);

impl Operation for SeeSubscriber {
    type Reply = bool;
    const NAME: &'static str = "see-subscriber";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<bool> {
        service.see_subscriber(caller.sender()?, self.0).await
    }
}

/// Stores that the sender of a stanza does not have an address of the service in the contact list any more. Returns
/// `false` if it did not have it.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct Unsubscribe(pub OwnAddress);

impl Operation for Unsubscribe {
    type Reply = bool;
    const NAME: &'static str = "unsubscribe";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<bool> {
        service.unsubscribe(caller.sender()?, self.0).await
    }
}

/// Stores that the sender of a stanza, which has subscribed to an address of the service, is asked for its presence in
/// return. Returns `true` the first time after it has subscribed.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct AskBack(pub OwnAddress);

impl Operation for AskBack {
    type Reply = bool;
    const NAME: &'static str = "ask-back";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<bool> {
        service.ask_back(caller.sender()?, self.0).await
    }
}

impl Service {
    /// As [`Subscribe`], for `jid`.
    pub(super) async fn subscribe(&self, jid: &BareJid, address: OwnAddress) -> Result<()> {
        let jid = jid.clone();
        self.change(move |core, tx| {
            core.renew(tx, &jid)?;
            let today = core.beginning_of_day();
            if let Some(found) = tx.subscriber(&core.keys.owner(&jid))? {
                // A row that does not open any more is replaced as well.
                let addresses = found.addresses.with(address);
                return Ok(tx.put_subscriber(&core.seal_subscriber(&jid, addresses, found.asked, today)?)?);
            }
            core.count_newcomer(tx, &jid)?;
            core.find_place(tx, &jid)?;
            let subscriber = core.seal_subscriber(&jid, address.into(), OwnAddresses::default(), today)?;
            core.grow(tx, Payer::sender(&jid), growth::row(subscriber.sealed.len()))?;
            Ok(tx.put_subscriber(&subscriber)?)
        })
        .await
    }

    /// As [`SeeSubscriber`], for `jid`.
    pub(super) async fn see_subscriber(&self, jid: &BareJid, address: OwnAddress) -> Result<bool> {
        let asked = jid.clone();
        let seen = self.ask(move |core, tx| {
            let found = core.subscriber(tx, &asked)?;
            let found = found.filter(|subscriber| subscriber.addresses.contains(address));
            Ok(found.map(|subscriber| core.is_news(&asked, &subscriber)))
        });
        let Some(is_news) = seen.await? else {
            return Ok(false);
        };
        if is_news {
            let jid = jid.clone();
            self.change(move |core, tx| core.see(tx, &jid)).await?;
        }
        Ok(true)
    }

    /// As [`Unsubscribe`], for `jid`.
    pub(super) async fn unsubscribe(&self, jid: &BareJid, address: OwnAddress) -> Result<bool> {
        let jid = jid.clone();
        self.change(move |core, tx| {
            core.renew(tx, &jid)?;
            let owner = core.keys.owner(&jid);
            let found = tx.subscriber(&owner)?;
            let Some(found) = found.filter(|subscriber| subscriber.addresses.contains(address)) else {
                return Ok(false);
            };
            match found.addresses.without(address) {
                none if none.is_empty() => Ok(tx.delete_subscriber(&owner)?),
                left => {
                    let asked = found.asked.without(address);
                    tx.put_subscriber(&core.seal_subscriber(&jid, left, asked, found.seen_at)?)?;
                    Ok(true)
                }
            }
        })
        .await
    }

    /// As [`AskBack`], for `jid`.
    pub(super) async fn ask_back(&self, jid: &BareJid, address: OwnAddress) -> Result<bool> {
        let asked = jid.clone();
        let is_new = self.ask(move |core, tx| {
            let found = core.subscriber(tx, &asked)?;
            Ok(found.is_some_and(|subscriber| subscriber.is_to_be_asked(address)))
        });
        if !is_new.await? {
            return Ok(false);
        }
        let jid = jid.clone();
        self.change(move |core, tx| {
            core.renew(tx, &jid)?;
            let found = tx.subscriber(&core.keys.owner(&jid))?;
            let Some(found) = found.filter(|subscriber| subscriber.is_to_be_asked(address)) else {
                return Ok(false);
            };
            let asked = found.asked.with(address);
            tx.put_subscriber(&Subscriber { asked, ..found })?;
            Ok(true)
        })
        .await
    }

    /// Returns `true` if `jid` has subscribed to any address.
    #[cfg(test)]
    pub(super) async fn is_subscriber(&self, jid: &BareJid) -> Result<bool> {
        let jid = jid.clone();
        self.ask(move |core, tx| Ok(core.subscriber(tx, &jid)?.is_some())).await
    }

    /// Returns the next page of subscribers, each with the addresses that it has subscribed to; `None` at the end.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn subscribers(&self, pages: &mut Pages) -> Result<Option<Vec<(BareJid, OwnAddresses)>>> {
        if pages.ended {
            return Ok(None);
        }
        let after = pages.after;
        let page = self
            .ask(move |core, tx| {
                let page = tx.subscribers(after.as_ref(), PAGE)?;
                let open = |one: &Subscriber| {
                    let jid = core.open_subscriber(one)?;
                    Some((jid, one.addresses))
                };
                let last = page.last().map(|subscriber| subscriber.owner);
                Ok((last, page.iter().filter_map(open).collect()))
            })
            .await?;
        let (last, subscribers) = page;
        pages.after = last;
        pages.ended = last.is_none();
        Ok(last.map(|_| subscribers))
    }
}

impl Subscriber {
    fn is_to_be_asked(&self, address: OwnAddress) -> bool {
        self.addresses.contains(address) && !self.asked.contains(address)
    }
}

impl Core {
    /// Returns `true` if the row does not have yet that the subscriber was seen today, or its server.
    fn is_news(&self, jid: &BareJid, subscriber: &Subscriber) -> bool {
        subscriber.seen_at < self.beginning_of_day() || subscriber.server != self.counted_server(jid)
    }

    fn beginning_of_day(&self) -> Millis {
        let now = self.clock.now();
        now - now % millis(DAY)
    }

    /// Returns the row of a subscriber, under whichever key.
    fn subscriber(&self, tx: &dyn Read, jid: &BareJid) -> Result<Option<Subscriber>> {
        for core in self.ring() {
            if let Some(found) = tx.subscriber(&core.keys.owner(jid))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Stores that a subscriber was seen today.
    fn see(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        self.renew(tx, jid)?;
        match tx.subscriber(&self.keys.owner(jid))? {
            Some(found) if self.is_news(jid, &found) => {
                self.find(tx, jid)?;
                let today = self.beginning_of_day();
                Ok(tx.put_subscriber(&self.seal_subscriber(jid, found.addresses, found.asked, today)?)?)
            }
            _ => Ok(()),
        }
    }

    /// Returns the MAC that counts the subscribers of another server.
    pub(super) fn counted_server(&self, jid: &BareJid) -> Option<Mac> {
        (!self.is_own(jid)).then(|| self.keys.quota("subscribers of", &[&self.server(jid)]))
    }

    /// Ensures that `jid` can be stored. Accounts with a link and accounts of the own server always can. Others share the
    /// limit of their server: at the limit, the subscriber that was not seen for the longest time is removed.
    fn find_place(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        if self.is_own(jid) || tx.has_links(&self.keys.owner(jid))? {
            return Ok(());
        }
        let servers = self.macs(|core| core.counted_server(jid));
        let mut of_server = 0;
        for server in &servers {
            of_server += tx.subscribers_of(server)?;
        }
        let is_free = match servers.first() {
            // While the key is changed, any of them may have a link under the other one.
            Some(server) if of_server >= OF_SERVER => {
                self.former.is_none() && tx.drop_quietest_subscriber(server, self.beginning_of_day())?
            }
            _ => tx.subscriber_count()? < MOST,
        };
        match is_free {
            true => Ok(()),
            false => Err(Error::RequestLimitReached {
                retry_after: DAY,
                limit: Limit::Server,
            }),
        }
    }

    pub(super) fn seal_subscriber(
        &self,
        jid: &BareJid,
        addresses: OwnAddresses,
        asked: OwnAddresses,
        seen_at: Millis,
    ) -> Result<Subscriber> {
        let owner = self.keys.owner(jid);
        let place = Purpose::Subscriber {
            owner: &owner,
            addresses,
        };
        let sealed = self.seal(place, jid)?;
        Ok(Subscriber {
            owner,
            server: self.counted_server(jid),
            addresses,
            asked,
            key: self.keys.number(),
            sealed,
            seen_at,
        })
    }

    pub(super) fn open_subscriber(&self, subscriber: &Subscriber) -> Option<BareJid> {
        let place = Purpose::Subscriber {
            owner: &subscriber.owner,
            addresses: subscriber.addresses,
        };
        self.open("subscribers", subscriber.key, place, &subscriber.sealed)
    }
}
