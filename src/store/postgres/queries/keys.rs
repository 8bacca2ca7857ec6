//! The keys that rows were made with.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{Value, get, mac, number, some_number, values};
use super::{links, mutes, outbox, pending, subscribers, suppressions, tokens};
use crate::model::Mac;
use crate::store::{
    KeyState, KeyedRow, Link, MuteRow, Pending, ReadKeys, ReadQuota, Result, Rows, Subscriber, WriteKeys, WriteOutbox,
};

/// The MAC that identifies the current key.
const CHECK: &str = "key_check";
/// Its number, in eight bytes, like the other numbers here.
const NUMBER: &str = "key_number";
/// The MAC that identifies the former key, while a change lasts.
const FORMER_CHECK: &str = "former_key_check";
/// The table whose rows are being renewed, by its place in [`TABLES`]; there as soon as counters were begun anew.
const TABLE: &str = "renewing_table";
/// The row in that table up to which rows were renewed, if it has numbers.
const ROW: &str = "renewing_row";

/// A table whose rows carry the number of a key.
struct Table {
    name: &'static str,
    /// The column with the numbers of its rows. Rows that were renewed keep theirs. In a table without numbers, a row is
    /// found by MACs alone, and goes to another place.
    numbers: Option<&'static str>,
    /// The columns by which a row is found to be renewed, and their lengths in bytes. Somebody who can write the database can
    /// put a value of another length there, by which no row is found.
    named_by: &'static [(&'static str, i64)],
    read: fn(&Row) -> Result<KeyedRow>,
}

const MAC: i64 = 16;
const HASH: i64 = 32;

const LINKS: Table = Table {
    name: "links",
    numbers: Some("number"),
    named_by: &[],
    read: |row| links::link(row).map(KeyedRow::Link),
};
const PENDING: Table = Table {
    name: "pending",
    numbers: None,
    named_by: &[("id_mac", MAC), ("owner_mac", MAC)],
    read: |row| pending::pending(row).map(KeyedRow::Pending),
};
const OUTBOX: Table = Table {
    name: "outbox",
    numbers: Some("id"),
    named_by: &[],
    read: |row| {
        let queue = u8::try_from(get::<i64>(row, "queue")?).unwrap_or(u8::MAX);
        Ok(KeyedRow::Message(queue, outbox::outbox(row)?))
    },
};
const SUBSCRIBERS: Table = Table {
    name: "subscribers",
    numbers: None,
    named_by: &[("owner_mac", MAC)],
    read: |row| subscribers::subscriber(row).map(KeyedRow::Subscriber),
};
const MUTES: Table = Table {
    name: "mutes",
    numbers: None,
    named_by: &[("owner_mac", MAC), ("muted_mac", MAC)],
    read: |row| mutes::mute(row).map(KeyedRow::Mute),
};
const TOKENS: Table = Table {
    name: "tokens",
    numbers: Some("number"),
    named_by: &[("token_hash", HASH)],
    read: |row| tokens::token(row).map(KeyedRow::Token),
};
const SUPPRESSIONS: Table = Table {
    name: "suppressions",
    numbers: None,
    named_by: &[("mac", MAC)],
    read: |row| Ok(KeyedRow::Suppression(mac(row, "mac")?, number(row, "key_number")?)),
};

/// In the order in which rows are renewed. Registrations come before messages, for theirs are renewed with them.
const TABLES: [&Table; 7] = [&SUBSCRIBERS, &MUTES, &TOKENS, &SUPPRESSIONS, &PENDING, &OUTBOX, &LINKS];

/// Returns how the rows of a table are read; `None` if they carry no number of a key.
pub fn reading(table: &str) -> Option<fn(&Row) -> Result<KeyedRow>> {
    let found = TABLES.iter().find(|known| known.name == table);
    found.map(|table| table.read)
}

