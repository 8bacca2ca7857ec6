//! Contact requests as they wait: checked against the limits, sealed, kept and opened.

mod boxes;

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use rand::RngExt;
use serde::{Deserialize, Serialize};

pub(super) use self::boxes::Ids;
use super::error::{Error, Excess, Limit, Result};
use super::growth::{HASH, Payer};
use super::limits::{Counter, DAY, HASHES_PER_CONTACT, read_ahead, take_all};
use super::{By, Core, Service, Tx, locked};
use crate::clock::millis;
use crate::model::{BareJid, Hash, Identity, Mac};
use crate::store::{NewRow, Queue, Read, StoreError};

/// The time for which a contact request may wait for its delivery.
const WANTED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Bytes of all details of a contact request.
const BYTES_OF_DETAILS: usize = 8 * 1024;

/// Hashes are looked up at a random moment within this time after the answer. Otherwise the work for the known hashes
/// would slow down the next answer to the same requester, which could measure it.
pub(super) const LOOKED_UP_WITHIN: Duration = Duration::from_secs(2);

/// A contact request as it waits in the outbox. Whom it is for has not been looked up yet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ContactRequest {
    /// The requester.
    pub(super) from: BareJid,
    /// `true` if anybody may have asked, in the name of `from`: it does not use up what `from` itself may ask.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_anybody: bool,
    /// The peer where it was made, which vouches for the requester and the details; `None` if it was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) via: Option<BareJid>,
    /// `true` if it is not passed on to peers. That was done when it was put there.
    #[serde(skip)]
    pub(super) here: bool,
    pub(super) details: Vec<Identity>,
    /// The people that it is for; where it waits, only those who were linked when the key was changed. Part of the JSON in boxes of the
    /// first version; then they stood behind it.
    #[serde(default, skip_serializing)]
    pub(super) hashes: Vec<Hash>,
    /// The same as MACs, while it waits: nothing tells whose they are.
    #[serde(skip)]
    pub(super) ids: Vec<Ids>,
}

impl ContactRequest {
    /// Returns the requester, as far as it is known.
    fn by(&self) -> By {
        match self.by_anybody {
            true => By::Anybody,
            false => By::Target,
        }
    }
}

/// A request that may be made, as far as that can be told without the database.
pub(super) struct NewRequest {
    request: ContactRequest,
    /// The number of hashes that it was made with, those that nobody can have and repetitions included.
    asked: u32,
}

impl NewRequest {
    /// Returns the request for the people behind `contacts`. Its details are its requester's.
    ///
    /// # Errors
    /// `insufficient_contact_info`, `too_many_requested`.
    pub(super) fn new(mut request: ContactRequest, contacts: Vec<Option<Hash>>) -> Result<Self> {
        if request.details.is_empty() {
            return Err(Error::InsufficientContactInfo);
        }
        // Each recipient gets all details.
        if request.details.iter().map(|detail| detail.id.len()).sum::<usize>() > BYTES_OF_DETAILS {
            return Err(Error::TooManyRequested(Excess::Details(HASHES_PER_CONTACT)));
        }
        let asked = u32::try_from(contacts.len()).unwrap_or(u32::MAX);
        request.hashes = contacts.into_iter().flatten().collect();
        request.hashes.sort_unstable();
        request.hashes.dedup();
        Ok(Self { request, asked })
    }
}

/// A request, and the rows in which it is kept. They are sealed before the transaction, because all operations share the writing
/// thread.
struct SealedRequest {
    request: ContactRequest,
    asked: u32,
    /// One for the people here, and one for each peer that is asked.
    rows: Vec<NewRow>,
    /// The number of the key of the boxes.
    key: u32,
}

impl SealedRequest {
    fn by(core: &Core, NewRequest { request, asked }: NewRequest) -> Result<Self> {
        Ok(Self {
            rows: core.rows_of(&request)?,
            key: core.keys.number(),
            request,
            asked,
        })
    }

    /// Returns the rows, sealed anew if the key was changed meanwhile.
    fn under(&self, core: &Core) -> Result<Cow<'_, [NewRow]>> {
        Ok(match core.keys.number() == self.key {
            true => Cow::Borrowed(&self.rows),
            false => Cow::Owned(core.rows_of(&self.request)?),
        })
    }

    /// Returns the bytes that it may take. All hashes count as known: a refusal must not tell how many are.
    fn size(&self) -> usize {
        let boxes: usize = self.rows.iter().map(|row| row.sealed.len()).sum();
        boxes + HASH * self.request.hashes.len()
    }
}

