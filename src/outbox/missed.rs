//! People whose servers say that they do not exist, until that is stored.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::BareJid;
use crate::service::Service;

/// The largest number of them. The next message counts for more.
pub(super) const MOST: usize = 10_000;

/// Those who were missed. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Missed(Arc<Mutex<Vec<BareJid>>>);

impl Missed {
    /// Keeps them until the outbox is tidied.
    pub(super) fn add(&self, people: Vec<BareJid>) {
        let mut missed = self.locked();
        let room = MOST.saturating_sub(missed.len());
        missed.extend(people.into_iter().take(room));
    }

    /// Stores all of them. At once and for each alone, that would delay the next answer, and more so for somebody with links. A failure is
    /// logged; the next missed message counts instead.
    pub(super) async fn store(&self, service: &Service) {
        let missed = mem::take(&mut *self.locked());
        if !missed.is_empty() {
            let _ = service.miss(missed).await;
        }
    }

    /// Returns their number.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.locked().len()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<BareJid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
