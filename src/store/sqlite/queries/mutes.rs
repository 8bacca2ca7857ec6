//! Mutes of contact requests.

use std::collections::HashSet;

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::model::Mac;
use crate::store::{MuteRow, ReadMutes, Result, WriteMutes};

pub fn mute(row: &SqlRow) -> rusqlite::Result<MuteRow> {
    Ok(MuteRow {
        owner: row.get("owner_mac")?,
        muted: row.get("muted_mac")?,
        sealed: row.get("box")?,
        expires_at: row.get("expires_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadMutes for Session<'_> {
    fn muting(&self, mutes: &[(Mac, Mac)]) -> Result<HashSet<Mac>> {
        let sql = "SELECT 1 FROM mutes WHERE owner_mac = ? AND muted_mac = ?";
        let mut owners = HashSet::new();
        for (owner, muted) in mutes {
            if self.one(sql, [owner, muted], |_| Ok(()))?.is_some() {
                owners.insert(*owner);
            }
        }
        Ok(owners)
    }

    fn mutes_of(&self, owner: &Mac) -> Result<Vec<MuteRow>> {
        self.all("SELECT * FROM mutes WHERE owner_mac = ?", [owner], mute)
    }

    fn count_mutes_of(&self, owner: &Mac) -> Result<(usize, usize)> {
        let sql = "SELECT count(*), coalesce(sum(length(box)), 0) FROM mutes WHERE owner_mac = ?";
        let counted = self.one(sql, [owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counted.unwrap_or_default())
    }
}

impl WriteMutes for Session<'_> {
    fn put_mute(&self, mute: &MuteRow) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO mutes (owner_mac, muted_mac, box, expires_at, key_number) VALUES (?, ?, ?, ?, ?)",
            params![mute.owner, mute.muted, mute.sealed, mute.expires_at, mute.key],
        )?;
        Ok(())
    }

    fn delete_mute(&self, owner: &Mac, muted: &Mac) -> Result<bool> {
        let sql = "DELETE FROM mutes WHERE owner_mac = ? AND muted_mac = ?";
        Ok(self.run(sql, [owner, muted])? > 0)
    }

    fn keep_mutes(&self, owner: &Mac) -> Result<()> {
        let sql = "UPDATE mutes SET expires_at = NULL WHERE owner_mac = ? AND expires_at IS NOT NULL";
        self.run(sql, [owner]).map(drop)
    }

    fn delete_mutes_of(&self, owner: &Mac) -> Result<usize> {
        self.run("DELETE FROM mutes WHERE owner_mac = ?", [owner])
    }
}