impl Service {
    /// Keeps requests, as far as they may be made. Returns the result of each.
    pub(super) async fn keep_requests(
        &self,
        requests: Vec<Result<NewRequest>>,
        address: Option<IpAddr>,
    ) -> Result<Vec<Result<()>>> {
        let (mut sealed, mut refused) = (Vec::new(), Vec::new());
        for request in requests {
            let seal = |request| SealedRequest::by(&locked(&self.core), request);
            refused.push(request.and_then(seal).map(|request| sealed.push(request)));
        }
        let accepted = self
            .change(move |core, tx| core.accept_each(tx, address, &sealed))
            .await?;
        let mut accepted = accepted.into_iter();
        Ok(refused
            .into_iter()
            .map(|refused| refused.and_then(|()| accepted.next().unwrap_or(Ok(()))))
            .collect())
    }
}

impl Core {
    /// Keeps each request that its limits allow. One that they do not allow changes nothing.
    fn accept_each(&self, tx: &Tx<'_>, address: Option<IpAddr>, requests: &[SealedRequest]) -> Result<Vec<Result<()>>> {
        let accept = |request| match self.accept(tx, address, request) {
            Err(error @ Error::Internal(_)) => Err(error),
            other => Ok(other),
        };
        requests.iter().map(accept).collect()
    }

