//! Messages that wait.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Row as SqlRow, ToSql, params, params_from_iter};

use super::{Session, number};
use crate::clock::Millis;
use crate::model::Mac;
use crate::store::{Claimed, Follow, NewRow, Queue, ReadOutbox, Result, Row, Waiting, WriteOutbox};

pub fn outbox(row: &SqlRow) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get("id")?,
        about: row.get("about_mac")?,
        payer: row.get("payer_mac")?,
        due_at: number(row, "due_at")?,
        tries: number(row, "tries")?,
        returned: number(row, "returned")?,
        is_taken: row.get::<_, i64>("is_taken")? != 0,
        expires_at: number(row, "expires_at")?,
        sealed: row.get("box")?,
        key: number(row, "key_number")?,
    })
}

/// The largest number of messages that one statement writes.
const PUSHED_TOGETHER: usize = 16;

/// A message that is still to be written.
pub struct Pushed {
    row: NewRow,
    follow: Option<Follow>,
}

impl ToSql for Queue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl Session<'_> {
    /// Up to `limit` messages of `queue` that are due and free; without one, when the next is due.
    pub fn due(&self, queue: Queue, now: Millis, limit: usize, is_free: &dyn Fn(&Row) -> bool) -> Result<Claimed> {
        let sql = "SELECT * FROM outbox WHERE queue = ? AND due_at <= ? ORDER BY due_at, id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![queue, now], outbox)?;
        let free = rows.filter(|row| row.as_ref().map_or(true, is_free));
        let rows: Vec<Row> = free.take(limit).collect::<rusqlite::Result<_>>()?;
        let next = match rows.is_empty() {
            true => self.next_due_after(queue, now)?,
            false => None,
        };
        Ok(Claimed { rows, next })
    }

    fn next_due_after(&self, queue: Queue, now: Millis) -> Result<Option<Millis>> {
        let sql = "SELECT min(due_at) FROM outbox WHERE queue = ? AND due_at > ?";
        let next: Option<Option<Millis>> = self.one(sql, params![queue, now], |row| row.get(0))?;
        Ok(next.flatten())
    }

    /// Writes the messages that were pushed, many in one statement: each statement reads and writes the highest number so far. To be
    /// called before another statement, and at the end. If it fails, the change must.
    pub fn write_pushed(&self) -> Result<()> {
        if self.pushed.borrow().is_empty() {
            return Ok(());
        }
        let mut pushed = self.pushed.take().into_iter().peekable();
        while pushed.peek().is_some() {
            self.insert(pushed.by_ref().take(PUSHED_TOGETHER).collect())?;
        }
        Ok(())
    }

    fn insert(&self, pushed: Vec<Pushed>) -> Result<()> {
        let sql = format!(
            "INSERT INTO outbox (queue, about_mac, payer_mac, due_at, expires_at, box, key_number)
             VALUES (?, ?, ?, ?, ?, ?, ?){}",
            ", (?, ?, ?, ?, ?, ?, ?)".repeat(pushed.len() - 1)
        );
        let values = pushed.iter().flat_map(|Pushed { row, .. }| -> [&dyn ToSql; 7] {
            let NewRow {
                queue,
                about,
                payer,
                due_at,
                expires_at,
                sealed,
                key,
            } = row;
            [queue, about, payer, due_at, expires_at, sealed, key]
        });
        self.run(&sql, params_from_iter(values))?;
        // Within a statement, the numbers follow each other.
        let (last, count) = (self.connection.last_insert_rowid(), pushed.len() as i64);
        let told = (last - count + 1..).zip(pushed);
        let told = told.filter_map(|(id, Pushed { follow, .. })| Some((id, follow?)));
        self.effects.follow.borrow_mut().extend(told);
        Ok(())
    }

    fn will_push(&self, row: &NewRow, follow: Option<Follow>) {
        let due_at = row.due_at.min(row.expires_at);
        let row = NewRow { due_at, ..row.clone() };
        self.pushed.borrow_mut().push(Pushed { row, follow });
    }

    fn ends_claim(&self, row: i64) {
        self.effects.ended.borrow_mut().push(row);
    }
}

