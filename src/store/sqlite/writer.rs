//! The one connection that writes, on a thread of its own: whatever waits is committed together, so that one flush to
//! disk serves many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::{Result, StoreError, WriteJob};
use super::cache;
use super::claims::{Claims, Effects};
use super::journal::{BUSY, Journal};
use super::queries::Session;
use super::readers::Readers;
use crate::meters;

const WAITING: usize = 4096;
const TOGETHER: usize = 256;

/// Returns the settings of the connection that writes.
pub fn writing() -> String {
    let (cache, busy) = (cache(), BUSY.as_millis());
    format!(
        "PRAGMA busy_timeout = {busy}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
         PRAGMA cache_size = -{cache};"
    )
}

/// An order to the thread.
pub enum Order {
    /// Run a job in a transaction.
    Write(WriteJob),
    /// Empty the journal, if that can be done at once.
    Settle,
}

type Written = oneshot::Sender<Result<()>>;

/// The thread's front. Dropping it lets the thread finish what waits, and waits for that.
pub struct Writer {
    orders: Option<mpsc::Sender<(Order, Written)>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Writes over `connection` what the `readers` will see; `claims` hears what follows from it.
    pub fn start(connection: Connection, readers: Arc<Readers>, claims: Arc<Claims>) -> Result<Self> {
        let (orders, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("itseme-writer".into())
            .spawn(move || serve(&connection, &readers, &claims, waiting))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Resolves when the order is durably done.
    pub async fn submit(&self, order: Order) -> Result<()> {
        let ended = || StoreError::Unavailable("the database is closed".into());
        let (answer, done) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or_else(ended)?;
        orders.send((order, answer)).await.map_err(|_| ended())?;
        done.await.map_err(|_| ended())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, readers: &Readers, claims: &Claims, mut waiting: mpsc::Receiver<(Order, Written)>) {
    let (mut batch, mut journal) = (Vec::new(), Journal::default());
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        while batch.len() < TOGETHER {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        readers.without_snapshots(false, || perform(connection, claims, &mut journal, &mut batch));
    }
    // Leaves a single file behind, with nothing of deleted rows beside it.
    let _ = readers.without_snapshots(true, || journal.empty(connection));
}

fn perform(connection: &Connection, claims: &Claims, journal: &mut Journal, batch: &mut Vec<(Order, Written)>) {
    let (mut writes, mut settles) = (Vec::new(), Vec::new());
    for (order, answer) in batch.drain(..) {
        match order {
            Order::Write(job) => writes.push((job, answer)),
            Order::Settle => settles.push(answer),
        }
    }
    if !writes.is_empty() {
        meters::written(writes.len());
        commit_together(connection, claims, writes);
    }
    if !settles.is_empty() {
        let result = journal.empty(connection).map(drop);
        for answer in settles {
            let _ = answer.send(result.clone());
        }
    }
}

/// Runs every job in a savepoint of its own within one transaction, and answers when that is on disk.
fn commit_together(connection: &Connection, claims: &Claims, writes: Vec<(WriteJob, Written)>) {
    let (jobs, answers): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
    match run_all(connection, jobs) {
        Ok(results) => {
            for (result, answer) in results.into_iter().zip(answers) {
                let _ = answer.send(result.map(|effects| claims.follow(effects)));
            }
        }
        Err(error) => {
            let error = StoreError::from(error);
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// The jobs' results, once they are committed; the error if none of them is.
fn run_all(connection: &Connection, jobs: Vec<WriteJob>) -> rusqlite::Result<Vec<Result<Effects>>> {
    let mut transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(jobs.len());
    for job in jobs {
        results.push(in_savepoint(&mut transaction, job));
        // When the disk is full or fails, SQLite may roll everything back by itself. What is done after that would be
        // committed one by one, behind the backs of those who are told that it failed.
        if connection.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                Some("the database rolled the transaction back: is the disk full?".into()),
            ));
        }
    }
    transaction.commit()?;
    Ok(results)
}

fn in_savepoint(transaction: &mut Transaction<'_>, job: WriteJob) -> Result<Effects> {
    let savepoint = transaction.savepoint()?;
    let session = Session::new(&savepoint);
    // Dropped without a commit, a savepoint rolls back.
    catch_unwind(AssertUnwindSafe(|| job(&session)))
        .unwrap_or_else(|_| Err(StoreError::Unavailable("a write failed by a bug".into())))?;
    let Session(_, effects) = session;
    savepoint.commit()?;
    Ok(effects)
}
