//! The operations of an engine, and the handle to it.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, ready};
use tokio::sync::oneshot;

use super::{Claimed, Lead, Lease, Queue, Read, Result, Row, StoreError, Subscription, Write};
use crate::model::Mac;

/// Reads within one snapshot.
pub type ReadJob = Box<dyn FnOnce(&dyn Read) + Send>;
/// Writes within one transaction, which an error rolls back. It may be run again then.
pub type WriteJob = Arc<dyn Fn(&dyn Write) -> Result<()> + Send + Sync>;

/// The largest number of times that a change is run while others' changes prevent it.
const RUNS: usize = 5;

/// The operations of an engine.
pub trait Backend: Send + Sync {
    /// Runs `job`.
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<()>>;
    /// Runs `job`, which first asks for the owners of `ids`. An engine to which each question is a journey asks for those of many
    /// jobs together.
    fn read_ahead(&self, _ids: Vec<Mac>, job: ReadJob) -> BoxFuture<'_, Result<()>> {
        self.read(job)
    }
    /// Runs `job`; resolves when its changes are durable, or with the error that rolled it back.
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>>;
    /// Claims up to `limit` messages of `queue` that are due and free. At most one worker holds a message: others get it only
    /// when the lease has ended, the claim was released, or a change has ended it.
    fn claim(&self, queue: Queue, limit: usize, lease: Lease) -> BoxFuture<'_, Result<Claimed>>;
    /// Claims one message, due or not; `None` if it is not there, or somebody holds it.
    fn claim_row(&self, row: i64, lease: Lease) -> BoxFuture<'_, Result<Option<Row>>>;
    /// Releases claimed messages: they are as they were before.
    fn release(&self, rows: Vec<i64>) -> BoxFuture<'_, Result<()>>;
    /// Returns a subscription that is woken when any process puts messages into `queue`.
    fn subscribe(&self, queue: Queue) -> Subscription;
    /// Removes deleted rows from journals, unless another process reads them; then it is to be called again. Called when the
    /// outbox has drained.
    fn settle(&self) -> BoxFuture<'_, Result<()>>;
    /// Returns `true` if other instances may use the database. Then messages may appear in another order than that of their
    /// numbers.
    fn is_shared(&self) -> bool {
        false
    }
    /// Shows the other instances that this one has the next key that is known by `next`.
    fn declare_next_key(&self, _next: Option<Mac>) {}
    /// Returns the names of the other instances that do not have that key.
    fn instances_without(&self, _next: Mac) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(ready(Ok(Vec::new())))
    }
    /// Waits until this instance alone may take messages of `queue`. Those that a former leader has claimed are free then.
    fn lead(&self, _queue: Queue) -> BoxFuture<'_, Result<Lead>> {
        Box::pin(ready(Ok(Lead::of_the_only_one())))
    }
}

/// A handle to the store.
#[derive(Clone)]
pub struct Store(Arc<dyn Backend>);

impl Store {
    /// Uses `backend`.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self(Arc::new(backend))
    }

    /// Returns the answer of `question`.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read_ahead(Vec::new(), question).await
    }

    /// As [`Store::read`], of a question that first asks for the owners of `ids`: see [`Backend::read_ahead`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn read_ahead<T: Send + 'static>(
        &self,
        ids: Vec<Mac>,
        question: impl FnOnce(&dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        let job = Box::new(move |read: &dyn Read| {
            let _ = answer.send(question(read));
        });
        self.0.read_ahead(ids, job).await?;
        result.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Returns the answer of `change`, once it is durable. It is run again, up to five times in all, as long as the answer is
    /// [`StoreError::Retry`]: all that it does must be done by what it is given.
    ///
    /// # Errors
    /// As [`StoreError`] says; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl Fn(&dyn Write) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let answer = Arc::new(Mutex::new(None));
        let answered = answer.clone();
        let job: WriteJob = Arc::new(move |write| {
            let made = change(write)?;
            *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            Ok(())
        });
        let mut done = self.0.write(job.clone()).await;
        for _ in 1..RUNS {
            let Err(StoreError::Retry(_)) = done else { break };
            done = self.0.write(job.clone()).await;
        }
        done?;
        let made = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        made.ok_or_else(gone)
    }

    /// See [`Backend::claim`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn claim(&self, queue: Queue, limit: usize, lease: Lease) -> Result<Claimed> {
        self.0.claim(queue, limit, lease).await
    }

    /// See [`Backend::claim_row`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn claim_row(&self, row: i64, lease: Lease) -> Result<Option<Row>> {
        self.0.claim_row(row, lease).await
    }

    /// See [`Backend::release`].
    ///
    /// # Errors
    /// As [`StoreError`] says; the claims end with their leases then.
    pub async fn release(&self, rows: Vec<i64>) -> Result<()> {
        self.0.release(rows).await
    }

    /// See [`Backend::subscribe`].
    pub fn subscribe(&self, queue: Queue) -> Subscription {
        self.0.subscribe(queue)
    }

    /// See [`Backend::is_shared`].
    pub fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// See [`Backend::declare_next_key`].
    pub fn declare_next_key(&self, next: Option<Mac>) {
        self.0.declare_next_key(next);
    }

    /// See [`Backend::instances_without`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn instances_without(&self, next: Mac) -> Result<Vec<String>> {
        self.0.instances_without(next).await
    }

    /// See [`Backend::lead`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn lead(&self, queue: Queue) -> Result<Lead> {
        self.0.lead(queue).await
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
    StoreError::Unavailable("the store ended before it answered".into())
}
