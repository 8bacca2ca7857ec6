//! Rows as they are stored.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row as SqlRow, ToSql, params_from_iter};

use super::super::claims::Filtering;
use super::{Session, keys};
use crate::store::{Cell, ColumnKind, CopiedTable, Entry, KeyedRow, NUMBER, ReadCopy, Record, Result, WriteCopy};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Number(Some(number)) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Bytes(Some(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Number(None) | Self::Bytes(None) => ToSqlOutput::Owned(Value::Null),
        })
    }
}

/// Numbers of rows are row ids here.
fn column(name: &str) -> String {
    if name == NUMBER { "rowid" } else { name }.to_owned()
}

fn columns(table: &CopiedTable) -> String {
    table.list(table.columns.len(), column)
}

fn key(table: &CopiedTable) -> String {
    table.list(table.key, column)
}

/// The first columns of a row.
fn record(table: &CopiedTable, count: usize, row: &SqlRow) -> rusqlite::Result<Record> {
    let cell = |(at, (_, kind)): (usize, &(&str, ColumnKind))| match kind {
        ColumnKind::Number | ColumnKind::Flag => row.get(at).map(Cell::Number),
        ColumnKind::Bytes => row.get(at).map(Cell::Bytes),
    };
    table.columns.iter().take(count).enumerate().map(cell).collect()
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

impl Session<'_> {
    fn all_records(&self, table: &CopiedTable, count: usize, sql: &str, values: &[Cell]) -> Result<Vec<Record>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| record(table, count, row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ReadCopy for Session<'_> {
    fn records(&self, table: &CopiedTable, after: Option<&[Cell]>, limit: usize) -> Result<Vec<Record>> {
        let (key, mut values) = (key(table), after.unwrap_or_default().to_vec());
        let behind = after.map(|_| format!("WHERE ({key}) > ({})", marks(table.key)));
        let sql = format!(
            "SELECT {} FROM {} {} ORDER BY {key} LIMIT ?",
            columns(table),
            table.name,
            behind.unwrap_or_default()
        );
        values.push(Cell::Number(Some(i64::try_from(limit).unwrap_or(i64::MAX))));
        self.all_records(table, table.columns.len(), &sql, &values)
    }

    fn last_key(&self, table: &CopiedTable) -> Result<Option<Vec<Cell>>> {
        let backwards = table.list(table.key, |name| format!("{} DESC", column(name)));
        let sql = format!("SELECT {} FROM {} ORDER BY {backwards} LIMIT 1", key(table), table.name);
        Ok(self.all_records(table, table.key, &sql, &[])?.pop())
    }

    fn keyed_row(&self, table: &CopiedTable, at: &[Cell]) -> Result<Option<KeyedRow>> {
        let Some(read) = keys::reading(table.name) else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT * FROM {} WHERE ({}) = ({})",
            table.name,
            key(table),
            marks(table.key)
        );
        self.one(&sql, params_from_iter(at), read)
    }

    fn last_number(&self, table: &CopiedTable) -> Result<Option<i64>> {
        if !table.is_numbered() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT max((SELECT coalesce(max({}), 0) FROM {}),
                        (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?))",
            key(table),
            table.name
        );
        self.one(&sql, [table.name], |row| row.get(0))
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        self.all("SELECT name, value FROM meta ORDER BY name", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    }
}

impl WriteCopy for Session<'_> {
    fn put_records(&self, table: &CopiedTable, records: &[Record]) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            columns(table),
            marks(table.columns.len())
        );
        if let Some(filter) = self.filter {
            filter.forget();
            self.effects.filter.set(Some(Filtering::Begins));
        }
        let mut statement = self.connection.prepare_cached(&sql)?;
        for record in records {
            statement.execute(params_from_iter(record))?;
        }
        Ok(())
    }

    fn continue_numbers(&self, table: &CopiedTable, last: i64) -> Result<()> {
        // There is an entry for tables that never use a number twice, once they had a row. A number of the others is used again
        // when its row and all rows behind it are gone.
        if table.name != "outbox" {
            return Ok(());
        }
        let sql = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?";
        if self.run(sql, rusqlite::params![last, table.name])? == 0 {
            let sql = "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)";
            self.run(sql, rusqlite::params![last, table.name])?;
        }
        Ok(())
    }

    fn put_entries(&self, entries: &[Entry]) -> Result<()> {
        entries.iter().try_for_each(|(name, value)| self.put_meta(name, value))
    }
}
