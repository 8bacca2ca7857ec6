//! Suppressions: identities that are never written to.

use super::super::session::Session;
use super::super::value::values;
use crate::model::Mac;
use crate::store::{ReadSuppressions, Result, WriteSuppressions};

/// The name of the box with the keys that made suppressions before those of that number.
pub fn former_keys(key: u32) -> String {
    format!("suppression_keys_{key}")
}

impl ReadSuppressions for Session<'_> {
    fn is_suppressed(&self, mac: &Mac) -> Result<bool> {
        self.exists("SELECT FROM suppressions WHERE mac = $1", values![mac])
    }

    fn former_suppression_keys(&self, key: u32) -> Result<Option<Vec<u8>>> {
        self.meta(&former_keys(key))
    }
}

impl WriteSuppressions for Session<'_> {
    fn put_suppression(&self, mac: &Mac, key: u32) -> Result<()> {
        let sql = "INSERT INTO suppressions (mac, key_number) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.later(sql, values![mac, key])
    }

    fn delete_suppression(&self, mac: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM suppressions WHERE mac = $1", values![mac])? > 0)
    }
}