impl Session<'_> {
    fn meta_number(&self, name: &str) -> Result<Option<i64>> {
        let found = self.meta(name)?;
        Ok(found.map(|bytes| bytes.try_into().map_or(0, i64::from_be_bytes)))
    }

    fn put_meta_number(&self, name: &str, number: i64) -> Result<()> {
        self.put_meta(name, &number.to_be_bytes())
    }

    fn key_number(&self) -> Result<u32> {
        let number = self.meta_number(NUMBER)?.unwrap_or_default();
        Ok(u32::try_from(number).unwrap_or_default())
    }

    /// The rows of a table that carry the number `$1`, and that the condition picks.
    fn keyed(&self, table: &Table, condition: &str, values: Vec<Value>) -> Result<Vec<KeyedRow>> {
        let sql = format!("SELECT * FROM {} WHERE key_number = $1 AND {condition}", table.name);
        self.all(&sql, values, table.read)
    }

    /// No table is looked at again: none of its rows is made under the former key any more.
    fn next(&self, key: u32, limit: usize) -> Result<Vec<KeyedRow>> {
        let at = usize::try_from(self.meta_number(TABLE)?.unwrap_or_default()).unwrap_or_default();
        for (number, table) in (0_i64..).zip(TABLES).skip(at) {
            self.put_meta_number(TABLE, number)?;
            let found = match table.numbers {
                Some(column) => self.next_by_number(table, column, key, limit)?,
                None => self.keyed(table, "true LIMIT $2", values![key, limit])?,
            };
            if !found.is_empty() {
                return Ok(found);
            }
            self.put_meta_number(ROW, 0)?;
        }
        Ok(Vec::new())
    }

    fn next_by_number(&self, table: &Table, column: &str, key: u32, limit: usize) -> Result<Vec<KeyedRow>> {
        let after = self.meta_number(ROW)?.unwrap_or_default();
        let next = format!("{column} > $2 ORDER BY {column} LIMIT $3");
        let sql = format!(
            "SELECT max(number) AS last FROM
             (SELECT {column} AS number FROM {} WHERE key_number = $1 AND {next}) AS next",
            table.name
        );
        let last = self.one(&sql, values![key, after, limit], |row| some_number(row, "last"))?;
        if let Some(last) = last.flatten() {
            self.put_meta_number(ROW, last)?;
        }
        self.keyed(table, &next, values![key, after, limit])
    }

    fn replace_link(&self, old: &Link, new: &Link) -> Result<usize> {
        self.run(
            "UPDATE links SET id_mac = $1, alias_of_mac = $2, owner_mac = $3, proof = $4, box = $5, key_number = $6
             WHERE id_mac = $7 AND key_number = $8
             AND ($1 = $7 OR NOT EXISTS (SELECT FROM links WHERE id_mac = $1))",
            values![
                &new.id,
                &new.alias_of,
                &new.owner,
                &new.proof,
                &new.sealed,
                new.key,
                &old.id,
                old.key
            ],
        )
    }

    fn replace_pending(&self, old: &Pending, new: &Pending) -> Result<usize> {
        self.run(
            "UPDATE pending SET id_mac = $1, owner_mac = $2, code_mac = $3, box = $4, key_number = $5
             WHERE id_mac = $6 AND owner_mac = $7 AND key_number = $8
             AND (($1, $2) = ($6, $7) OR NOT EXISTS (SELECT FROM pending WHERE id_mac = $1 AND owner_mac = $2))",
            values![
                &new.id,
                &new.owner,
                &new.code,
                &new.sealed,
                new.key,
                &old.id,
                &old.owner,
                old.key
            ],
        )
    }

    /// Changes a row, unless another has its new place. Returns `true` if it did.
    fn replace(&self, row: &KeyedRow, by: &KeyedRow) -> Result<bool> {
        let changed = match (row, by) {
            (KeyedRow::Link(old), KeyedRow::Link(new)) => self.replace_link(old, new),
            (KeyedRow::Pending(old), KeyedRow::Pending(new)) => self.replace_pending(old, new),
            (KeyedRow::Message(_, old), KeyedRow::Message(_, new)) => self.run(
                "UPDATE outbox SET about_mac = $1, payer_mac = $2, box = $3, key_number = $4 WHERE id = $5",
                values![&new.about, &new.payer, &new.sealed, new.key, old.id],
            ),
            (KeyedRow::Subscriber(old), KeyedRow::Subscriber(new)) => self.run(
                "UPDATE subscribers SET owner_mac = $1, server_mac = $2, box = $3, key_number = $4
                 WHERE owner_mac = $5 AND key_number = $6
                 AND ($1 = $5 OR NOT EXISTS (SELECT FROM subscribers WHERE owner_mac = $1))",
                values![&new.owner, &new.server, &new.sealed, new.key, &old.owner, old.key],
            ),
            (KeyedRow::Mute(old), KeyedRow::Mute(new)) => self.run(
                "UPDATE mutes SET owner_mac = $1, muted_mac = $2, box = $3, key_number = $4
                 WHERE owner_mac = $5 AND muted_mac = $6 AND key_number = $7
                 AND (($1, $2) = ($5, $6) OR NOT EXISTS (SELECT FROM mutes WHERE owner_mac = $1 AND muted_mac = $2))",
                values![
                    &new.owner,
                    &new.muted,
                    &new.sealed,
                    new.key,
                    &old.owner,
                    &old.muted,
                    old.key
                ],
            ),
            (KeyedRow::Token(old), KeyedRow::Token(new)) => self.run(
                "UPDATE tokens SET owner_mac = $1, box = $2, key_number = $3 WHERE token_hash = $4",
                values![&new.owner, &new.sealed, new.key, &old.hash.0[..]],
            ),
            (KeyedRow::Suppression(old, key), KeyedRow::Suppression(new, by)) => self.run(
                "UPDATE suppressions SET mac = $1, key_number = $2 WHERE mac = $3 AND key_number = $4
                 AND ($1 = $3 OR NOT EXISTS (SELECT FROM suppressions WHERE mac = $1))",
                values![new, *by, old, *key],
            ),
            _ => Ok(0),
        };
        Ok(changed? > 0)
    }

    fn delete(&self, row: &KeyedRow) -> Result<()> {
        match row {
            KeyedRow::Link(Link { id, key, .. }) => self.later(
                "DELETE FROM links WHERE id_mac = $1 AND key_number = $2",
                values![id, *key],
            ),
            KeyedRow::Pending(Pending { id, owner, key, .. }) => self.later(
                "DELETE FROM pending WHERE id_mac = $1 AND owner_mac = $2 AND key_number = $3",
                values![id, owner, *key],
            ),
            KeyedRow::Message(_, row) => self.remove(row.id).map(drop),
            KeyedRow::Subscriber(Subscriber { owner, key, .. }) => self.later(
                "DELETE FROM subscribers WHERE owner_mac = $1 AND key_number = $2",
                values![owner, *key],
            ),
            KeyedRow::Mute(MuteRow { owner, muted, key, .. }) => self.later(
                "DELETE FROM mutes WHERE owner_mac = $1 AND muted_mac = $2 AND key_number = $3",
                values![owner, muted, *key],
            ),
            KeyedRow::Token(token) => {
                self.later("DELETE FROM tokens WHERE token_hash = $1", values![&token.hash.0[..]])
            }
            KeyedRow::Suppression(mac, key) => self.later(
                "DELETE FROM suppressions WHERE mac = $1 AND key_number = $2",
                values![mac, *key],
            ),
        }
    }
}

