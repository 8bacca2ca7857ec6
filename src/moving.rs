//! `itseme move`: copies the database to another one, while no service uses either of them.
//!
//! Rows are copied page by page in the order of their keys, so a copy that was interrupted goes on behind its last row. Until all
//! is there and was compared, the target carries a check that no key has, and no service opens it. Its last change puts the
//! source's entries there, with the check of the source's key. The source stays as it is.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::config::Config;
use crate::keyfile;
use crate::model::{Keys, Mac};
use crate::private;
use crate::rekey;
use crate::store::{
    Alone, COPIED, Cell, CopiedTable, Database, Entry, MadeWith, Read, Record, Result as Stored, Write, incomplete,
    is_incomplete,
};
use crate::telemetry::tell;

/// Rows that are copied in one transaction.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 2000 };
/// Of the rows of a table, so many are opened at least.
const OPENED_FIRST: usize = 10;
/// Of the others, one of so many is opened.
const OPENED_OF: usize = 500;

/// The numbers of rows that are the same in both databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Same {
    rows: usize,
    /// Rows whose boxes were opened in the target.
    opened: usize,
    /// Rows whose boxes do not open, in neither database.
    closed: usize,
}

/// The command: copies `from` to `to`. The configured database is in the place of one that is not named.
///
/// # Errors
/// In words an admin can act on. It can be called again then, and goes on where it was.
pub async fn run(config: &Config, from: Option<Database>, to: Option<Database>) -> Result<(), String> {
    let configured = config.store.database().map_err(text)?;
    let is_configured = to.as_ref().is_none_or(|to| *to == configured);
    let (from, to) = (
        from.unwrap_or_else(|| configured.clone()),
        to.unwrap_or_else(|| configured.clone()),
    );
    if is_same(&from, &to) {
        return Err(format!(
            "{from} is to be moved to itself: name another database with --from or --to"
        ));
    }
    [&from, &to]
        .into_iter()
        .filter_map(|database| database.file())
        .try_for_each(private::check_owner)?;
    let key = keyfile::load(&config.store)?.ok_or_else(|| {
        format!(
            "store.key_file {} is missing: name the key file of {from}",
            config.store.key_file.display()
        )
    })?;
    if keyfile::load_next(&config.store)?.is_some() {
        return Err(format!(
            "another key waits in {} (itseme rekey): start the service over {from}, or call itseme rekey for it, until the key was \
             changed",
            keyfile::next_file(&config.store).display()
        ));
    }
    let (source, target) = (from.clone(), to.clone());
    let copying = tokio::task::spawn_blocking(move || copy(&source, &target, &Keys::new(&key), &|line| tell(line)));
    let Same { rows, opened, closed } = copying.await.map_err(text)??;
    tell(format_args!(
        "done: {to} holds the {rows} rows of {from}, all compared; {opened} boxes of a sample were opened with the key"
    ));
    if closed > 0 {
        tell(format_args!(
            "{closed} of the sample do not open in {from}, either: the disk or somebody without the key has changed them"
        ));
    }
    let start = match is_configured {
        true => "store.url names it already: start the service".to_owned(),
        false => "Set store.url, or the content of store.url_file, to its URL, and start the service".to_owned(),
    };
    tell(format_args!(
        "{start}. The key file stays the same. {from} is unchanged: destroy it and its backups when the service runs over the \
         new database. What people delete from now on is still in them."
    ));
    Ok(())
}

