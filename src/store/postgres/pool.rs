//! Threads that each run jobs over a connection of their own: what a job asks, it waits for.
//!
//! Jobs that wait are done together, in one transaction: it begins and is committed once for all, and counters that they share
//! are read and written once.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex as Locked, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::address::Address;
use super::claims::Claims;
use super::connection::Connection;
use super::posts::Posts;
use super::session::{Session, TransactionKind};
use crate::meters;
use crate::model::Mac;
use crate::store::{ReadJob, Result, StoreError, WriteJob};

/// Jobs that wait for a thread.
const WAITING: usize = 4096;
/// The largest number of jobs that are done together.
const TOGETHER: usize = 64;
/// The number of times that changes are run beside those of others. After that, they run beside none that do so, too: those that take
/// long would never win against many that do not.
const BESIDE_OTHERS: u32 = 3;
/// The longest time in which changes are run so again and again, because others prevent them.
const INSISTING: Duration = Duration::from_secs(10);
/// The longest pause between two runs: chosen at random, so that two do not meet again.
const JITTER: Duration = Duration::from_millis(5);
/// The lock is not waited for without end, and not held by an instance that hangs.
const ALONE: &str = "SET lock_timeout = '2s'; SET idle_session_timeout = '5s';
    SELECT pg_advisory_lock(hashtext(current_schema()), 4)";
const NOT_ALONE: &str = "SELECT pg_advisory_unlock_all(); SET lock_timeout = '10s'; SET idle_session_timeout = 0";
/// The time that threads have to end what they do when the database is closed.
const ENDING: Duration = Duration::from_secs(3);
/// The time for which nobody tries to connect after that has failed, and for which a job waits for that.
const AWAY: Duration = Duration::from_millis(500);

/// A job for a thread.
pub enum Job {
    /// Looks something up, first the owners of these ids.
    Read(Vec<Mac>, ReadJob),
    /// Changes something.
    Write(WriteJob),
    /// Claims messages, or releases them.
    Claim(ClaimJob),
}

/// Asks within a transaction that sees what others have changed meanwhile.
pub type ClaimJob = Box<dyn Fn(&Session<'_>) -> Result<()> + Send>;

impl Job {
    /// Returns `true` if it can be done together with the other.
    fn goes_with(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Read(..), Self::Read(..)) | (Self::Write(_), Self::Write(_))
        )
    }
}

type Written = oneshot::Sender<Result<()>>;
type Order = (Job, Written);

/// Threads with connections.
pub struct Pool {
    jobs: Option<mpsc::Sender<Order>>,
    is_seen: watch::Receiver<bool>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads work with.
pub struct Crew {
    /// The database.
    pub address: Address,
    /// The number of this instance.
    pub holder: i64,
    /// Hears of messages that were put into queues.
    pub posts: Arc<Posts>,
    /// Hears of claims that have ended.
    pub claims: Arc<Claims>,
}

/// The parts that all threads share.
struct PoolParts {
    crew: Crew,
    jobs: Mutex<mpsc::Receiver<Order>>,
    /// The time of the last failure to connect, and its error.
    failed: Locked<Option<(Instant, StoreError)>>,
}

impl Pool {
    /// Starts so many threads, which connect when they first have a job.
    ///
    /// # Errors
    /// If there can be no threads.
    pub fn start(threads: usize, name: &str, crew: Crew, is_seen: watch::Receiver<bool>) -> Result<Self> {
        let (sender, jobs) = mpsc::channel(WAITING);
        let shared = Arc::new(PoolParts {
            crew,
            jobs: Mutex::new(jobs),
            failed: Locked::default(),
        });
        let start = |_| {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name(name.into());
            thread
                .spawn(move || Worker::serve(shared))
                .map_err(|error| StoreError::Unavailable(error.to_string()))
        };
        let threads = (0..threads).map(start).collect::<Result<_>>()?;
        Ok(Self {
            jobs: Some(sender),
            is_seen,
            threads,
        })
    }

