//! Registrations that wait for a code.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{get, mac, number, values};
use crate::model::Mac;
use crate::store::{Counted, Guesser, Pending, ReadPending, Result, WritePending};

pub fn pending(row: &Row) -> Result<Pending> {
    Ok(Pending {
        id: mac(row, "id_mac")?,
        owner: mac(row, "owner_mac")?,
        code: mac(row, "code_mac")?,
        native_guesses: number(row, "native_guesses")?,
        http_guesses: number(row, "http_guesses")?,
        expires_at: number(row, "expires_at")?,
        sealed: get(row, "box")?,
        key: number(row, "key_number")?,
    })
}

impl ReadPending for Session<'_> {
    fn pending(&self, id: &Mac, owner: &Mac) -> Result<Option<Pending>> {
        self.one(
            "SELECT * FROM pending WHERE id_mac = $1 AND owner_mac = $2",
            values![id, owner],
            pending,
        )
    }

    fn pendings(&self, id: &Mac) -> Result<Vec<Pending>> {
        self.all(
            "SELECT * FROM pending WHERE id_mac = $1 ORDER BY owner_mac",
            values![id],
            pending,
        )
    }

    fn pendings_of(&self, owner: &Mac) -> Result<Vec<Pending>> {
        self.all(
            "SELECT * FROM pending WHERE owner_mac = $1 ORDER BY id_mac",
            values![owner],
            pending,
        )
    }
}

impl WritePending for Session<'_> {
    fn put_pending(&self, pending: &Pending) -> Result<()> {
        let Pending {
            id,
            owner,
            code,
            native_guesses,
            http_guesses,
            expires_at,
            key,
            sealed,
        } = pending;
        self.later(
            "INSERT INTO pending (id_mac, owner_mac, code_mac, native_guesses, http_guesses, expires_at, box, key_number)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id_mac, owner_mac) DO UPDATE
             SET code_mac = $3, native_guesses = $4, http_guesses = $5, expires_at = $6, box = $7, key_number = $8",
            values![id, owner, code, *native_guesses, *http_guesses, *expires_at, sealed, *key],
        )
    }

    fn count_guess(&self, id: &Mac, owner: &Mac, by: Guesser, most: u32) -> Result<Counted> {
        let guesses = match by {
            Guesser::Target => "native_guesses",
            Guesser::Anybody => "http_guesses",
        };
        // Out of range, it is as if there were none: see `value::number`.
        let so_far = format!(
            "CASE WHEN {guesses} BETWEEN 0 AND {} THEN {guesses} ELSE 0 END",
            u32::MAX
        );
        let sql = format!(
            "UPDATE pending SET {guesses} = {so_far} + 1
             WHERE id_mac = $1 AND owner_mac = $2 AND {so_far} < $3 RETURNING {guesses} AS used"
        );
        if let Some(used) = self.one(&sql, values![id, owner, most], |row| number(row, "used"))? {
            return Ok(Counted::Allowed { used });
        }
        let until = self.pending(id, owner)?.map_or(0, |pending| pending.expires_at);
        Ok(Counted::Exhausted { until })
    }

    fn delete_pending(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        let sql = "DELETE FROM pending WHERE id_mac = $1 AND owner_mac = $2";
        Ok(self.run(sql, values![id, owner])? > 0)
    }
}
