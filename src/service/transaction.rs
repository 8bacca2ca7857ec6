//! A transaction of the store, as the operations use it.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::error::{Error, Result};
use super::{Core, Service};
use crate::store::{Read, StoreError, Write};

/// A transaction that changes the store.
pub(super) type Tx<'a> = dyn Write + 'a;

/// The result of a transaction: an error of the store rolls it back, one of the domain is an answer.
pub(super) type Split<T> = std::result::Result<Result<T>, StoreError>;

/// Separates the errors of the store, which roll the changes back, from those of the domain, which keep them.
pub(super) fn split<T>(result: Result<T>) -> Split<T> {
    match result {
        Err(Error::Internal(error)) => Err(error),
        other => Ok(other),
    }
}

/// Joins both kinds of errors again, and logs those of the store.
pub(super) fn settle<T>(result: Split<T>) -> Result<T> {
    match result {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "the database failed");
            Err(Error::Internal(error))
        }
    }
}

impl Service {
    /// Returns the answer of `question`, which sees one moment.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        mut question: impl FnOnce(&Core, &dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        loop {
            let (core, as_of) = (self.core.clone(), locked(&self.core).state());
            let asked = self.store.read(move |tx| {
                let core = locked(&core);
                // Otherwise, `tx` may see a moment when there were other keys.
                match core.state() == as_of {
                    true => split(question(&core, tx)).map(Ok),
                    false => Ok(Err(question)),
                }
            });
            match asked.await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(not_asked)) => question = not_asked,
                Err(error) => return settle(Err(error)),
            }
        }
    }

    /// Runs `change` in one transaction, again if others' changes prevent it. An error of the domain keeps the changes (a wrong
    /// guess must count), one of the store rolls them back.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl Fn(&Core, &Tx<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let (core, store) = (self.core.clone(), self.store.clone());
        // In a task of its own: a change that has begun is finished, also if nobody waits for it any more.
        let changed = tokio::spawn(async move {
            let changed = store.write(move |write| {
                let core = locked(&core);
                split(core.prepare(write).and_then(|()| change(&core, write)))
            });
            changed.await
        });
        // The error's own words may quote what was being written.
        settle(
            changed
                .await
                .unwrap_or_else(|_| Err(StoreError::Unavailable("a change failed by a bug".into()))),
        )
    }
}

/// Returns the core, whose keys stay as they are as long as the result lives.
pub(super) fn locked(core: &RwLock<Core>) -> RwLockReadGuard<'_, Core> {
    core.read().unwrap_or_else(PoisonError::into_inner)
}
