//! The store over PostgreSQL, which several instances of the service share.
//!
//! Jobs run on threads that each have a connection (`pool`), those that wait in one transaction, which is serializable if it
//! changes something; if others' changes prevent it, it runs again. What lasts as long as an instance lives is in `instance`.

#![allow(
    clippy::disallowed_methods,
    reason = "these threads are its own, and wait for their connections alone"
)]

mod address;
mod alone;
mod claims;
mod connection;
mod error;
mod instance;
mod locks;
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
mod vanished;

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;

pub use self::address::Address;
pub use self::alone::AloneOn;
use self::claims::Claims;
use self::instance::Instance;
use self::pool::{Crew, Job, Pool};
use self::posts::Posts;
use self::session::Session;
use super::{Backend, Claimed, Lead, Lease, MadeWith, Queue, ReadJob, Result, Row, StoreError, Subscription, WriteJob};
use crate::model::Mac;
use crate::own_thread::cores;

/// The threads that change, and claim messages. Those of several would prevent each other, for many changes count with the same
/// counters.
const WRITERS: usize = 1;

/// The threads that look up, at most: each takes a connection of the server.
const MOST_READERS: usize = 16;

/// Returns the number of threads that look up: what waits is asked together, so more than there are cores are no gain.
fn readers() -> usize {
    cores().clamp(2, MOST_READERS)
}

/// A database, open for reading and writing.
#[derive(Clone)]
pub struct PostgresStore(Arc<StoreParts>);

struct StoreParts {
    readers: Pool,
    writers: Pool,
    instance: Instance,
    posts: Arc<Posts>,
    claims: Arc<Claims>,
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
        let claims = Arc::<Claims>::default();
        let pool = |threads, name| {
            let crew = Crew {
                address: address.clone(),
                holder: number,
                posts: posts.clone(),
                claims: claims.clone(),
            };
            Pool::start(threads, name, crew, instance.is_seen())
        };
        Ok(Self(Arc::new(StoreParts {
            readers: pool(readers(), "itseme-reader")?,
            writers: pool(WRITERS, "itseme-writer")?,
            instance,
            posts,
            claims,
        })))
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
            let found = client.query_one(locks::IN_USE, &[]).await;
            Ok(found.map_err(|error| error::of(&error))?.get("is_in_use"))
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
}

impl StoreParts {
    /// Runs a job that sees what others have changed meanwhile.
    async fn now<T: Send + 'static>(&self, job: impl Fn(&Session<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let answer = Arc::new(Mutex::new(None));
        let answered = answer.clone();
        let job = Job::Claim(Box::new(move |session| {
            let found = job(session)?;
            *pool::locked(&answered) = Some(found);
            Ok(())
        }));
        self.writers.run(job).await?;
        let found = pool::locked(&answer).take();
        found.ok_or_else(|| StoreError::Unavailable("the database ended before it answered".into()))
    }

    /// Frees messages that this instance holds without knowing of it.
    async fn free_unknown(&self) -> Result<()> {
        if !self.claims.is_unsure() {
            return Ok(());
        }
        let _alone = self.claims.claiming.write().await;
        let known = self.claims.known();
        let freed = self
            .now(move |session| queries::release_others(session, known.clone()))
            .await;
        freed.inspect_err(|_| self.claims.doubt())
    }

    /// Claims messages, and knows them.
    async fn claim_known<T: Send + 'static>(
        &self,
        job: impl Fn(&Session<'_>) -> Result<T> + Send + 'static,
        rows: fn(&T) -> Vec<i64>,
        lease: Lease,
    ) -> Result<T> {
        self.free_unknown().await?;
        let _claiming = self.claims.claiming.read().await;
        let claimed = self.now(job).await;
        match &claimed {
            Ok(found) => self.claims.add(rows(found), lease),
            Err(_) => self.claims.doubt(),
        }
        claimed
    }

    /// Claims messages in a task of its own: whatever becomes of who asks, they are known as claimed, or are freed.
    async fn claim_by<T: Send + 'static>(
        self: Arc<Self>,
        job: impl Fn(&Session<'_>) -> Result<T> + Send + 'static,
        rows: fn(&T) -> Vec<i64>,
        lease: Lease,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            let claimed = self.claim_known(job, rows, lease).await;
            let claims = self.claims.clone();
            let _ = answer.send(claimed.map(|found| OnTheWay {
                found: Some(found),
                rows,
                claims,
            }));
        });
        let ended = || StoreError::Unavailable("the database ended before it answered".into());
        answered.await.map_err(|_| ended())??.arrived().ok_or_else(ended)
    }
}

