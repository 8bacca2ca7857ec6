//! Operations on every table: times, counts, and the removal of expired rows.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{get, number, values};
use crate::clock::{Millis, Reading};
use crate::store::{Counts, Purged, ReadUpkeep, Result, StoreError, WriteUpkeep};

fn counts(row: &Row) -> Result<Counts> {
    Ok(Counts {
        links: number(row, "links")?,
        owners: number(row, "owners")?,
        pending: number(row, "pending")?,
        outbox: number(row, "outbox")?,
        subscribers: number(row, "subscribers")?,
        mutes: number(row, "mutes")?,
        tokens: number(row, "tokens")?,
        suppressions: number(row, "suppressions")?,
        counters: number(row, "counters")?,
        bytes: number(row, "bytes")?,
    })
}

impl ReadUpkeep for Session<'_> {
    fn last_time(&self) -> Result<Option<Reading>> {
        let Some(noted) = self.meta("time")? else {
            return Ok(None);
        };
        match noted.as_chunks::<8>() {
            ([own, system], []) => Ok(Some(Reading {
                own: u64::from_be_bytes(*own),
                system: u64::from_be_bytes(*system),
            })),
            _ => Err(StoreError::Corrupt("the time in the database cannot be read".into())),
        }
    }

    fn system_time(&self) -> Result<Option<Millis>> {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
        self.one(sql, values![], |row| number(row, "now"))
    }

    fn counts(&self) -> Result<Counts> {
        let sql = "SELECT (SELECT count(*) FROM links WHERE alias_of_mac IS NULL) AS links,
                          (SELECT count(DISTINCT owner_mac) FROM links) AS owners,
                          (SELECT count(*) FROM pending) AS pending,
                          (SELECT count(*) FROM outbox) AS outbox,
                          (SELECT count(*) FROM subscribers) AS subscribers,
                          (SELECT count(*) FROM mutes) AS mutes,
                          (SELECT count(*) FROM tokens) AS tokens,
                          (SELECT count(*) FROM suppressions) AS suppressions,
                          (SELECT count(*) FROM quota) AS counters,
                          (SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
                           WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace) AS bytes";
        Ok(self.one(sql, values![], counts)?.unwrap_or_default())
    }

    fn bytes(&self) -> Result<(u64, Option<u64>)> {
        let sql = "SELECT sum(pg_total_relation_size(oid))::bigint AS bytes FROM pg_class
                   WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";
        let bytes = self.one(sql, values![], |row| number(row, "bytes"))?;
        Ok((bytes.unwrap_or_default(), None))
    }
}

impl Session<'_> {
    fn purge_subscribers(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<usize> {
        // A few are looked at, and all of these are changed or removed: no statement reads the whole table.
        let unseen = |condition: &str| {
            format!(
                "ctid = ANY (ARRAY(SELECT ctid FROM (SELECT ctid, owner_mac FROM subscribers WHERE seen_at < $1
                 ORDER BY seen_at LIMIT $2) AS unseen WHERE {condition}
                 (SELECT FROM links WHERE links.owner_mac = unseen.owner_mac)))"
            )
        };
        // A subscriber with a link stays, and is not looked at again for as long.
        let stay = format!("UPDATE subscribers SET seen_at = $3 WHERE {}", unseen("EXISTS"));
        self.later(&stay, values![unseen_since, limit, now])?;
        let go = format!("DELETE FROM subscribers WHERE {}", unseen("NOT EXISTS"));
        self.run(&go, values![unseen_since, limit])
    }
}

impl WriteUpkeep for Session<'_> {
    fn note_time(&self, now: Reading) -> Result<()> {
        self.put_meta("time", &[now.own.to_be_bytes(), now.system.to_be_bytes()].concat())
    }

    fn move_times(&self, by: i64) -> Result<()> {
        self.write_quotas()?;
        let sql = "SELECT table_name::text AS table, column_name::text AS column FROM information_schema.columns
                   WHERE table_schema = current_schema() AND column_name LIKE '%\\_at'";
        let read = |row: &Row| Ok((get::<String>(row, "table")?, get::<String>(row, "column")?));
        for (table, column) in self.all(sql, values![], read)? {
            let sql = format!("UPDATE {table} SET {column} = greatest(0, {column} + $1) WHERE {column} IS NOT NULL");
            self.later(&sql, values![by])?;
        }
        Ok(())
    }

    fn purge(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<Purged> {
        // By their places, so that no statement reads more than these rows.
        let expired = |table: &str, expiry: &str, condition: &str| {
            let sql = format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                     SELECT ctid FROM {table} WHERE {expiry} <= $1 {condition} ORDER BY {expiry} LIMIT $2))"
            );
            self.run(&sql, values![now, limit])
        };
        expired("outbox", "expires_at", "AND is_taken")?;
        self.write_quotas()?;
        Ok(Purged {
            pending: expired("pending", "expires_at", "")?,
            outbox: expired("outbox", "expires_at", "")?,
            quota: expired("quota", "resets_at", "")?,
            tokens: expired("tokens", "expires_at", "")?,
            mutes: expired("mutes", "expires_at", "")?,
            subscribers: self.purge_subscribers(now, unseen_since, limit)?,
        })
    }
}
