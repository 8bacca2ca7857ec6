//! Turns contact requests that wait into introductions: looks up the hashes, and writes to their owners.

use std::collections::HashSet;
use std::future::ready;
use std::mem;
use std::time::Duration;

use futures::{StreamExt, stream};

use super::error::{Error, Limit, Result};
use super::limits::{Counter, DAY, read_ahead};
use super::link::LinkBox;
use super::request::ContactRequest;
use super::{Core, Service, Tx};
use crate::channel::Message;
use crate::clock::Millis;
use crate::model::{BareJid, Hash, Mac};
use crate::store::{Link, Read, StoreError};

/// The number of hashes that are looked up in one snapshot.
const LOOKED_UP_TOGETHER: usize = if cfg!(test) { 3 } else { 2000 };
/// The largest number of bytes of introductions that wait because of one other server. One more request may be turned
/// into introductions beyond that.
const BYTES_OF_INTRODUCTIONS: u64 = 512 * 1024;
/// The number of introductions that are dropped together to make space.
const DROPPED_TOGETHER: usize = 100;
/// The approximate time after which a request is tried again for which there was no space.
const TRIED_AGAIN: Duration = Duration::from_secs(5);
/// Introductions by one peer that reach one person in a day. More are dropped: a peer can invent any number of people.
pub(super) const OF_PEER_TO_ONE: u32 = 20;
/// The number of requests that are turned into introductions in one transaction, while others wait.
const WRITTEN_TOGETHER: usize = 32;

/// A request that waits.
struct WaitingRequest {
    /// The request with its hashes that are linked.
    request: ContactRequest,
    /// All of its hashes.
    asked: Vec<Hash>,
    /// The time when it expires.
    expires_at: Millis,
}

/// The MAC by which a hash is looked up, the number of its request, and the hash.
type RequestedHash = (Mac, usize, Hash);

impl Service {
    /// Turns each contact request in `rows` into one introduction for each recipient, one request in one transaction.
    /// Returns the rows for which the store failed: they stay.
    pub(crate) async fn introduce(&self, rows: Vec<i64>) -> Vec<i64> {
        // Most hashes are linked to nobody. They are looked up before the transaction, so that no writer waits.
        let Ok(known) = self.known(rows.clone()).await else {
            return rows;
        };
        let made = stream::iter(rows.into_iter().zip(known)).map(|(row, known)| async move {
            let made = self
                .change(move |core, tx| core.introduce(tx, row, known.as_ref()))
                .await;
            made.err().map(|_| row)
        });
        made.buffer_unordered(WRITTEN_TOGETHER)
            .filter_map(ready)
            .collect()
            .await
    }

    /// Returns the requests that wait in those rows, each with its hashes that are linked.
    async fn known(&self, rows: Vec<i64>) -> Result<Vec<Option<WaitingRequest>>> {
        let opened = self.ask(move |core, tx| core.take_hashes(tx, &rows));
        let (mut waiting, asked, sorted_by) = opened.await?;
        // In parts, because the journal cannot be emptied while a snapshot is open.
        for asked in asked.chunks(LOOKED_UP_TOGETHER).map(<[RequestedHash]>::to_vec) {
            let known = self.ask(move |core, tx| core.known(tx, &asked, sorted_by));
            for (number, hash) in known.await? {
                if let Some(waiting) = &mut waiting[number] {
                    waiting.request.hashes.push(hash);
                }
            }
        }
        Ok(waiting)
    }
}

impl Core {
    /// Returns the requests that wait in those rows, and their hashes in the order of the index, so that neighbours on
    /// a page are looked up together; and the number of the key of that order.
    fn take_hashes(
        &self,
        tx: &dyn Read,
        rows: &[i64],
    ) -> Result<(Vec<Option<WaitingRequest>>, Vec<RequestedHash>, u32)> {
        let mut waiting = Vec::with_capacity(rows.len());
        let mut asked = Vec::new();
        for (number, &row) in rows.iter().enumerate() {
            let request = self.waiting(tx, row)?;
            let hashes = request.iter().flat_map(|waiting| &waiting.asked);
            asked.extend(hashes.map(|hash| (self.keys.id(hash), number, *hash)));
            waiting.push(request);
        }
        asked.sort_unstable_by_key(|(id, ..)| id.0);
        Ok((waiting, asked, self.keys.number()))
    }

    /// Returns those hashes that are linked.
    fn known(&self, tx: &dyn Read, asked: &[RequestedHash], sorted_by: u32) -> Result<Vec<(usize, Hash)>> {
        let is_same_key = self.keys.number() == sorted_by;
        let id = |(id, _, hash): &RequestedHash| if is_same_key { *id } else { self.keys.id(hash) };
        let mut matches = tx.matches(&asked.iter().map(id).collect::<Vec<_>>())?;
        if let Some(former) = &self.former {
            let ids: Vec<Mac> = asked.iter().map(|(_, _, hash)| former.keys.id(hash)).collect();
            let also = tx.matches(&ids)?;
            matches
                .iter_mut()
                .zip(also)
                .for_each(|(matches, also)| *matches |= also);
        }
        let known = asked.iter().zip(matches);
        Ok(known
            .filter_map(|((_, number, hash), matches)| matches.then_some((*number, *hash)))
            .collect())
    }

