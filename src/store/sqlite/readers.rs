//! The connections that read, one for each thread.
//!
//! To begin and to end a snapshot takes as long as a look-up, and threads that do so get into each other's way. So a snapshot
//! is kept until somebody writes; what is read while somebody does is read in a snapshot of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use thread_local::ThreadLocal;

use super::super::{ReadJob, Result, StoreError};
use super::queries::Session;
use crate::own_thread::cores;

/// What all connections may keep of the database in memory, in KiB: of ten million links each the inner pages of the index, so
/// that a look-up reads little more than the one page that it is for.
const CACHES: usize = 128 * 1024;

/// How a connection is set that reads: it keeps its share of that, where two threads for each core read, and two more
/// (`docs/design.md`, Threads).
pub fn reading() -> String {
    let cache = (CACHES / (2 * cores() + 2)).max(2 * 1024);
    format!("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -{cache};")
}

/// Every thread's connection. No thread waits for another.
pub struct Readers {
    path: PathBuf,
    of_threads: ThreadLocal<Mutex<Reader>>,
    /// Counts each beginning and each end of a write: odd while somebody writes.
    epoch: AtomicU64,
}

struct Reader {
    connection: Connection,
    /// The epoch in which the snapshot began that is kept.
    snapshot: Option<u64>,
}

impl Readers {
    /// Read the database at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            of_threads: ThreadLocal::new(),
            epoch: AtomicU64::default(),
        }
    }

    /// Runs `job` in a snapshot that is as new as what was answered before.
    pub fn read(&self, job: ReadJob) -> Result<()> {
        let reader = self
            .of_threads
            .get_or_try(|| Reader::open(&self.path).map(Mutex::new))?;
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.epoch.load(Ordering::SeqCst);
        let done = reader.read(job, epoch);
        let is_written = !epoch.is_multiple_of(2) || self.epoch.load(Ordering::SeqCst) != epoch;
        if is_written || done.is_err() {
            reader.let_go()?;
        }
        done
    }

    /// Writes, while no snapshot is kept for longer than a read takes. One at a time.
    pub fn without_snapshots<T>(&self, write: impl FnOnce() -> T) -> T {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        // Who reads just now lets go afterwards, for the epoch has changed.
        for mut reader in self.of_threads.iter().filter_map(|reader| reader.try_lock().ok()) {
            if let Err(error) = reader.let_go() {
                tracing::error!(%error, "a snapshot of the database cannot be ended");
            }
        }
        let written = write();
        self.epoch.fetch_add(1, Ordering::SeqCst);
        written
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.execute_batch(&reading())?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            connection,
            snapshot: None,
        })
    }

    fn read(&mut self, job: ReadJob, epoch: u64) -> Result<()> {
        if self.snapshot != Some(epoch) {
            self.let_go()?;
            self.connection.prepare_cached("BEGIN")?.execute([])?;
            self.snapshot = Some(epoch);
        }
        catch_unwind(AssertUnwindSafe(|| job(&Session(&self.connection))))
            .map_err(|_| StoreError("a read failed by a bug".into()))
    }

    fn let_go(&mut self) -> Result<()> {
        if self.snapshot.is_some() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            self.snapshot = None;
        }
        Ok(())
    }
}
