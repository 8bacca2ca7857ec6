//! What is remembered of accounts for a while, in memory alone. Full, it forgets whoever has been quiet the longest: a
//! crowd of strangers can make it forget, but not refuse.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::clock::{Millis, millis};
use crate::model::BareJid;

/// Accounts remembered at most.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// A `T` for each account that was heard of lately.
pub struct Recent<T> {
    /// Whoever is quiet for so long is forgotten.
    lifetime: Millis,
    accounts: Mutex<LruCache<BareJid, (Millis, T)>>,
}

impl<T: Default> Recent<T> {
    /// Forgets after `lifetime`.
    pub fn new(lifetime: Duration) -> Self {
        Self {
            lifetime: millis(lifetime),
            accounts: Mutex::new(LruCache::new(MOST)),
        }
    }

    /// Does something with what is remembered of `account`, which is heard of `now`.
    pub fn with<R>(&self, account: &BareJid, now: Millis, act: impl FnOnce(&mut T) -> R) -> R {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        while accounts
            .peek_lru()
            .is_some_and(|(_, (heard, _))| heard + self.lifetime <= now)
        {
            accounts.pop_lru();
        }
        let (heard, value) = accounts.get_or_insert_mut(account.clone(), || (now, T::default()));
        *heard = now;
        act(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn jid(n: usize) -> BareJid {
        BareJid::new(&format!("user{n}@example.org")).unwrap()
    }

    #[test]
    fn whoever_is_quiet_is_forgotten() {
        let recent: Recent<u32> = Recent::new(Duration::from_secs(1));
        recent.with(&jid(1), NOW, |count| *count += 1);
        assert_eq!(recent.with(&jid(1), NOW + 999, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW + 1998, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW + 2999, |count| *count), 0);
    }

    #[test]
    fn a_crowd_pushes_out_the_quietest_only() {
        let recent: Recent<u32> = Recent::new(Duration::from_secs(1000));
        for n in 0..MOST.get() {
            recent.with(&jid(n), NOW, |count| *count = 1);
        }
        recent.with(&jid(0), NOW, |_| ());
        recent.with(&jid(MOST.get()), NOW, |count| *count = 1);
        assert_eq!(recent.with(&jid(0), NOW, |count| *count), 1);
        assert_eq!(recent.with(&jid(1), NOW, |count| *count), 0);
    }
}
