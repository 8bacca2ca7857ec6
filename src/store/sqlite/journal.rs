//! Emptying the journal, so that nothing of what was deleted stays in it.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::Result;

/// The time for which a statement waits for another process that writes.
pub const BUSY: Duration = Duration::from_secs(5);
/// Own threads read for seconds at most: whoever keeps the journal from being emptied for so long is another process.
const OTHERS: Duration = Duration::from_secs(20);

/// Tells the admin if the journal could not be emptied of late.
#[derive(Default)]
pub struct Journal {
    /// Since when it could not.
    full_since: Option<Instant>,
    warned: bool,
}

impl Journal {
    /// Writes what is in the journal to the database, and empties it. Returns `true` if it could be emptied. It cannot as long as
    /// somebody reads what the database was before. That is not waited for: it is to be tried again later.
    ///
    /// # Errors
    /// If the database fails.
    pub fn empty(&mut self, connection: &Connection) -> Result<bool> {
        connection.busy_timeout(Duration::ZERO)?;
        let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>("busy"));
        connection.busy_timeout(BUSY)?;
        let emptied = !emptied?;
        self.tell(emptied);
        Ok(emptied)
    }

    /// Tells the admin, once, that it cannot be emptied, and when that is over.
    #[allow(
        clippy::disallowed_methods,
        reason = "how long the journal is full, for the admin alone"
    )]
    fn tell(&mut self, emptied: bool) {
        if emptied {
            if self.warned {
                tracing::info!("the database's journal could be emptied again");
            }
            *self = Self::default();
            return;
        }
        let since = self.full_since.get_or_insert_with(Instant::now);
        if !self.warned && since.elapsed() > OTHERS {
            self.warned = true;
            tracing::warn!(
                remedy = "let no other process read the database for long: end the shell or the backup that has it open; \
                          for a backup, copy it with sqlite3's `.backup` or `VACUUM INTO`",
                "another process reads the database: until it ends, the journal grows, and deleted data stays in it"
            );
        }
    }
}
