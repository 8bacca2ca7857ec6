//! A transaction of the store, as the operations use it.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::error::{Error, Result};
use super::{Core, Service};
use crate::model::Hash;
use crate::store::{KeyState, Read, StoreError, Write};

/// The largest number of hashes whose owners are asked for together with those of other questions.
const ASKED_AHEAD: usize = 16;

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
        question: impl Fn(&Core, &dyn Read) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.ask_of(&[], question).await
    }

    /// As [`Service::ask`], of a question that first asks for the owners of `hashes`.
    pub(super) async fn ask_of<T: Send + 'static>(
        &self,
        hashes: &[Hash],
        question: impl Fn(&Core, &dyn Read) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let question = Arc::new(question);
        // Many are one question anyway.
        let is_ahead = self.store.is_shared() && hashes.len() <= ASKED_AHEAD;
        let ahead = if is_ahead { hashes } else { &[] };
        loop {
            let question = question.clone();
            let (ids, as_of) = {
                let core = locked(&self.core);
                let ids = ahead.iter().flat_map(|hash| core.macs(|core| Some(core.keys.id(hash))));
                (ids.collect(), core.state())
            };
            let core = self.core.clone();
            let asked = self.store.read_ahead(ids, move |tx| {
                let core = locked(&core);
                // Otherwise, `tx` may see a moment when there were other keys.
                if core.state() != as_of {
                    return Ok(Attempt::Later);
                }
                let answer = split(question(&core, tx));
                match is_under(tx, &core)? {
                    true => answer.map(Attempt::Answered),
                    false => Ok(Attempt::UnderOtherKeys),
                }
            });
            match asked.await {
                Ok(Attempt::Answered(answer)) => return answer,
                Ok(Attempt::Later) => {}
                // Boxed, because it is rare, and each question would carry its state.
                Ok(Attempt::UnderOtherKeys) => settle(Box::pin(self.take_other_keys(as_of)).await.map(Ok))?,
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
        let (service, change) = (self.clone(), Arc::new(change));
        // In a task of its own: a change that has begun is finished, also if nobody waits for it any more.
        let changed = tokio::spawn(async move {
            loop {
                match service.change_once(change.clone()).await {
                    Err(StoreError::OtherKeys(as_of)) => service.take_other_keys(as_of).await?,
                    other => return other,
                }
            }
        });
        // The error's own words may quote what was being written.
        let changed = changed.await;
        let changed = changed.unwrap_or_else(|_| Err(StoreError::Unavailable("a change failed by a bug".into())));
        self.health.changed(changed.is_ok(), self.clock.now());
        settle(changed)
    }

    pub(super) async fn change_once<T: Send + 'static>(
        &self,
        change: Arc<impl Fn(&Core, &Tx<'_>) -> Result<T> + Send + Sync + 'static>,
    ) -> Split<T> {
        let core = self.core.clone();
        let changed = self.store.write(move |write| {
            let core = locked(&core);
            let changed = split(core.prepare(write).and_then(|()| change(&core, write)));
            // First, because under other keys all else that went wrong is no wonder.
            match is_under(write, &core)? {
                true => changed,
                false => Err(StoreError::OtherKeys(core.state())),
            }
        });
        changed.await
    }

    /// Takes the keys that another instance has put the database under, if they are still those of that state.
    async fn take_other_keys(&self, as_of: KeyState) -> std::result::Result<(), StoreError> {
        let _exchange = self.exchange.lock().await;
        if locked(&self.core).state() != as_of {
            return Ok(());
        }
        let missing =
            |reason: String| StoreError::Unavailable(format!("another instance has changed the key: {reason}"));
        let source = self.keys_from.get().cloned();
        let source = source.ok_or_else(|| missing("restart this one with the new key".into()))?;
        let taken = tokio::task::spawn_blocking(move || source()).await;
        let keyring = taken.map_err(|error| missing(error.to_string()))?.map_err(missing)?;
        let mut core = self.core.write().unwrap_or_else(PoisonError::into_inner);
        let taken = core.under_ring(keyring);
        if taken.state() == as_of {
            return Err(missing(
                "it is not here: copy the key file of that one to store.key_file".into(),
            ));
        }
        *core = taken;
        Ok(())
    }
}

/// The answer of a question.
enum Attempt<T> {
    Answered(Result<T>),
    /// The keys were exchanged before it was asked.
    Later,
    /// Another instance has changed the keys.
    UnderOtherKeys,
}

/// Returns `true` if the keys of `core` are those of the database as the transaction sees it.
fn is_under(tx: &(impl Read + ?Sized), core: &Core) -> std::result::Result<bool, StoreError> {
    let state = tx.key_state()?;
    Ok(state.is_none_or(|state| state == core.state()))
}

/// Returns the core, whose keys stay as they are as long as the result lives.
pub(super) fn locked(core: &RwLock<Core>) -> RwLockReadGuard<'_, Core> {
    core.read().unwrap_or_else(PoisonError::into_inner)
}
