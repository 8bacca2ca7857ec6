//! Counters.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{number, values};
use crate::model::Mac;
use crate::store::{Counted, Quota, ReadQuota, Result, Window, WriteQuota};

fn quota(row: &Row) -> Result<Quota> {
    Ok(Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    })
}

impl ReadQuota for Session<'_> {
    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.one("SELECT resets_at, used FROM quota WHERE key = $1", values![key], quota)
    }
}

/// The count of a window that is not over at `$3`, otherwise 0. A value out of range, which only somebody who can write the
/// database can put there, is 0 as well.
macro_rules! used {
    () => {
        "CASE WHEN quota.resets_at > $3 AND quota.used BETWEEN 0 AND 4294967295 THEN quota.used ELSE 0 END"
    };
}

impl WriteQuota for Session<'_> {
    fn count(&self, key: &Mac, by: u32, most: u32, window: Window) -> Result<Counted> {
        let Window { now, ends_at } = window;
        let counted = concat!(
            "INSERT INTO quota (key, used, resets_at) SELECT $1, $2::bigint, $4::bigint WHERE $2::bigint <= $5
             ON CONFLICT (key) DO UPDATE SET used = $2::bigint + ",
            used!(),
            ", resets_at = CASE WHEN quota.resets_at > $3 THEN least(quota.resets_at, $4) ELSE $4 END
             WHERE $2::bigint + ",
            used!(),
            " <= $5 RETURNING used"
        );
        let values = values![key, by, now, ends_at, most];
        if let Some(used) = self.one(counted, values, |row| number(row, "used"))? {
            return Ok(Counted::Allowed { used });
        }
        self.later(
            "UPDATE quota SET resets_at = $2 WHERE key = $1 AND resets_at > $2",
            values![key, ends_at],
        )?;
        let ends = self.quota(key)?.map(|quota| quota.resets_at);
        let until = ends.filter(|ends| *ends > now).unwrap_or(ends_at);
        Ok(Counted::Exhausted { until })
    }

    fn count_back(&self, key: &Mac, less: u32, window: Window) -> Result<()> {
        let Window { now, ends_at } = window;
        let sql = concat!(
            "UPDATE quota SET used = greatest(0, ",
            used!(),
            " - $2) WHERE key = $1 AND resets_at > $3 AND resets_at <= $4"
        );
        self.later(sql, values![key, less, now, ends_at])
    }
}
