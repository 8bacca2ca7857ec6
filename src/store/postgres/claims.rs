//! The messages that this instance has claimed, as it knows of them.
//!
//! The database says of a message only that this instance holds it. If the answer to a claim is lost, or nobody waits for it any
//! more, nobody works on the message, and the others take it to be held. So what is held without being known is freed again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::RwLock;

use crate::clock::Millis;
use crate::store::Lease;

/// The claims of this instance.
#[derive(Default)]
pub struct Claims {
    /// When the leases end.
    known: Mutex<HashMap<i64, Millis>>,
    /// `true` if the database may have claims that are not known.
    is_unsure: AtomicBool,
    /// Held by those who claim; by one alone who frees what is not known.
    pub claiming: RwLock<()>,
}

impl Claims {
    /// Notes claimed messages, and forgets those whose leases have ended.
    pub fn add(&self, rows: impl IntoIterator<Item = i64>, lease: Lease) {
        let mut known = self.locked();
        known.retain(|_, ends_at| *ends_at > lease.now);
        known.extend(rows.into_iter().map(|row| (row, lease.ends_at)));
    }

    /// Notes the end of claims.
    pub fn end(&self, rows: &[i64]) {
        let mut known = self.locked();
        for row in rows {
            known.remove(row);
        }
    }

    /// The database may have claims that are not known.
    pub fn doubt(&self) {
        self.is_unsure.store(true, Ordering::SeqCst);
    }

    /// Returns `true`, once, if there was a doubt.
    pub fn is_unsure(&self) -> bool {
        self.is_unsure.swap(false, Ordering::SeqCst)
    }

    /// Returns the claimed messages.
    pub fn known(&self) -> Vec<i64> {
        self.locked().keys().copied().collect()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<i64, Millis>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
