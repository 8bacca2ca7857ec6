//! The database that a URL names, and the engine for it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::sqlite::SqliteStore;
use super::{MadeWith, Result, Store};
use crate::model::Mac;

/// A database, by where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite.
    Sqlite(PathBuf),
}

impl Database {
    /// The forms that a URL can have, for messages.
    pub const FORMS: &'static str = "sqlite: and the path of a file, like \"sqlite:/var/lib/itseme/itseme.db\"";

    /// Returns the database of a URL; `None` if there is no engine for it.
    pub fn of_url(url: &str) -> Option<Self> {
        let path = url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        // SQLite reads `:memory:` and the like as something else than a file.
        (!path.is_empty() && !path.starts_with(':')).then(|| Self::Sqlite(path.into()))
    }

    /// Opens the database, makes it if there is none, and brings it up to date. Its current key must be the one that is known by
    /// `key_check`.
    ///
    /// # Errors
    /// If it cannot be used, belongs to a newer version of the service, or was made with another key.
    pub fn open(&self, key_check: Mac) -> Result<Store> {
        let Self::Sqlite(path) = self;
        SqliteStore::open(path, key_check).map(Store::new)
    }

    /// Looks at the database without changing it.
    ///
    /// # Errors
    /// As [`Database::open`], and if there is none.
    pub fn check(&self, key_check: Mac) -> Result<()> {
        let Self::Sqlite(path) = self;
        SqliteStore::check(path, key_check)
    }

    /// Returns `true` if there is a database already.
    pub fn exists(&self) -> bool {
        let Self::Sqlite(path) = self;
        path.exists()
    }

    /// Returns `true` if a service uses it.
    pub fn is_in_use(&self) -> bool {
        let Self::Sqlite(path) = self;
        SqliteStore::is_in_use(path)
    }

    /// Returns the keys that it is under; `None` if there is none yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn made_with(&self) -> Result<Option<MadeWith>> {
        let Self::Sqlite(path) = self;
        SqliteStore::made_with(path)
    }

    /// Returns how many links of how many were renewed; `None` if the key is not being changed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn rekeyed(&self) -> Result<Option<(u64, u64)>> {
        let Self::Sqlite(path) = self;
        SqliteStore::rekeyed(path)
    }

    /// Returns the file that it is in.
    pub fn file(&self) -> &Path {
        let Self::Sqlite(path) = self;
        path
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file().display().fmt(f)
    }
}
