//! The port's questions and changes as SQL.

use rusqlite::{Connection, OptionalExtension, Params, Row as SqlRow, ToSql, params};

use super::super::{
    Counts, Link, Mute, NO_PROOF, NewRow, Pending, Purged, Queue, Quota, Read, Reseal, Result, Row, Subscriber,
    Switched, Token, Write,
};
use super::{reseal, times};
use crate::clock::{Millis, Reading};
use crate::model::{Mac, OwnAddresses, TokenHash};

/// A connection within a transaction.
pub struct Session<'a>(pub &'a Connection);

impl Session<'_> {
    pub fn one<T>(&self, sql: &str, params: impl Params, map: fn(&SqlRow) -> rusqlite::Result<T>) -> Result<Option<T>> {
        Ok(self.0.prepare_cached(sql)?.query_row(params, map).optional()?)
    }

    pub fn all<T>(&self, sql: &str, params: impl Params, map: fn(&SqlRow) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params, map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn run(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(params)?)
    }
}

impl ToSql for Mac {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        self.0.as_slice().to_sql()
    }
}

/// Whoever can write the file can put anything into a column. What is no MAC is one that nothing has: an error would be in the way
/// of replacing the row.
impl rusqlite::types::FromSql for Mac {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        Ok(Self(bytes(value.as_blob().unwrap_or_default())))
    }
}

/// Nothing but zeros if there are more bytes, or less.
fn bytes<const N: usize>(blob: &[u8]) -> [u8; N] {
    blob.try_into().unwrap_or([0; N])
}

/// Zero if it is out of range, for the same reason.
fn number<T: TryFrom<i64> + Default>(row: &SqlRow, name: &str) -> rusqlite::Result<T> {
    Ok(T::try_from(row.get(name)?).unwrap_or_default())
}

pub fn link(row: &SqlRow) -> rusqlite::Result<Link> {
    Ok(Link {
        id: row.get("id_mac")?,
        alias_of: row.get("alias_of_mac")?,
        owner: row.get("owner_mac")?,
        proof: row.get("proof")?,
        sealed: row.get("box")?,
        verified_on: number(row, "verified_on")?,
    })
}

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

fn quota(row: &SqlRow) -> rusqlite::Result<Quota> {
    Ok(Quota {
        resets_at: number(row, "resets_at")?,
        used: number(row, "used")?,
    })
}

pub fn outbox(row: &SqlRow) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get("id")?,
        about: row.get("about_mac")?,
        due_at: number(row, "due_at")?,
        tries: number(row, "tries")?,
        returned: number(row, "returned")?,
        is_taken: row.get::<_, i64>("is_taken")? != 0,
        expires_at: number(row, "expires_at")?,
        sealed: row.get("box")?,
    })
}

pub fn subscriber(row: &SqlRow) -> rusqlite::Result<Subscriber> {
    Ok(Subscriber {
        owner: row.get("owner_mac")?,
        server: row.get("server_mac")?,
        addresses: OwnAddresses::of_bits(row.get("addresses")?),
        asked: OwnAddresses::of_bits(row.get("asked")?),
        sealed: row.get("box")?,
        seen_at: number(row, "seen_at")?,
    })
}

pub fn mute(row: &SqlRow) -> rusqlite::Result<Mute> {
    Ok(Mute {
        owner: row.get("owner_mac")?,
        muted: row.get("muted_mac")?,
        sealed: row.get("box")?,
        expires_at: row.get("expires_at")?,
    })
}

pub fn token(row: &SqlRow) -> rusqlite::Result<Token> {
    Ok(Token {
        hash: TokenHash(bytes(&row.get::<_, Vec<u8>>("token_hash")?)),
        owner: row.get("owner_mac")?,
        sealed: row.get("box")?,
        expires_at: number(row, "expires_at")?,
    })
}

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

