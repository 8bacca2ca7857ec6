//! Accounts that no longer exist. Another person may get their Jabber IDs, and must not inherit their links: after
//! messages came back on several days, the links of the JID must be proven again.
//!
//! A link in doubt is one without its proof: nothing vouches for it, but its former owner is known. The owner is asked
//! when the next contact request comes, and the request waits. If the owner proves nothing before the request expires,
//! the links are removed.

use std::slice;
use std::time::Duration;

use super::error::{Limit, Result};
use super::limits::{Counter, DAY, read_ahead};
use super::request::{ContactRequest, Ids};
use super::{Core, Service, Tx};
use crate::channel::Message;
use crate::clock::{Millis, millis};
use crate::model::{BareJid, Mac};
use crate::store::{Link, NewRow, Queue};

/// The number of days on which messages came back because the account does not exist, without a delivered message
/// between them.
const DAYS: u32 = 3;
/// The least time between two such days: a message that comes back sooner does not count again.
const APART: Duration = Duration::from_secs(20 * 60 * 60);
/// The time after which counting begins anew.
const WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The pause between two checks if a link is proven that a contact request waits for.
const LOOKED_FOR: Duration = Duration::from_secs(60 * 60);
/// The least time between two questions to an owner to prove the links.
const ASKED_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Service {
    /// Notes that the servers of these JIDs say that the accounts do not exist. Something is always written: otherwise, the time of the change
    /// would reveal if one of them has links.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn miss(&self, missed: Vec<BareJid>) -> Result<()> {
        self.change(move |core, tx| {
            tx.note_time(core.reading(tx)?)?;
            missed.iter().try_for_each(|jid| core.miss(tx, jid))
        })
        .await
    }
}

impl Core {
    fn days_missed(&self, owner: &Mac) -> Counter {
        self.of_owner("days on which nobody was there", owner, DAYS, WITHIN)
    }

    fn of_owner(&self, what: &str, owner: &Mac, limit: u32, window: Duration) -> Counter {
        Counter {
            key: self.keys.quota(what, &[owner]),
            // Nobody is told this limit.
            name: Limit::Server,
            limit,
            window,
        }
    }

    fn miss(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        self.renew(tx, jid)?;
        let (now, owner) = (self.clock.now(), self.keys.owner(jid));
        // Links of former versions have no proof that they could lose.
        if !self.keys.are_bound() || !tx.has_links(&owner)? {
            return Ok(());
        }
        if !self.of_owner("nobody was there", &owner, 1, APART).try_take(tx, now)? {
            return Ok(());
        }
        if self.days_missed(&owner).add(tx, now, 1)? >= DAYS {
            tx.doubt_links_of(&owner)?;
            tx.delete_tokens_of(&owner)?;
        }
        Ok(())
    }

    /// Forgets the days that were counted: the account exists.
    pub(super) fn find(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        self.find_all(tx, slice::from_ref(jid))
    }

    /// The same for all of them.
    pub(super) fn find_all(&self, tx: &Tx<'_>, jids: &[BareJid]) -> Result<()> {
        let now = self.clock.now();
        let owners = jids.iter().map(|jid| self.keys.owner(jid));
        let days: Vec<Counter> = owners.map(|owner| self.days_missed(&owner)).collect();
        read_ahead(tx, &days)?;
        days.iter().try_for_each(|days| days.give_back(tx, now, u32::MAX, now))
    }

    /// Returns `true` if a link must be proven again before it is used.
    pub(super) fn is_in_doubt(&self, link: &Link) -> bool {
        let Ok(Core { keys, .. }) = self.under(link.key) else {
            return false;
        };
        keys.are_bound() && link.proof != keys.proof(&link.id, &link.owner)
    }

    /// Lets a contact request wait for links that are in doubt, and asks their owners to prove them. Links that are not proven when the
    /// request expires are removed.
    pub(super) fn wait_for_proof(
        &self,
        tx: &Tx<'_>,
        request: &ContactRequest,
        doubted: &[(Ids, Link)],
        expires_at: Millis,
    ) -> Result<()> {
        let due_at = self.clock.now() + millis(LOOKED_FOR);
        let mut awaited = Vec::new();
        for (ids, link) in doubted {
            if due_at < expires_at {
                self.ask_for_proof(tx, link)?;
                awaited.push(*ids);
            } else {
                tx.delete_doubted_links_of(&link.owner)?;
            }
        }
        if awaited.is_empty() {
            return Ok(());
        }
        let about = Some(self.about_requester(&request.from));
        let row = NewRow {
            queue: Queue::REQUESTS,
            about,
            payer: None,
            due_at,
            expires_at,
            key: self.keys.number(),
            sealed: self.seal_ids(request, awaited.into_iter())?,
        };
        self.push_request(tx, &row)
    }

    fn ask_for_proof(&self, tx: &Tx<'_>, link: &Link) -> Result<()> {
        let Some(linked) = self.open_link(link) else {
            return Ok(());
        };
        let asked = self.of_owner("asked for proof", &link.owner, 1, ASKED_EVERY);
        if !asked.try_take(tx, self.clock.now())? {
            return Ok(());
        }
        let days = ASKED_EVERY.as_secs() / DAY.as_secs();
        let question = Message::ProveAgain {
            to: linked.target,
            days,
        };
        self.post(
            tx,
            &self.letter(question, linked.language),
            None,
            self.notice_expires_at(),
        )
    }
}
