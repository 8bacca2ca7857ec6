//! Turns contact requests that wait into introductions: looks up the hashes, and writes to their owners.

use std::borrow::Cow;
use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::error::{Error, Limit, Result};
use super::limits::{Counter, DAY, read_ahead};
use super::link::LinkBox;
use super::request::{ContactRequest, Ids};
use super::{Core, Service, Tx};
use crate::channel::Message;
use crate::clock::Millis;
use crate::model::{BareJid, Mac};
use crate::store::{KeyState, KeyedRow, Link, Queue, Read, Row, StoreError};

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
/// The number of people, or up to a request's more, whose introductions are written in one change: others write in between.
const WRITTEN_TOGETHER: usize = if cfg!(test) { 3 } else { 300 };

/// A request that waits.
struct WaitingRequest {
    request: ContactRequest,
    /// Those for whom it waits that are linked.
    known: Vec<Ids>,
    /// The time when it expires.
    expires_at: Millis,
}

/// Requests in the order of their rows, each unless it is gone, and the keys under which they were looked up.
type Known = (Vec<Option<WaitingRequest>>, KeyState);

impl Service {
    /// Turns each claimed contact request into one introduction for each recipient, a few requests in one transaction. Returns the
    /// rows that have to wait, and those with which the store failed: they stay.
    pub(crate) async fn introduce(&self, claimed: Arc<[Row]>) -> Vec<i64> {
        let rows = claimed.iter().map(|row| row.id);
        // Most hashes are linked to nobody. They are looked up before the transaction, so that no writer waits.
        let Ok((known, as_of)) = self.known(&claimed).await else {
            return rows.collect();
        };
        let (mut left, mut some, mut people) = (Vec::new(), Vec::new(), 0);
        for request in rows.zip(known) {
            people += request.1.as_ref().map_or(0, |waiting| waiting.known.len());
            some.push(request);
            if people >= WRITTEN_TOGETHER {
                left.extend(self.introduce_some(mem::take(&mut some), as_of).await);
                people = 0;
            }
        }
        left.extend(self.introduce_some(some, as_of).await);
        left
    }

    async fn introduce_some(&self, requests: Vec<(i64, Option<WaitingRequest>)>, as_of: KeyState) -> Vec<i64> {
        let rows: Vec<i64> = requests.iter().map(|(row, _)| *row).collect();
        let made = self.change(move |core, tx| core.introduce_all(tx, &requests, as_of));
        made.await.unwrap_or(rows)
    }

    /// Returns the requests that wait in those rows, each with those of its ids that are linked.
    async fn known(&self, rows: &Arc<[Row]>) -> Result<Known> {
        loop {
            if let Some(known) = self.known_under_one_key(rows.clone()).await? {
                return Ok(known);
            }
        }
    }

    /// The same; `None` if the key is changed meanwhile.
    async fn known_under_one_key(&self, rows: Arc<[Row]>) -> Result<Option<Known>> {
        let opened = self.ask(move |core, tx| core.take_ids(tx, &rows));
        let (mut waiting, asked, as_of) = opened.await?;
        // In parts, because the journal cannot be emptied while a snapshot is open.
        for asked in asked.chunks(LOOKED_UP_TOGETHER).map(<[(Ids, usize)]>::to_vec) {
            let known = self.ask(move |core, tx| match core.state() == as_of {
                true => core.known(tx, &asked).map(Some),
                false => Ok(None),
            });
            let Some(known) = known.await? else { return Ok(None) };
            for (ids, number) in known {
                if let Some(waiting) = &mut waiting[number] {
                    waiting.known.push(ids);
                }
            }
        }
        Ok(Some((waiting, as_of)))
    }
}

