//! Who sees in a contact list whether the service is there: no more of a roster than that.

use super::error::{Error, Result};
use super::growth::{self, Payer};
use super::limits::DAY;
use super::{Core, Service};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Mac};
use crate::store::Subscriber;

/// Read at once.
const PAGE: usize = 500;
/// Subscribers at most: all of them are told whenever the service comes and goes.
const MOST: usize = 100_000;

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
                return Ok(());
            }
            core.count_newcomer(tx, &jid)?;
            if tx.subscriber_count()? >= MOST {
                return Err(Error::RequestLimitReached { retry_after: DAY });
            }
            let subscriber = core.seal_subscriber(&jid)?;
            core.grow(tx, Payer::sender(&jid), growth::row(subscriber.sealed.len()))?;
            Ok(tx.put_subscriber(&subscriber)?)
        })
        .await
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
    pub(super) fn seal_subscriber(&self, jid: &BareJid) -> Result<Subscriber> {
        let owner = self.keys.owner(jid);
        let sealed = self.seal(Purpose::Subscriber { owner: &owner }, jid)?;
        Ok(Subscriber { owner, sealed })
    }

    pub(super) fn open_subscriber(&self, subscriber: &Subscriber) -> Result<BareJid> {
        let place = Purpose::Subscriber {
            owner: &subscriber.owner,
        };
        self.open(place, &subscriber.sealed)
    }
}
