//! `itseme backup` and `itseme restore`: the database of SQLite as one file, and the key as another.
//!
//! A file gets its name when it is complete, checked and on the disk. Until then, nobody else can guess its name.

mod part;

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use self::part::Part;

use crate::config::StoreConfig;
use crate::keyfile;
use crate::model::Keys;
use crate::model::seal::MasterKey;
use crate::private;
use crate::rekey;
use crate::store::sqlite::{self, Whole};
use crate::store::{COPIED, Counts, Database};
use crate::telemetry::tell;

/// The boxes of each table that are opened with the key.
const OPENED: usize = 10;
/// The files that SQLite may have beside a database, by the ends of their names.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The command `backup`: copies the configured database to the new file `to`, and the key to the new file `key_to`.
///
/// # Errors
/// In words an admin can act on, also if `stop` is cancelled. There is no new file then.
pub fn back_up(store: &StoreConfig, to: &Path, key_to: Option<&Path>, stop: &CancellationToken) -> Result<(), String> {
    let (database, path) = file_of(store)?;
    let key = keyfile::load(store)?.ok_or_else(|| missing_key(store))?;
    [Some(to), key_to].into_iter().flatten().try_for_each(must_be_new)?;
    if key_to.is_some_and(|key_to| absolute(key_to) == absolute(to)) {
        return Err(format!(
            "{} is to be the backup and its key: name two files",
            to.display()
        ));
    }
    let keys = keys_of(&database, &key)?;
    tell(format_args!(
        "{database} is being copied; with millions of links, that takes a while"
    ));
    let part = Part::beside(to)?;
    let copied = sqlite::back_up(&path, part.path(), part.watched(&path, stop));
    copied.map_err(|error| format!("{database} cannot be copied to {}: {error}", to.display()))?;
    tell("the copy is being checked");
    let found = check(part.path(), &keys, stop).map_err(|error| format!("the copy of {database}: {error}"))?;
    key_to.map_or(Ok(()), |key_to| keyfile::save(key_to, &key))?;
    part.become_new(to).inspect_err(|_| {
        // Alone, it is of no use.
        key_to.map(fs::remove_file);
    })?;
    tell(format_args!("done: {} {found}", to.display()));
    match key_to {
        None => tell(format_args!("The key is not in it: {}", where_the_key_is(store))),
        Some(key_to) => tell(format_args!(
            "The key is in {}: keep the two files apart",
            key_to.display()
        )),
    }
    Ok(())
}

/// The command `restore`: puts the backup `from` in the place of the configured database, and the key of `key_from` in the place of
/// the configured one.
///
/// # Errors
/// In words an admin can act on, also if `stop` is cancelled. The database is as it was then.
pub fn restore(
    store: &StoreConfig,
    from: &Path,
    key_from: Option<&Path>,
    force: bool,
    stop: &CancellationToken,
) -> Result<(), String> {
    let (database, path) = file_of(store)?;
    private::check_owner(&path)?;
    let source = open_backup(from, &path)?;
    let key = key_for(store, key_from, force)?;
    // No service starts meanwhile.
    let _reserved = sqlite::reserve(&path).map_err(|error| said(&database, error))?;
    if path.exists() && !force {
        return Err(format!(
            "{database} is there already: --force replaces it, and what was stored since the backup is lost"
        ));
    }
    // The copy is checked: others may be able to change the backup.
    let part = Part::beside(&path)?;
    let ends = part.watched(from, stop);
    part.fill(source, ends).map_err(|error| {
        format!(
            "{} cannot be copied to the folder of {database}: {error}",
            from.display()
        )
    })?;
    let copy = Database::Sqlite(part.path().to_owned());
    let told = |error: String| format!("{}: {}", from.display(), error.replace(&format!("{copy}: "), ""));
    let keys = keys_of(&copy, &key).map_err(told)?;
    tell("the copy is being checked");
    let found = check(part.path(), &keys, stop).map_err(told)?;
    // What is in its journal belongs to the database that is replaced, and would be taken for the new one's.
    sqlite::empty_journal(&path);
    let former = key_from.map_or(Ok(None), |_| put_key(store, &key))?;
    BESIDE.iter().for_each(|end| _ = fs::remove_file(beside(&path, end)));
    part.replace(&path).inspect_err(|_| {
        if let Some(former) = &former {
            let _ = fs::rename(former, &store.key_file);
        }
    })?;
    tell(format_args!("done: {database} {found}"));
    if let Some(former) = former {
        tell(format_args!(
            "The former key is in {}: remove it when nobody needs it",
            former.display()
        ));
    }
    tell(
        "Start the service. What people have had forgotten since the backup is there again, and what they have proven since is not.",
    );
    Ok(())
}

/// Opens a backup, and refuses what can be none: the database itself, one that was in use, and what is no file.
fn open_backup(from: &Path, database: &Path) -> Result<File, String> {
    let told = |error: &dyn fmt::Display| format!("{}: {error}", from.display());
    let found = from.metadata().map_err(|error| told(&error))?;
    if !found.is_file() {
        return Err(told(&"this is no file: name one that itseme backup has made"));
    }
    if database.metadata().is_ok_and(|database| are_same(&database, &found)) {
        return Err(told(&"this is the database itself, and not its backup"));
    }
    let is_used = |end: &str| beside(from, end).metadata().is_ok_and(|beside| beside.len() > 0);
    if let Some(end) = ["-wal", "-journal"].iter().find(|end| is_used(end)) {
        return Err(format!(
            "{} has a journal beside it ({end}): it is no backup, but a database that was in use. Name it as store.url, start the \
             service over it or call itseme backup",
            from.display()
        ));
    }
    File::open(from).map_err(|error| told(&error))
}

