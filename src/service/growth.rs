//! Limits the growth of the database by strangers in a day: of each server, and of all other servers together.
//!
//! A JID that is not stored yet counts as a newcomer. The data that it adds beyond that row counts in bytes. Both are
//! counted by server ([`server_of`]), because a server has as many JIDs and subdomains as it likes. The own server's
//! people are not counted in bytes: each has own limits, and abuse there is a matter between them and the admin.
//! Requests over HTTP count apart, by the target's server and by the client's network, because nobody vouches for the
//! requester.

use std::net::IpAddr;

use super::error::{Error, Limit, Result};
use super::limits::{Counter, DAY, read_ahead, take_all};
use super::pending::NewCode;
use super::{By, Core, Tx};
use crate::model::server::{customer_of, server_of};
use crate::model::{BareJid, Mac};

/// All other servers together, or all clients over HTTP, may have this multiple of the limit of one.
const ALL: u32 = 10;
/// The size in bytes beyond which a JID counts as several newcomers.
const ORDINARY_JID: usize = 256;
/// The bytes of a hash of a contact request: the counter of a requester and a recipient, as if it were known.
pub(super) const HASH: usize = 100;
/// The bytes of a code besides its registration and its message: counters, and in the end a link and a token, names not counted.
const CODE: usize = 400;
/// The bytes of a message with a code in its row, without names.
const LETTER: usize = 250;
/// The bytes of a registration in its box, without names.
const REGISTRATION: usize = 520;
/// The bytes of an alias in that box: the digits of its hash.
const ALIAS: usize = 131;
/// The bytes of an alias' row in its box, without names: two hashes, and the overhead of a box.
const LINKED_ALIAS: usize = 200;
/// The bytes of a spelling in its box and in that of its registration, without names.
const SPELLING: usize = 650;
/// The bytes of a row besides its box: its MACs, there and in the indexes, and the free space on its pages.
const ROW: usize = 150;

/// The bytes that a peer may add for each of its hashes of a day: the hash itself, the counter, and its part of the requester's details.
const OF_PEER: u32 = 512;
/// The bytes of a day's requests of the own server's people that wait for one peer.
const FOR_PEER: u32 = 128 * 1024 * 1024;

/// SQLite's pages, in bytes.
const PAGE: usize = 4096;

/// Returns the bytes on disk of a row with so many bytes in its box.
pub(super) fn row(sealed: usize) -> usize {
    // A table without row ids keeps up to a quarter of a page with the row, MACs included, and the rest on pages of its own (SQLite's
    // file format, 1.6).
    const QUARTER: usize = 900;
    ROW + match sealed {
        ..=QUARTER => sealed,
        _ => QUARTER + sealed.next_multiple_of(PAGE),
    }
}

/// Returns the bytes on disk of a message of this size: a page, if two do not fit on one.
fn letter(bytes: usize) -> usize {
    const HALF: usize = 2000;
    match bytes {
        ..=HALF => bytes,
        _ => bytes.next_multiple_of(PAGE),
    }
}

/// Returns the bytes of a code for `target`, up to the link that it makes with `aliases` aliases. The message contains
/// the `id` of the identity.
pub(super) fn code(target: &BareJid, id: &str, aliases: usize, next: Option<&str>) -> usize {
    let target = target.as_str().len();
    // The id of a JID is stored twice if its server spells it in another way.
    let letter = letter(LETTER + target + 2 * id.len());
    let registration = row(REGISTRATION + aliases * ALIAS + target + next.map_or(0, str::len));
    CODE + registration + target + letter + aliases * row(LINKED_ALIAS + target)
}

/// Returns the bytes of a spelling by which a registration for `target` is found as well.
pub(super) fn spelling(target: &BareJid) -> usize {
    row(SPELLING + target.as_str().len())
}

/// The requester that stored data is counted for.
#[derive(Clone, Copy)]
pub(super) struct Payer<'a> {
    /// The requester, or the JID in whose name others ask.
    pub(super) jid: &'a BareJid,
    /// `true` if that JID itself asks, as far as somebody vouches for it.
    pub(super) by: By,
    /// The address of the client, over HTTP.
    pub(super) address: Option<IpAddr>,
}

impl<'a> Payer<'a> {
    /// Returns the payer of a code.
    pub(super) fn of(code: &'a NewCode, by: By) -> Self {
        Self {
            jid: &code.target,
            by,
            address: code.address,
        }
    }

    /// Returns the sender of a stanza as the payer.
    pub(super) fn sender(jid: &'a BareJid) -> Self {
        Self {
            jid,
            by: By::Target,
            address: None,
        }
    }
}

