//! The keys that rows were made with.

use rusqlite::{Connection, Params, Row as SqlRow, params};

use super::super::claims::Filtering;
use super::{Session, link, mute, number, outbox, pending, subscriber, token};
use crate::model::Mac;
use crate::store::{
    KeyState, KeyedRow, Link, MadeWith, MuteRow, Pending, ReadKeys, ReadQuota, Result, Rows, Subscriber, WriteKeys,
    WriteOutbox,
};

/// The MAC that identifies the current key.
const CHECK: &str = "key_check";
/// Its number, in eight bytes, like the other numbers here.
const NUMBER: &str = "key_number";
/// The MAC that identifies the former key, while a change lasts.
const FORMER_CHECK: &str = "former_key_check";
/// The table whose rows are being renewed, by its place in [`TABLES`]; there as soon as counters were begun anew.
const TABLE: &str = "renewing_table";
/// The row id in that table up to which rows were renewed, if it has row ids.
const ROW: &str = "renewing_row";

/// The columns by which rows are found, and the tables that have them.
const OWNER: (&str, &[KeyedTable]) = ("owner_mac", &[SUBSCRIBERS, MUTES, TOKENS, PENDING, LINKS]);
const ID: (&str, &[KeyedTable]) = ("id_mac", &[PENDING, LINKS]);
const WAITING: (&str, &[KeyedTable]) = ("id_mac", &[PENDING]);
const ABOUT: (&str, &[KeyedTable]) = ("about_mac", &[OUTBOX]);
/// In the order in which rows are renewed. Registrations come before messages, for theirs are renewed with them.
const TABLES: [KeyedTable; 7] = [SUBSCRIBERS, MUTES, TOKENS, SUPPRESSIONS, PENDING, OUTBOX, LINKS];
/// Those with row ids: rows that were renewed stay where they are. In the others, they go to where their new MAC stands.
const WITH_ROW_IDS: [&str; 3] = ["tokens", "outbox", "links"];
/// The columns by which a row is found to be renewed, and their lengths in bytes. Somebody who can write the file can put a
/// value of another length there, by which no row is found.
const NAMED_BY: [(&str, &str, usize); 7] = [
    ("subscribers", "owner_mac", 16),
    ("mutes", "owner_mac", 16),
    ("mutes", "muted_mac", 16),
    ("tokens", "token_hash", 32),
    ("suppressions", "mac", 16),
    ("pending", "id_mac", 16),
    ("pending", "owner_mac", 16),
];

