//! Handles rows that do not open: the disk has damaged them, or somebody without the key has changed them. They count
//! as absent, so that none of them prevents anybody from proving an identity again. All functions that open a box
//! (`open_…`) use this.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Core;
use super::error::Result;

/// The number of rows that have not opened so far.
#[derive(Default)]
pub(super) struct Broken(pub(super) AtomicU64);

impl Core {
    /// Returns the content of a box of that table; `None` if it does not open. That is counted, and logged at
    /// intervals, because one person may have changed many rows.
    pub(super) fn intact<T>(&self, table: &'static str, opened: Result<T>) -> Option<T> {
        if opened.is_err() {
            let count = self.broken.0.fetch_add(1, Ordering::Relaxed) + 1;
            if count.is_power_of_two() {
                tracing::error!(
                    table,
                    count,
                    "a row does not open and is set aside: the disk is failing, or somebody has changed the database"
                );
            }
        }
        opened.ok()
    }
}