    /// Resolves when the job is done. It is not begun while this instance is not seen by others: they may have taken over its
    /// work, and the database may not answer.
    ///
    /// # Errors
    /// Of the job, or `Unavailable`.
    pub async fn run(&self, job: Job) -> Result<()> {
        if !*self.is_seen.borrow() {
            let mut is_seen = self.is_seen.clone();
            let seen = timeout(AWAY, is_seen.wait_for(|is_seen| *is_seen)).await;
            seen.map_err(|_elapsed| StoreError::Unavailable("PostgreSQL does not answer".into()))?
                .map_err(|_| StoreError::Unavailable("the database is closed".into()))?;
        }
        let ended = || StoreError::Unavailable("the database is closed".into());
        let (answer, done) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send((job, answer)).await.map_err(|_| ended())?;
        done.await.map_err(|_| ended())?
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // One whose server does not answer is left to itself: nothing of it is kept.
        let until = Instant::now() + ENDING;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(JITTER);
        }
    }
}

struct Worker {
    shared: Arc<PoolParts>,
    runtime: Arc<Runtime>,
    connection: Option<Connection>,
    /// What was taken and does not go with the rest.
    held: Option<Order>,
}

impl Worker {
    fn serve(shared: Arc<PoolParts>) {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => Arc::new(runtime),
            Err(error) => return tracing::error!(%error, "a thread of the database cannot start"),
        };
        let mut worker = Self {
            shared,
            runtime,
            connection: None,
            held: None,
        };
        while let Some(orders) = worker.next() {
            worker.perform(orders);
        }
    }

    /// Waits for a job, and takes those that wait, too. Meanwhile, the runtime serves the connection.
    fn next(&mut self) -> Option<Vec<Order>> {
        let shared = self.shared.clone();
        self.runtime.clone().block_on(async {
            let (mut jobs, first) = match self.held.take() {
                // Another thread may wait for jobs, and keep the lock meanwhile.
                Some(held) => match shared.jobs.try_lock() {
                    Ok(jobs) => (jobs, held),
                    Err(_) => return Some(vec![held]),
                },
                None => {
                    let mut jobs = shared.jobs.lock().await;
                    let first = jobs.recv().await?;
                    (jobs, first)
                }
            };
            let mut taken = vec![first];
            while taken.len() < TOGETHER
                && let Ok(order) = jobs.try_recv()
            {
                if !order.0.goes_with(&taken[0].0) {
                    self.held = Some(order);
                    break;
                }
                taken.push(order);
            }
            Some(taken)
        })
    }

    fn perform(&mut self, orders: Vec<Order>) {
        let (mut reads, mut writes) = (VecDeque::new(), Vec::new());
        for (job, answer) in orders {
            match job {
                Job::Read(ids, job) => reads.push_back((ids, job, answer)),
                Job::Write(job) => writes.push((job, answer)),
                Job::Claim(job) => _ = answer.send(self.change(TransactionKind::Claim, &*job).result),
            }
        }
        if !writes.is_empty() {
            meters::written(writes.len());
        }
        self.look_up(reads);
        self.change_together(writes);
    }

    /// Answers questions as of one moment. After an error, the others have a transaction of their own.
    fn look_up(&mut self, mut questions: VecDeque<(Vec<Mac>, ReadJob, Written)>) {
        while !questions.is_empty() {
            let before = questions.len();
            let ids: Vec<Mac> = questions.iter().flat_map(|(ids, ..)| ids).copied().collect();
            let ended = self.transact(TransactionKind::Read, |session| {
                session.read_owners(&ids)?;
                while !session.has_failed()
                    && let Some((_, job, answer)) = questions.pop_front()
                {
                    let _ = answer.send(guarded(|| {
                        job(session);
                        Ok(())
                    }));
                }
                Ok(())
            });
            if let Err(error) = ended.result
                && questions.len() == before
            {
                let unanswered = questions.drain(..);
                unanswered.for_each(|(.., answer)| _ = answer.send(Err(error.clone())));
            }
        }
    }

    /// Makes all changes or none; if one has an error, each by itself. Where the connection was lost, nobody knows if they were made.
    fn change_together(&mut self, changes: Vec<(WriteJob, Written)>) {
        let all = |session: &Session<'_>| changes.iter().try_for_each(|(job, _)| guarded(|| job(session)));
        let together = self.change(TransactionKind::Write, &all);
        let (began, mut is_of_one) = (Instant::now(), changes.len() > 1 && together.is_of_one());
        for (job, answer) in changes {
            if !is_of_one {
                let _ = answer.send(together.result.clone());
                continue;
            }
            let ended = self.change(TransactionKind::Write, &|session: &Session<'_>| job(session));
            // A server that stalls must not do so once for each of them.
            is_of_one = (ended.result.is_ok() || ended.is_of_one()) && began.elapsed() < INSISTING;
            let _ = answer.send(ended.result);
        }
    }

    /// Runs changes until no others prevent them.
    fn change(&mut self, kind: TransactionKind, job: &dyn Fn(&Session<'_>) -> Result<()>) -> Ended {
        for _ in 0..BESIDE_OTHERS {
            let ended = self.transact(kind, job);
            if !ended.is_prevented {
                return ended;
            }
            pause();
        }
        // Without the lock, they have less of a chance, and no less of a right.
        let _ = self.lock(ALONE);
        let ended = self.insist(kind, job);
        if !ended.is_lost {
            let _ = self.lock(NOT_ALONE);
        }
        ended
    }

    /// Runs changes alone until no others prevent them.
    fn insist(&mut self, kind: TransactionKind, job: &dyn Fn(&Session<'_>) -> Result<()>) -> Ended {
        let began = Instant::now();
        loop {
            let ended = self.transact(kind, job);
            if !ended.is_prevented || began.elapsed() > INSISTING {
                return ended;
            }
            pause();
        }
    }

    fn lock(&mut self, sql: &'static str) -> Result<()> {
        let connection = self.connected()?;
        connection.wait(connection.send(sql))
    }

    fn transact(&mut self, kind: TransactionKind, mut job: impl FnMut(&Session<'_>) -> Result<()>) -> Ended {
        let shared = self.shared.clone();
        let connection = match self.connected() {
            Ok(connection) => connection,
            Err(error) => return Ended::with(Err(error)),
        };
        let session = Session::new(connection, kind, shared.crew.holder);
        let done = guarded(|| job(&session));
        let ended = session.end(done.is_ok());
        let is_prevented = matches!(ended, Err(StoreError::Retry(_)));
        // The first error of a statement explains that of the job.
        let result = ended.and(done);
        if result.is_ok() {
            shared.crew.claims.end(&session.ended.take());
            shared.crew.posts.post(session.posted.take());
        }
        let is_lost = connection.is_lost();
        if is_lost {
            self.connection = None;
        }
        Ended {
            result,
            is_prevented,
            is_lost,
        }
    }

    /// Returns the connection, and makes it if there is none.
    fn connected(&mut self) -> Result<&Connection> {
        if self.connection.as_ref().is_none_or(Connection::is_lost) {
            self.connection = None;
            let shared = &self.shared;
            if let Some((since, error)) = &*locked(&shared.failed)
                && since.elapsed() < AWAY
            {
                return Err(error.clone());
            }
            let opened = Connection::open(self.runtime.clone(), &shared.crew.address);
            *locked(&shared.failed) = opened.as_ref().err().map(|error| (Instant::now(), error.clone()));
            self.connection = Some(opened?);
        }
        let lost = || StoreError::Unavailable("there is no connection to PostgreSQL".into());
        self.connection.as_ref().ok_or_else(lost)
    }
}

/// The end of a transaction.
struct Ended {
    result: Result<()>,
    /// Others' changes prevented it: nothing has changed.
    is_prevented: bool,
    /// The connection was lost, and with it perhaps the answer to a commit.
    is_lost: bool,
}

impl Ended {
    /// Of one that had no connection.
    fn with(result: Result<()>) -> Self {
        Self {
            result,
            is_prevented: false,
            is_lost: true,
        }
    }

    /// Returns `true` if it was rolled back because of an error of what was to be done.
    fn is_of_one(&self) -> bool {
        self.result.is_err() && !self.is_prevented && !self.is_lost
    }
}

fn guarded(act: impl FnOnce() -> Result<()>) -> Result<()> {
    let bug = || StoreError::Unavailable("a question to the database failed by a bug".into());
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(bug()))
}

fn pause() {
    std::thread::sleep(rand::rng().random_range(Duration::ZERO..JITTER));
}

/// Locks, whatever became of others that did.
pub fn locked<T>(mutex: &Locked<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
