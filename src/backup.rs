//! `itseme backup` and `itseme restore`: the database of SQLite as one file, and the key as another.
//!
//! A file gets its name when it is complete, checked and on the disk. Until then its name ends in `.part`.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::StoreConfig;
use crate::keyfile;
use crate::model::Keys;
use crate::model::seal::MasterKey;
use crate::private;
use crate::rekey;
use crate::store::sqlite::{self, Whole};
use crate::store::{COPIED, Counts, Database};

/// The boxes of each table that are opened with the key.
const OPENED: usize = 10;
/// The files that SQLite may have beside a database, by the ends of their names.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The command `backup`: copies the configured database to the new file `to`, and the key to the new file `key_to`.
///
/// # Errors
/// In words an admin can act on. There is no new file then.
pub fn back_up(store: &StoreConfig, to: &Path, key_to: Option<&Path>) -> Result<(), String> {
    let (database, path) = file_of(store)?;
    let key = keyfile::load(store)?
        .ok_or_else(|| format!("store.key_file {} is missing", store.key_file.display()))?;
    [Some(to), key_to].into_iter().flatten().try_for_each(must_be_new)?;
    let keys = keys_of(&database, &key)?;
    let part = beside(to, ".part");
    let _ = fs::remove_file(&part);
    println!("{database} is copied to {}", to.display());
    let copied = sqlite::back_up(&path, &part).map_err(|error| said(&database, error));
    let checked = copied.and_then(|()| check(&part, &keys));
    let found = checked.and_then(|found| put(&part, to).map(|()| found));
    let found = found.inspect_err(|_| _ = fs::remove_file(&part))?;
    println!("done: {} {found}", to.display());
    match key_to {
        None => println!("The key is not in it: {}", where_the_key_is(store)),
        Some(key_to) => {
            keyfile::save(key_to, &key)?;
            println!("The key is in {}: keep the two files apart", key_to.display());
        }
    }
    Ok(())
}

/// The command `restore`: puts the backup `from` in the place of the configured database, and the key of `key_from` in the place of
/// the configured one.
///
/// # Errors
/// In words an admin can act on. The database is as it was then.
pub fn restore(store: &StoreConfig, from: &Path, key_from: Option<&Path>, force: bool) -> Result<(), String> {
    let (database, path) = file_of(store)?;
    [&path, store.key_file]
        .into_iter()
        .try_for_each(|path| private::check_owner(path))?;
    let backup = Database::Sqlite(from.to_owned());
    let key = key_for(store, key_from, force)?;
    let keys = keys_of(&backup, &key)?;
    let found = check(from, &keys)?;
    // No service starts meanwhile.
    let _reserved = sqlite::reserve(&path).map_err(|error| said(&database, error))?;
    if path.exists() && !force {
        return Err(format!(
            "{database} is there already: --force replaces it, and what was stored since the backup is lost"
        ));
    }
    let part = beside(&path, ".part");
    let copied = copy(from, &part).map_err(|error| format!("{}: {error}", part.display()));
    let placed = copied.and_then(|()| {
        put_key(store, &key, key_from.is_some())?;
        // Those of the former database would be taken for the new one's.
        BESIDE.iter().for_each(|end| _ = fs::remove_file(beside(&path, end)));
        put(&part, &path)
    });
    placed.inspect_err(|_| _ = fs::remove_file(&part))?;
    println!("done: {database} {found}");
    println!(
        "Start the service. What people have had forgotten since the backup is there again, and what they have proven since is not."
    );
    Ok(())
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
fn check(path: &Path, keys: &Keys) -> Result<Found, String> {
    let told = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
    let whole = Whole::open(path, keys.check()).map_err(|error| told(&error))?;
    if !whole.is_up_to_date().map_err(|error| told(&error))? {
        return Ok(Found { counts: None, opened: 0 });
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

/// Returns the configured database and its file.
fn file_of(store: &StoreConfig) -> Result<(Database, PathBuf), String> {
    let database = store.database().map_err(|error| error.to_string())?;
    let path = database.file().map(Path::to_owned).ok_or_else(|| {
        format!("{database} has programs of its own for this, pg_dump and pg_restore: see Backups in docs/postgres.md")
    })?;
    Ok((database, path))
}

/// Returns the keys of a database that has one key, of which `key` is the configured form.
fn keys_of(database: &Database, key: &MasterKey) -> Result<Keys, String> {
    let made = database.made_with().map_err(|error| said(database, error))?;
    let made = made.ok_or_else(|| format!("there is no database at {database}"))?;
    if made.former.is_some() {
        return Err(format!(
            "the key of {database} is being changed (itseme rekey): call this again when that is done"
        ));
    }
    Ok(rekey::keyring_of(database, &Keys::new(key), None)?.current)
}

/// Returns the key for a backup: that of the named file, if the configured one may be replaced by it.
fn key_for(store: &StoreConfig, named: Option<&Path>, force: bool) -> Result<MasterKey, String> {
    let configured = keyfile::load(store)?;
    let Some(named) = named else {
        return configured.ok_or_else(|| {
            format!(
                "store.key_file {} is missing: put it there, or name its backup with --key",
                store.key_file.display()
            )
        });
    };
    if store.key().is_some() {
        return Err("store.key holds the key itself: take it out, or call this without --key".into());
    }
    let key = keyfile::read(named)?.ok_or_else(|| format!("{} is missing", named.display()))?;
    match configured.is_none_or(|configured| configured == key) || force {
        true => Ok(key),
        false => Err(format!(
            "store.key_file {} holds another key: --force replaces it",
            store.key_file.display()
        )),
    }
}

/// Puts the key of a backup in its place, unless it is there.
fn put_key(store: &StoreConfig, key: &MasterKey, is_named: bool) -> Result<(), String> {
    if !is_named || keyfile::load(store)?.as_ref() == Some(key) {
        return Ok(());
    }
    let part = beside(&store.key_file, ".part");
    let _ = fs::remove_file(&part);
    keyfile::save(&part, key)?;
    put(&part, &store.key_file)
}

/// Copies a file to a new one that this user alone can read, and that is on the disk then.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let _ = fs::remove_file(to);
    let mut options = OpenOptions::new();
    let mut to = options.write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut fs::File::open(from)?, &mut to)?;
    to.sync_all()
}

/// Gives a file its name.
fn put(part: &Path, name: &Path) -> Result<(), String> {
    fs::rename(part, name)
        .and_then(|()| private::sync_folder(name))
        .map_err(|error| format!("{}: {error}", name.display()))
}

fn must_be_new(path: &Path) -> Result<(), String> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(_) => Err(format!("{} is there already: name a new file", path.display())),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
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
