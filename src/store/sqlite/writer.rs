//! The one connection that writes, on a thread of its own: whatever waits is committed together, so that one flush to
//! disk serves many.

use std::mem;
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
                let database = WriteConnection {
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
struct WriteConnection {
    connection: Connection,
    claims: Arc<Claims>,
    filter: Arc<Filter>,
}

fn serve(database: &WriteConnection, readers: &Readers, mut waiting: mpsc::Receiver<(Order, Written)>) {
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

fn perform(database: &WriteConnection, journal: &mut Journal, batch: &mut Vec<(Order, Written)>) {
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

/// Runs all jobs in one transaction, and answers when that is on disk.
fn commit_together(database: &WriteConnection, writes: Vec<(WriteJob, Written)>) {
    let (jobs, answers): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
    let run = match jobs.len() {
        1 => run_together(database, &jobs),
        // Savepoints keep a copy of each page: they are worth it only if one of the jobs fails.
        _ => run_together(database, &jobs).or_else(|_| run_apart(database, &jobs)),
    };
    let results = run.unwrap_or_else(|error| jobs.iter().map(|_| Err(error.clone())).collect());
    for (result, answer) in results.into_iter().zip(answers) {
        let _ = answer.send(result.map(|effects| database.claims.follow(effects, &database.filter)));
    }
}

/// Commits all jobs, or none.
fn run_together(database: &WriteConnection, jobs: &[WriteJob]) -> Result<Vec<Result<Effects>>> {
    let WriteConnection { connection, filter, .. } = database;
    in_transaction(database, || {
        let mut session = Session::with(connection, filter);
        let done = jobs.iter().map(|job| {
            run(&session, job)?;
            is_open(connection)?;
            Ok(Ok(mem::take(&mut session.effects)))
        });
        let done = done.collect::<Result<Vec<_>>>()?;
        session.write_quotas()?;
        Ok(done)
    })
}

/// Commits the jobs that do not fail: each is in a savepoint of its own.
fn run_apart(database: &WriteConnection, jobs: &[WriteJob]) -> Result<Vec<Result<Effects>>> {
    let WriteConnection { connection, filter, .. } = database;
    let execute = |sql| connection.prepare_cached(sql)?.execute([]);
    in_transaction(database, || {
        let each = jobs.iter().map(|job| {
            execute("SAVEPOINT job")?;
            let session = Session::with(connection, filter);
            let done = run(&session, job).and_then(|()| session.finish());
            is_open(connection)?;
            if done.is_err() {
                execute("ROLLBACK TO job")?;
            }
            execute("RELEASE job")?;
            Ok(done.map(|()| session.effects))
        });
        each.collect()
    })
}

/// Runs `work` in a transaction, and commits it unless that fails.
fn in_transaction<T>(database: &WriteConnection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let WriteConnection { connection, filter, .. } = database;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let _changing = filter.change(connection)?;
    let done = work()?;
    transaction.commit()?;
    Ok(done)
}

/// Makes sure that the transaction goes on. When the disk is full or fails, SQLite may roll everything back by itself. What is done
/// after that would be committed one by one, behind the backs of those who are told that it failed.
fn is_open(connection: &Connection) -> Result<()> {
    match connection.is_autocommit() {
        false => Ok(()),
        true => Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
            Some("the database rolled the transaction back: is the disk full?".into()),
        )
        .into()),
    }
}

fn run(session: &Session<'_>, job: &WriteJob) -> Result<()> {
    catch_unwind(AssertUnwindSafe(|| job(session).and_then(|()| session.write_pushed())))
        .unwrap_or_else(|_| Err(StoreError::Unavailable("a write failed by a bug".into())))
}