impl Read for Session<'_> {
    fn proof(&self, id: &Mac) -> Result<Option<Mac>> {
        self.one("SELECT proof FROM links WHERE id_mac = ?", [id], |row| row.get(0))
    }

    fn link(&self, id: &Mac) -> Result<Option<Link>> {
        self.one("SELECT * FROM links WHERE id_mac = ?", [id], link)
    }

    fn has_links(&self, owner: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM links WHERE owner_mac = ? LIMIT 1", [owner], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn links_of(&self, owner: &Mac) -> Result<Vec<Link>> {
        let sql = "SELECT * FROM links WHERE owner_mac = ? AND alias_of_mac IS NULL ORDER BY rowid";
        self.all(sql, [owner], link)
    }

    fn count_links_of(&self, owner: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) FROM links WHERE owner_mac = ? AND alias_of_mac IS NULL";
        Ok(self.one(sql, [owner], |row| row.get(0))?.unwrap_or_default())
    }

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

    fn quota(&self, key: &Mac) -> Result<Option<Quota>> {
        self.one("SELECT resets_at, used FROM quota WHERE key = ?", [key], quota)
    }

    fn due(&self, queue: Queue, now: Millis, limit: usize) -> Result<Vec<Row>> {
        self.all(
            "SELECT * FROM outbox WHERE queue = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?",
            params![queue as u8, now, limit],
            outbox,
        )
    }

    fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        self.all(
            "SELECT * FROM outbox WHERE queue = ? AND id > ? ORDER BY id LIMIT ?",
            params![queue as u8, after, limit],
            outbox,
        )
    }

    fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>> {
        self.all(
            "SELECT * FROM outbox WHERE queue = ? AND id > ? AND is_taken ORDER BY id LIMIT ?",
            params![queue as u8, after, limit],
            outbox,
        )
    }

    fn message(&self, row: i64) -> Result<Option<Row>> {
        self.one("SELECT * FROM outbox WHERE id = ?", [row], outbox)
    }

    fn bytes_of(&self, payer: &Mac) -> Result<u64> {
        let sql = "SELECT coalesce(sum(length(box)), 0) FROM outbox WHERE payer_mac = ?";
        Ok(self.one(sql, [payer], |row| row.get(0))?.unwrap_or_default())
    }

    fn next_due(&self, queue: Queue) -> Result<Option<Millis>> {
        let next: Option<Option<Millis>> =
            self.one("SELECT min(due_at) FROM outbox WHERE queue = ?", [queue as u8], |row| {
                row.get(0)
            })?;
        Ok(next.flatten())
    }

    fn is_subscriber(&self, owner: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM subscribers WHERE owner_mac = ?", [owner], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn subscriber(&self, owner: &Mac) -> Result<Option<Subscriber>> {
        self.one("SELECT * FROM subscribers WHERE owner_mac = ?", [owner], subscriber)
    }

    fn subscribers_of(&self, server: &Mac) -> Result<usize> {
        let sql = "SELECT count(*) FROM subscribers WHERE server_mac = ?";
        Ok(self.one(sql, [server], |row| row.get(0))?.unwrap_or_default())
    }

    fn subscribers(&self, after: Option<&Mac>, limit: usize) -> Result<Vec<Subscriber>> {
        // An empty blob sorts before every MAC.
        let after = after.map_or(&[][..], |mac| &mac.0);
        self.all(
            "SELECT * FROM subscribers WHERE owner_mac > ? ORDER BY owner_mac LIMIT ?",
            params![after, limit],
            subscriber,
        )
    }

    fn is_muted(&self, owner: &Mac, muted: &Mac) -> Result<bool> {
        let found = self.one(
            "SELECT 1 FROM mutes WHERE owner_mac = ? AND muted_mac = ?",
            [owner, muted],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    fn mutes_of(&self, owner: &Mac) -> Result<Vec<Mute>> {
        self.all("SELECT * FROM mutes WHERE owner_mac = ?", [owner], mute)
    }

    fn count_mutes_of(&self, owner: &Mac) -> Result<(usize, usize)> {
        let sql = "SELECT count(*), coalesce(sum(length(box)), 0) FROM mutes WHERE owner_mac = ?";
        let counted = self.one(sql, [owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counted.unwrap_or_default())
    }

    fn token(&self, hash: &TokenHash) -> Result<Option<Token>> {
        self.one("SELECT * FROM tokens WHERE token_hash = ?", [hash.0], token)
    }

    fn subscriber_count(&self) -> Result<usize> {
        let counted = self.one("SELECT count(*) FROM subscribers", [], |row| row.get(0))?;
        Ok(counted.unwrap_or_default())
    }

    fn former_suppression_keys(&self) -> Result<Option<Vec<u8>>> {
        self.one("SELECT value FROM meta WHERE name = 'suppression_keys'", [], |row| {
            row.get(0)
        })
    }

    fn is_suppressed(&self, mac: &Mac) -> Result<bool> {
        let found = self.one("SELECT 1 FROM suppressions WHERE mac = ?", [mac], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn last_time(&self) -> Result<Option<Reading>> {
        times::last(self)
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
}

impl Session<'_> {
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

impl Write for Session<'_> {
    fn put_link(&self, link: &Link) -> Result<()> {
        let Link {
            id,
            alias_of,
            owner,
            proof,
            sealed,
            verified_on,
        } = link;
        let columns = params![id, alias_of, owner, proof, sealed, verified_on];
        // By their owner, because there is no index of what they are aliases of.
        let aliases = "DELETE FROM links WHERE alias_of_mac = ?1
                       AND owner_mac = (SELECT owner_mac FROM links WHERE id_mac = ?1)";
        self.run(aliases, [id])?;
        let kept = "UPDATE links SET alias_of_mac = ?2, proof = ?4, box = ?5, verified_on = ?6
                    WHERE id_mac = ?1 AND owner_mac = ?3";
        if self.run(kept, columns)? == 0 {
            // A row of its own, because links are listed in the order of their rows: a moved one would tell its new owner when another
            // made it.
            self.run("DELETE FROM links WHERE id_mac = ?", [id])?;
            let made = "INSERT INTO links (id_mac, alias_of_mac, owner_mac, proof, box, verified_on)
                        VALUES (?, ?, ?, ?, ?, ?)";
            self.run(made, columns)?;
        }
        Ok(())
    }

    fn delete_link(&self, id: &Mac, owner: &Mac) -> Result<bool> {
        let link = "DELETE FROM links WHERE id_mac = ? AND owner_mac = ? AND alias_of_mac IS NULL";
        let was_theirs = self.run(link, [id, owner])? > 0;
        // Those, too, whose link was lost.
        let aliases = "DELETE FROM links WHERE alias_of_mac = ? AND owner_mac = ?";
        self.run(aliases, [id, owner])?;
        Ok(was_theirs)
    }

    fn delete_links_of(&self, owner: &Mac) -> Result<usize> {
        let count = self.count_links_of(owner)?;
        self.run("DELETE FROM links WHERE owner_mac = ?", [owner])?;
        Ok(count)
    }

    fn doubt_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "UPDATE links SET proof = ? WHERE owner_mac = ?";
        self.run(sql, [&NO_PROOF, owner]).map(drop)
    }

    fn delete_doubted_links_of(&self, owner: &Mac) -> Result<()> {
        let sql = "DELETE FROM links WHERE owner_mac = ? AND proof = ?";
        self.run(sql, [owner, &NO_PROOF]).map(drop)
    }

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

    fn put_quota(&self, key: &Mac, quota: Quota) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?)",
            params![key, quota.resets_at, quota.used],
        )?;
        Ok(())
    }

    fn push(&self, row: &NewRow) -> Result<()> {
        self.run(
            "INSERT INTO outbox (queue, about_mac, payer_mac, due_at, expires_at, box) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                row.queue as u8,
                row.about,
                row.payer,
                row.due_at,
                row.expires_at,
                row.sealed
            ],
        )?;
        Ok(())
    }

    fn remove(&self, row: i64) -> Result<bool> {
        Ok(self.run("DELETE FROM outbox WHERE id = ?", [row])? > 0)
    }

    fn withdraw(&self, about: &Mac) -> Result<()> {
        self.run("DELETE FROM outbox WHERE about_mac = ?", [about]).map(drop)
    }

    fn drop_most_tried(&self, payer: &Mac, limit: usize) -> Result<bool> {
        let sql = "DELETE FROM outbox WHERE id IN
                   (SELECT id FROM outbox WHERE payer_mac = ? AND (is_taken OR tries > 1)
                    ORDER BY is_taken DESC, returned DESC, tries DESC, id LIMIT ?)";
        Ok(self.run(sql, params![payer, limit])? > 0)
    }

    fn retry(&self, row: i64, due_at: Millis) -> Result<()> {
        self.run(
            "UPDATE outbox SET tries = tries + 1, due_at = ? WHERE id = ?",
            params![due_at, row],
        )?;
        Ok(())
    }

    fn expect_back(&self, row: i64, until: Millis) -> Result<()> {
        let sql = "UPDATE outbox SET is_taken = 1, due_at = ? WHERE id = ?";
        self.run(sql, params![until, row]).map(drop)
    }

    fn take_back(&self, row: i64, due_at: Millis) -> Result<()> {
        let sql = "UPDATE outbox SET is_taken = 0, returned = returned + 1, due_at = ? WHERE id = ?";
        self.run(sql, params![due_at, row]).map(drop)
    }

    fn put_subscriber(&self, subscriber: &Subscriber) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO subscribers (owner_mac, server_mac, addresses, asked, box, seen_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            params![
                subscriber.owner,
                subscriber.server,
                subscriber.addresses.bits(),
                subscriber.asked.bits(),
                subscriber.sealed,
                subscriber.seen_at
            ],
        )?;
        Ok(())
    }

    fn delete_subscriber(&self, owner: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM subscribers WHERE owner_mac = ?", [owner])? > 0)
    }

    fn drop_quietest_subscriber(&self, server: &Mac, since: Millis) -> Result<bool> {
        let sql = "DELETE FROM subscribers WHERE owner_mac =
                   (SELECT owner_mac FROM subscribers WHERE server_mac = ? AND seen_at < ?
                    AND NOT EXISTS (SELECT 1 FROM links WHERE links.owner_mac = subscribers.owner_mac)
                    ORDER BY seen_at LIMIT 1)";
        Ok(self.run(sql, params![server, since])? > 0)
    }

    fn put_mute(&self, mute: &Mute) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO mutes (owner_mac, muted_mac, box, expires_at) VALUES (?, ?, ?, ?)",
            params![mute.owner, mute.muted, mute.sealed, mute.expires_at],
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

    fn put_token(&self, token: &Token, most: usize) -> Result<()> {
        self.run(
            "INSERT INTO tokens (token_hash, owner_mac, box, expires_at) VALUES (?, ?, ?, ?)",
            params![token.hash.0, token.owner, token.sealed, token.expires_at],
        )?;
        self.run(
            "DELETE FROM tokens WHERE owner_mac = ?1 AND rowid NOT IN
             (SELECT rowid FROM tokens WHERE owner_mac = ?1 ORDER BY rowid DESC LIMIT ?2)",
            params![token.owner, most],
        )?;
        Ok(())
    }

    fn delete_tokens_of(&self, owner: &Mac) -> Result<usize> {
        self.run("DELETE FROM tokens WHERE owner_mac = ?", [owner])
    }

    fn begin_reseal(&self, to: &Mac) -> Result<bool> {
        reseal::begin(self, to)
    }

    fn reseal_links(&self, by: &dyn Reseal, limit: usize) -> Result<u64> {
        reseal::links(self, by, limit)
    }

    fn switch_keys(&self, to: &Mac, by: &dyn Reseal) -> Result<Switched> {
        reseal::switch(self, to, by)
    }

    fn wipe_former(&self, limit: usize) -> Result<bool> {
        reseal::wipe(self, limit)
    }

    fn put_suppression(&self, mac: &Mac) -> Result<()> {
        self.run(
            "INSERT INTO suppressions (mac) VALUES (?) ON CONFLICT DO NOTHING",
            [mac],
        )?;
        Ok(())
    }

    fn delete_suppression(&self, mac: &Mac) -> Result<bool> {
        Ok(self.run("DELETE FROM suppressions WHERE mac = ?", [mac])? > 0)
    }

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
        let taken = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE expires_at <= ? AND is_taken LIMIT ?)";
        self.run(taken, params![now, limit])?;
        Ok(Purged {
            pending: expired("pending", "id_mac, owner_mac", "expires_at")?,
            outbox: expired("outbox", "id", "expires_at")?,
            quota: expired("quota", "key", "resets_at")?,
            tokens: expired("tokens", "rowid", "expires_at")?,
            mutes: expired("mutes", "owner_mac, muted_mac", "expires_at")?,
            subscribers: self.purge_subscribers(now, unseen_since, limit)?,
        })
    }
}