fn are_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What a backup holds.
struct Found {
    /// `None` if it is of an earlier version.
    counts: Option<Counts>,
    opened: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.counts {
            Some(Counts { links, owners, .. }) => write!(
                f,
                "holds {links} links of {owners} Jabber IDs; it is whole, and {} boxes of a sample were opened with the key",
                self.opened
            ),
            None => f.write_str("is whole; it is of an earlier version, and is brought up to date at the next start"),
        }
    }
}

/// Reads a whole file, and opens some boxes with the key.
fn check(path: &Path, keys: &Keys, stop: &CancellationToken) -> Result<Found, String> {
    let told = |error: &dyn fmt::Display| error.to_string();
    let stop = stop.clone();
    let whole = Whole::open(path, keys.check(), move || stop.is_cancelled()).map_err(|error| told(&error))?;
    if !whole.is_up_to_date().map_err(|error| told(&error))? {
        return Ok(Found {
            counts: None,
            opened: 0,
        });
    }
    let counted = whole.read(|read| {
        let mut opened = 0;
        for table in &COPIED {
            for record in read.records(table, None, OPENED)? {
                let row = read.keyed_row(table, table.key_of(&record))?;
                opened += usize::from(row.and_then(|row| row.opens(keys)) == Some(true));
            }
        }
        Ok((read.counts()?, opened))
    });
    let (counts, opened) = counted.map_err(|error| told(&error))?;
    Ok(Found {
        counts: Some(counts),
        opened,
    })
}

/// Returns the configured database and its file, not a link to it.
fn file_of(store: &StoreConfig) -> Result<(Database, PathBuf), String> {
    let database = store.database().map_err(|error| error.to_string())?;
    let path = database.file().ok_or_else(|| {
        format!("{database} has programs of its own for this, pg_dump and pg_restore: see Backups in docs/postgres.md")
    })?;
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok((database, path))
}

/// Returns the keys of a database that has one key, of which `key` is the configured form.
fn keys_of(database: &Database, key: &MasterKey) -> Result<Keys, String> {
    let made = database.made_with().map_err(|error| said(database, error))?;
    let made = made.ok_or_else(|| said(database, "there is no database of this service"))?;
    if made.former.is_some() {
        return Err(said(
            database,
            "the key is being changed (itseme rekey): back the database up when that is done",
        ));
    }
    let keys = rekey::keyring_of(database, &Keys::new(key), None)?.current;
    match keys.check() == made.check {
        true => Ok(keys),
        false => Err(said(
            database,
            "it was made with another key: name the one that belongs to it, by --key or store.key_file",
        )),
    }
}

/// Returns the key for a backup: that of the named file, if the configured one may be replaced by it.
fn key_for(store: &StoreConfig, named: Option<&Path>, force: bool) -> Result<MasterKey, String> {
    let Some(named) = named else {
        let configured = keyfile::load(store)?;
        return configured.ok_or_else(|| format!("{}, or name its backup with --key", missing_key(store)));
    };
    if store.key().is_some() {
        return Err("store.key holds the key itself: take it out, or call this without --key".into());
    }
    private::check_owner(&store.key_file)?;
    let key = keyfile::read(named)?.ok_or_else(|| format!("{} is missing", named.display()))?;
    // One that cannot be read is none to be kept.
    let is_other = store.key_file.exists() && keyfile::load(store).ok().flatten().as_ref() != Some(&key);
    match is_other && !force {
        false => Ok(key),
        true => Err(format!(
            "store.key_file {} holds another key: --force replaces it",
            store.key_file.display()
        )),
    }
}

/// Puts the key of a backup in its place, unless it is there. Returns the file that has the former one.
fn put_key(store: &StoreConfig, key: &MasterKey) -> Result<Option<PathBuf>, String> {
    let at = &store.key_file;
    if keyfile::load(store).ok().flatten().as_ref() == Some(key) {
        return Ok(None);
    }
    let former = at.exists().then(|| beside(at, ".former"));
    if let Some(former) = &former {
        must_be_new(former)?;
        fs::rename(at, former).map_err(|error| format!("{}: {error}", former.display()))?;
    }
    keyfile::save(at, key).inspect_err(|_| {
        if let Some(former) = &former {
            let _ = fs::rename(former, at);
        }
    })?;
    Ok(former)
}

fn must_be_new(path: &Path) -> Result<(), String> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(_) => Err(format!(
            "{} is there already: name a new file, or remove it",
            path.display()
        )),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn missing_key(store: &StoreConfig) -> String {
    format!("store.key_file {} is missing: put it there", store.key_file.display())
}

fn where_the_key_is(store: &StoreConfig) -> String {
    match store.key() {
        Some(_) => "it is in the configuration (store.key)".into(),
        None => format!(
            "back up {} once, apart from it, or call this with --key",
            store.key_file.display()
        ),
    }
}

fn said(database: &Database, error: impl fmt::Display) -> String {
    format!("{database}: {error}")
}

#[cfg(test)]
mod tests;
