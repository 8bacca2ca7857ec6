//! Another key for a database that is in use.
//!
//! The links, of which there may be millions, are copied bit by bit into a table of their own; triggers note which of them
//! change meanwhile. Until the switch, which is one transaction, everything is as it was; afterwards the former table is wiped
//! bit by bit. So whatever dies, and when, the database belongs to just one of the two keys.

use rusqlite::{Connection, OptionalExtension, params};

use super::{self as queries, Session};
use crate::model::Mac;
use crate::store::{
    Link, Pending, Quota, ReadQuota, Reseal, Resealed, Result, Row, StoreError, Switched, WriteMutes, WriteOutbox,
    WritePending, WriteSubscribers, WriteSuppressions, WriteTokens,
};

/// The indexes of `links`. What shows whose a link is stands in the second as well, so that the look-up that is asked most reads one
/// page of many and not two; the first is for no look-up (see the migration that makes it).
const INDEXES: [(&str, &str, &str); 3] = [
    ("UNIQUE INDEX", "links_once", "(id_mac) WHERE typeof(id_mac) = 'blob'"),
    ("INDEX", "links_by_id", "(id_mac, proof)"),
    ("INDEX", "links_by_owner", "(owner_mac)"),
];

/// As the migrations make `links`.
const BEGIN: &str = "
    CREATE TABLE resealing (key_check BLOB NOT NULL, copied INTEGER NOT NULL) STRICT;
    CREATE TABLE links_next (
        id_mac       BLOB NOT NULL,
        owner_mac    BLOB NOT NULL,
        proof        BLOB NOT NULL,
        box          BLOB NOT NULL,
        verified_on  INTEGER NOT NULL,
        alias_of_mac BLOB
    ) STRICT;
    CREATE TABLE links_changed (link INTEGER PRIMARY KEY) STRICT;";

/// The triggers that record changes.
pub const TRIGGERS: [&str; 3] = [
    "CREATE TRIGGER link_made AFTER INSERT ON links
        BEGIN INSERT OR IGNORE INTO links_changed VALUES (new.rowid); END",
    "CREATE TRIGGER link_moved AFTER UPDATE ON links
        BEGIN INSERT OR IGNORE INTO links_changed VALUES (new.rowid); END",
    "CREATE TRIGGER link_removed AFTER DELETE ON links
        BEGIN INSERT OR IGNORE INTO links_changed VALUES (old.rowid); END",
];

/// What of that is needed no more, however it ends.
const END: &str = "
    DROP TRIGGER link_made;
    DROP TRIGGER link_moved;
    DROP TRIGGER link_removed;
    DROP TABLE links_changed;
    DROP TABLE resealing;";

