//! Rows that do not open: the disk has damaged them, or somebody has changed them who has no key. They are as good as not there, so
//! that none of them keeps somebody from proving an identity again. Whatever opens a box (`open_…`) goes by this.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Core;
use super::error::Result;

/// The number of rows that have not opened so far.
#[derive(Default)]
pub(super) struct Broken(AtomicU64);

impl Core {
    /// What is in a box of that table; nothing if it does not open, which is counted and logged. Not each time: whoever has
    /// changed one row may have changed many.
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
