//! Limits the stanzas that are handled at once: in total, of one server, and of one account, so that nobody keeps the others out.

use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use xmpp_parsers::jid::Jid;

use crate::model::server::server_of;

/// Stanzas handled at once.
const MOST: usize = 1024;
/// Stanzas of one server that are handled at once.
const OF_SERVER: usize = MOST / 2;
/// The range of the number of one account's stanzas at once: the number of its requests per second, within this range.
const OF_ACCOUNT: RangeInclusive<usize> = 16..=OF_SERVER / 2;
/// Senders fall into this many counters by a hash that nobody can predict. So memory does not depend on the number of
/// senders.
const PLACES: usize = 4096;

/// The reason why a stanza cannot be handled now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The sender has too many in hand.
    Sender,
    /// All together have too many in hand.
    All,
}

/// The stanzas in hand.
pub struct ConcurrencyLimits {
    of_account: usize,
    all: AtomicUsize,
    servers: Box<[AtomicUsize]>,
    accounts: Box<[AtomicUsize]>,
    hasher: RandomState,
}

impl ConcurrencyLimits {
    /// Allows an account as many stanzas at once as requests per second, within `OF_ACCOUNT`.
    pub fn new(requests_per_second: u32) -> Arc<Self> {
        let places = || (0..PLACES).map(|_| AtomicUsize::new(0)).collect();
        let per_second = usize::try_from(requests_per_second).unwrap_or(usize::MAX);
        Arc::new(Self {
            of_account: per_second.clamp(*OF_ACCOUNT.start(), *OF_ACCOUNT.end()),
            all: AtomicUsize::new(0),
            servers: places(),
            accounts: places(),
            hasher: RandomState::new(),
        })
    }

    /// Counts a stanza of `sender` until the returned value is dropped.
    pub fn take(self: &Arc<Self>, sender: &Jid) -> Result<InHand, Full> {
        let domain = sender.domain().as_str();
        let account = (sender.node().map(|node| node.as_str()), domain);
        let in_hand = InHand {
            limits: self.clone(),
            server: self.place(&server_of(domain)),
            account: self.place(&account),
        };
        let counted = in_hand
            .counters()
            .map(|counter| counter.fetch_add(1, Ordering::Relaxed));
        match counted {
            [all, ..] if all >= MOST => Err(Full::All),
            [_, server, account] if server >= OF_SERVER || account >= self.of_account => Err(Full::Sender),
            _ => Ok(in_hand),
        }
    }

    /// Returns the number of stanzas that are being handled.
    pub fn in_hand(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    fn place(&self, of: &impl std::hash::Hash) -> usize {
        self.hasher.hash_one(of) as usize % PLACES
    }
}

/// A stanza that is being handled.
pub struct InHand {
    limits: Arc<ConcurrencyLimits>,
    server: usize,
    account: usize,
}

impl InHand {
    fn counters(&self) -> [&AtomicUsize; 3] {
        let Self {
            limits,
            server,
            account,
        } = self;
        [&limits.all, &limits.servers[*server], &limits.accounts[*account]]
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        for counter in self.counters() {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn take(limits: &Arc<ConcurrencyLimits>, name: usize, server: &str) -> Result<InHand, Full> {
        limits.take(&Jid::new(&format!("u{name}@{server}/r")).unwrap())
    }

    #[test]
    fn an_account_has_a_share_whatever_its_resource() {
        let limits = ConcurrencyLimits::new(10);
        let held: Vec<_> = (0..*OF_ACCOUNT.start())
            .map(|_| take(&limits, 1, "a.example").unwrap())
            .collect();
        assert_eq!(take(&limits, 1, "a.example").err(), Some(Full::Sender));
        let elsewhere = limits.take(&Jid::new("u1@a.example/elsewhere").unwrap());
        assert_eq!(elsewhere.err(), Some(Full::Sender));
        assert!(take(&limits, 2, "a.example").is_ok());
        drop(held);
        assert!(take(&limits, 1, "a.example").is_ok());
    }

    #[test]
    fn an_account_leaves_room_for_others_of_its_server_whatever_it_may_ask() {
        let limits = ConcurrencyLimits::new(u32::MAX);
        let held: Vec<_> = (0..).map_while(|_| take(&limits, 1, "a.example").ok()).collect();
        assert_eq!(held.len(), *OF_ACCOUNT.end());
        assert!(take(&limits, 2, "a.example").is_ok());
    }

    #[test]
    fn a_server_has_half_of_it_with_however_many_accounts() {
        let limits = ConcurrencyLimits::new(10);
        let held: Vec<_> = (0..).map_while(|n| take(&limits, n, "a.example").ok()).collect();
        assert!(held.len() <= OF_SERVER);
        let others: Vec<_> = (0..).map_while(|n| take(&limits, n, "b.example").ok()).collect();
        assert!(others.len() > OF_SERVER / 2);
    }

    #[test]
    fn subdomains_are_no_other_servers() {
        let limits = ConcurrencyLimits::new(10);
        let below = |n: usize| take(&limits, n, &format!("s{}.evil.example", n % 8)).ok();
        let held: Vec<_> = (0..).map_while(below).collect();
        assert!(held.len() <= OF_SERVER);
        assert!(take(&limits, 1, "a.example").is_ok());
    }

    #[test]
    fn all_together_have_no_more_than_there_is() {
        let limits = ConcurrencyLimits::new(10_000);
        let held: Vec<_> = (0..MOST)
            .map(|n| take(&limits, n, &format!("{n}.example")).unwrap())
            .collect();
        assert_eq!(take(&limits, MOST, "z.example").err(), Some(Full::All));
        drop(held);
        assert_eq!(limits.all.load(Ordering::Relaxed), 0);
        assert!(
            limits
                .accounts
                .iter()
                .chain(&limits.servers)
                .all(|count| count.load(Ordering::Relaxed) == 0)
        );
    }
}