/// Copies `from` to `to`, or goes on with it, and compares both.
///
/// # Errors
/// In words an admin can act on.
fn copy(from: &Database, to: &Database, key: &Keys, tell: &dyn Fn(String)) -> Result<Same, String> {
    let keys = keys_of(from, key)?;
    let source = NamedDatabase::new(from, keys.check())?;
    let entries = source.ask(|read| read.entries())?;
    let check = incomplete(identity(&entries));
    match to.made_with().map_err(|error| said(to, error))? {
        None => tell(format!("{from} is copied to {to}")),
        Some(made) if made.check == check => tell(format!("the copy of {from} to {to} goes on")),
        Some(made) => return Err(refusal(from, to, &made, keys.check())),
    }
    let target = NamedDatabase::new(to, check)?;
    for table in &COPIED {
        copy_table(&source, &target, table, tell)?;
    }
    tell("all rows are there, and are compared now".into());
    let mut same = Same::default();
    for table in &COPIED {
        let Same { rows, opened, closed } = compare(&source, &target, table, &keys, tell)?;
        tell(format!("{}: {rows} rows", table.name));
        same.rows += rows;
        same.opened += opened;
        same.closed += closed;
    }
    complete(&source, &target, &entries)?;
    Ok(same)
}

/// Returns the keys of the source, which must be derived from the configured one.
fn keys_of(from: &Database, key: &Keys) -> Result<Keys, String> {
    let made = from.made_with().map_err(|error| said(from, error))?;
    let made = made.ok_or_else(|| format!("there is no database at {from}, and so nothing to move"))?;
    if is_incomplete(&made.check) {
        return Err(format!(
            "{from} is an incomplete copy of another database: move that one, or complete the copy first"
        ));
    }
    if made.former.is_some() {
        return Err(format!(
            "the key of {from} is being changed: start the service over it, or call itseme rekey for it, until that is done"
        ));
    }
    let keys = rekey::keyring_of(from, key, None)?.current;
    match keys.check() == made.check {
        true => Ok(keys),
        false => Err(format!(
            "{from} was made with another key: name the key file that belongs to it (store.key_file)"
        )),
    }
}

/// The reason why nothing is copied to a database that is there already.
fn refusal(from: &Database, to: &Database, made: &MadeWith, key: Mac) -> String {
    let why = if is_incomplete(&made.check) {
        format!("holds an incomplete copy of another database, or of {from} from before the service ran over it again")
    } else if made.check == key {
        "is a complete database of the same key, perhaps because it was moved there already".to_owned()
    } else {
        "is the database of another key".to_owned()
    };
    format!("{to} {why}: {}, or name another one", emptying(to))
}

fn emptying(database: &Database) -> String {
    match database {
        Database::Sqlite(path) => format!(
            "if nobody needs it, remove {} and the files beside it whose names begin with that",
            path.display()
        ),
        Database::Postgres(_) => "if nobody needs it, make it anew (dropdb, createdb)".into(),
    }
}

