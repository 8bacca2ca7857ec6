//! The boxes of contact requests that wait.

use super::ContactRequest;
use crate::model::{Hash, Mac};
use crate::service::Core;
use crate::service::error::Result;
use crate::service::letters::outbox;
use crate::store::{Queue, Row};

/// The MACs by which a hash is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Ids {
    /// That under the current key.
    pub(in crate::service) id: Mac,
    /// That under the former one, while the key is changed: some links are still there.
    former: Option<Mac>,
}

impl Ids {
    /// Returns that under the former key: the same, if only the form of boxes is changed.
    pub(in crate::service) fn former(&self) -> Mac {
        self.former.unwrap_or(self.id)
    }
}

/// What stands behind the JSON of a waiting request, by the byte in between, which no JSON has.
mod behind {
    /// Hashes.
    pub(super) const HASHES: u8 = 0;
    /// MACs of hashes under the key of the box.
    pub(super) const IDS: u8 = 1;
    /// The same, each followed by that under the former key.
    pub(super) const BOTH: u8 = 2;
}

impl Core {
    /// Returns the MACs by which a hash is looked up.
    pub(in crate::service) fn ids_of_hash(&self, hash: &Hash) -> Ids {
        Ids {
            id: self.keys.id(hash),
            former: self.former.as_ref().map(|former| former.keys.id(hash)),
        }
    }

    /// Returns the MACs of all for whom a request waits.
    pub(in crate::service) fn ids_of_request(&self, request: &ContactRequest) -> Vec<Ids> {
        let hashes = request.hashes.iter().map(|hash| self.ids_of_hash(hash));
        request.ids.iter().copied().chain(hashes).collect()
    }

    /// Seals the box of a request for the people behind `ids`: the requester and the details as JSON, and the MACs. No hash is on the
    /// disk of somebody who is not known here.
    pub(in crate::service) fn seal_ids(
        &self,
        request: &ContactRequest,
        ids: impl Iterator<Item = Ids>,
    ) -> Result<Vec<u8>> {
        match self.former {
            None => self.seal_request(request, behind::IDS, ids.flat_map(|ids| ids.id.0)),
            Some(_) => {
                let both = ids.flat_map(|ids| [ids.id, ids.former()]);
                self.seal_request(request, behind::BOTH, both.flat_map(|id| id.0))
            }
        }
    }

    /// The same, of a request that waits for people who are known here, whatever the key is.
    pub(in crate::service) fn seal_hashes(&self, request: &ContactRequest) -> Result<Vec<u8>> {
        let hashes = request.hashes.iter().flat_map(|hash| *hash.as_bytes());
        self.seal_request(request, behind::HASHES, hashes)
    }

    fn seal_request(&self, request: &ContactRequest, kind: u8, behind: impl Iterator<Item = u8>) -> Result<Vec<u8>> {
        let mut plain = serde_json::to_vec(request).map_err(Self::broken)?;
        plain.push(kind);
        plain.extend(behind);
        let about = self.about_requester(&request.from);
        let place = outbox(Queue::REQUESTS.number(), Some(&about));
        Ok(self.keys.seal(place, &plain, &mut self.rng()))
    }

    /// Returns the content of a request's box.
    pub(in crate::service) fn open_request(&self, row: &Row) -> Option<ContactRequest> {
        self.intact("outbox", self.read_request(row))
    }

    fn read_request(&self, row: &Row) -> Result<ContactRequest> {
        let place = outbox(Queue::REQUESTS.number(), row.about.as_ref());
        let plain = self
            .under(row.key)?
            .keys
            .open(place, &row.sealed)
            .map_err(Self::broken)?;
        let end = plain.iter().position(|byte| *byte <= behind::BOTH);
        let (asker, rest) = plain.split_at(end.unwrap_or(plain.len()));
        // The message of serde_json may quote the value.
        let mut request: ContactRequest =
            serde_json::from_slice(asker).map_err(|_| Self::broken("a contact request's box holds something else"))?;
        match rest {
            [behind::HASHES, hashes @ ..] => {
                let (hashes, _) = hashes.as_chunks::<64>();
                request.hashes.extend(hashes.iter().copied().map(Hash::from));
            }
            [behind::IDS, ids @ ..] => {
                let (ids, _) = ids.as_chunks::<16>();
                let ids = ids.iter().map(|id| Ids {
                    id: Mac(*id),
                    former: None,
                });
                request.ids = ids.collect();
            }
            [behind::BOTH, ids @ ..] => {
                let (ids, _) = ids.as_chunks::<16>();
                let (pairs, _) = ids.as_chunks::<2>();
                let ids = pairs.iter().map(|[id, former]| Ids {
                    id: Mac(*id),
                    former: Some(Mac(*former)),
                });
                request.ids = ids.collect();
            }
            _ => {}
        }
        Ok(request)
    }
}
