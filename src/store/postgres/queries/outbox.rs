//! Messages that wait.

use tokio_postgres::Row as SqlRow;

use super::super::session::Session;
use super::super::value::{get, number, some_mac, some_number, values};
use crate::clock::Millis;
use crate::model::Mac;
use crate::store::{Claimed, Follow, Lease, NewRow, Queue, ReadOutbox, Result, Row, Waiting, WriteOutbox};

pub fn outbox(row: &SqlRow) -> Result<Row> {
    Ok(Row {
        id: get(row, "id")?,
        about: some_mac(row, "about_mac")?,
        payer: some_mac(row, "payer_mac")?,
        due_at: number(row, "due_at")?,
        tries: number(row, "tries")?,
        returned: number(row, "returned")?,
        is_taken: get(row, "is_taken")?,
        expires_at: number(row, "expires_at")?,
        sealed: get(row, "box")?,
        key: number(row, "key_number")?,
    })
}

/// Claims messages that are due and free. Messages that another instance is claiming just now are passed over.
pub fn claim(session: &Session<'_>, queue: Queue, limit: usize, lease: Lease) -> Result<Claimed> {
    let sql = "UPDATE outbox SET holder = $1, lease_ends_at = $2 WHERE id = ANY (ARRAY(
                   SELECT id FROM outbox WHERE queue = $3 AND due_at <= $4 AND (holder = 0 OR lease_ends_at <= $4)
                   ORDER BY due_at, id LIMIT $5 FOR UPDATE SKIP LOCKED))
               RETURNING *";
    let values = values![session.holder, lease.ends_at, queue.number(), lease.now, limit];
    let mut rows = session.all(sql, values, outbox)?;
    rows.sort_by_key(|row| (row.due_at, row.id));
    let next = match rows.is_empty() {
        true => next(session, queue, lease.now)?,
        false => None,
    };
    Ok(Claimed { rows, next })
}

/// Returns the time when the next message is due or a lease ends.
fn next(session: &Session<'_>, queue: Queue, now: Millis) -> Result<Option<Millis>> {
    let sql = "SELECT least((SELECT min(due_at) FROM outbox WHERE queue = $1 AND due_at > $2),
                            (SELECT min(lease_ends_at) FROM outbox WHERE holder <> 0 AND lease_ends_at > $2)) AS next";
    let next = session.one(sql, values![queue.number(), now], |row| some_number(row, "next"))?;
    Ok(next.flatten())
}

/// Claims one message.
pub fn claim_row(session: &Session<'_>, row: i64, lease: Lease) -> Result<Option<Row>> {
    let sql = "UPDATE outbox SET holder = $1, lease_ends_at = $2
               WHERE id = $3 AND (holder = 0 OR lease_ends_at <= $4) RETURNING *";
    session.one(sql, values![session.holder, lease.ends_at, row, lease.now], outbox)
}

/// Releases messages that this instance has claimed.
pub fn release(session: &Session<'_>, rows: Vec<i64>) -> Result<()> {
    let sql = "UPDATE outbox SET holder = 0 WHERE id = ANY($1) AND holder = $2";
    session.later(sql, values![rows, session.holder])
}

impl Session<'_> {
    /// Changes messages, except those that another instance has claimed since this one has.
    fn change_mine(&self, sql: &str, rows: &[i64], due_at: Millis) -> Result<()> {
        self.ended.borrow_mut().extend(rows);
        let sql = format!(
            "UPDATE outbox SET holder = 0, {sql}, due_at = least($1, expires_at) WHERE id = ANY($2) AND (holder = $3 OR holder = 0)"
        );
        self.later(&sql, values![due_at, rows.to_vec(), self.holder])
    }
}