/// Returns what tells the source apart from others, and from itself after the service ran again: that notes the time.
fn identity(entries: &[Entry]) -> [u8; 8] {
    let mut digest = Sha256::new();
    for (name, value) in entries {
        for part in [name.as_bytes(), value] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    let mut identity = [0; 8];
    identity.copy_from_slice(&digest.finalize()[..8]);
    identity
}

fn copy_table(
    source: &NamedDatabase<'_>,
    target: &NamedDatabase<'_>,
    table: &'static CopiedTable,
    tell: &dyn Fn(String),
) -> Result<(), String> {
    let mut after = target.ask(|read| read.last_key(table))?;
    let last = source.ask(|read| read.last_key(table))?;
    let mut progress = Progress::new(table, last.as_deref());
    loop {
        let page = source.page(table, after.as_deref())?;
        let Some(last) = page.last() else { break };
        after = Some(table.key_of(last).to_vec());
        target.change(|write| write.put_records(table, &page))?;
        progress.tell(after.as_deref(), "copied", tell);
    }
    let last = source.ask(|read| read.last_number(table))?;
    last.map_or(Ok(()), |last| {
        target.change(|write| write.continue_numbers(table, last))
    })
}

/// Says how far a table is, by the numbers of its rows, which is near enough.
struct Progress {
    table: &'static CopiedTable,
    last: u64,
    /// The hundredths that were told.
    told: u64,
}

impl Progress {
    fn new(table: &'static CopiedTable, last: Option<&[Cell]>) -> Self {
        Self {
            table,
            last: last.map_or(0, number),
            told: 0,
        }
    }

    fn tell(&mut self, at: Option<&[Cell]>, how: &str, tell: &dyn Fn(String)) {
        let at = at.map_or(0, number).min(self.last);
        if self.table.is_numbered() && at * 100 / self.last.max(1) > self.told {
            self.told = at * 100 / self.last.max(1);
            tell(format!("{at} of {} {} {how}", self.last, self.table.name));
        }
    }
}

fn number(key: &[Cell]) -> u64 {
    match key.first() {
        // Hundredfold, it must not be too large.
        Some(Cell::Number(Some(number))) => u64::try_from(*number).unwrap_or_default().min(u64::MAX / 100),
        _ => 0,
    }
}

/// Compares all rows of a table, and opens some.
fn compare(
    source: &NamedDatabase<'_>,
    target: &NamedDatabase<'_>,
    table: &'static CopiedTable,
    keys: &Keys,
    tell: &dyn Fn(String),
) -> Result<Same, String> {
    let last = source.ask(|read| read.last_key(table))?;
    let mut progress = Progress::new(table, last.as_deref());
    let (mut same, mut after) = (Same::default(), None::<Vec<Cell>>);
    loop {
        let page = source.page(table, after.as_deref())?;
        if page != target.page(table, after.as_deref())? {
            return Err(format!(
                "rows of the table {} in {} are not as in {}: one of them was changed by another program. {}, and call this again",
                table.name,
                target.at,
                source.at,
                emptying(target.at)
            ));
        }
        let Some(last) = page.last() else {
            return Ok(same);
        };
        after = Some(table.key_of(last).to_vec());
        for (at, record) in page.iter().enumerate() {
            let at = same.rows + at;
            if at >= OPENED_FIRST && !at.is_multiple_of(OPENED_OF) {
                continue;
            }
            let row = target.ask(|read| read.keyed_row(table, table.key_of(record)))?;
            match row.and_then(|row| row.opens(keys)) {
                Some(true) => same.opened += 1,
                Some(false) => same.closed += 1,
                None => {}
            }
        }
        same.rows += page.len();
        progress.tell(after.as_deref(), "compared", tell);
    }
}

/// Makes the target a database of the key. Its times have as much time left as they had when the source was last used, less what
/// has passed since then by the source's clock.
fn complete(source: &NamedDatabase<'_>, target: &NamedDatabase<'_>, entries: &[Entry]) -> Result<(), String> {
    let host = Clock::system().reading().system;
    let system = |of: &NamedDatabase<'_>| Ok::<_, String>(of.ask(|read| read.system_time())?.unwrap_or(host));
    let (here, there) = (system(source)?, system(target)?);
    let last = source.ask(|read| read.last_time())?;
    target.change(|write| {
        write.put_entries(entries)?;
        last.map_or(Ok(()), |last| write.note_time(last.carried(here, there)))
    })
}

/// A database, and the words for its faults.
struct NamedDatabase<'a> {
    at: &'a Database,
    alone: Box<dyn Alone>,
}

impl<'a> NamedDatabase<'a> {
    fn new(at: &'a Database, check: Mac) -> Result<Self, String> {
        let alone = at.open_alone(check).map_err(|error| said(at, error))?;
        Ok(Self { at, alone })
    }

    fn ask<T>(&self, question: impl FnMut(&dyn Read) -> Stored<T>) -> Result<T, String> {
        self.alone.ask(question).map_err(|error| said(self.at, error))
    }

    fn change(&self, mut change: impl FnMut(&dyn Write) -> Stored<()>) -> Result<(), String> {
        self.alone.write(&mut change).map_err(|error| said(self.at, error))
    }

    fn page(&self, table: &CopiedTable, after: Option<&[Cell]>) -> Result<Vec<Record>, String> {
        self.ask(|read| read.records(table, after, AT_ONCE))
    }
}

fn is_same(a: &Database, b: &Database) -> bool {
    let file = |database: &Database| database.file().and_then(|path| Path::canonicalize(path).ok());
    a == b || file(a).is_some() && file(a) == file(b)
}

fn said(database: &Database, error: impl fmt::Display) -> String {
    format!("{database}: {error}")
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
