//! The file with the one key that makes a stolen database worthless, and the file beside it with the key that is to take its
//! place (`itseme rekey`).

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::config::StoreConfig;
use crate::model::hex;
use crate::model::seal::MasterKey;
use crate::private;

/// The configured key; a key file that does not exist yet is made, unless there is a database that needs another.
///
/// # Errors
/// In words an admin can act on.
pub fn load_or_make(store: &StoreConfig) -> Result<MasterKey, String> {
    if let Some(key) = load(store)? {
        if let Ok(Some(reason)) | Err(reason) = unread(store) {
            tracing::warn!(reason, "there are two keys");
        }
        return Ok(key);
    }
    let database = store.database().map_err(|error| error.to_string())?;
    if database
        .exists()
        .map_err(|error| format!("store.url {database}: {error}"))?
    {
        return Err(format!(
            "store.key_file {} is missing, but there is a database: put the key back from its backup",
            store.key_file.display()
        ));
    }
    let key = make(&store.key_file)?;
    tracing::info!(file = %store.key_file.display(), "made a new key; back it up apart from the database, without it all links are lost");
    Ok(key)
}

/// The configured key, or `None` if its file does not exist yet.
///
/// # Errors
/// If others can read the file, or it is no key.
pub fn load(store: &StoreConfig) -> Result<Option<MasterKey>, String> {
    if let Some(key) = store.key() {
        let key = Zeroizing::new(key.expose_secret().trim().to_owned());
        return parse(&key)
            .map(Some)
            .ok_or_else(|| "store.key: expected 64 hex digits".into());
    }
    read(&store.key_file)
}

/// Says which key counts, if there is a key file that is not read because the key itself is set.
///
/// # Errors
/// If the two are not the same: one of them is a mistake, or forgotten.
pub fn unread(store: &StoreConfig) -> Result<Option<String>, String> {
    let file = store.key_file.display();
    let (Some(_), true) = (store.key(), store.key_file.exists()) else {
        return Ok(None);
    };
    let counts = "store.key (ITSEME_STORE__KEY) counts";
    match read(&store.key_file) {
        Ok(other) if other == load(store)? => Ok(Some(format!("{counts}, and store.key_file {file} has the same key"))),
        Ok(_) => Err(format!(
            "{counts}, and the key in store.key_file {file} is another one: move that file away if it is no longer needed, or take \
             out store.key"
        )),
        Err(_) => Ok(Some(format!("{counts}, and store.key_file {file} is not read"))),
    }
}

/// Returns the file of the next key, which replaces the configured one.
pub fn next_file(store: &StoreConfig) -> PathBuf {
    let mut name = store.key_file.clone().into_os_string();
    name.push(".next");
    name.into()
}

/// Returns the next key, which replaces the configured one, if there is one.
///
/// # Errors
/// As [`load`].
pub fn load_next(store: &StoreConfig) -> Result<Option<MasterKey>, String> {
    let path = next_file(store);
    let next = read(&path)?;
    // Whoever else can put files there would know the key that everything is put under.
    let is_own = || std::fs::metadata(&store.key_file).is_ok_and(|present| has_same_owner(&path, &present));
    match next.is_none() || is_own() {
        true => Ok(next),
        false => Err(format!(
            "{} belongs to another user than store.key_file: remove it",
            path.display()
        )),
    }
}

/// Makes the next key, which replaces the configured one, or returns the one that was made before.
///
/// # Errors
/// In words an admin can act on: also if the key does not stand in a file, or in one of somebody else.
pub fn make_next(store: &StoreConfig) -> Result<MasterKey, String> {
    if store.key().is_some() {
        return Err(
            "store.key holds the key itself, which cannot be changed from here: put it into a file of its own, name that as \
             store.key_file, and take out store.key (ITSEME_STORE__KEY)"
                .into(),
        );
    }
    let present = File::open(&store.key_file).and_then(|file| file.metadata());
    let present = present.map_err(|error| format!("store.key_file {}: {error}", store.key_file.display()))?;
    if let Some(next) = load_next(store)? {
        return Ok(next);
    }
    // Under its name it is there as a whole: a service may be looking.
    let draft = next_file(store).with_extension("draft");
    let _ = std::fs::remove_file(&draft);
    let next = make(&draft)?;
    if !has_same_owner(&draft, &present) {
        let _ = std::fs::remove_file(&draft);
        return Err(format!(
            "{} belongs to another user: run this as that user, who runs the service (sudo -u USER itseme rekey)",
            store.key_file.display()
        ));
    }
    rename(&draft, &next_file(store))?;
    Ok(next)
}