impl Core {
    /// Returns `true` if `jid` is an account of the server whose admin runs the service.
    pub(super) fn is_own(&self, jid: &BareJid) -> bool {
        self.settings.own_domains.contains(jid.domain().as_str())
    }

    /// Returns the MAC that stands for the server of `jid` in the names of counters.
    pub(super) fn server(&self, jid: &BareJid) -> Mac {
        self.keys
            .quota(&format!("server {}", server_of(jid.domain().as_str())), &[])
    }

    /// Counts `jid` for its server before data about it is stored. A JID that was counted today or is stored already
    /// does not count again; a long JID counts as several.
    ///
    /// # Errors
    /// `request_limit_reached` if it is one too many.
    pub(super) fn count_newcomer(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        self.renew(tx, jid)?;
        let (now, owner) = (self.clock.now(), self.keys.owner(jid));
        if tx.is_subscriber(&owner)? || tx.has_links(&owner)? {
            return Ok(());
        }
        let own = self.of_day("new JID", &[&owner], 1);
        let limit = self.settings.limits.new_jids_per_day;
        let counters = match self.is_own(jid) {
            // Other accounts below the same registered domain, like guests, are counted apart.
            true => vec![self.of_day("new JIDs of own server", &[], limit)],
            false => vec![
                self.of_day("new JIDs of server", &[&self.server(jid)], limit),
                self.of_day("new JIDs of servers", &[], limit.saturating_mul(ALL)),
            ],
        };
        read_ahead(tx, counters.iter().chain([&own]))?;
        if own.check(tx, now, 1).is_err() {
            return Ok(());
        }
        let rows = jid.as_str().len().div_ceil(ORDINARY_JID);
        take_all(&counters, tx, now, u32::try_from(rows).unwrap_or(u32::MAX))?;
        own.add(tx, now, 1).map(drop)
    }

    /// Counts `bytes` that are about to be stored for `payer`.
    ///
    /// # Errors
    /// `request_limit_reached` if they are too many.
    pub(super) fn grow(&self, tx: &Tx<'_>, payer: Payer<'_>, bytes: usize) -> Result<()> {
        self.count_bytes(tx, payer.by, &self.bytes_by(payer), bytes)
    }

