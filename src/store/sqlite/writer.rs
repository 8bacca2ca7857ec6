//! The one connection that writes, on a thread of its own: whatever waits is committed together, so that one flush to
//! disk serves many.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::super::{Result, StoreError, WriteJob};
use super::cache;
use super::claims::{Claims, Effects};
use super::filter::Filter;
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
    pub fn start(
        connection: Connection,
        readers: Arc<Readers>,
        claims: Arc<Claims>,
        filter: Arc<Filter>,
    ) -> Result<Self> {
        let (orders, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("itseme-writer".into())
            .spawn(move || {
                let database = Database {
                    connection,
                    claims,
                    filter,
                };
                serve(&database, &readers, waiting);
            })
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

/// The connection, and who is told of the changes.
struct Database {
    connection: Connection,
    claims: Arc<Claims>,
    filter: Arc<Filter>,
}

fn serve(database: &Database, readers: &Readers, mut waiting: mpsc::Receiver<(Order, Written)>) {
    let (mut batch, mut journal) = (Vec::new(), Journal::default());
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        while batch.len() < TOGETHER {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        readers.without_snapshots(false, || perform(database, &mut journal, &mut batch));
    }
    // Leaves a single file behind, with nothing of deleted rows beside it.
    let _ = readers.without_snapshots(true, || journal.empty(&database.connection));
}

fn perform(database: &Database, journal: &mut Journal, batch: &mut Vec<(Order, Written)>) {
    let (mut writes, mut settles) = (Vec::new(), Vec::new());
    for (order, answer) in batch.drain(..) {
        match order {
            Order::Write(job) => writes.push((job, answer)),
            Order::Settle => settles.push(answer),
        }
    }
    if !writes.is_empty() {
        meters::written(writes.len());
        commit_together(database, writes);
    }
    if !settles.is_empty() {
        let result = journal.empty(&database.connection).map(drop);
        for answer in settles {
            let _ = answer.send(result.clone());
        }
    }
}

/// Runs all jobs in one transaction, each in a savepoint of its own unless it is alone, and answers when that is on disk.
fn commit_together(database: &Database, writes: Vec<(WriteJob, Written)>) {
    let (jobs, answers): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
    match run_all(database, jobs) {
        Ok(results) => {
            for (result, answer) in results.into_iter().zip(answers) {
                let _ = answer.send(result.map(|effects| database.claims.follow(effects, &database.filter)));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// The jobs' results, once they are committed; the error if none of them is.
fn run_all(database: &Database, jobs: Vec<WriteJob>) -> Result<Vec<Result<Effects>>> {
    let Database { connection, filter, .. } = database;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let _changing = filter.change(connection)?;
    let mut results = Vec::with_capacity(jobs.len());
    let is_alone = jobs.len() == 1;
    for job in jobs {
        results.push(match is_alone {
            true => run(connection, filter, &job),
            false => in_savepoint(connection, filter, &job)?,
        });
        // When the disk is full or fails, SQLite may roll everything back by itself. What is done after that would be
        // committed one by one, behind the backs of those who are told that it failed.
        if connection.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                Some("the database rolled the transaction back: is the disk full?".into()),
            )
            .into());
        }
    }
    match results[..] {
        [Err(_)] => transaction.rollback()?,
        _ => transaction.commit()?,
    }
    Ok(results)
}

/// Runs a job that is rolled back alone if it fails.
fn in_savepoint(connection: &Connection, filter: &Filter, job: &WriteJob) -> Result<Result<Effects>> {
    let execute = |sql| connection.prepare_cached(sql)?.execute([]);
    execute("SAVEPOINT job")?;
    let done = run(connection, filter, job);
    if !connection.is_autocommit() {
        if done.is_err() {
            execute("ROLLBACK TO job")?;
        }
        execute("RELEASE job")?;
    }
    Ok(done)
}

fn run(connection: &Connection, filter: &Filter, job: &WriteJob) -> Result<Effects> {
    let session = Session::with(connection, filter);
    catch_unwind(AssertUnwindSafe(|| job(&session)))
        .unwrap_or_else(|_| Err(StoreError::Unavailable("a write failed by a bug".into())))?;
    Ok(session.1)
}