/// The name of a table, and the reading of its rows.
type KeyedTable = (&'static str, fn(&SqlRow) -> rusqlite::Result<KeyedRow>);

const LINKS: KeyedTable = ("links", |row| link(row).map(KeyedRow::Link));
const PENDING: KeyedTable = ("pending", |row| pending(row).map(KeyedRow::Pending));
const OUTBOX: KeyedTable = ("outbox", |row| {
    let queue = u8::try_from(row.get::<_, i64>("queue")?).unwrap_or(u8::MAX);
    Ok(KeyedRow::Message(queue, outbox(row)?))
});
const SUBSCRIBERS: KeyedTable = ("subscribers", |row| subscriber(row).map(KeyedRow::Subscriber));
const MUTES: KeyedTable = ("mutes", |row| mute(row).map(KeyedRow::Mute));
const TOKENS: KeyedTable = ("tokens", |row| token(row).map(KeyedRow::Token));
const SUPPRESSIONS: KeyedTable = ("suppressions", |row| {
    Ok(KeyedRow::Suppression(row.get("mac")?, number(row, "key_number")?))
});

/// Returns how the rows of a table are read; `None` if they carry no number of a key.
pub fn reading(table: &str) -> Option<fn(&SqlRow) -> rusqlite::Result<KeyedRow>> {
    let found = TABLES.iter().find(|(name, _)| *name == table);
    found.map(|(_, read)| *read)
}

/// Returns the keys of a database; `None` if it is a new one.
pub fn made_with(connection: &Connection) -> Result<Option<MadeWith>> {
    let session = Session::new(connection);
    let Some(check) = session.meta(CHECK)? else {
        return Ok(None);
    };
    Ok(Some(MadeWith {
        number: session.key_number()?,
        check,
        former: session.meta(FORMER_CHECK)?,
    }))
}

/// Returns how many links of how many were renewed, if the key is being changed: by their row ids, which is near enough.
pub fn progress(connection: &Connection) -> Result<Option<(u64, u64)>> {
    let session = Session::new(connection);
    let Some(table) = session.meta_number(TABLE)? else {
        return Ok(None);
    };
    let renewed = match TABLES.get(usize::try_from(table).unwrap_or_default()) {
        Some((name, _)) if *name != LINKS.0 => 0,
        _ => session.meta_number(ROW)?.unwrap_or_default(),
    };
    let last: Option<i64> = session.one("SELECT coalesce(max(rowid), 0) FROM links", [], |row| row.get(0))?;
    let count = |rowid: i64| u64::try_from(rowid).unwrap_or_default();
    Ok(Some((count(renewed), count(last.unwrap_or_default()))))
}

impl Session<'_> {
    fn meta_number(&self, name: &str) -> Result<Option<i64>> {
        Ok(self
            .meta::<Vec<u8>>(name)?
            .map(|bytes| bytes.try_into().map_or(0, i64::from_be_bytes)))
    }

    /// Returns `true` if there are rows of two keys.
    pub fn is_key_changing(&self) -> Result<bool> {
        Ok(self.meta::<Mac>(FORMER_CHECK)?.is_some())
    }

    fn key_number(&self) -> Result<u32> {
        let number = self.meta_number(NUMBER)?.unwrap_or_default();
        Ok(u32::try_from(number).unwrap_or_default())
    }

    /// The rows of a table that carry the number `?1`, and that the condition picks.
    fn keyed(&self, table: KeyedTable, condition: &str, params: impl Params) -> Result<Vec<KeyedRow>> {
        let (name, read) = table;
        self.all(
            &format!("SELECT * FROM {name} WHERE key_number = ?1 AND {condition}"),
            params,
            read,
        )
    }

    /// No table is looked at again: none of its rows is made under the former key any more.
    fn next(&self, key: u32, limit: usize) -> Result<Vec<KeyedRow>> {
        let at = usize::try_from(self.meta_number(TABLE)?.unwrap_or_default()).unwrap_or_default();
        for (number, table) in (0_i64..).zip(&TABLES).skip(at) {
            self.put_meta(TABLE, &number.to_be_bytes())?;
            let found = match WITH_ROW_IDS.contains(&table.0) {
                true => self.next_by_row(*table, key, limit)?,
                false => self.keyed(*table, "true LIMIT ?2", params![key, limit])?,
            };
            if !found.is_empty() {
                return Ok(found);
            }
            self.put_meta(ROW, &0_i64.to_be_bytes())?;
        }
        Ok(Vec::new())
    }

    fn next_by_row(&self, table: KeyedTable, key: u32, limit: usize) -> Result<Vec<KeyedRow>> {
        let after = self.meta_number(ROW)?.unwrap_or_default();
        let next = "rowid > ?2 ORDER BY rowid LIMIT ?3";
        let (name, _) = table;
        let sql = format!("SELECT max(rowid) FROM (SELECT rowid FROM {name} WHERE key_number = ?1 AND {next})");
        let last: Option<Option<i64>> = self.one(&sql, params![key, after, limit], |row| row.get(0))?;
        if let Some(Some(last)) = last {
            self.put_meta(ROW, &last.to_be_bytes())?;
        }
        self.keyed(table, next, params![key, after, limit])
    }

    /// Changes a row, unless another has its new place. Returns `true` if it did.
    fn replace(&self, row: &KeyedRow, by: &KeyedRow) -> Result<bool> {
        let changed = match (row, by) {
            (KeyedRow::Link(old), KeyedRow::Link(new)) if new.id != old.id && self.has_row(&new.id)? => Ok(0),
            (KeyedRow::Link(old), KeyedRow::Link(new)) => {
                self.adds(&new.id);
                let sql = "UPDATE links SET id_mac = ?, alias_of_mac = ?, owner_mac = ?, proof = ?, box = ?,
                           key_number = ? WHERE id_mac = ? AND key_number = ?";
                let place = params![
                    new.id,
                    new.alias_of,
                    new.owner,
                    new.proof,
                    new.sealed,
                    new.key,
                    old.id,
                    old.key
                ];
                self.run(sql, place)
            }
            (KeyedRow::Pending(old), KeyedRow::Pending(new)) => self.run(
                "UPDATE OR IGNORE pending SET id_mac = ?, owner_mac = ?, code_mac = ?, box = ?, key_number = ?
                 WHERE id_mac = ? AND owner_mac = ? AND key_number = ?",
                params![
                    new.id, new.owner, new.code, new.sealed, new.key, old.id, old.owner, old.key
                ],
            ),
            (KeyedRow::Message(_, old), KeyedRow::Message(_, new)) => self.run(
                "UPDATE outbox SET about_mac = ?, payer_mac = ?, box = ?, key_number = ? WHERE id = ?",
                params![new.about, new.payer, new.sealed, new.key, old.id],
            ),
            (KeyedRow::Subscriber(old), KeyedRow::Subscriber(new)) => self.run(
                "UPDATE OR IGNORE subscribers SET owner_mac = ?, server_mac = ?, box = ?, key_number = ?
                 WHERE owner_mac = ? AND key_number = ?",
                params![new.owner, new.server, new.sealed, new.key, old.owner, old.key],
            ),
            (KeyedRow::Mute(old), KeyedRow::Mute(new)) => self.run(
                "UPDATE OR IGNORE mutes SET owner_mac = ?, muted_mac = ?, box = ?, key_number = ?
                 WHERE owner_mac = ? AND muted_mac = ? AND key_number = ?",
                params![new.owner, new.muted, new.sealed, new.key, old.owner, old.muted, old.key],
            ),
            (KeyedRow::Token(old), KeyedRow::Token(new)) => self.run(
                "UPDATE OR IGNORE tokens SET owner_mac = ?, box = ?, key_number = ? WHERE token_hash = ?",
                params![new.owner, new.sealed, new.key, old.hash.0],
            ),
            (KeyedRow::Suppression(old, key), KeyedRow::Suppression(new, by)) => self.run(
                "UPDATE OR IGNORE suppressions SET mac = ?, key_number = ? WHERE mac = ? AND key_number = ?",
                params![new, by, old, key],
            ),
            _ => Ok(0),
        };
        Ok(changed? > 0)
    }

    fn delete(&self, row: &KeyedRow) -> Result<()> {
        let deleted = match row {
            KeyedRow::Link(Link { id, key, .. }) => self.run(
                "DELETE FROM links WHERE id_mac = ? AND key_number = ?",
                params![id, key],
            ),
            KeyedRow::Pending(Pending { id, owner, key, .. }) => self.run(
                "DELETE FROM pending WHERE id_mac = ? AND owner_mac = ? AND key_number = ?",
                params![id, owner, key],
            ),
            KeyedRow::Message(_, row) => self.remove(row.id).map(usize::from),
            KeyedRow::Subscriber(Subscriber { owner, key, .. }) => self.run(
                "DELETE FROM subscribers WHERE owner_mac = ? AND key_number = ?",
                params![owner, key],
            ),
            KeyedRow::Mute(MuteRow { owner, muted, key, .. }) => self.run(
                "DELETE FROM mutes WHERE owner_mac = ? AND muted_mac = ? AND key_number = ?",
                params![owner, muted, key],
            ),
            KeyedRow::Token(token) => self.run("DELETE FROM tokens WHERE token_hash = ?", [token.hash.0]),
            KeyedRow::Suppression(mac, key) => self.run(
                "DELETE FROM suppressions WHERE mac = ? AND key_number = ?",
                params![mac, key],
            ),
        };
        deleted.map(drop)
    }
}