impl Core {
    /// Returns the requests that wait in those rows, and for whom, each with the number of the request, in the order of the index, so
    /// that neighbours on a page are looked up together.
    #[allow(clippy::type_complexity, reason = "it is taken apart at once")]
    fn take_ids(
        &self,
        tx: &dyn Read,
        rows: &[Row],
    ) -> Result<(Vec<Option<WaitingRequest>>, Vec<(Ids, usize)>, KeyState)> {
        let mut waiting = Vec::with_capacity(rows.len());
        let mut asked = Vec::new();
        for (number, claimed) in rows.iter().enumerate() {
            // A change of the key may have renewed it since it was claimed.
            let row = match self.former.is_none() && claimed.key == self.keys.number() {
                true => Some(Cow::Borrowed(claimed)),
                false => tx.message(claimed.id)?.map(Cow::Owned),
            };
            let row = row.filter(|row| row.expires_at > self.clock.now());
            // None: it was withdrawn, has expired, or does not open.
            let request = row.and_then(|row| Some((self.open_request(&row)?, row.expires_at)));
            waiting.push(request.map(|(mut request, expires_at)| {
                asked.extend(self.ids_of_request(&request).into_iter().map(|ids| (ids, number)));
                request.ids.clear();
                WaitingRequest {
                    request,
                    known: Vec::new(),
                    expires_at,
                }
            }));
        }
        asked.sort_unstable_by_key(|(ids, _)| ids.id.0);
        Ok((waiting, asked, self.state()))
    }

    /// Returns those that are linked.
    fn known(&self, tx: &dyn Read, asked: &[(Ids, usize)]) -> Result<Vec<(Ids, usize)>> {
        let mut matches = tx.matches(&asked.iter().map(|(ids, _)| ids.id).collect::<Vec<_>>())?;
        if self.former.is_some() {
            let ids: Vec<Mac> = asked.iter().map(|(ids, _)| ids.former()).collect();
            let also = tx.matches(&ids)?;
            matches
                .iter_mut()
                .zip(also)
                .for_each(|(matches, also)| *matches |= also);
        }
        let known = asked.iter().zip(matches).filter(|(_, matches)| *matches);
        Ok(known.map(|(asked, _)| *asked).collect())
    }

    /// Turns requests into introductions. Returns those that have to wait, because there is no space, or because they were looked up
    /// under other keys.
    fn introduce_all(
        &self,
        tx: &Tx<'_>,
        requests: &[(i64, Option<WaitingRequest>)],
        as_of: KeyState,
    ) -> Result<Vec<i64>> {
        if self.state() != as_of {
            return Ok(requests.iter().map(|(row, _)| *row).collect());
        }
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for (row, waiting) in requests {
            let Some(waiting) = waiting.as_ref().filter(|waiting| !waiting.known.is_empty()) else {
                done.push(*row);
                continue;
            };
            match self.introduce(tx, *row, waiting) {
                Ok(()) => {}
                Err(error @ Error::Internal(_)) => return Err(error),
                Err(_no_space) => left.push(*row),
            }
        }
        tx.remove_all(&done)?;
        Ok(left)
    }