    /// Counts `bytes` with the counters that [`Core::bytes_by`] or [`Core::bytes_in_bulk_by`] have returned for requests by `by`.
    ///
    /// # Errors
    /// As [`Core::grow`].
    pub(super) fn count_bytes(&self, tx: &Tx<'_>, by: By, counters: &[Counter], bytes: usize) -> Result<()> {
        if counters.is_empty() {
            return Ok(());
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        take_all(counters, tx, self.clock.now(), bytes)?;
        self.watch_growth(tx, by, bytes)
    }

    /// Returns the counters of the bytes that are stored for `payer`: none for the own server's people.
    pub(super) fn bytes_by(&self, payer: Payer<'_>) -> Vec<Counter> {
        self.bytes_up_to(payer, self.settings.limits.bytes_per_server_per_day)
    }

    /// The same, up to two thirds of the limit. So some is always left for requests that people make by hand.
    pub(super) fn bytes_in_bulk_by(&self, payer: Payer<'_>) -> Vec<Counter> {
        let limit = self.settings.limits.bytes_per_server_per_day;
        self.bytes_up_to(payer, limit - limit / 3)
    }

    fn bytes_up_to(&self, payer: Payer<'_>, limit: u32) -> Vec<Counter> {
        let Payer { jid, by, address } = payer;
        let server = self.server(jid);
        let mut counters = Vec::new();
        match by {
            By::Target if self.is_own(jid) => return counters,
            By::Target => counters.push(self.of_day("bytes of server", &[&server], limit)),
            // A client over HTTP only claims the name, and many of the own server's people may be behind few addresses.
            By::Anybody if self.is_own(jid) => {}
            By::Anybody => counters.push(self.of_day("bytes of server over http", &[&server], limit)),
        }
        if let Some(address) = address {
            let what = format!("bytes of network {}", customer_of(address));
            counters.push(self.of_day(&what, &[], limit));
        }
        let all = self.all_bytes(by, limit);
        counters.push(self.of_day(all.0, &[], all.1));
        counters
    }

    fn all_bytes(&self, by: By, limit: u32) -> (&'static str, u32) {
        let what = match by {
            By::Target => "bytes of servers",
            By::Anybody => "bytes over http",
        };
        (what, limit.saturating_mul(ALL))
    }

    /// Counts `bytes` that a request of `payer` at a peer adds to the database. A peer has its own limit, not that of its people's
    /// server, and each requester a share of it: those who may be anybody, of half of it.
    ///
    /// # Errors
    /// `request_limit_reached` if they are too many.
    pub(super) fn grow_by_peer(&self, tx: &Tx<'_>, peer: &BareJid, payer: Payer<'_>, bytes: usize) -> Result<()> {
        let (mac, requester) = (self.keys.owner(peer), self.keys.owner(payer.jid));
        let hashes = self.settings.peer(peer).map_or(0, |peer| peer.hashes_per_day);
        let limit = hashes.saturating_mul(OF_PEER);
        let of_peer = self.of_day("bytes of peer", &[&mac], limit);
        let of_one = |what| self.of_day(what, &[&mac, &requester], u32::MAX);
        match payer.by {
            By::Target => self.take_shared(
                tx,
                peer.as_str(),
                vec![of_peer],
                of_one("bytes of requester at peer"),
                bytes,
            ),
            By::Anybody => {
                let over_http = self.of_day("bytes over http of peer", &[&mac], limit / 2);
                let of_one = of_one("bytes over http of requester at peer");
                self.take_shared(tx, peer.as_str(), vec![of_peer, over_http], of_one, bytes)
            }
        }
    }

    /// Counts `bytes` of messages to peers, because of a request. Returns `false` if they are too many: then they are not kept, and the
    /// request is not refused for that.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn grow_for_peers(&self, tx: &Tx<'_>, payer: Payer<'_>, bytes: usize) -> Result<bool> {
        if bytes == 0 {
            return Ok(true);
        }
        let (of_all, of_one) = match payer.by {
            By::Target => ("bytes for peers", "bytes for peers of requester"),
            By::Anybody => ("bytes for peers over http", "bytes for peers over http of requester"),
        };
        let peers = u32::try_from(self.settings.peers.len()).unwrap_or(u32::MAX);
        let of_all = self.of_day(of_all, &[], FOR_PEER.saturating_mul(peers));
        let of_one = self.of_day(of_one, &[&self.keys.owner(payer.jid)], u32::MAX);
        match self.take_shared(tx, "all peers", vec![of_all], of_one, bytes) {
            Ok(()) => Ok(true),
            Err(Error::RequestLimitReached { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Counts `bytes` with `of_all`, of which the last is shared, and with `of_one`, the counter of one of those who share it. `peers`
    /// are named to the admin when half is used.
    fn take_shared(&self, tx: &Tx<'_>, peers: &str, of_all: Vec<Counter>, of_one: Counter, bytes: usize) -> Result<()> {
        let (now, bytes) = (self.clock.now(), u32::try_from(bytes).unwrap_or(u32::MAX));
        let Some(shared) = of_all.last() else { return Ok(()) };
        let of_one = of_one.sharing(shared, tx, now)?;
        let (used, limit) = (shared.used(tx, now)?, shared.limit);
        let counters: Vec<Counter> = of_all.into_iter().chain([of_one]).collect();
        take_all(&counters, tx, now, bytes)?;
        if used < limit / 2 && used.saturating_add(bytes) >= limit / 2 {
            tracing::warn!(
                peers,
                limit,
                remedy = "beyond the limit, requests wait until tomorrow or are not passed on; raise hashes_per_day of a peer whose \
                          requests these are, or set enabled = false for one that is down for long",
                "requests of peers, or for them, have used half of their bytes on the disk for a day"
            );
        }
        Ok(())
    }

    /// Tells the admin, once in a day, that somebody fills the disk from many servers, or many addresses.
    fn watch_growth(&self, tx: &Tx<'_>, by: By, bytes: u32) -> Result<()> {
        let (what, limit) = self.all_bytes(by, self.settings.limits.bytes_per_server_per_day);
        let used = self.of_day(what, &[], limit).used(tx, self.clock.now())?;
        let much = limit / 2;
        if used >= much && used.saturating_sub(bytes) < much {
            tracing::warn!(
                what,
                used,
                limit,
                remedy = "if these are your users, name their domains in access.own_server or raise \
                          limits.bytes_per_server_per_day; if not, somebody tries to fill your disk: block those servers",
                "strangers have used half of their bytes on the disk for a day"
            );
        }
        Ok(())
    }

    fn of_day(&self, what: &str, whose: &[&Mac], limit: u32) -> Counter {
        Counter {
            key: self.keys.quota(what, whose),
            name: Limit::Server,
            limit,
            window: DAY,
        }
    }
}