impl ReadKeys for Session<'_> {
    fn key_state(&self) -> Result<Option<KeyState>> {
        Ok(None)
    }
}

impl WriteKeys for Session<'_> {
    fn begin_change(&self, to: &Mac) -> Result<u32> {
        let present = made_with(self.connection)?;
        if let Some(present) = present.filter(|present| present.check == *to) {
            return Ok(present.number);
        }
        for (table, column, length) in NAMED_BY {
            self.run(&format!("DELETE FROM {table} WHERE length({column}) <> ?"), [length])?;
        }
        self.run("DELETE FROM meta WHERE name IN (?, ?)", [TABLE, ROW])?;
        let number = self.key_number()? + 1;
        let check = present.map(|present| present.check);
        self.put_meta(FORMER_CHECK, &check.unwrap_or(Mac([0; 16])).0)?;
        self.put_meta(CHECK, &to.0)?;
        self.put_meta(NUMBER, &i64::from(number).to_be_bytes())?;
        self.effects.filter.set(Some(Filtering::Ends));
        Ok(number)
    }

    fn put_former_suppression_keys(&self, key: u32, sealed: &[u8]) -> Result<()> {
        self.put_meta(&super::suppressions::former_keys(key), sealed)
    }

    fn has_former_counters(&self) -> Result<bool> {
        Ok(self.is_key_changing()? && self.meta_number(TABLE)?.is_none())
    }

    fn restart_counters(&self, kept: Option<&[(Mac, Mac)]>) -> Result<()> {
        if !self.has_former_counters()? {
            return Ok(());
        }
        self.put_meta(TABLE, &0_i64.to_be_bytes())?;
        let Some(kept) = kept else { return Ok(()) };
        let formers: Vec<Mac> = kept.iter().map(|(former, _)| *former).collect();
        self.read_ahead(&formers)?;
        let counted = kept.iter().map(|(former, name)| Ok((name, self.quota(former)?)));
        let counted = counted.collect::<Result<Vec<_>>>()?;
        self.write_quotas()?;
        self.run("DELETE FROM quota", [])?;
        for (name, quota) in counted {
            quota.into_iter().for_each(|quota| self.quotas.set(name, quota));
        }
        Ok(())
    }

    fn rows_under(&self, key: u32, rows: Rows<'_>) -> Result<Vec<KeyedRow>> {
        let ((column, tables), value) = match rows {
            Rows::Of(owner) => (OWNER, owner),
            Rows::At(id) => (ID, id),
            Rows::WaitingAt(id) => (WAITING, id),
            Rows::About(subject) => (ABOUT, subject),
            Rows::Registrations => return self.keyed(PENDING, "true", [key]),
            Rows::Next(limit) => return self.next(key, limit),
        };
        let mut found = Vec::new();
        for table in tables {
            found.extend(self.keyed(*table, &format!("{column} = ?2"), params![key, value])?);
        }
        Ok(found)
    }

    fn renew(&self, row: &KeyedRow, renewed: Option<&KeyedRow>) -> Result<()> {
        match renewed {
            Some(renewed) if self.replace(row, renewed)? => Ok(()),
            _ => self.delete(row),
        }
    }

    fn end_change(&self) -> Result<()> {
        let former = super::suppressions::former_keys(self.key_number()?.saturating_sub(1));
        let sql = "DELETE FROM meta WHERE name IN (?, ?, ?, ?)";
        self.run(sql, [FORMER_CHECK, TABLE, ROW, &former])?;
        self.effects.filter.set(Some(Filtering::Begins));
        Ok(())
    }
}
