//! The store over PostgreSQL, which several instances of the service share.
//!
//! A job runs on a thread of its own with a connection of its own (`pool`), in a transaction that is serializable; if others'
//! changes prevent it, it runs again. What lasts as long as an instance lives is in `instance`.

#![allow(
    clippy::disallowed_methods,
    reason = "these threads are its own, and wait for their connections alone"
)]

mod address;
mod alone;
mod connection;
mod error;
mod instance;
mod migrations;
mod pool;
mod posts;
mod queries;
mod roster;
mod session;
#[cfg(test)]
mod tests;
mod tls;
mod value;

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_postgres::Client;

pub use self::address::Address;
pub use self::alone::AloneOn;
use self::instance::Instance;
use self::pool::{Job, Pool};
use self::posts::Posts;
use super::{Backend, Claimed, Lead, Lease, MadeWith, Queue, ReadJob, Result, Row, StoreError, Subscription, WriteJob};
use crate::model::Mac;

/// The threads that look up. A change waits for the disk, so changes have more.
const READERS: usize = 4;
/// The threads that change.
const WRITERS: usize = 8;

/// A database, open for reading and writing.
pub struct PostgresStore {
    readers: Pool,
    writers: Pool,
    instance: Arc<Instance>,
    posts: Arc<Posts>,
}

impl PostgresStore {
    /// Opens the database at `address`, makes its tables if there are none, and brings them up to date. `key_check` tells if
    /// the database was made with the key in use.
    ///
    /// # Errors
    /// If the server cannot be used, or the database belongs to a newer version of the service or to another key.
    pub fn open(address: &Address, key_check: Mac) -> Result<Self> {
        let posts = Arc::<Posts>::default();
        // The connection holds the lock of the start until this instance is seen by others.
        let (number, instance) = asking(address, async |mut client| {
            let number = migrations::run(&mut client, key_check).await?;
            Ok((number, Instance::start(address, number, &posts)?))
        })?;
        Ok(Self {
            readers: Pool::start(READERS, "itseme-reader", address, number, &posts)?,
            writers: Pool::start(WRITERS, "itseme-writer", address, number, &posts)?,
            instance: Arc::new(instance),
            posts,
        })
    }

    /// Looks at the database without changing it; without a key, at the server alone. Describes both, behind a semicolon.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub fn check(address: &Address, key_check: Option<Mac>) -> Result<String> {
        asking(address, async |client| {
            migrations::check(&client, key_check).await?;
            roster::describe(&client).await
        })
    }

    /// Returns `true` if an instance uses the database.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub fn is_in_use(address: &Address) -> Result<bool> {
        asking(address, async |client| {
            let alone = client
                .query_one(instance::ALONE, &[])
                .await
                .map_err(|error| error::of(&error))?;
            Ok(!alone.get::<_, bool>("is_held"))
        })
    }

    /// Returns how many links of how many were renewed; `None` if the key is not being changed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn rekeyed(address: &Address) -> Result<Option<(u64, u64)>> {
        asking(address, async |client| migrations::progress(&client).await)
    }

    /// Returns the keys that the database is under; `None` if it has no tables yet.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn made_with(address: &Address) -> Result<Option<MadeWith>> {
        asking(address, async |client| migrations::made_with(&client).await)
    }

    fn claimed<T: Send + 'static>(
        &self,
        job: impl Fn(&session::Session<'_>) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'_, Result<T>> {
        let answer = Arc::new(Mutex::new(None));
        let answered = answer.clone();
        let job = Job::Claim(Box::new(move |session| {
            let found = job(session)?;
            *pool::locked(&answered) = Some(found);
            Ok(())
        }));
        async move {
            self.writers.run(job).await?;
            let found = pool::locked(&answer).take();
            found.ok_or_else(|| StoreError::Unavailable("the database ended before it answered".into()))
        }
        .boxed()
    }
}

/// Returns the answer of `question`, on a thread of its own: the present one may serve others.
fn asking<T: Send>(address: &Address, question: impl AsyncFnOnce(Client) -> Result<T> + Send) -> Result<T> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        runtime.block_on(async {
            let (told, _) = mpsc::unbounded_channel();
            question(address.connect(told).await?).await
        })
    };
    let asked = std::thread::scope(|threads| threads.spawn(ask).join());
    asked.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(
            "a question to the database failed by a bug".into(),
        ))
    })
}

impl Backend for PostgresStore {
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<()>> {
        self.readers.run(Job::Read(job)).boxed()
    }

    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>> {
        self.writers.run(Job::Write(job)).boxed()
    }

    fn claim(&self, queue: Queue, limit: usize, lease: Lease) -> BoxFuture<'_, Result<Claimed>> {
        self.claimed(move |session| queries::claim(session, queue, limit, lease))
    }

    fn claim_row(&self, row: i64, lease: Lease) -> BoxFuture<'_, Result<Option<Row>>> {
        self.claimed(move |session| queries::claim_row(session, row, lease))
    }

    fn release(&self, rows: Vec<i64>) -> BoxFuture<'_, Result<()>> {
        self.claimed(move |session| queries::release(session, rows.clone()))
    }

    fn subscribe(&self, queue: Queue) -> Subscription {
        self.posts.subscribe(queue)
    }

    /// Journals are the server's.
    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        std::future::ready(Ok(())).boxed()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn declare_next_key(&self, next: Option<Mac>) {
        self.instance.declare(next.map(|next| next.0.to_vec()));
    }

    fn instances_without(&self, next: Mac) -> BoxFuture<'_, Result<Vec<String>>> {
        self.claimed(move |session| queries::instances_without(session, &next))
    }

    fn lead(&self, queue: Queue) -> BoxFuture<'_, Result<Lead>> {
        async move {
            self.instance.lead().await;
            let lost = self.instance.lost();
            let instance = self.instance.clone();
            self.claimed(move |session| queries::release_queue(session, queue))
                .await?;
            Ok(Lead::new(lost, move || instance.resign()))
        }
        .boxed()
    }
}