    fn introduce(&self, tx: &Tx<'_>, row: i64, waiting: &WaitingRequest) -> Result<()> {
        let WaitingRequest {
            request,
            known,
            expires_at,
        } = waiting;
        let payers = self.macs(|core| core.payer(&request.from));
        self.make_room(tx, &payers)?;
        // Without the row, it was withdrawn since the worker took it.
        if !tx.remove(row)? || !self.settings.is_vouched_for(&request.from, request.via.as_ref()) {
            return Ok(());
        }
        let requester = self.keys.owner(&request.from);
        let via = request.via.as_ref().map(|peer| self.keys.owner(peer));
        let mut served = HashSet::from([requester]);
        let mut doubted = Vec::new();
        known.iter().try_for_each(|ids| self.renew_ids(tx, ids))?;
        let links = tx.links(&known.iter().map(|ids| ids.id).collect::<Vec<_>>())?;
        let linked = known.iter().zip(links).filter_map(|(ids, link)| {
            let link = link?;
            Some((*ids, self.repeats(&requester, request.by_anybody, &link.owner), link))
        });
        let linked: Vec<(Ids, Counter, Link)> = linked.collect();
        read_ahead(tx, linked.iter().map(|(_, repeats, _)| repeats))?;
        let owners: Vec<Mac> = linked.iter().map(|(_, _, link)| link.owner).collect();
        let muting = self.muting(tx, &owners, &requester, via.as_ref())?;
        for (ids, repeats, link) in linked {
            if self.is_in_doubt(&link) {
                let is_asked = link.owner != requester && !muting.contains(&link.owner);
                doubted.extend(is_asked.then_some((ids, link)));
                continue;
            }
            if !served.insert(link.owner) || !repeats.try_take(tx, self.clock.now())? {
                continue;
            }
            // Tested after counting, so that a muted request counts like any other.
            if muting.contains(&link.owner) || self.is_flooded(tx, request, &link.owner)? {
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
        self.wait_for_proof(tx, request, &doubted, *expires_at)
    }

    /// Has every request that waits wait for the hashes of those who are linked, and for nobody else: MACs under this key find nobody
    /// any more when their links are renewed. Returns `false` if there may be more than `limit`.
    pub(super) fn name_known(&self, tx: &Tx<'_>, limit: usize) -> Result<bool> {
        let (mut after, mut named) = (0, 0);
        loop {
            let rows = tx.messages(Queue::REQUESTS, after, limit)?;
            let Some(last) = rows.last() else { return Ok(true) };
            after = last.id;
            for row in rows {
                let Some(mut request) = self.open_request(&row).filter(|request| !request.ids.is_empty()) else {
                    continue;
                };
                if named == limit {
                    return Ok(false);
                }
                named += 1;
                let ids = request.ids.iter().map(|ids| ids.id);
                let asked: Vec<Mac> = ids.collect();
                let matches = tx.matches(&asked)?.into_iter().zip(asked);
                let known: Vec<Mac> = matches.filter_map(|(matches, id)| matches.then_some(id)).collect();
                let links = tx.links(&known)?;
                let opened = links.iter().flatten().filter_map(|link| self.open_link(link));
                request.hashes.extend(opened.map(|linked| linked.hash));
                let renewed = Row {
                    sealed: self.seal_hashes(&request)?,
                    key: self.keys.number(),
                    ..row.clone()
                };
                let queue = Queue::REQUESTS.number();
                tx.renew(&KeyedRow::Message(queue, row), Some(&KeyedRow::Message(queue, renewed)))?;
            }
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::Clock;
    use crate::language::Language;
    use crate::model::{Identity, Keys};
    use crate::service::Settings;
    use crate::store::{NewRow, testing};

    #[tokio::test]
    async fn what_was_looked_up_before_the_key_was_changed_is_looked_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let keys = |byte| Keys::new(&zeroize::Zeroizing::new([byte; 32]));
        let store = testing::store(folder.path(), keys(7).check());
        let (clock, settings) = (Clock::system(), Settings::default());
        let service = Service::new(store, keys(7), clock, settings, Default::default());
        let made = service.change(|core, tx| {
            let [amy, michael] = ["amy", "michael"].map(|name| BareJid::new(&format!("{name}@example.org")).unwrap());
            let linked = LinkBox {
                hash: Identity::of_jid(&amy).hash(),
                target: amy,
                language: Language::English,
                alias_of: None,
            };
            tx.put_link(&core.seal_link(&linked, 0))?;
            let request = ContactRequest {
                details: vec![Identity::of_jid(&michael)],
                from: michael,
                by_anybody: false,
                via: None,
                here: false,
                hashes: Vec::new(),
                ids: Vec::new(),
            };
            tx.push(&NewRow {
                queue: Queue::REQUESTS,
                about: Some(core.about_requester(&request.from)),
                payer: None,
                due_at: 0,
                expires_at: core.notice_expires_at(),
                key: core.keys.number(),
                sealed: core.seal_ids(&request, [core.ids_of_hash(&linked.hash)].into_iter())?,
            })?;
            Ok(tx.messages(Queue::REQUESTS, 0, 1)?)
        });
        let claimed: Arc<[Row]> = made.await.unwrap().into();
        let row = claimed[0].id;
        let (known, as_of) = service.known(&claimed).await.unwrap();
        assert_eq!(known[0].as_ref().unwrap().known.len(), 1);
        assert!(service.begin_change(keys(8)).await.unwrap());
        let requests = [row].into_iter().zip(known).collect();
        assert_eq!(service.introduce_some(requests, as_of).await, [row]);
        assert_eq!(service.introduce(claimed).await, [0; 0]);
        assert_eq!(service.messages(Queue::XMPP, 0, 9).await.unwrap().len(), 1);
    }
}
