//! tokio-postgres by itself, in one thread, a transaction for each request.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{RwLock, Semaphore};
use tokio::time::sleep;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::Database;
use super::transaction::{Connection, Kind, Transaction};

/// A transaction waits for its answers, so several go on at once. A change waits for the disk as well.
const READERS: usize = 4;
const WRITERS: usize = 8;
/// So often, a change is run beside others before it is run alone.
const BESIDE_OTHERS: u32 = 3;
/// The longest pause between two runs.
const JITTER: Duration = Duration::from_millis(5);
/// Others' changes prevent a change: it is run again.
const CONFLICTS: [SqlState; 4] = [
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::UNIQUE_VIOLATION,
    SqlState::LOCK_NOT_AVAILABLE,
];

/// Connections that look up, and connections that change.
#[derive(Debug)]
pub struct Bare {
    readers: Pool,
    writers: Pool,
    gate: RwLock<()>,
}

#[derive(Debug)]
struct Pool {
    permits: Semaphore,
    free: RefCell<Vec<Connection>>,
}

impl Pool {
    async fn open(database: &Database, connections: usize) -> Result<Self> {
        let mut free = Vec::new();
        for _ in 0..connections {
            free.push(Connection::open(database).await?);
        }
        Ok(Self { permits: Semaphore::new(connections), free: RefCell::new(free) })
    }

    /// Does something over a connection that is free, and waits for one.
    async fn with<T>(&self, act: impl AsyncFnOnce(&Connection) -> Result<T>) -> Result<T> {
        let _permit = self.permits.acquire().await?;
        let connection = self.free.borrow_mut().pop().context("no connection is free")?;
        let done = act(&connection).await;
        self.free.borrow_mut().push(connection);
        done
    }
}

impl Bare {
    /// Connects.
    pub async fn open(database: &Database) -> Result<Self> {
        let (readers, writers) = (Pool::open(database, READERS).await?, Pool::open(database, WRITERS).await?);
        Ok(Self { readers, writers, gate: RwLock::default() })
    }

    /// Looks something up.
    pub async fn read<T>(&self, job: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>) -> Result<T> {
        self.readers.with(async |connection| Ok(connection.transact(Kind::Read, job).await?)).await
    }

    /// Changes rows that are claimed for it.
    pub async fn claim<T>(&self, job: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>) -> Result<T> {
        self.writers.with(async |connection| Ok(connection.transact(Kind::Claim, job).await?)).await
    }

    /// Changes something, and again until no other change prevents it: at first beside others, and then alone.
    pub async fn change<T>(&self, job: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>) -> Result<T> {
        let change = async |connection: &Connection| {
            for _ in 0..BESIDE_OTHERS {
                let beside = self.gate.read().await;
                if let Some(done) = once(connection, &job).await? {
                    return Ok(done);
                }
                drop(beside);
                sleep(JITTER.mul_f64(rand::random())).await;
            }
            let _alone = self.gate.write().await;
            loop {
                if let Some(done) = once(connection, &job).await? {
                    return Ok(done);
                }
                sleep(JITTER.mul_f64(rand::random())).await;
            }
        };
        self.writers.with(change).await
    }
}

/// Runs a change; returns `None` if another one prevents it.
async fn once<T>(
    connection: &Connection,
    job: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
) -> Result<Option<T>> {
    match connection.transact(Kind::Write, job).await {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.code().is_some_and(|code| CONFLICTS.contains(code)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
