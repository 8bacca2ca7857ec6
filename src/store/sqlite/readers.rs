//! The connections that read, one for each thread.
//!
//! To begin and to end a snapshot takes as long as a look-up, and threads that do so get into each other's way. So a snapshot
//! is kept until somebody writes; what is read while somebody does is read in a snapshot of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use thread_local::ThreadLocal;

use super::super::{Result, StoreError};
use super::cache;
use super::filter::Filter;
use super::queries::Session;

/// Returns the settings of a connection that reads.
pub fn reading() -> String {
    let cache = cache();
    format!("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -{cache};")
}

/// Every thread's connection. No thread waits for another.
pub struct Readers {
    path: PathBuf,
    filter: Arc<Filter>,
    of_threads: ThreadLocal<Mutex<ReadConnection>>,
    /// Counts each beginning and each end of a write: odd while somebody writes.
    epoch: AtomicU64,
}

struct ReadConnection {
    connection: Connection,
    /// The epoch in which the snapshot began that is kept.
    snapshot: Option<u64>,
}

impl Readers {
    /// Read the database at `path`, which has that filter.
    pub fn new(path: &Path, filter: Arc<Filter>) -> Self {
        Self {
            path: path.to_owned(),
            filter,
            of_threads: ThreadLocal::new(),
            epoch: AtomicU64::default(),
        }
    }

    /// Runs `job` in a snapshot that is as new as what was answered before.
    pub fn read(&self, job: impl FnOnce(&Session<'_>)) -> Result<()> {
        let reader = self
            .of_threads
            .get_or_try(|| ReadConnection::open(&self.path).map(Mutex::new))?;
        let locked = || reader.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, done) = {
            let mut reader = locked();
            let epoch = self.epoch.load(Ordering::SeqCst);
            let job = |connection: &Connection| job(&Session::with(connection, &self.filter));
            (epoch, reader.read(job, epoch))
        };
        // Unlocked before it is looked whether somebody writes, as the writer begins before it looks what is locked: one of
        // the two sees the other.
        fence(Ordering::SeqCst);
        let is_written = !epoch.is_multiple_of(2) || self.epoch.load(Ordering::SeqCst) != epoch;
        if is_written || done.is_err() {
            locked().let_go()?;
        }
        done
    }

    /// Returns the answer of `question`, which runs as in [`Readers::read`].
    pub fn ask<T>(&self, question: impl FnOnce(&Session<'_>) -> Result<T>) -> Result<T> {
        let mut answer = None;
        self.read(|session| answer = Some(question(session)))?;
        answer.unwrap_or_else(|| Err(StoreError::Unavailable("a read failed by a bug".into())))
    }

    /// Runs `write` while no snapshot is kept for longer than a read takes; if `alone`, after all reads in former snapshots
    /// have ended. To be called by one thread at a time.
    pub fn without_snapshots<T>(&self, alone: bool, write: impl FnOnce() -> T) -> T {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        for reader in &self.of_threads {
            let reader = match alone {
                true => Some(reader.lock().unwrap_or_else(PoisonError::into_inner)),
                // A present read lets go of its snapshot afterwards, because the epoch has changed.
                false => reader.try_lock().ok(),
            };
            if let Some(Err(error)) = reader.map(|mut reader| reader.let_go()) {
                tracing::error!(%error, "a snapshot of the database cannot be ended");
            }
        }
        let written = write();
        self.epoch.fetch_add(1, Ordering::SeqCst);
        written
    }
}

/// Returns a connection that reads, to be used by one thread at a time.
pub fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(&reading())?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

impl ReadConnection {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            connection: connect(path)?,
            snapshot: None,
        })
    }

    fn read(&mut self, job: impl FnOnce(&Connection), epoch: u64) -> Result<()> {
        if self.snapshot != Some(epoch) || self.connection.is_autocommit() {
            self.let_go()?;
            self.connection.prepare_cached("BEGIN")?.execute([])?;
            self.snapshot = Some(epoch);
        }
        catch_unwind(AssertUnwindSafe(|| job(&self.connection)))
            .map_err(|_| StoreError::Unavailable("a read failed by a bug".into()))
    }

    /// SQLite may have ended the snapshot by itself: it does if the disk fails.
    fn let_go(&mut self) -> Result<()> {
        self.snapshot = None;
        if !self.connection.is_autocommit() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_snapshot_that_sqlite_has_ended_by_itself_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        Connection::open(&path).unwrap();
        let mut reader = ReadConnection::open(&path).unwrap();
        let read = |reader: &mut ReadConnection, epoch| reader.read(|_| (), epoch);
        for (before, after) in [(0, 0), (0, 2)] {
            read(&mut reader, before).unwrap();
            reader.connection.execute_batch("ROLLBACK").unwrap();
            read(&mut reader, after).unwrap();
            assert!(!reader.connection.is_autocommit());
            reader.connection.execute_batch("ROLLBACK").unwrap();
            reader.let_go().unwrap();
        }
    }
}
