//! Who sees in a contact list whether the service is there: no more of a roster than that.

use std::time::Duration;

use super::error::{Error, Limit, Result};
use super::growth::{self, Payer};
use super::limits::DAY;
use super::{Core, Service, Tx};
use crate::clock::{Millis, millis};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Mac};
use crate::store::Subscriber;

/// Read at once.
const PAGE: usize = 500;
/// Subscribers at most, but for those that always fit: all of them are told whenever the service comes and goes.
const MOST: usize = if cfg!(test) { 200 } else { 100_000 };
/// Of one server of others.
const OF_SERVER: usize = MOST / 10;
/// Subscribers that were not seen for so long, and have no link, go. Their server asks for the service's presence whenever they come
/// online (RFC 6121, 4.3).
pub(super) const UNSEEN: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// Subscribers, a page at a time.
#[derive(Default)]
pub struct Pages {
    after: Option<Mac>,
    ended: bool,
}

impl Service {
    /// Remembers that `jid` wants to know whether the service is there.
    ///
    /// # Errors
    /// `request_limit_reached`, `internal_server_error`.
    pub async fn subscribe(&self, jid: &BareJid) -> Result<()> {
        let jid = jid.clone();
        self.change(move |core, tx| {
            let owner = core.keys.owner(&jid);
            if tx.is_subscriber(&owner)? {
                // Also a row that does not open any more.
                return Ok(tx.put_subscriber(&core.seal_subscriber(&jid, core.beginning_of_day())?)?);
            }
            core.count_newcomer(tx, &jid)?;
            core.find_place(tx, &jid)?;
            let subscriber = core.seal_subscriber(&jid, core.beginning_of_day())?;
            core.grow(tx, Payer::sender(&jid), growth::row(subscriber.sealed.len()))?;
            Ok(tx.put_subscriber(&subscriber)?)
        })
        .await
    }

    /// Notes, once a day, that `jid` is there, if it has subscribed; tells whether it has.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn see_subscriber(&self, jid: &BareJid) -> Result<bool> {
        let asked = jid.clone();
        let seen = self.ask(move |core, tx| {
            let found = tx.subscriber(&core.keys.owner(&asked))?;
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

    /// Forgets that; tells whether it was so.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn unsubscribe(&self, jid: &BareJid) -> Result<bool> {
        let jid = jid.clone();
        self.change(move |core, tx| Ok(tx.delete_subscriber(&core.keys.owner(&jid))?))
            .await
    }

    /// Whether `jid` has subscribed.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn is_subscriber(&self, jid: &BareJid) -> Result<bool> {
        let jid = jid.clone();
        self.ask(move |core, tx| Ok(tx.is_subscriber(&core.keys.owner(&jid))?))
            .await
    }

    /// The next page of those who have subscribed; none at the end.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn subscribers(&self, pages: &mut Pages) -> Result<Option<Vec<BareJid>>> {
        if pages.ended {
            return Ok(None);
        }
        let after = pages.after;
        let page = self
            .ask(move |core, tx| {
                let page = tx.subscribers(after.as_ref(), PAGE)?;
                let open = |one| core.intact("subscribers", core.open_subscriber(one));
                let last = page.last().map(|subscriber| subscriber.owner);
                Ok((last, page.iter().filter_map(open).collect()))
            })
            .await?;
        let (last, jids) = page;
        pages.after = last;
        pages.ended = last.is_none();
        Ok(last.map(|_| jids))
    }
}

impl Core {
    /// Whether it is not known yet that the subscriber was seen today, or of which server they are.
    fn is_news(&self, jid: &BareJid, subscriber: &Subscriber) -> bool {
        subscriber.seen_at < self.beginning_of_day() || subscriber.server != self.counted_server(jid)
    }

    fn beginning_of_day(&self) -> Millis {
        let now = self.clock.now();
        now - now % millis(DAY)
    }

    /// Notes that a subscriber is there.
    fn see(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        match tx.subscriber(&self.keys.owner(jid))? {
            Some(found) if self.is_news(jid, &found) => {
                Ok(tx.put_subscriber(&self.seal_subscriber(jid, self.beginning_of_day())?)?)
            }
            _ => Ok(()),
        }
    }

    /// By which the subscribers of a server of others are counted.
    pub(super) fn counted_server(&self, jid: &BareJid) -> Option<Mac> {
        (!self.is_own(jid)).then(|| self.keys.quota("subscribers of", &[&self.server(jid)]))
    }

    /// Sees to it that there is a place for `jid`: always for whoever has a link, and for the own server's people; others share
    /// those of their server, where whoever was not seen for the longest makes room.
    fn find_place(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        if self.is_own(jid) || tx.has_links(&self.keys.owner(jid))? {
            return Ok(());
        }
        let server = self.counted_server(jid);
        let has_made_room = match server {
            Some(server) if tx.subscribers_of(&server)? >= OF_SERVER => {
                tx.drop_quietest_subscriber(&server, self.beginning_of_day())?
            }
            _ => tx.subscriber_count()? < MOST,
        };
        match has_made_room {
            true => Ok(()),
            false => Err(Error::RequestLimitReached {
                retry_after: DAY,
                limit: Limit::Server,
            }),
        }
    }

    pub(super) fn seal_subscriber(&self, jid: &BareJid, seen_at: Millis) -> Result<Subscriber> {
        let owner = self.keys.owner(jid);
        let sealed = self.seal(Purpose::Subscriber { owner: &owner }, jid)?;
        Ok(Subscriber {
            owner,
            server: self.counted_server(jid),
            sealed,
            seen_at,
        })
    }

    pub(super) fn open_subscriber(&self, subscriber: &Subscriber) -> Result<BareJid> {
        let place = Purpose::Subscriber {
            owner: &subscriber.owner,
        };
        self.open(place, &subscriber.sealed)
    }
}
