//! The file with the one key that makes a stolen database worthless.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::config::StoreConfig;
use crate::model::seal::MasterKey;

/// The configured key; a key file that does not exist yet is made, unless there is a database that needs another.
///
/// # Errors
/// In words an admin can act on.
pub fn load_or_make(store: &StoreConfig) -> Result<MasterKey, String> {
    if let Some(key) = load(store)? {
        return Ok(key);
    }
    if store.path().is_ok_and(Path::exists) {
        return Err(format!(
            "store.key_file {} is missing, but there is a database: put the key back from its backup",
            store.key_file.display()
        ));
    }
    make(&store.key_file)
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
    let path = &store.key_file;
    let told = |error: &dyn std::fmt::Display| format!("store.key_file {}: {error}", path.display());
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(&error)),
    };
    check_mode(&file).map_err(|error| told(&error))?;
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(|error| told(&error))?;
    parse(&text)
        .map(Some)
        .ok_or_else(|| told(&"expected 64 hex digits; put back the file from a backup"))
}

fn parse(text: &str) -> Option<MasterKey> {
    let mut key = MasterKey::default();
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).ok()?;
    Some(key)
}

fn make(path: &Path) -> Result<MasterKey, String> {
    let told = |error: &dyn std::fmt::Display| format!("store.key_file {} cannot be made: {error}", path.display());
    let mut key = MasterKey::default();
    SysRng
        .try_fill_bytes(key.as_mut_slice())
        .map_err(|error| told(&error))?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| told(&error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| told(&error))?;
    tracing::info!(file = %path.display(), "made a new key; back it up apart from the database, without it all links are lost");
    Ok(key)
}

#[cfg(unix)]
fn check_mode(file: &File) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| error.to_string())?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("others can read it (mode {mode:04o}); run chmod 600 on it"))
}

#[cfg(not(unix))]
fn check_mode(_: &File) -> Result<(), String> {
    Ok(())
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

    #[cfg(unix)]
    #[test]
    fn others_must_not_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        load_or_make(&config(&path)).unwrap();
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        mode(0o640);
        assert!(load(&config(&path)).unwrap_err().contains("chmod 600"));
        mode(0o400);
        assert!(load(&config(&path)).is_ok());
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
    fn a_missing_folder_is_told() {
        let error = load_or_make(&config(Path::new("/nonexistent/key"))).unwrap_err();
        assert!(error.contains("/nonexistent/key"), "{error}");
    }
}
