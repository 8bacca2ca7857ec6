//! Suppressions: identities that are never written to.

use rusqlite::params;

use super::Session;
use crate::model::Mac;
use crate::store::{ReadSuppressions, Result, WriteSuppressions};

/// The name of the box with the keys that made suppressions before those of that number.
pub fn former_keys(key: u32) -> String {
    format!("suppression_keys_{key}")
}

impl ReadSuppressions for Session<'_> {
    fn is_suppressed(&self, mac: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM suppressions WHERE mac = ?", [mac], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn former_suppression_keys(&self, key: u32) -> Result<Option<Vec<u8>>> {
        self.meta(&former_keys(key))
    }
}

impl WriteSuppressions for Session<'_> {
    fn put_suppression(&self, mac: &Mac, key: u32) -> Result<()> {
        self.run(
            "INSERT INTO suppressions (mac, key_number) VALUES (?, ?) ON CONFLICT DO NOTHING",
            params![mac, key],
        )?;
        Ok(())
    }

    fn delete_suppression(&self, mac: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM suppressions WHERE mac = ?", [mac])? > 0)
    }
}
