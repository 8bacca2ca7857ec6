//! Suppressions: identities that are never written to.

use super::Session;
use crate::model::Mac;
use crate::store::{ReadSuppressions, Result, WriteSuppressions};

impl ReadSuppressions for Session<'_> {
    fn is_suppressed(&self, mac: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM suppressions WHERE mac = ?", [mac], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn former_suppression_keys(&self) -> Result<Option<Vec<u8>>> {
        self.one("SELECT value FROM meta WHERE name = 'suppression_keys'", [], |row| {
            row.get(0)
        })
    }
}

impl WriteSuppressions for Session<'_> {
    fn put_suppression(&self, mac: &Mac) -> Result<()> {
        self.run(
            "INSERT INTO suppressions (mac) VALUES (?) ON CONFLICT DO NOTHING",
            [mac],
        )?;
        Ok(())
    }

    fn delete_suppression(&self, mac: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM suppressions WHERE mac = ?", [mac])? > 0)
    }
}
