//! The data that a client stores about its user between two runs.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use xmpp_parsers::jid::BareJid;

use crate::identity::Identity;

/// The user's own identities, and whom they asked for. Nothing of the address book but hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The owner of this state.
    pub jid: Option<BareJid>,
    /// Own identities that were linked when last looked.
    pub proven: BTreeSet<Identity>,
    /// Own identities whose code has not come back yet.
    pub pending: BTreeSet<Identity>,
    /// Hashes the user asked to be introduced to.
    pub asked: BTreeSet<String>,
    /// The one of them that was asked for last: when all were, asking once more goes on behind it.
    pub last_asked: Option<String>,
}

/// Keeps a [`State`], in memory or also in a file that only the user can read.
///
/// Several processes may use one file: every change reads it anew, under a lock.
#[derive(Debug)]
pub struct Store {
    path: Option<PathBuf>,
    state: State,
}

/// The reason why the state could not be stored.
#[derive(Debug, Error)]
pub enum StateError {
    /// The file could not be read or written.
    #[error("cannot use the state file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a state.
    #[error("{path} is not a state file: {source}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The place that cannot be read.
        source: serde_json::Error,
    },
    /// The file belongs to another account.
    #[error("{path} is the state of {owner}; every account needs a file of its own")]
    Owner {
        /// The file.
        path: PathBuf,
        /// The owner of the state.
        owner: BareJid,
    },
}

impl State {
    /// The pending identity with this hash.
    pub fn pending(&self, hash: &str) -> Option<&Identity> {
        self.pending.iter().find(|identity| identity.hash() == hash)
    }

    /// The own identity with this hash, proven or not.
    pub fn own(&self, hash: &str) -> Option<&Identity> {
        self.proven.iter().chain(&self.pending).find(|identity| identity.hash() == hash)
    }
}

impl Store {
    /// Returns a state that is gone when the program ends.
    pub fn in_memory() -> Self {
        Self { path: None, state: State::default() }
    }

    /// The state of `jid` in a file, which need not exist yet.
    ///
    /// # Errors
    /// [`StateError`] when the file cannot be used, is something else, or is of another account.
    pub fn open(path: &Path, jid: &BareJid) -> Result<Self, StateError> {
        let mut store = Self { path: Some(path.to_owned()), state: State::default() };
        let owner = store.read()?.jid.clone();
        match owner {
            Some(owner) if owner != *jid => Err(StateError::Owner { path: path.to_owned(), owner }),
            Some(_) => Ok(store),
            None => {
                store.update(|state| state.jid = Some(jid.clone()))?;
                Ok(store)
            }
        }
    }

    /// The state as it is now.
    ///
    /// # Errors
    /// [`StateError`] when the file cannot be read.
    pub fn read(&mut self) -> Result<&State, StateError> {
        if let Some(path) = &self.path {
            self.state = load(path)?;
        }
        Ok(&self.state)
    }

    /// Changes the state.
    ///
    /// # Errors
    /// [`StateError`] when the file cannot be read or written; it is then as it was.
    pub fn update<T>(&mut self, change: impl FnOnce(&mut State) -> T) -> Result<T, StateError> {
        let Some(path) = self.path.clone() else { return Ok(change(&mut self.state)) };
        let failed = |source| StateError::Io { path: path.clone(), source };
        let lock = private_file(&path.with_added_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        self.state = load(&path)?;
        let result = change(&mut self.state);
        save(&path, &self.state).map_err(failed)?;
        Ok(result)
    }
}

fn load(path: &Path) -> Result<State, StateError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|source| StateError::Format { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(source) => Err(StateError::Io { path: path.to_owned(), source }),
    }
}

/// Writes beside the file and renames, so that there always is a whole one.
fn save(path: &Path, state: &State) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    let mut file = private_file(&beside)?;
    file.set_len(0)?;
    serde_json::to_writer_pretty(&file, state)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(beside, path)
}

/// Opens a file for writing that, if it is new, nobody else can read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> BareJid {
        text.parse().unwrap()
    }

    #[test]
    fn a_state_comes_back_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("amy.json");
        let identity = Identity::new("phone", "+49 170 1234567").unwrap();
        let mut store = Store::open(&path, &jid("amy@localhost")).unwrap();
        let mut other = Store::open(&path, &jid("amy@localhost")).unwrap();
        store.update(|state| state.proven.insert(identity.clone())).unwrap();
        other.update(|state| state.asked.insert("ab".into())).unwrap();
        let state = store.read().unwrap();
        assert!(state.own(&identity.hash()).is_some() && state.asked.contains("ab"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_somebody_else_or_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("amy.json");
        Store::open(&path, &jid("amy@localhost")).unwrap();
        assert!(matches!(Store::open(&path, &jid("eve@localhost")), Err(StateError::Owner { .. })));
        fs::write(&path, "hello").unwrap();
        assert!(matches!(Store::open(&path, &jid("amy@localhost")), Err(StateError::Format { .. })));
        let nowhere = folder.path().join("no/such/folder");
        assert!(matches!(Store::open(&nowhere, &jid("amy@localhost")), Err(StateError::Io { .. })));
    }
}