    /// Returns the request that waits in that row; `None` if it was withdrawn, has expired, or does not open.
    fn waiting(&self, tx: &dyn Read, row: i64) -> Result<Option<WaitingRequest>> {
        let row = tx.message(row)?.filter(|row| row.expires_at > self.clock.now());
        let Some(row) = row else { return Ok(None) };
        let request = self.open_request(&row);
        Ok(request.map(|mut request| WaitingRequest {
            asked: mem::take(&mut request.hashes),
            request,
            expires_at: row.expires_at,
        }))
    }

    fn introduce(&self, tx: &Tx<'_>, row: i64, known: Option<&WaitingRequest>) -> Result<()> {
        let payers = known.map_or_else(Vec::new, |waiting| self.macs(|core| core.payer(&waiting.request.from)));
        self.make_room(tx, &payers)?;
        // Without the row, it was withdrawn since the worker took it.
        let is_there = tx.remove(row)?;
        let Some(waiting) = known.filter(|_| is_there) else {
            return Ok(());
        };
        let WaitingRequest {
            request, expires_at, ..
        } = waiting;
        let requester = self.keys.owner(&request.from);
        let via = request.via.as_ref().map(|peer| self.keys.owner(peer));
        let mut served = HashSet::from([requester]);
        let mut doubted = Vec::new();
        request.hashes.iter().try_for_each(|hash| self.renew_id(tx, hash))?;
        let ids: Vec<Mac> = request.hashes.iter().map(|hash| self.keys.id(hash)).collect();
        let links = tx.links(&ids)?;
        let linked = request.hashes.iter().zip(links).filter_map(|(hash, link)| {
            let link = link?;
            Some((*hash, self.repeats(&requester, request.by_anybody, &link.owner), link))
        });
        let linked: Vec<(Hash, Counter, Link)> = linked.collect();
        read_ahead(tx, linked.iter().map(|(_, repeats, _)| repeats))?;
        for (hash, repeats, link) in linked {
            if self.is_in_doubt(&link) {
                doubted.push((hash, link));
                continue;
            }
            if !served.insert(link.owner) || !repeats.try_take(tx, self.clock.now())? {
                continue;
            }
            // Tested after counting, so that a muted request counts like any other.
            if self.is_muted(tx, &link.owner, &requester, via.as_ref())? || self.is_flooded(tx, request, &link.owner)? {
                continue;
            }
            let opened = self.open_link(&link);
            let Some(LinkBox {
                target: to, language, ..
            }) = opened
            else {
                continue;
            };
            let about = Some(self.about_requester(&request.from));
            let introduction = Message::Introduction {
                to,
                from: request.from.clone(),
                details: request.details.clone(),
                via: request.via.clone(),
            };
            let letter = self.letter(introduction, language);
            self.post_for(tx, &letter, about, *expires_at, payers.first().copied())?;
        }
        self.wait_for_proof(tx, request, doubted, *expires_at)
    }

    /// Returns the MAC that counts introductions of another server's requesters; `None` for the own server's people.
    pub(super) fn payer(&self, requester: &BareJid) -> Option<Mac> {
        (!self.is_own(requester)).then(|| self.keys.quota("introductions for", &[&self.server(requester)]))
    }

    /// Ensures that not too many introductions wait because of one server. The ones with the most tries are dropped:
    /// they come back from servers that want none of them. If that is not enough, the request waits. The requester does
    /// not notice, because the number of waiting introductions would reveal how many hashes are known.
    fn make_room(&self, tx: &Tx<'_>, payers: &[Mac]) -> Result<()> {
        let bytes = || {
            payers
                .iter()
                .try_fold(0, |sum, payer| Ok::<_, StoreError>(sum + tx.bytes_of(payer)?))
        };
        while bytes()? >= BYTES_OF_INTRODUCTIONS {
            let mut has_dropped = false;
            for payer in payers {
                has_dropped = has_dropped || tx.drop_most_tried(payer, DROPPED_TOGETHER)?;
            }
            if !has_dropped {
                return Err(Error::RequestLimitReached {
                    retry_after: TRIED_AGAIN,
                    limit: Limit::Server,
                });
            }
        }
        Ok(())
    }

    /// Counts an introduction of a peer to a recipient. Returns `true` if it is one too many.
    fn is_flooded(&self, tx: &Tx<'_>, request: &ContactRequest, recipient: &Mac) -> Result<bool> {
        let Some(peer) = &request.via else { return Ok(false) };
        let of_peer = Counter {
            key: self
                .keys
                .quota("introductions of peer", &[&self.keys.owner(peer), recipient]),
            name: Limit::Hashes,
            limit: OF_PEER_TO_ONE,
            window: DAY,
        };
        Ok(!of_peer.try_take(tx, self.clock.now())?)
    }

    /// Returns the counter of the requests that reach a recipient within `repeat_contact_after`. Requests of others in the
    /// requester's name count apart.
    fn repeats(&self, requester: &Mac, by_anybody: bool, recipient: &Mac) -> Counter {
        let what = if by_anybody { "contact over http" } else { "contact" };
        Counter {
            key: self.keys.quota(what, &[requester, recipient]),
            name: Limit::Hashes,
            limit: 1,
            window: self.settings.limits.repeat_contact_after,
        }
    }
}