impl ReadOutbox for Session<'_> {
    fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        self.all(
            "SELECT * FROM outbox WHERE queue = ? AND id > ? ORDER BY id LIMIT ?",
            params![queue, after, limit],
            outbox,
        )
    }

    fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        self.all(
            "SELECT * FROM outbox WHERE queue = ? AND id > ? AND is_taken ORDER BY id LIMIT ?",
            params![queue, after, limit],
            outbox,
        )
    }

    fn message(&self, row: i64) -> Result<Option<Row>> {
        self.one("SELECT * FROM outbox WHERE id = ?", [row], outbox)
    }

    fn message_about(&self, about: &Mac) -> Result<Option<Row>> {
        let sql = "SELECT * FROM outbox WHERE about_mac = ? ORDER BY id DESC LIMIT 1";
        self.one(sql, [about], outbox)
    }

    fn bytes_of(&self, payer: &Mac) -> Result<u64> {
        let sql = "SELECT coalesce(sum(length(box)), 0) FROM outbox WHERE payer_mac = ?";
        Ok(self.one(sql, [payer], |row| row.get(0))?.unwrap_or_default())
    }

    fn waiting(&self) -> Result<Vec<Waiting>> {
        self.all(
            "SELECT queue, count(*) AS messages, min(id) AS oldest, max(id) AS newest FROM outbox
             WHERE NOT is_taken AND returned = 0 GROUP BY queue ORDER BY queue",
            [],
            |row| {
                Ok(Waiting {
                    queue: row.get("queue")?,
                    messages: row.get("messages")?,
                    oldest: row.get("oldest")?,
                    newest: row.get("newest")?,
                })
            },
        )
    }

    fn next_due(&self, queue: Queue) -> Result<Option<Millis>> {
        let next: Option<Option<Millis>> =
            self.one("SELECT min(due_at) FROM outbox WHERE queue = ?", [queue], |row| {
                row.get(0)
            })?;
        Ok(next.flatten())
    }
}

impl WriteOutbox for Session<'_> {
    fn push(&self, row: &NewRow) -> Result<()> {
        self.will_push(row, None);
        self.effects.posted.borrow_mut().push(row.queue);
        Ok(())
    }

    fn push_and(&self, row: &NewRow, follow: Follow) -> Result<()> {
        self.will_push(row, Some(follow));
        Ok(())
    }

    fn remove(&self, row: i64) -> Result<bool> {
        self.ends_claim(row);
        Ok(self.run("DELETE FROM outbox WHERE id = ?", [row])? > 0)
    }

    fn remove_all(&self, rows: &[i64]) -> Result<()> {
        rows.iter().for_each(|row| self.ends_claim(*row));
        self.run_each("DELETE FROM outbox WHERE id = ?", rows.iter().map(|row| [row]))
    }

    fn withdraw(&self, about: &Mac) -> Result<()> {
        self.run("DELETE FROM outbox WHERE about_mac = ?", [about]).map(drop)
    }

    fn drop_most_tried(&self, payer: &Mac, limit: usize) -> Result<bool> {
        let sql = "DELETE FROM outbox WHERE id IN
                   (SELECT id FROM outbox WHERE payer_mac = ? AND (is_taken OR tries > 1 OR returned > 1)
                    ORDER BY is_taken DESC, returned DESC, tries DESC, id LIMIT ?)";
        Ok(self.run(sql, params![payer, limit])? > 0)
    }

    fn retry_all(&self, rows: &[i64], due_at: Millis) -> Result<()> {
        rows.iter().for_each(|row| self.ends_claim(*row));
        let sql = "UPDATE outbox SET tries = tries + 1, due_at = min(?, expires_at) WHERE id = ?";
        self.run_each(sql, rows.iter().map(|row| (due_at, row)))
    }

    fn hasten(&self, queue: Queue, now: Millis) -> Result<usize> {
        let sql = "UPDATE outbox SET due_at = ?2 WHERE queue = ?1 AND due_at > ?2 AND NOT is_taken AND returned = 0";
        self.run(sql, params![queue, now])
    }

    fn expect_back(&self, row: i64, until: Millis) -> Result<()> {
        self.ends_claim(row);
        let sql = "UPDATE outbox SET is_taken = 1, due_at = min(?, expires_at) WHERE id = ?";
        self.run(sql, params![until, row]).map(drop)
    }

    fn take_back(&self, row: i64, due_at: Millis) -> Result<()> {
        self.ends_claim(row);
        let sql = "UPDATE outbox SET is_taken = 0, returned = returned + 1, due_at = min(?, expires_at) WHERE id = ?";
        self.run(sql, params![due_at, row]).map(drop)
    }
}
