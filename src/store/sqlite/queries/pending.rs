//! Registrations that wait for a code.

use rusqlite::{Row as SqlRow, params};

use super::{Session, number};
use crate::model::Mac;
use crate::store::{Counted, Guesser, Pending, ReadPending, Result, WritePending};

pub fn pending(row: &SqlRow) -> rusqlite::Result<Pending> {
    Ok(Pending {
        id: row.get("id_mac")?,
        owner: row.get("owner_mac")?,
        code: row.get("code_mac")?,
        native_guesses: number(row, "native_guesses")?,
        http_guesses: number(row, "http_guesses")?,
        expires_at: number(row, "expires_at")?,
        sealed: row.get("box")?,
        key: number(row, "key_number")?,
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
             (id_mac, owner_mac, code_mac, native_guesses, http_guesses, expires_at, box, key_number)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                pending.id,
                pending.owner,
                pending.code,
                pending.native_guesses,
                pending.http_guesses,
                pending.expires_at,
                pending.sealed,
                pending.key
            ],
        )?;
        Ok(())
    }

    fn count_guess(&self, id: &Mac, owner: &Mac, by: Guesser, most: u32) -> Result<Counted> {
        let guesses = match by {
            Guesser::Target => "native_guesses",
            Guesser::Anybody => "http_guesses",
        };
        // Out of range, it is as if there were none: see `number`.
        let so_far = format!(
            "CASE WHEN {guesses} BETWEEN 0 AND {} THEN {guesses} ELSE 0 END",
            u32::MAX
        );
        let sql = format!(
            "UPDATE pending SET {guesses} = {so_far} + 1
             WHERE id_mac = ? AND owner_mac = ? AND {so_far} < ? RETURNING {guesses} AS used"
        );
        if let Some(used) = self.one(&sql, params![id, owner, most], |row| number(row, "used"))? {
            return Ok(Counted::Allowed { used });
        }
        let until = self.pending(id, owner)?.map_or(0, |pending| pending.expires_at);
        Ok(Counted::Exhausted { until })
    }

    fn delete_pending(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM pending WHERE id_mac = ? AND owner_mac = ?", [id, owner])? > 0)
    }
}
