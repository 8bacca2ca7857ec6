//! Mutes of contact requests.

use std::collections::HashSet;

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{get, mac, number, some_number, values};
use crate::model::Mac;
use crate::store::{MuteRow, ReadMutes, Result, WriteMutes};

pub fn mute(row: &Row) -> Result<MuteRow> {
    Ok(MuteRow {
        owner: mac(row, "owner_mac")?,
        muted: mac(row, "muted_mac")?,
        sealed: get(row, "box")?,
        expires_at: some_number(row, "expires_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadMutes for Session<'_> {
    fn muting(&self, mutes: &[(Mac, Mac)]) -> Result<HashSet<Mac>> {
        let (owners, muted): (Vec<Mac>, Vec<Mac>) = mutes.iter().copied().unzip();
        let sql = "SELECT owner_mac FROM mutes JOIN unnest($1::bytea[], $2::bytea[]) AS asked (owner, muted)
                   ON owner_mac = owner AND muted_mac = muted";
        let rows = self.rows(sql, values![&owners[..], &muted[..]])?;
        rows.iter().map(|row| mac(row, "owner_mac")).collect()
    }

    fn mutes_of(&self, owner: &Mac) -> Result<Vec<MuteRow>> {
        self.all(
            "SELECT * FROM mutes WHERE owner_mac = $1 ORDER BY muted_mac",
            values![owner],
            mute,
        )
    }

    fn count_mutes_of(&self, owner: &Mac) -> Result<(usize, usize)> {
        let sql = "SELECT count(*) AS number, coalesce(sum(length(box)), 0) AS bytes FROM mutes WHERE owner_mac = $1";
        let read = |row: &Row| Ok((number(row, "number")?, number(row, "bytes")?));
        Ok(self.one(sql, values![owner], read)?.unwrap_or_default())
    }
}

impl WriteMutes for Session<'_> {
    fn put_mute(&self, mute: &MuteRow) -> Result<()> {
        let sql = "INSERT INTO mutes (owner_mac, muted_mac, box, expires_at, key_number) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (owner_mac, muted_mac) DO UPDATE SET box = $3, expires_at = $4, key_number = $5";
        let values = values![&mute.owner, &mute.muted, &mute.sealed, mute.expires_at, mute.key];
        self.later(sql, values)
    }

    fn delete_mute(&self, owner: &Mac, muted: &Mac) -> Result<bool> {
        let sql = "DELETE FROM mutes WHERE owner_mac = $1 AND muted_mac = $2";
        Ok(self.run(sql, values![owner, muted])? > 0)
    }

    fn keep_mutes(&self, owner: &Mac) -> Result<()> {
        let sql = "UPDATE mutes SET expires_at = NULL WHERE owner_mac = $1 AND expires_at IS NOT NULL";
        self.later(sql, values![owner])
    }

    fn delete_mutes_of(&self, owner: &Mac) -> Result<usize> {
        self.run("DELETE FROM mutes WHERE owner_mac = $1", values![owner])
    }
}
