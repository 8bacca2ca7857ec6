//! Operations on every table: times, counts, and the removal of expired rows.

use rusqlite::{Row as SqlRow, params};

use super::Session;
use super::times;
use crate::clock::{Millis, Reading};
use crate::store::{Counts, Purged, ReadUpkeep, Result, WriteUpkeep};

fn counts(row: &SqlRow) -> rusqlite::Result<Counts> {
    Ok(Counts {
        links: row.get("links")?,
        owners: row.get("owners")?,
        pending: row.get("pending")?,
        outbox: row.get("outbox")?,
        subscribers: row.get("subscribers")?,
        mutes: row.get("mutes")?,
        tokens: row.get("tokens")?,
        suppressions: row.get("suppressions")?,
        counters: row.get("counters")?,
        bytes: row.get("bytes")?,
    })
}

impl ReadUpkeep for Session<'_> {
    fn last_time(&self) -> Result<Option<Reading>> {
        times::last(self)
    }

    fn system_time(&self) -> Result<Option<Millis>> {
        Ok(None)
    }

    fn counts(&self) -> Result<Counts> {
        let counted = self.one(
            "SELECT (SELECT count(*) FROM links WHERE alias_of_mac IS NULL) AS links,
                    (SELECT count(DISTINCT owner_mac) FROM links) AS owners,
                    (SELECT count(*) FROM pending) AS pending,
                    (SELECT count(*) FROM outbox) AS outbox,
                    (SELECT count(*) FROM subscribers) AS subscribers,
                    (SELECT count(*) FROM mutes) AS mutes,
                    (SELECT count(*) FROM tokens) AS tokens,
                    (SELECT count(*) FROM suppressions) AS suppressions,
                    (SELECT count(*) FROM quota) AS counters,
                    (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()) AS bytes",
            [],
            counts,
        )?;
        Ok(counted.unwrap_or_default())
    }

    fn bytes(&self) -> Result<(u64, Option<u64>)> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        let bytes = self.one(sql, [], |row| row.get(0))?.unwrap_or_default();
        let journal = self
            .connection
            .path()
            .map(|file| std::fs::metadata(format!("{file}-wal")));
        Ok((
            bytes,
            journal.and_then(std::io::Result::ok).map(|journal| journal.len()),
        ))
    }
}

impl Session<'_> {
    /// Returns the number of messages that were still to be sent. Expired messages are due, and the index of due messages has the expiry: no
    /// index of expiries is needed, and no row is read that stays.
    fn purge_outbox(&self, now: Millis, limit: usize) -> Result<usize> {
        let sql = "WITH RECURSIVE queues (queue) AS (
                       SELECT min(queue) FROM outbox
                       UNION ALL SELECT (SELECT min(queue) FROM outbox WHERE queue > queues.queue) FROM queues WHERE queue NOT NULL
                   )
                   DELETE FROM outbox WHERE id IN (
                       SELECT id FROM outbox WHERE queue IN queues AND due_at <= ?1 AND expires_at <= ?1 LIMIT ?2
                   ) RETURNING is_taken";
        let purged: Vec<bool> = self.all(sql, params![now, limit], |row| row.get(0))?;
        Ok(purged.iter().filter(|is_taken| !**is_taken).count())
    }

    fn purge_subscribers(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<usize> {
        let unseen = "SELECT owner_mac FROM subscribers WHERE seen_at < ?1 AND";
        let linked = "EXISTS (SELECT 1 FROM links WHERE links.owner_mac = subscribers.owner_mac) LIMIT ?2";
        // Whoever has a link stays, and is not looked at again for as long.
        let stay = format!("UPDATE subscribers SET seen_at = ?3 WHERE owner_mac IN ({unseen} {linked})");
        self.run(&stay, params![unseen_since, limit, now])?;
        let go = format!("DELETE FROM subscribers WHERE owner_mac IN ({unseen} NOT {linked})");
        self.run(&go, params![unseen_since, limit])
    }
}

impl WriteUpkeep for Session<'_> {
    fn note_time(&self, now: Reading) -> Result<()> {
        times::note(self, now)
    }

    fn move_times(&self, by: i64) -> Result<()> {
        times::move_all(self, by)
    }

    fn purge(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<Purged> {
        let expired = |table: &str, key: &str, expiry: &str| {
            let sql =
                format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {expiry} <= ? LIMIT ?)");
            self.run(&sql, params![now, limit])
        };
        self.write_quotas()?;
        Ok(Purged {
            pending: expired("pending", "id_mac, owner_mac", "expires_at")?,
            outbox: self.purge_outbox(now, limit)?,
            quota: expired("quota", "key", "resets_at")?,
            tokens: expired("tokens", "rowid", "expires_at")?,
            mutes: expired("mutes", "owner_mac, muted_mac", "expires_at")?,
            subscribers: self.purge_subscribers(now, unseen_since, limit)?,
        })
    }
}
