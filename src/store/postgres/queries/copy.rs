//! Rows as they are stored.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{Value, get, some_number, values};
use super::keys;
use crate::store::{Cell, ColumnKind, CopiedTable, Entry, KeyedRow, ReadCopy, Record, Result, StoreError, WriteCopy};

/// The entry with the version of the tables, which is this engine's own.
const VERSION: &str = "schema_version";

impl From<&Cell> for Value {
    fn from(cell: &Cell) -> Self {
        match cell {
            Cell::Number(number) => Self::Number(*number),
            Cell::Bytes(bytes) => Self::Bytes(bytes.clone()),
        }
    }
}

/// The first columns of a row.
fn record(table: &CopiedTable, count: usize, row: &Row) -> Result<Record> {
    let cell = |(name, kind): &(&str, ColumnKind)| {
        Ok(match kind {
            ColumnKind::Number => Cell::Number(get(row, name)?),
            ColumnKind::Flag => Cell::Number(get::<Option<bool>>(row, name)?.map(i64::from)),
            ColumnKind::Bytes => Cell::Bytes(get(row, name)?),
        })
    };
    table.columns.iter().take(count).map(cell).collect()
}

/// Returns `$first` and so many parameters behind it.
fn marks(first: usize, count: usize) -> String {
    let marks = (first..first + count).map(|number| format!("${number}"));
    marks.collect::<Vec<_>>().join(", ")
}

/// A column of many rows, as one parameter.
fn column(kind: ColumnKind, at: usize, records: &[Record]) -> Result<Value> {
    let mixed = || StoreError::Corrupt("a value is of another type than its column".into());
    let cells = records.iter().map(|record| record.get(at));
    match kind {
        ColumnKind::Number | ColumnKind::Flag => {
            let number = |cell: Option<&Cell>| match cell {
                Some(Cell::Number(number)) => Ok(*number),
                _ => Err(mixed()),
            };
            cells.map(number).collect::<Result<_>>().map(Value::Numbers)
        }
        ColumnKind::Bytes => {
            let bytes = |cell: Option<&Cell>| match cell {
                Some(Cell::Bytes(bytes)) => Ok(bytes.clone()),
                _ => Err(mixed()),
            };
            cells.map(bytes).collect::<Result<_>>().map(Value::List)
        }
    }
}

impl ReadCopy for Session<'_> {
    fn records(&self, table: &CopiedTable, after: Option<&[Cell]>, limit: usize) -> Result<Vec<Record>> {
        let key = table.key_columns();
        let mut values: Vec<Value> = after.unwrap_or_default().iter().map(Value::from).collect();
        let behind = after.map(|_| format!("WHERE ({key}) > ({})", marks(1, table.key)));
        let sql = format!(
            "SELECT * FROM {} {} ORDER BY {key} LIMIT ${}",
            table.name,
            behind.unwrap_or_default(),
            values.len() + 1
        );
        values.push(limit.into());
        let rows = self.rows(&sql, values)?;
        rows.iter().map(|row| record(table, table.columns.len(), row)).collect()
    }

    fn last_key(&self, table: &CopiedTable) -> Result<Option<Vec<Cell>>> {
        let backwards = table.list(table.key, |name| format!("{name} DESC"));
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {backwards} LIMIT 1",
            table.key_columns(),
            table.name
        );
        let rows = self.rows(&sql, values![])?;
        rows.first().map(|row| record(table, table.key, row)).transpose()
    }

    fn keyed_row(&self, table: &CopiedTable, at: &[Cell]) -> Result<Option<KeyedRow>> {
        let Some(read) = keys::reading(table.name) else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT * FROM {} WHERE ({}) = ({})",
            table.name,
            table.key_columns(),
            marks(1, table.key)
        );
        self.one(&sql, at.iter().map(Value::from).collect(), read)
    }

    fn last_number(&self, table: &CopiedTable) -> Result<Option<i64>> {
        if !table.is_numbered() {
            return Ok(None);
        }
        let key = table.key_columns();
        let sql = format!(
            "SELECT greatest((SELECT max({key}) FROM {}),
                             pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), 0) AS last",
            table.name
        );
        let values = values![table.name, key.as_str()];
        Ok(self.one(&sql, values, |row| some_number(row, "last"))?.flatten())
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let sql = "SELECT name, value FROM meta WHERE name <> $1 ORDER BY name";
        let entry = |row: &Row| Ok((get(row, "name")?, get(row, "value")?));
        let mut entries = self.all(sql, values![VERSION], entry)?;
        // The server may have another order of texts.
        entries.sort();
        Ok(entries)
    }
}

impl WriteCopy for Session<'_> {
    /// All in one statement, and thus in one round trip.
    fn put_records(&self, table: &CopiedTable, records: &[Record]) -> Result<()> {
        let (mut values, mut arrays, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (name, kind)) in table.columns.iter().enumerate() {
            values.push(column(*kind, at, records)?);
            let array = if *kind == ColumnKind::Bytes {
                "bytea[]"
            } else {
                "bigint[]"
            };
            arrays.push(format!("${}::{array}", at + 1));
            chosen.push(match kind {
                ColumnKind::Flag => format!("{name} <> 0"),
                ColumnKind::Number | ColumnKind::Bytes => (*name).to_owned(),
            });
        }
        let names = table.list(table.columns.len(), str::to_owned);
        let sql = format!(
            "INSERT INTO {} ({names}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS put ({names})",
            table.name,
            chosen.join(", "),
            arrays.join(", ")
        );
        self.later(&sql, values)
    }

    fn continue_numbers(&self, table: &CopiedTable, last: i64) -> Result<()> {
        if !table.is_numbered() || last < 1 {
            return Ok(());
        }
        let sql = "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)";
        let key = table.key_columns();
        self.later(sql, values![table.name, key.as_str(), last])
    }

    fn put_entries(&self, entries: &[Entry]) -> Result<()> {
        let others = entries.iter().filter(|(name, _)| name != VERSION);
        others
            .into_iter()
            .try_for_each(|(name, value)| self.put_meta(name, value))
    }
}
