//! A database that no instance uses, over one connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;

use super::address::Address;
use super::connection::Connection;
use super::session::{Session, TransactionKind};
use super::value::get;
use super::{asking, locks, migrations};
use crate::model::Mac;
use crate::store::{Alone, Read, Result, StoreError, Write};

/// The number of tries to be alone: the server may not yet have noticed that a process has ended.
const TRIES: u32 = 20;
/// The pause between two.
const PAUSE: Duration = Duration::from_millis(250);

/// As long as the connection lasts, no instance can start.
pub struct AloneOn(Connection);

impl AloneOn {
    /// Opens the database as [`PostgresStore::open`](super::PostgresStore::open) does.
    ///
    /// # Errors
    /// As that, and if instances use the database.
    pub fn open(address: &Address, key_check: Mac) -> Result<Self> {
        asking(address, async |mut client| {
            migrations::run(&mut client, key_check).await.map(drop)
        })?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let connection = Connection::open(Arc::new(runtime), address)?;
        for _ in 0..TRIES {
            let alone = connection.wait(connection.send_query(locks::ALONE, Vec::new())?)?;
            if alone.first().is_some_and(|row| get(row, "is_held").unwrap_or_default()) {
                return Ok(Self(connection));
            }
            std::thread::sleep(PAUSE);
        }
        Err(StoreError::Unavailable(
            "instances of the service use this database: stop them first".into(),
        ))
    }

    fn transact(&self, kind: TransactionKind, job: impl FnOnce(&Session<'_>) -> Result<()>) -> Result<()> {
        let session = Session::new(&self.0, kind, 0);
        let done = job(&session);
        // The first error of a statement explains that of the job.
        session.end(done.is_ok()).and(done)
    }
}

impl Alone for AloneOn {
    fn read(&self, job: &mut dyn FnMut(&dyn Read) -> Result<()>) -> Result<()> {
        self.transact(TransactionKind::Read, |session| job(session))
    }

    fn write(&self, job: &mut dyn FnMut(&dyn Write) -> Result<()>) -> Result<()> {
        self.transact(TransactionKind::Write, |session| job(session))
    }
}