impl ReadKeys for Session<'_> {
    fn key_state(&self) -> Result<Option<KeyState>> {
        self.state().map(Some)
    }
}

impl WriteKeys for Session<'_> {
    fn begin_change(&self, to: &Mac) -> Result<u32> {
        let (present, number) = (self.meta(CHECK)?, self.key_number()?);
        if present.as_deref() == Some(&to.0) {
            return Ok(number);
        }
        for table in TABLES {
            for (column, length) in table.named_by {
                let sql = format!("DELETE FROM {} WHERE length({column}) <> $1::bigint", table.name);
                self.later(&sql, values![*length])?;
            }
        }
        self.delete_meta(&[TABLE, ROW])?;
        let number = number + 1;
        self.put_meta(FORMER_CHECK, &present.unwrap_or_default())?;
        self.put_meta(CHECK, &to.0)?;
        self.put_meta_number(NUMBER, number.into())?;
        Ok(number)
    }

    fn put_former_suppression_keys(&self, key: u32, sealed: &[u8]) -> Result<()> {
        self.put_meta(&suppressions::former_keys(key), sealed)
    }

    fn has_former_counters(&self) -> Result<bool> {
        Ok(self.meta(FORMER_CHECK)?.is_some() && self.meta_number(TABLE)?.is_none())
    }

    fn restart_counters(&self, kept: Option<&[(Mac, Mac)]>) -> Result<()> {
        if !self.has_former_counters()? {
            return Ok(());
        }
        self.put_meta_number(TABLE, 0)?;
        let Some(kept) = kept else { return Ok(()) };
        let formers: Vec<Mac> = kept.iter().map(|(former, _)| *former).collect();
        self.read_ahead(&formers)?;
        let counted = kept.iter().map(|(former, name)| Ok((name, self.quota(former)?)));
        let counted = counted.collect::<Result<Vec<_>>>()?;
        self.write_quotas()?;
        self.later("DELETE FROM quota", values![])?;
        for (name, quota) in counted {
            quota.into_iter().for_each(|quota| self.quotas.set(name, quota));
        }
        Ok(())
    }

    fn rows_under(&self, key: u32, rows: Rows<'_>) -> Result<Vec<KeyedRow>> {
        let (column, tables, value): (_, &[&Table], _) = match rows {
            Rows::Of(owner) => ("owner_mac", &[&SUBSCRIBERS, &MUTES, &TOKENS, &PENDING, &LINKS], owner),
            Rows::At(id) => ("id_mac", &[&PENDING, &LINKS], id),
            Rows::WaitingAt(id) => ("id_mac", &[&PENDING], id),
            Rows::About(subject) => ("about_mac", &[&OUTBOX], subject),
            Rows::Registrations => return self.keyed(&PENDING, "true", values![key]),
            Rows::Next(limit) => return self.next(key, limit),
        };
        let mut found = Vec::new();
        for table in tables {
            found.extend(self.keyed(table, &format!("{column} = $2"), values![key, value])?);
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
        let former = suppressions::former_keys(self.key_number()?.saturating_sub(1));
        self.delete_meta(&[FORMER_CHECK, TABLE, ROW, &former])
    }
}