    fn accept(&self, tx: &Tx<'_>, address: Option<IpAddr>, request: &SealedRequest) -> Result<()> {
        let now = self.clock.now();
        let (from, asked) = (&request.request.from, request.asked);
        let by = request.request.by();
        let hashes = self.hashes_by(tx, &request.request)?;
        let payer = Payer { jid: from, by, address };
        let bytes = match &request.request.via {
            // A peer has its own.
            Some(_) => Vec::new(),
            None => self.bytes_in_bulk_by(payer),
        };
        match &request.request.via {
            // Nothing else is counted.
            None if bytes.is_empty() => take_all(&hashes, tx, now, asked)?,
            via => {
                read_ahead(tx, bytes.iter().chain(&hashes))?;
                hashes.iter().try_for_each(|hashes| hashes.check(tx, now, asked))?;
                match via {
                    Some(peer) => self.grow_by_peer(tx, peer, payer, request.size())?,
                    None => self.count_bytes(tx, by, &bytes, request.size())?,
                }
                hashes
                    .iter()
                    .try_for_each(|hashes| hashes.add(tx, now, asked).map(drop))?;
            }
        }
        let rows = request.under(self)?;
        let (for_peers, for_people): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.queue == Queue::PEERS);
        let bytes = for_peers.iter().map(|row| row.sealed.len()).sum();
        if self.grow_for_peers(tx, payer, bytes)? {
            for_peers.into_iter().try_for_each(|row| tx.push(row))?;
        }
        for_people.into_iter().try_for_each(|row| self.push_request(tx, row))
    }

    /// Puts a request that waits as MACs under the current key into the outbox.
    ///
    /// # Errors
    /// If the key has just been changed, and this core does not know the new one yet: by then, whoever waits was looked up under the
    /// former one for the last time. The change is run again under the new one.
    pub(super) fn push_request(&self, tx: &Tx<'_>, row: &NewRow) -> Result<()> {
        let is_alone = tx.key_state()?.is_none();
        if is_alone && self.former.is_none() && tx.has_former_counters()? {
            return Err(Error::Internal(StoreError::OtherKeys(self.state())));
        }
        Ok(tx.push(row)?)
    }

    /// Returns the rows in which a request waits: for the people here, and for each peer that is asked. Each is due at a moment of its
    /// own.
    fn rows_of(&self, request: &ContactRequest) -> Result<Vec<NewRow>> {
        let (now, about) = (self.clock.now(), self.about_requester(&request.from));
        let for_people = NewRow {
            queue: Queue::REQUESTS,
            about: Some(about),
            payer: None,
            due_at: now,
            expires_at: now + millis(WANTED_FOR),
            key: self.keys.number(),
            sealed: self.seal_ids(request, request.hashes.iter().map(|hash| self.ids_of_hash(hash)))?,
        };
        let mut rows = self.rows_for_peers(request, about)?;
        rows.push(for_people);
        let within = millis(LOOKED_UP_WITHIN);
        rows.iter_mut()
            .for_each(|row| row.due_at += self.rng().random_range(0..within));
        Ok(rows)
    }

    /// Returns the counters of the hashes in requests: of the requester, and of the peer where it was made.
    fn hashes_by(&self, tx: &Tx<'_>, request: &ContactRequest) -> Result<Vec<Counter>> {
        let what = match request.by() {
            By::Target => "hashes of requester",
            By::Anybody => "hashes over http of requester",
        };
        let of_requester = self.hashes_of(what, &request.from, self.settings.limits.hashes_per_day);
        let Some(peer) = &request.via else {
            return Ok(vec![of_requester]);
        };
        let (of_peer, now) = (self.hashes_of_peer(peer), self.clock.now());
        Ok(match request.by() {
            By::Target => {
                let of_requester = of_requester.sharing(&of_peer, tx, now)?;
                vec![of_peer, of_requester]
            }
            // Half of the day at most, so that these leave the rest to those who have asked themselves.
            By::Anybody => {
                let over_http = self.hashes_of("hashes over http of peer", peer, of_peer.limit / 2);
                let of_requester = of_requester.sharing(&over_http, tx, now)?;
                vec![of_peer, over_http, of_requester]
            }
        })
    }

    fn hashes_of_peer(&self, peer: &BareJid) -> Counter {
        // A peer that is none any more may ask for nothing.
        let limit = self.settings.peer(peer).map_or(0, |peer| peer.hashes_per_day);
        self.hashes_of("hashes of peer", peer, limit)
    }

    fn hashes_of(&self, what: &str, whose: &BareJid, limit: u32) -> Counter {
        Counter {
            key: self.keys.quota(what, &[&self.keys.owner(whose)]),
            name: Limit::Hashes,
            limit,
            window: DAY,
        }
    }

    /// Returns the time until a peer may ask for so many hashes again, if it has too few left of its day for anybody.
    pub(super) fn peer_waits_for(&self, tx: &dyn Read, peer: &BareJid, hashes: usize) -> Result<Option<Duration>> {
        let (counter, now) = (self.hashes_of_peer(peer), self.clock.now());
        let is_too_few =
            |used: u32| (counter.limit.saturating_sub(used) / 2) < u32::try_from(hashes).unwrap_or(u32::MAX);
        let used_up = tx.quota(&counter.key)?.filter(|quota| is_too_few(quota.used));
        let left = used_up.map_or(0, |quota| quota.resets_at.saturating_sub(now).min(millis(DAY)));
        Ok((left > 0).then(|| Duration::from_millis(left)))
    }

    /// Returns the subject of contact requests and introductions of `requester`: they are withdrawn when the requester is forgotten.
    pub(super) fn about_requester(&self, requester: &BareJid) -> Mac {
        self.keys.quota("requests of", &[&self.keys.owner(requester)])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::Clock;
    use crate::model::Keys;
    use crate::service::Settings;
    use crate::store::{Row, testing};

    #[tokio::test]
    async fn a_request_that_was_sealed_before_the_key_was_changed_is_sealed_anew() {
        let folder = tempfile::tempdir().unwrap();
        let keys = |byte| Keys::new(&zeroize::Zeroizing::new([byte; 32]));
        let store = testing::store(folder.path(), keys(7).check());
        let (clock, settings) = (Clock::system(), Settings::default());
        let service = Service::new(store, keys(7), clock, settings, Default::default());
        let hashes = vec![Hash::of("phone", "+447700900123")];
        let request = || ContactRequest {
            from: BareJid::new("michael@example.org").unwrap(),
            by_anybody: false,
            via: None,
            here: false,
            details: Vec::new(),
            hashes: hashes.clone(),
            ids: Vec::new(),
        };
        let sealed = || {
            let request = NewRequest {
                request: request(),
                asked: 1,
            };
            SealedRequest::by(&locked(&service.core), request).unwrap()
        };
        let opened = |sealed: SealedRequest| {
            let core = locked(&service.core);
            let row = Row {
                id: 1,
                about: Some(core.about_requester(&sealed.request.from)),
                payer: None,
                due_at: 0,
                tries: 0,
                returned: 0,
                is_taken: false,
                expires_at: 0,
                key: core.keys.number(),
                sealed: sealed.under(&core).unwrap()[0].sealed.clone(),
            };
            let request = core.open_request(&row).unwrap();
            assert_eq!(request.hashes, []);
            core.ids_of_request(&request)
        };
        let ids = || vec![locked(&service.core).ids_of_hash(&hashes[0])];
        assert_eq!(opened(sealed()), ids());
        let before = sealed();
        service.rekey(keys(8)).await.unwrap();
        assert_eq!(opened(before), ids());
    }
}
