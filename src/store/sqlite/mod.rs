//! The store over SQLite: each thread reads over a connection of its own, and one writes.

mod alone;
mod backup;
mod builder;
mod claims;
mod filter;
mod journal;
mod migrations;
mod queries;
mod readers;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upgrades;
mod writer;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Gid, OFlags, Uid};

pub use self::alone::AloneOn;
pub use self::backup::{Whole, back_up, empty_journal};
use self::builder::Builder;
use self::claims::Claims;
use self::readers::Readers;
pub use self::readers::reading;
use self::writer::Writer;
pub use self::writer::writing;
use super::{
    Backend, Claimed, Lease, MadeWith, Queue, ReadJob, ReadOutbox, Result, Row, StoreError, Subscription, WriteJob,
};
use crate::model::Mac;
use crate::own_thread::cores;
use crate::private::folder_of;

/// The size of the caches of all connections together, in KiB. With ten million links, each cache can hold the inner pages of
/// the index, so that a look-up reads little more than one page.
const CACHES: usize = 128 * 1024;
/// The smallest cache of a connection, in KiB: with less, not even the inner pages are kept.
const LEAST: usize = 2 * 1024;

/// The number of times that the lock is tried, and the pause between two.
const TRIES: u32 = 20;
const BEGINNING: Duration = Duration::from_millis(10);

/// The mode of the files.
const PRIVATE: u32 = 0o600;

/// A connection's share of that, in KiB, where two threads for each core have one, and four more (`docs/design.md`, Threads).
fn cache() -> usize {
    (CACHES / (2 * cores() + 4)).max(LEAST)
}

/// A database file, opened for reading and writing.
pub struct SqliteStore {
    // Ends before the writer, which empties the journal.
    _builder: Builder,
    readers: Arc<Readers>,
    claims: Arc<Claims>,
    writer: Writer,
    _lock: File,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it if there is none, and brings it up to date. `key_check` tells whether
    /// the database was made with the key in use.
    ///
    /// # Errors
    /// If the file cannot be used, belongs to a newer version of the service, or was made with another key.
    pub fn open(path: &Path, key_check: Mac) -> Result<Self> {
        let (connection, lock) = open(path, key_check)?;
        let builder = Builder::start(path, &connection)?;
        let filter = builder.filter();
        filter.want();
        let readers = Arc::new(Readers::new(path, filter.clone()));
        let claims = Arc::<Claims>::default();
        let writer = Writer::start(connection, readers.clone(), claims.clone(), filter.clone())?;
        Ok(Self {
            _builder: builder,
            readers,
            claims,
            writer,
            _lock: lock,
        })
    }

    /// Looks at the database at `path` without changing it.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and if there is none.
    pub fn check(path: &Path, key_check: Mac) -> Result<()> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrations::check(&connection, key_check)
    }

    /// Returns `true` if a service uses the database at `path`.
    pub fn is_in_use(path: &Path) -> bool {
        matches!(lock(path), Ok(None))
    }

    /// Returns how many links of how many were renewed; `None` if the key is not being changed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn rekeyed(path: &Path) -> Result<Option<(u64, u64)>> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        queries::progress(&connection)
    }

    /// Returns the keys that the database at `path` is under; `None` if there is no database yet.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn made_with(path: &Path) -> Result<Option<MadeWith>> {
        if !path.exists() {
            return Ok(None);
        }
        let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // As of one moment: a change of the key may begin or end just now.
        migrations::made_with(&*connection.transaction()?)
    }
}

/// Returns the connection that writes, to a database that is up to date, and the lock.
fn open(path: &Path, key_check: Mac) -> Result<(Connection, File)> {
    let lock = reserve(path)?;
    private(path)?;
    let mut connection = Connection::open(path)?;
    connection.execute_batch(&writing())?;
    connection.set_prepared_statement_cache_capacity(96);
    migrations::run(&mut connection, key_check)?;
    // Not before: to sort all links takes more than there may be memory for.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok((connection, lock))
}

/// Keeps services out of the database at `path`, as long as the result lives; there need be none yet.
///
/// # Errors
/// If a service uses it.
pub fn reserve(path: &Path) -> Result<File> {
    let in_use = || StoreError::Unavailable("another itseme uses this database: stop it first".into());
    lock(path)?.ok_or_else(in_use)
}

