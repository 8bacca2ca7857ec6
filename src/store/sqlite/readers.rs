//! The connections that read, one for each thread.
//!
//! To begin and to end a snapshot takes as long as a look-up, and threads that do so get into each other's way. So a snapshot
//! is kept until somebody writes; what is read while somebody does is read in a snapshot of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use thread_local::ThreadLocal;

use super::super::{ReadJob, Result, StoreError};
use super::queries::Session;

/// Every thread's connection. No thread waits for another that reads.
pub struct Readers {
    path: PathBuf,
    of_threads: ThreadLocal<Mutex<Reader>>,
    /// Whether somebody writes: no snapshot may be kept then, or it would be out of date, and in the journal's way.
    written: AtomicBool,
}

struct Reader {
    connection: Connection,
    has_snapshot: bool,
}

impl Readers {
    /// Read the database at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            of_threads: ThreadLocal::new(),
            written: AtomicBool::default(),
        }
    }

    /// Runs `job` in a snapshot that is as new as what was answered before.
    pub fn read(&self, job: ReadJob) -> Result<()> {
        let reader = self
            .of_threads
            .get_or_try(|| Reader::open(&self.path).map(Mutex::new))?;
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.written.load(Ordering::SeqCst);
        let done = reader.read(job);
        if written || done.is_err() || self.written.load(Ordering::SeqCst) {
            reader.let_go()?;
        }
        done
    }

    /// Writes, while no snapshot is kept for longer than a read takes. One at a time.
    pub fn without_snapshots<T>(&self, write: impl FnOnce() -> T) -> T {
        self.written.store(true, Ordering::SeqCst);
        for reader in &self.of_threads {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = reader.let_go() {
                tracing::error!(%error, "a snapshot of the database cannot be ended");
            }
        }
        let written = write();
        self.written.store(false, Ordering::SeqCst);
        written
    }
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000;")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            connection,
            has_snapshot: false,
        })
    }

    fn read(&mut self, job: ReadJob) -> Result<()> {
        if !self.has_snapshot {
            self.connection.prepare_cached("BEGIN")?.execute([])?;
            self.has_snapshot = true;
        }
        catch_unwind(AssertUnwindSafe(|| job(&Session(&self.connection))))
            .map_err(|_| StoreError("a read failed by a bug".into()))
    }

    fn let_go(&mut self) -> Result<()> {
        if self.has_snapshot {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            self.has_snapshot = false;
        }
        Ok(())
    }
}
