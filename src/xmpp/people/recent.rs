//! Data about accounts, kept in memory only and for a limited time. When it is full, the account that has been quiet
//! for the longest time is removed: strangers can push out data, but their number never leads to a refusal. Accounts of
//! one server push out only accounts of that server, because a server can make up as many as it likes.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::clock::{Millis, millis};
use crate::model::BareJid;
use crate::model::server::server_of;

/// Accounts remembered at most of the own server, and as many of all others.
const MOST: usize = 10_000;
/// Of one server of others.
const OF_SERVER: usize = MOST / 10;
/// The number of times within the lifetime that expired accounts are looked for.
const SWEEPS: Millis = 16;

/// The domains of the own server.
pub type Own = Arc<BTreeSet<String>>;

/// A `T` for each account that was heard of within the lifetime.
pub struct Recent<T> {
    /// An account is forgotten after this time of silence.
    lifetime: Millis,
    own: Own,
    /// Accounts and servers are known by hashes that nobody knows beforehand: JIDs may be long, and would fill the memory.
    hasher: RandomState,
    accounts: Mutex<Accounts<T>>,
}

struct Accounts<T> {
    own: ByServer<T>,
    others: ByServer<T>,
    swept: Millis,
}

/// Accounts by their server, and their number.
struct ByServer<T> {
    servers: HashMap<u64, LruCache<u64, (Millis, T)>>,
    count: usize,
    of_server: usize,
}

impl<T: Default> Recent<T> {
    /// Forgets after `lifetime`; accounts of the domains `own` push out only each other.
    pub fn new(lifetime: Duration, own: Own) -> Self {
        Self {
            lifetime: millis(lifetime),
            own,
            hasher: RandomState::new(),
            accounts: Mutex::new(Accounts {
                own: ByServer::new(MOST),
                others: ByServer::new(OF_SERVER),
                swept: 0,
            }),
        }
    }

    /// Runs `act` with the data of `account`, which is heard of `now`.
    pub fn with<R>(&self, account: &BareJid, now: Millis, act: impl FnOnce(&mut T) -> R) -> R {
        let domain = account.domain().as_str();
        let node = account.node().map(|node| node.as_str());
        let name = self.hasher.hash_one((node, domain));
        let server = self.hasher.hash_one(server_of(domain));
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.sweep(now, self.lifetime);
        let by_server = match self.own.contains(domain) {
            true => &mut accounts.own,
            false => &mut accounts.others,
        };
        let (heard, value) = by_server.get(server, name, now, self.lifetime);
        *heard = now;
        act(value)
    }
}

impl<T: Default> Accounts<T> {
    fn sweep(&mut self, now: Millis, lifetime: Millis) {
        if now >= self.swept + lifetime / SWEEPS {
            self.swept = now;
            self.own.sweep(now, lifetime);
            self.others.sweep(now, lifetime);
        }
    }
}

impl<T: Default> ByServer<T> {
    fn new(of_server: usize) -> Self {
        Self {
            servers: HashMap::new(),
            count: 0,
            of_server,
        }
    }

    fn get(&mut self, server: u64, name: u64, now: Millis, lifetime: Millis) -> &mut (Millis, T) {
        let is_known = self.servers.get(&server).is_some_and(|own| own.contains(&name));
        if !is_known && self.count >= MOST {
            self.make_room();
        }
        let of_server = self.servers.entry(server).or_insert_with(LruCache::unbounded);
        self.count -= forget_quiet(of_server, now, lifetime);
        if !of_server.contains(&name) {
            match of_server.len() < self.of_server {
                true => self.count += 1,
                false => drop(of_server.pop_lru()),
            }
        }
        of_server.get_or_insert_mut(name, || (now, T::default()))
    }

    /// Forgets the quietest account of the server that has the most.
    fn make_room(&mut self) {
        let largest = self.servers.values_mut().max_by_key(|accounts| accounts.len());
        let forgotten = largest.and_then(LruCache::pop_lru);
        self.count -= usize::from(forgotten.is_some());
    }

