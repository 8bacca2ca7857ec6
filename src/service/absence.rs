//! Accounts that are not there any more. Somebody else may have their Jabber IDs next, and must not inherit their links: after messages
//! came back for days, what is linked there has to be proven again.
//!
//! A link in doubt is one without its proof: nothing vouches for it, but it is known whose it was. The owner is asked when the next
//! contact request comes, which waits. If nobody proves anything as long as it does, the links go.

use std::time::Duration;

use super::contact::ContactRequest;
use super::error::{Limit, Result};
use super::limits::{Counter, DAY};
use super::{Core, Service, Tx};
use crate::channel::Message;
use crate::clock::{Millis, millis};
use crate::model::{BareJid, Hash, Mac};
use crate::store::{Link, NewRow, Queue};

/// On so many days nobody was there, and on none between them a message arrived.
const DAYS: u32 = 3;
/// Days of so long: what comes back sooner does not count again.
const APART: Duration = Duration::from_secs(20 * 60 * 60);
/// After so long, counting begins anew.
const WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The pause between two checks if a link was proven that a contact request waits for.
const LOOKED_FOR: Duration = Duration::from_secs(60 * 60);
/// Nobody is asked more often to prove their links.
const ASKED_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Service {
    /// Notes that nobody was there, says their server.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn miss(&self, missed: Vec<BareJid>) -> Result<()> {
        self.change(move |core, tx| missed.iter().try_for_each(|jid| core.miss(tx, jid)))
            .await
    }

    /// Notes that messages have arrived.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn reach(&self, reached: Vec<BareJid>) -> Result<()> {
        let missed = self.ask(move |core, tx| {
            let mut missed = Vec::new();
            for jid in reached {
                let days = core.days_missed(&core.keys.owner(&jid));
                if tx.quota(&days.key)?.is_some_and(|days| days.used > 0) {
                    missed.push(jid);
                }
            }
            Ok(missed)
        });
        let missed = missed.await?;
        if missed.is_empty() {
            return Ok(());
        }
        self.change(move |core, tx| missed.iter().try_for_each(|jid| core.find(tx, jid)))
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
            // Nobody is told.
            name: Limit::Server,
            limit,
            window,
        }
    }

    fn miss(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        let (now, owner) = (self.clock.now(), self.keys.owner(jid));
        // Links of before have no proof that they could lose.
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

    /// Somebody is there: what was counted so far is forgotten.
    pub(super) fn find(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        let (now, days) = (self.clock.now(), self.days_missed(&self.keys.owner(jid)));
        days.give_back(tx, now, u32::MAX, now)
    }

    /// Returns `true` if a link has to be proven again before anything is done because of it.
    pub(super) fn is_in_doubt(&self, link: &Link) -> bool {
        self.keys.are_bound() && link.proof != self.keys.proof(&link.id, &link.owner)
    }

    /// Has a contact request wait for those of its hashes whose links are in doubt, and asks their owners to prove them. What nobody
    /// has proven when the request expires goes.
    pub(super) fn wait_for_proof(
        &self,
        tx: &Tx<'_>,
        request: &ContactRequest,
        doubted: Vec<(Hash, Link)>,
        expires_at: Millis,
    ) -> Result<()> {
        let due_at = self.clock.now() + millis(LOOKED_FOR);
        let requester = self.keys.owner(&request.from);
        let mut hashes = Vec::new();
        for (hash, link) in doubted {
            if link.owner == requester || self.is_muted(tx, &link.owner, &requester)? {
                continue;
            }
            if due_at < expires_at {
                self.ask_for_proof(tx, &link)?;
                hashes.push(hash);
            } else {
                tx.delete_doubted_links_of(&link.owner)?;
            }
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let about = Some(self.about_requester(&request.from));
        Ok(tx.push(&NewRow {
            queue: Queue::REQUESTS,
            about,
            payer: None,
            due_at,
            expires_at,
            sealed: self.seal_request(&ContactRequest {
                hashes,
                ..request.clone()
            })?,
        })?)
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