impl ReadOutbox for Session<'_> {
    fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        let sql = "SELECT * FROM outbox WHERE queue = $1 AND id > $2 ORDER BY id LIMIT $3";
        self.all(sql, values![queue.number(), after, limit], outbox)
    }

    fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        let sql = "SELECT * FROM outbox WHERE queue = $1 AND id > $2 AND is_taken ORDER BY id LIMIT $3";
        self.all(sql, values![queue.number(), after, limit], outbox)
    }

    fn message(&self, row: i64) -> Result<Option<Row>> {
        self.one("SELECT * FROM outbox WHERE id = $1", values![row], outbox)
    }

    fn message_about(&self, about: &Mac) -> Result<Option<Row>> {
        let sql = "SELECT * FROM outbox WHERE about_mac = $1 ORDER BY id DESC LIMIT 1";
        self.one(sql, values![about], outbox)
    }

    fn bytes_of(&self, payer: &Mac) -> Result<u64> {
        let sql = "SELECT coalesce(sum(length(box)), 0) AS bytes FROM outbox WHERE payer_mac = $1";
        Ok(self
            .one(sql, values![payer], |row| number(row, "bytes"))?
            .unwrap_or_default())
    }

    fn waiting(&self) -> Result<Vec<Waiting>> {
        let sql = "SELECT queue, count(*) AS messages, min(id) AS oldest, max(id) AS newest FROM outbox
                   WHERE NOT is_taken AND returned = 0 GROUP BY queue ORDER BY queue";
        self.all(sql, values![], |row| {
            Ok(Waiting {
                queue: number(row, "queue")?,
                messages: number(row, "messages")?,
                oldest: get(row, "oldest")?,
                newest: get(row, "newest")?,
            })
        })
    }

    fn next_due(&self, queue: Queue) -> Result<Option<Millis>> {
        let sql = "SELECT min(due_at) AS due_at FROM outbox WHERE queue = $1";
        let next = self.one(sql, values![queue.number()], |row| some_number(row, "due_at"))?;
        Ok(next.flatten())
    }
}

impl WriteOutbox for Session<'_> {
    fn push(&self, row: &NewRow) -> Result<()> {
        let NewRow {
            queue,
            about,
            payer,
            due_at,
            expires_at,
            key,
            sealed,
        } = row;
        self.later(
            "INSERT INTO outbox (queue, about_mac, payer_mac, due_at, expires_at, box, key_number)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                queue.number(),
                about,
                payer,
                *due_at.min(expires_at),
                *expires_at,
                sealed,
                *key
            ],
        )?;
        self.posted.borrow_mut().insert(*queue);
        Ok(())
    }

    /// The number is known later, and another instance may take the message.
    fn push_and(&self, row: &NewRow, _follow: Follow) -> Result<()> {
        self.push(row)
    }

    fn remove(&self, row: i64) -> Result<bool> {
        self.ended.borrow_mut().push(row);
        Ok(self.run("DELETE FROM outbox WHERE id = $1", values![row])? > 0)
    }

    fn remove_all(&self, rows: &[i64]) -> Result<()> {
        self.ended.borrow_mut().extend(rows);
        self.later("DELETE FROM outbox WHERE id = ANY($1)", values![rows.to_vec()])
    }

    fn withdraw(&self, about: &Mac) -> Result<()> {
        self.later("DELETE FROM outbox WHERE about_mac = $1", values![about])
    }

    fn drop_most_tried(&self, payer: &Mac, limit: usize) -> Result<bool> {
        let sql = "DELETE FROM outbox WHERE id = ANY (ARRAY(
                       SELECT id FROM outbox WHERE payer_mac = $1 AND (is_taken OR tries > 1 OR returned > 1)
                       ORDER BY is_taken DESC, returned DESC, tries DESC, id LIMIT $2))";
        Ok(self.run(sql, values![payer, limit])? > 0)
    }

    fn retry_all(&self, rows: &[i64], due_at: Millis) -> Result<()> {
        self.change_mine("tries = tries + 1", rows, due_at)
    }

    fn hasten(&self, queue: Queue, now: Millis) -> Result<usize> {
        let sql = "UPDATE outbox SET due_at = $2 WHERE queue = $1 AND due_at > $2 AND NOT is_taken AND returned = 0 AND holder = 0";
        self.run(sql, values![queue.number(), now])
    }

    fn expect_back(&self, row: i64, until: Millis) -> Result<()> {
        self.change_mine("is_taken = true", &[row], until)
    }

    fn take_back(&self, row: i64, due_at: Millis) -> Result<()> {
        self.change_mine("is_taken = false, returned = returned + 1", &[row], due_at)
    }
}

/// Releases the messages that this instance holds, except these.
pub fn release_others(session: &Session<'_>, known: Vec<i64>) -> Result<()> {
    let sql = "UPDATE outbox SET holder = 0 WHERE holder = $1 AND holder <> 0 AND NOT (id = ANY($2))";
    session.later(sql, values![session.holder, known])
}

/// Releases all messages of a queue, whoever holds them.
pub fn release_queue(session: &Session<'_>, queue: Queue) -> Result<()> {
    let sql = "UPDATE outbox SET holder = 0 WHERE queue = $1 AND holder <> 0";
    session.later(sql, values![queue.number()])
}
