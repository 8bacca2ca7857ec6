//! What an engine does, and the handle by which it is used.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Read, Result, StoreError, Write};

/// Reads within one snapshot.
pub type ReadJob = Box<dyn FnOnce(&dyn Read) + Send>;
/// Writes within one transaction, which an error rolls back.
pub type WriteJob = Box<dyn FnOnce(&dyn Write) -> Result<()> + Send>;

/// Runs a transaction, and returns when it is durable or rolled back.
pub type Transact<'a> = dyn FnMut(&mut dyn FnMut(&dyn Write) -> Result<()>) -> Result<()> + 'a;
/// Transactions, one after the other, with nothing in between.
pub type LoneJob = Box<dyn FnOnce(&mut Transact<'_>) -> Result<()> + Send>;

/// What a store must be able to do.
pub trait Backend: Send + Sync {
    /// Runs `job`.
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<()>>;
    /// Runs `job`; resolves when its changes are durable, or with the error that rolled it back.
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>>;
    /// Runs `job` while nobody else writes.
    fn alone(&self, job: LoneJob) -> BoxFuture<'_, Result<()>>;
    /// Leaves nothing of deleted rows in journals, unless another process reads them: nobody waits for that, and it is to be
    /// tried again. Called when the outbox has drained.
    fn settle(&self) -> BoxFuture<'_, Result<()>>;
}

/// A handle to the store.
#[derive(Clone)]
pub struct Store(Arc<dyn Backend>);

impl Store {
    /// Uses `backend`.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self(Arc::new(backend))
    }

    /// What `question` answers.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .read(Box::new(move |read| {
                let _ = answer.send(question(read));
            }))
            .await?;
        result.await.unwrap_or_else(|_| Err(gone()))
    }

    /// What `change` answers, once it is durable.
    ///
    /// # Errors
    /// As [`StoreError`] says; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&dyn Write) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .write(Box::new(move |write| {
                let _ = answer.send(change(write)?);
                Ok(())
            }))
            .await?;
        result.await.map_err(|_| gone())
    }

    /// See [`Backend::alone`].
    ///
    /// # Errors
    /// As [`StoreError`] says, and those of `job`.
    pub async fn alone<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transact<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .alone(Box::new(move |transact| {
                let _ = answer.send(job(transact)?);
                Ok(())
            }))
            .await?;
        result.await.map_err(|_| gone())
    }

    /// See [`Backend::settle`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn settle(&self) -> Result<()> {
        self.0.settle().await
    }
}

fn gone() -> StoreError {
    StoreError("the store ended before it answered".into())
}