/// Locks the database for this process, because two services would both send the waiting messages. The lock ends with the
/// process. Returns `None` if another process has it.
#[allow(clippy::disallowed_methods, reason = "at the start, before anything is served")]
fn lock(path: &Path) -> Result<Option<File>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let told = |error: std::io::Error| StoreError::Unavailable(format!("{} cannot be locked: {error}", name.display()));
    // Others may be able to put files there: a link is not followed, a pipe not waited for, and nothing is cut short.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(PRIVATE);
    options.custom_flags(flags.bits().cast_signed());
    let lock = options.open(&name).map_err(told)?;
    // Others could open the file of an earlier version, and keep the service from starting.
    if lock.metadata().map_err(told)?.permissions().mode() & !PRIVATE & 0o777 != 0 {
        lock.set_permissions(Permissions::from_mode(PRIVATE)).map_err(told)?;
    }
    leave_to_service(&lock, path).map_err(told)?;
    for _ in 0..TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            // A process that was just begun has all files of the one that began it, until it runs its own program.
            Err(TryLockError::WouldBlock) => std::thread::sleep(BEGINNING),
            Err(TryLockError::Error(error)) => return Err(told(error)),
        }
    }
    Ok(None)
}

/// Gives the lock to the owner of the database, or of its folder: root may have made it, and the service could not open it then.
fn leave_to_service(lock: &File, path: &Path) -> std::io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = std::fs::metadata(path).or_else(|_| std::fs::metadata(folder_of(path)))?;
    if lock.metadata()?.uid() != owner.uid() {
        let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
        rustix::fs::fchown(lock, Some(user), Some(group))?;
    }
    Ok(())
}

/// Makes the file readable by the service's user alone, before it has any content. SQLite gives its journals the same mode.
fn private(path: &Path) -> Result<()> {
    let told = |error: std::io::Error| StoreError::Unavailable(format!("{} cannot be made: {error}", path.display()));
    match OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::set_permissions(path, Permissions::from_mode(PRIVATE)).map_err(told)
        }
        Err(error) => Err(told(error)),
    }
}

impl Backend for SqliteStore {
    /// At once, on the thread that asks: a look-up takes microseconds, less than handing it to another would.
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<()>> {
        ready(self.readers.read(|session| job(session))).boxed()
    }

    fn claim(&self, queue: Queue, limit: usize, lease: Lease) -> BoxFuture<'_, Result<Claimed>> {
        let claimed = self.claims.claim(lease, |is_free| {
            self.readers
                .ask(|session| session.due(queue, lease.now, limit, is_free))
        });
        ready(claimed).boxed()
    }

    fn claim_row(&self, row: i64, lease: Lease) -> BoxFuture<'_, Result<Option<Row>>> {
        let claimed = self.claims.claim(lease, |is_free| {
            let found = self.readers.ask(|session| session.message(row))?;
            Ok(Claimed {
                rows: found.into_iter().filter(is_free).collect(),
                next: None,
            })
        });
        ready(claimed.map(|mut claimed| claimed.rows.pop())).boxed()
    }

    fn release(&self, rows: Vec<i64>) -> BoxFuture<'_, Result<()>> {
        self.claims.end(&rows);
        ready(Ok(())).boxed()
    }

    fn subscribe(&self, queue: Queue) -> Subscription {
        self.claims.subscribe(queue)
    }

    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>> {
        self.writer.submit(writer::Order::Write(job)).boxed()
    }

    fn settle(&self) -> BoxFuture<'_, Result<()>> {
        self.writer.submit(writer::Order::Settle).boxed()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{Error, ErrorCode};

        // Every statement is a constant with parameters, so the text names tables and causes, never values.
        let text = error.to_string();
        let is_unreadable = matches!(
            error,
            Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::InvalidColumnType(..)
                | Error::Utf8Error(..)
        );
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(text),
            None if is_unreadable => Self::Corrupt(text),
            // One connection writes, so it never meets another's change: whoever holds the database up is another process.
            _ => Self::Unavailable(text),
        }
    }
}