/// Claimed messages on the way to whoever asked. If they do not arrive, they are freed.
struct OnTheWay<T> {
    found: Option<T>,
    rows: fn(&T) -> Vec<i64>,
    claims: Arc<Claims>,
}

impl<T> OnTheWay<T> {
    fn arrived(mut self) -> Option<T> {
        self.found.take()
    }
}

impl<T> Drop for OnTheWay<T> {
    fn drop(&mut self) {
        if let Some(found) = &self.found {
            self.claims.end(&(self.rows)(found));
            self.claims.doubt();
        }
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
        self.read_ahead(Vec::new(), job)
    }

    fn read_ahead(&self, ids: Vec<Mac>, job: ReadJob) -> BoxFuture<'_, Result<()>> {
        self.0.readers.run(Job::Read(ids, job)).boxed()
    }

    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>> {
        self.0.writers.run(Job::Write(job)).boxed()
    }

    fn claim(&self, queue: Queue, limit: usize, lease: Lease) -> BoxFuture<'_, Result<Claimed>> {
        let rows = |claimed: &Claimed| claimed.rows.iter().map(|row| row.id).collect();
        let shared = self.0.clone();
        shared
            .claim_by(move |session| queries::claim(session, queue, limit, lease), rows, lease)
            .boxed()
    }

    fn claim_row(&self, row: i64, lease: Lease) -> BoxFuture<'_, Result<Option<Row>>> {
        let rows = |claimed: &Option<Row>| claimed.iter().map(|row| row.id).collect();
        let shared = self.0.clone();
        shared
            .claim_by(move |session| queries::claim_row(session, row, lease), rows, lease)
            .boxed()
    }

    fn release(&self, rows: Vec<i64>) -> BoxFuture<'_, Result<()>> {
        let shared = self.0.clone();
        // In a task of its own, for the same reason.
        let releasing = tokio::spawn(async move {
            shared.claims.end(&rows);
            let released = shared.now(move |session| queries::release(session, rows.clone())).await;
            released.inspect_err(|_| shared.claims.doubt())
        });
        let ended = |_| Err(StoreError::Unavailable("the database ended before it answered".into()));
        releasing.map(move |released| released.unwrap_or_else(ended)).boxed()
    }

    fn subscribe(&self, queue: Queue) -> Subscription {
        self.0.posts.subscribe(queue)
    }

    /// Journals are the server's.
    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        std::future::ready(Ok(())).boxed()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn declare_next_key(&self, next: Option<Mac>) {
        self.0.instance.declare(next.map(|next| next.0.to_vec()));
    }

    fn instances_without(&self, next: Mac) -> BoxFuture<'_, Result<Vec<String>>> {
        self.0
            .now(move |session| queries::instances_without(session, &next))
            .boxed()
    }

    fn lead(&self, queue: Queue) -> BoxFuture<'_, Result<Lead>> {
        async move {
            let shared = self.0.clone();
            // Dropped while it waits, it resigns as well.
            let mut lead = Lead::new(move || shared.instance.resign());
            let since = self.0.instance.lead().await;
            lead.until(self.0.instance.lost(since));
            self.0
                .now(move |session| queries::release_queue(session, queue))
                .await?;
            Ok(lead)
        }
        .boxed()
    }
}
