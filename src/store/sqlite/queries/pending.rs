//! Registrations that wait for a code.

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::model::Mac;
use crate::store::{Pending, ReadPending, Result, WritePending};

pub fn pending(row: &SqlRow) -> rusqlite::Result<Pending> {
    Ok(Pending {
        id: row.get("id_mac")?,
        owner: row.get("owner_mac")?,
        code: row.get("code_mac")?,
        native_guesses: number(row, "native_guesses")?,
        http_guesses: number(row, "http_guesses")?,
        expires_at: number(row, "expires_at")?,
        sealed: row.get("box")?,
    })
}

impl ReadPending for Session<'_> {
    fn pending(&self, id: &Mac, owner: &Mac) -> Result<Option<Pending>> {
        self.one(
            "SELECT * FROM pending WHERE id_mac = ? AND owner_mac = ?",
            [id, owner],
            pending,
        )
    }

    fn pendings(&self, id: &Mac) -> Result<Vec<Pending>> {
        self.all("SELECT * FROM pending WHERE id_mac = ?", [id], pending)
    }

    fn pendings_of(&self, owner: &Mac) -> Result<Vec<Pending>> {
        self.all("SELECT * FROM pending WHERE owner_mac = ?", [owner], pending)
    }
}

impl WritePending for Session<'_> {
    fn put_pending(&self, pending: &Pending) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO pending
             (id_mac, owner_mac, code_mac, native_guesses, http_guesses, expires_at, box)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                pending.id,
                pending.owner,
                pending.code,
                pending.native_guesses,
                pending.http_guesses,
                pending.expires_at,
                pending.sealed
            ],
        )?;
        Ok(())
    }

    fn delete_pending(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM pending WHERE id_mac = ? AND owner_mac = ?", [id, owner])? > 0)
    }
}