    fn sweep(&mut self, now: Millis, lifetime: Millis) {
        for accounts in self.servers.values_mut() {
            self.count -= forget_quiet(accounts, now, lifetime);
        }
        self.servers.retain(|_, accounts| !accounts.is_empty());
    }
}

/// Removes the accounts that have expired, and returns their number.
fn forget_quiet<T>(accounts: &mut LruCache<u64, (Millis, T)>, now: Millis, lifetime: Millis) -> usize {
    let mut forgotten = 0;
    let is_quiet = |(_, (heard, _)): (&u64, &(Millis, T))| heard + lifetime <= now;
    while accounts.peek_lru().is_some_and(is_quiet) {
        accounts.pop_lru();
        forgotten += 1;
    }
    forgotten
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn jid(n: usize) -> BareJid {
        BareJid::new(&format!("user{n}@example.org")).unwrap()
    }

    fn others(server: usize, n: usize) -> BareJid {
        BareJid::new(&format!("user{n}@sub{n}.server{server}.example")).unwrap()
    }

    fn recent(lifetime: Duration) -> Recent<u32> {
        Recent::new(lifetime, Arc::new(["example.org".to_owned()].into()))
    }

    #[test]
    fn whoever_is_quiet_is_forgotten() {
        let recent = recent(Duration::from_secs(1));
        recent.with(&jid(1), NOW, |count| *count += 1);
        assert_eq!(recent.with(&jid(1), NOW + 999, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW + 1998, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW + 2999, |count| *count), 0);
    }

    #[test]
    fn nobody_who_is_quiet_takes_memory_for_long() {
        let recent = recent(Duration::from_secs(1));
        for n in 0..10 {
            recent.with(&jid(n), NOW, |count| *count += 1);
            recent.with(&others(n, n), NOW, |count| *count += 1);
        }
        recent.with(&jid(0), NOW + 2000, |_| ());
        let accounts = recent.accounts.lock().unwrap();
        assert_eq!((accounts.own.count, accounts.others.count), (1, 0));
        assert!(accounts.others.servers.is_empty());
    }

    #[test]
    fn a_crowd_pushes_out_the_quietest_only() {
        let recent = recent(Duration::from_secs(1000));
        for n in 0..MOST {
            recent.with(&jid(n), NOW, |count| *count = 1);
        }
        recent.with(&jid(0), NOW, |_| ());
        recent.with(&jid(MOST), NOW, |count| *count = 1);
        assert_eq!(recent.with(&jid(0), NOW, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW, |count| *count), 0);
    }

    #[test]
    fn a_server_pushes_out_none_but_its_own() {
        let recent = recent(Duration::from_secs(1000));
        let count = |jid: &BareJid| recent.with(jid, NOW, |count| *count);
        let honest: Vec<BareJid> = (0..100).map(jid).chain((0..100).map(|n| others(1, n))).collect();
        for account in &honest {
            recent.with(account, NOW, |count| *count = 1);
        }
        for n in 0..2 * MOST {
            recent.with(&others(2, n), NOW, |count| *count = 1);
        }
        assert!(honest.iter().all(|account| count(account) == 1));
        assert_eq!(count(&others(2, 0)), 0);
        assert_eq!(count(&others(2, 2 * MOST - 1)), 1);
        // And many servers push out those that have more accounts.
        for server in 10..30 {
            for n in 0..OF_SERVER {
                recent.with(&others(server, n), NOW, |count| *count = 1);
            }
        }
        assert!(honest.iter().all(|account| count(account) == 1));
        let accounts = recent.accounts.lock().unwrap();
        assert_eq!(accounts.others.count, MOST);
        let there: usize = accounts.others.servers.values().map(LruCache::len).sum();
        assert_eq!(there, MOST);
    }
}
