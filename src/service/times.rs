//! Corrects stored times if the clock was set since then.

use super::error::Result;
use super::{Core, Service};
use crate::clock::Reading;
use crate::store::Read;

/// Smaller differences are not worth writing every row anew: clocks are often set by this much.
const WORTH_IT: u64 = 1000;

impl Service {
    /// Makes clock and stored times agree, so that each limit, code, token and message has the time left that it had before:
    /// moves the stored times of a database that nobody else uses, and sets the clock to that of the other instances
    /// otherwise. To be called at the start, before all other operations.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn resume_times(&self) -> Result<()> {
        let is_shared = self.store.is_shared();
        let by = self.change(move |core, tx| {
            let now = core.reading(tx)?;
            let by = tx.last_time()?.map_or(0, |last| last.to_be_moved(now));
            if is_shared {
                // Others go by a time that is noted.
                return Ok(by);
            }
            if by.unsigned_abs() >= WORTH_IT {
                tracing::info!(
                    seconds = by / 1000,
                    "the system's clock was set since the service last ran: stored times are moved along"
                );
                tx.move_times(by)?;
            }
            tx.note_time(now)?;
            Ok(0)
        });
        self.clock().adopt(-by.await?);
        self.note_time().await
    }

    /// Stores the time, for the next start. To be called at intervals, and at the end.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn note_time(&self) -> Result<()> {
        self.change(|core: &Core, tx| Ok(tx.note_time(core.reading(tx)?)?))
            .await
    }
}

impl Core {
    /// Returns the time of the clocks, that of the database for the system's if it has one.
    pub(super) fn reading(&self, tx: &dyn Read) -> Result<Reading> {
        let reading = self.clock.reading();
        Ok(Reading {
            system: tx.system_time()?.unwrap_or(reading.system),
            ..reading
        })
    }
}