/// How many links of how many are copied, if any are being copied. By their row ids, which is near enough.
pub fn progress(connection: &Connection) -> Result<Option<(u64, u64)>> {
    if !has_table(connection, "resealing")? {
        return Ok(None);
    }
    let sql = "SELECT copied, (SELECT coalesce(max(rowid), 0) FROM links) FROM resealing";
    Ok(connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Makes the tables and triggers, unless they are there for the same key. If links of another are in the way, it does not, and
/// says so.
pub fn begin(session: &Session, to: &Mac) -> Result<bool> {
    if has_table(session.0, "resealing")? {
        if session.one("SELECT key_check FROM resealing", [], |row| row.get(0))? == Some(*to) {
            return Ok(true);
        }
        give_up(session)?;
    }
    if has_table(session.0, "links_former")? {
        return Ok(false);
    }
    session.0.execute_batch(BEGIN)?;
    session.0.execute_batch(&TRIGGERS.join(";"))?;
    for (kind, name, columns) in INDEXES {
        // Names of indexes stay when tables are renamed, and no two can be the same.
        let number = if has_table(session.0, name)? { "_2" } else { "" };
        let index = format!("CREATE {kind} {name}{number} ON links_next {columns}");
        session.0.execute_batch(&index)?;
    }
    session.run("INSERT INTO resealing VALUES (?, 0)", [to])?;
    Ok(true)
}

/// Gives the change of the key up that is under way, if one is: what was copied is left to be wiped. There must not be links of
/// a former key.
pub fn give_up(session: &Session) -> Result<()> {
    if has_table(session.0, "resealing")? {
        session.0.execute_batch(END)?;
        session
            .0
            .execute_batch("ALTER TABLE links_next RENAME TO links_former")?;
    }
    Ok(())
}

/// Copies what has changed, and when nothing has, more of the rest.
pub fn links(session: &Session, by: &dyn Reseal, limit: usize) -> Result<u64> {
    let copied: i64 = session
        .one("SELECT copied FROM resealing", [], |row| row.get(0))?
        .unwrap_or_default();
    let changed: Vec<i64> = session.all("SELECT link FROM links_changed LIMIT ?", [limit], |row| row.get(0))?;
    for link in &changed {
        session.run("DELETE FROM links_next WHERE rowid = ?", [link])?;
        session.run("DELETE FROM links_changed WHERE link = ?", [link])?;
        let sql = "SELECT rowid, * FROM links WHERE rowid = ? AND rowid <= ?";
        copy(session, by, session.all(sql, [*link, copied], numbered)?)?;
    }
    if changed.is_empty() {
        let sql = "SELECT rowid, * FROM links WHERE rowid > ? ORDER BY rowid LIMIT ?";
        let rows = session.all(sql, params![copied, limit], numbered)?;
        if let Some((last, _)) = rows.last() {
            session.run("UPDATE resealing SET copied = ?", [last])?;
        }
        copy(session, by, rows)?;
    }
    left(session)
}

fn left(session: &Session) -> Result<u64> {
    let sql = "SELECT (SELECT count(*) FROM links_changed)
                    + max(0, (SELECT coalesce(max(rowid), 0) FROM links) - (SELECT copied FROM resealing))";
    Ok(session.one(sql, [], |row| row.get(0))?.unwrap_or_default())
}

fn numbered(row: &rusqlite::Row) -> rusqlite::Result<(i64, Link)> {
    Ok((row.get("rowid")?, queries::link(row)?))
}

/// Under the same row ids, so that they stay in order. What was copied before and lost its link since goes when it is its
/// turn among the changes.
fn copy(session: &Session, by: &dyn Reseal, rows: Vec<(i64, Link)>) -> Result<()> {
    for (number, link) in rows {
        // A link that cannot be opened is of use to nobody, under no key.
        let Some(link) = by.link(&link) else { continue };
        session.run(
            "INSERT INTO links_next (rowid, id_mac, alias_of_mac, owner_mac, proof, box, verified_on)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                number,
                link.id,
                link.alias_of,
                link.owner,
                link.proof,
                link.sealed,
                link.verified_on
            ],
        )?;
    }
    Ok(())
}

/// The whole of it, in the transaction of `session`.
pub fn switch(session: &Session, to: &Mac, by: &dyn Reseal) -> Result<Switched> {
    if !begin(session, to)? {
        return Err(StoreError::Corrupt("links of a former key are in the way".into()));
    }
    while links(session, by, 1000)? > 0 {}
    let mut switched = Switched::default();
    let pendings = session.all("SELECT * FROM pending", [], queries::pending)?;
    counters(session, by, &pendings)?;
    replace(
        session,
        "pending",
        pendings,
        &mut switched,
        |old| by.pending(old),
        |new| session.put_pending(new),
    )?;
    let rows = session.all("SELECT * FROM subscribers", [], queries::subscriber)?;
    let put = |new: &_| session.put_subscriber(new);
    replace(
        session,
        "subscribers",
        rows,
        &mut switched,
        |old| by.subscriber(old),
        put,
    )?;
    let rows = session.all("SELECT * FROM mutes", [], queries::mute)?;
    replace(
        session,
        "mutes",
        rows,
        &mut switched,
        |old| by.mute(old),
        |new| session.put_mute(new),
    )?;
    let rows = session.all("SELECT * FROM tokens ORDER BY rowid", [], queries::token)?;
    let put = |new: &_| session.put_token(new, usize::MAX >> 1);
    replace(session, "tokens", rows, &mut switched, |old| by.token(old), put)?;
    let rows: Vec<Mac> = session.all("SELECT mac FROM suppressions", [], |row| row.get(0))?;
    let put = |new: &_| session.put_suppression(new);
    replace(
        session,
        "suppressions",
        rows,
        &mut switched,
        |old| by.suppression(old),
        put,
    )?;
    if let Some(keys) = by.former_suppression_keys() {
        session.run("INSERT OR REPLACE INTO meta VALUES ('suppression_keys', ?)", [keys])?;
    }
    messages(session, by, &mut switched)?;
    session.0.execute_batch(END)?;
    session.0.execute_batch(
        "ALTER TABLE links RENAME TO links_former;
         ALTER TABLE links_next RENAME TO links;",
    )?;
    session.run("UPDATE meta SET value = ? WHERE name = 'key_check'", [to])?;
    Ok(switched)
}

fn replace<T>(
    session: &Session,
    table: &str,
    rows: Vec<T>,
    switched: &mut Switched,
    reseal: impl Fn(&T) -> Option<T>,
    put: impl Fn(&T) -> Result<()>,
) -> Result<()> {
    session.run(&format!("DELETE FROM {table}"), [])?;
    for old in rows {
        match reseal(&old) {
            Some(new) => {
                put(&new)?;
                switched.kept += 1;
            }
            None => switched.lost += 1,
        }
    }
    Ok(())
}

/// Messages stay the rows that they are: a worker may be sending them.
fn messages(session: &Session, by: &dyn Reseal, switched: &mut Switched) -> Result<()> {
    let rows: Vec<(u8, Row)> = session.all("SELECT * FROM outbox", [], |row| {
        let queue = u8::try_from(row.get::<_, i64>("queue")?).unwrap_or(u8::MAX);
        Ok((queue, queries::outbox(row)?))
    })?;
    for (queue, row) in rows {
        match by.message(queue, &row) {
            Some(Resealed { about, payer, sealed }) => {
                let sql = "UPDATE outbox SET about_mac = ?, payer_mac = ?, box = ? WHERE id = ?";
                session.run(sql, params![about, payer, sealed, row.id])?;
                switched.kept += 1;
            }
            None => {
                session.remove(row.id)?;
                switched.lost += 1;
            }
        }
    }
    Ok(())
}

fn counters(session: &Session, by: &dyn Reseal, pendings: &[Pending]) -> Result<()> {
    let Some(names) = by.counters(pendings) else {
        return Ok(());
    };
    let mut kept = Vec::new();
    for (former, new) in names {
        kept.extend(session.quota(&former)?.map(|quota| (new, quota)));
    }
    session.run("DELETE FROM quota", [])?;
    for (key, Quota { resets_at, used }) in kept {
        let sql = "INSERT OR REPLACE INTO quota (key, resets_at, used) VALUES (?, ?, ?)";
        session.run(sql, params![key, resets_at, used])?;
    }
    Ok(())
}

/// Bit by bit, because what is deleted is overwritten.
pub fn wipe(session: &Session, limit: usize) -> Result<bool> {
    if !has_table(session.0, "links_former")? {
        return Ok(false);
    }
    let sql = "DELETE FROM links_former WHERE rowid IN (SELECT rowid FROM links_former LIMIT ?)";
    if session.run(sql, [limit])? == 0 {
        session.0.execute_batch("DROP TABLE links_former")?;
        return Ok(false);
    }
    Ok(true)
}

/// Tables and indexes.
fn has_table(connection: &Connection, name: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?)";
    Ok(connection.query_row(sql, [name], |row| row.get(0))?)
}
