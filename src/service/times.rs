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
    /// If the store cannot be read, or its times cannot be moved.
    pub async fn resume_times(&self) -> Result<()> {
        let by = self.ask(|core, tx| {
            let last = tx.last_time()?;
            let now = core.reading(tx)?;
            Ok(last.map_or(0, |last| last.to_be_moved(now)))
        });
        let by = by.await?;
        if self.store.is_shared() {
            // Others go by a time that is noted.
            self.clock().adopt(-by);
        } else if by.unsigned_abs() >= WORTH_IT {
            tracing::info!(
                seconds = by / 1000,
                "the system's clock was set since the service last ran: stored times are moved along"
            );
            let moved = self.change(move |core, tx| {
                tx.move_times(by)?;
                Ok(tx.note_time(core.reading(tx)?)?)
            });
            moved.await?;
        }
        // It is noted again soon: a disk that is full now does not keep the service from its start.
        let _ = self.note_time().await;
        Ok(())
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
