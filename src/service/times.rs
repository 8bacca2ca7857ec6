//! Corrects stored times if the clock was set since then.

use super::error::Result;
use super::{Core, Service};

/// Smaller differences are not worth writing every row anew: clocks are often set by this much.
const WORTH_IT: u64 = 1000;

impl Service {
    /// Moves the stored times to the present clock, so that each limit, code, token and message has the time left that
    /// it had before. To be called at the start, before all other operations.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn resume_times(&self) -> Result<()> {
        self.change(|core, tx| {
            let now = core.clock.reading();
            let by = tx.last_time()?.map_or(0, |last| last.to_be_moved(now));
            if by.unsigned_abs() >= WORTH_IT {
                tracing::info!(
                    seconds = by / 1000,
                    "the system's clock was set since the service last ran: stored times are moved along"
                );
                tx.move_times(by)?;
            }
            Ok(tx.note_time(now)?)
        })
        .await
    }

    /// Stores the time, for the next start. To be called at intervals, and at the end.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn note_time(&self) -> Result<()> {
        self.change(|core: &Core, tx| Ok(tx.note_time(core.clock.reading())?))
            .await
    }
}