/// The next key takes the place of the configured one.
///
/// # Errors
/// In words an admin can act on.
pub fn adopt_next(store: &StoreConfig) -> Result<(), String> {
    rename(&next_file(store), &store.key_file)
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::rename(from, to)
        .and_then(|()| private::sync_folder(to))
        .map_err(|error| format!("{} cannot be renamed to {}: {error}", from.display(), to.display()))
}

/// The largest number of bytes that is read of a key file: the digits, and some white space.
const LONGEST: u64 = 1024;

/// Returns the key of a file, or `None` if there is no such file.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path) -> Result<Option<MasterKey>, String> {
    let told = |error: &dyn std::fmt::Display| format!("the key file {}: {error}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(&error)),
    };
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        return Err(told(&"it is a folder; name a file in it"));
    }
    private::check_file(path).map_err(|error| told(&error))?;
    let mut text = Zeroizing::new(String::new());
    // A database that is named by mistake can be large.
    let key = match file.take(LONGEST).read_to_string(&mut text) {
        Ok(_) => parse(&text),
        Err(error) if error.kind() == ErrorKind::InvalidData => None,
        Err(error) => return Err(told(&error)),
    };
    key.map(Some)
        .ok_or_else(|| told(&"expected 64 hex digits; put back the file from a backup"))
}

fn parse(text: &str) -> Option<MasterKey> {
    let mut key = MasterKey::default();
    hex::read(text.trim(), key.as_mut_slice())?;
    Some(key)
}

fn make(path: &Path) -> Result<MasterKey, String> {
    let mut key = MasterKey::default();
    SysRng
        .try_fill_bytes(key.as_mut_slice())
        .map_err(|error| format!("store.key_file {} cannot be made: {error}", path.display()))?;
    save(path, &key)?;
    Ok(key)
}

/// Writes a key to a new file.
///
/// # Errors
/// In words an admin can act on, also if there is such a file.
pub fn save(path: &Path, key: &MasterKey) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("the key file {} cannot be made: {error}", path.display());
    let text = Zeroizing::new(format!("{}\n", hex::write(key.as_slice())));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(|error| told(&error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| private::sync_folder(path))
        .map_err(|error| told(&error))
}

fn has_same_owner(path: &Path, other: &std::fs::Metadata) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|made| made.uid() == other.uid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::field_reassign_with_default)]
    use super::*;
    use crate::model::seal::KEY_LENGTH;

    fn config(path: &Path) -> StoreConfig {
        let mut config = StoreConfig::default();
        config.key_file = path.to_owned();
        config
    }

    #[test]
    fn is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("key"));
        assert!(load(&config).unwrap().is_none());
        let made = load_or_make(&config).unwrap();
        assert_ne!(*made, [0; KEY_LENGTH]);
        assert_eq!(load_or_make(&config).unwrap(), made);
    }

    #[test]
    fn others_must_not_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        load_or_make(&config(&path)).unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        set(folder.path(), 0o755);
        set(&path, 0o644);
        assert!(load(&config(&path)).unwrap_err().contains("chmod 600"));
        set(&path, 0o400);
        assert!(load(&config(&path)).is_ok());
    }

    /// Otherwise, anybody who can put files beside the key could choose the next one. Needs root, to make another user's file.
    #[test]
    fn a_next_key_of_somebody_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder.path().join("key"));
        load_or_make(&config).unwrap();
        make_next(&config).unwrap();
        load_next(&config).unwrap().unwrap();
        if std::os::unix::fs::chown(next_file(&config), Some(12_345), None).is_ok() {
            assert!(load_next(&config).unwrap_err().contains("another user"));
        }
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        load_or_make(&config(&path)).unwrap();
        std::fs::write(&path, "12 34").unwrap();
        assert!(load_or_make(&config(&path)).unwrap_err().contains("64 hex digits"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "12 34");
    }

    #[test]
    fn what_is_no_key_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("itseme.db");
        std::fs::write(&path, b"SQLite format 3\0\xff").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let told = read(&path).unwrap_err();
        assert!(told.contains("64 hex digits"), "{told}");
        // A remedy for a file would close the folder.
        let told = read(folder.path()).unwrap_err();
        assert!(told.contains("folder") && !told.contains("chmod"), "{told}");
    }

    #[test]
    fn a_missing_folder_is_told() {
        let error = load_or_make(&config(Path::new("/nonexistent/key"))).unwrap_err();
        assert!(error.contains("/nonexistent/key"), "{error}");
    }
}
