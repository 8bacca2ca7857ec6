//! The database that a URL names, and the engine for it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::postgres::{self, Address, PostgresStore};
use super::sqlite::{self, SqliteStore};
use super::{Alone, MadeWith, Result, Store};
use crate::model::Mac;

/// A database, by where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Box<Address>),
}

impl Database {
    /// Returns the database of a URL.
    ///
    /// # Errors
    /// In words an admin can act on, if there is no engine for it, or it reads the URL as wrong.
    pub fn of_url(url: &str) -> std::result::Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Address::of_url(url).map(Box::new).map(Self::Postgres);
        }
        let path = url.strip_prefix("sqlite:").unwrap_or_default();
        let path = path.strip_prefix("//").unwrap_or(path);
        // SQLite reads `:memory:` and the like as something else than a file.
        match path.is_empty() || path.starts_with(':') {
            true => Err(
                "expected sqlite: and the path of a file, like \"sqlite:/var/lib/itseme/itseme.db\", or the URL of a PostgreSQL \
                 database, like \"postgres://itseme@db.example.org/itseme\""
                    .into(),
            ),
            false => Ok(Self::Sqlite(path.into())),
        }
    }

    /// Opens the database, makes it if there is none, and brings it up to date. Its current key must be the one that is known by
    /// `key_check`.
    ///
    /// # Errors
    /// If it cannot be used, belongs to a newer version of the service, or was made with another key.
    pub fn open(&self, key_check: Mac) -> Result<Store> {
        match self {
            Self::Sqlite(path) => SqliteStore::open(path, key_check).map(Store::new),
            Self::Postgres(address) => PostgresStore::open(address, key_check).map(Store::new),
        }
    }

    /// As [`Database::open`], for this process alone.
    ///
    /// # Errors
    /// As [`Database::open`], and if a service uses it.
    pub fn open_alone(&self, key_check: Mac) -> Result<Box<dyn Alone>> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(sqlite::AloneOn::open(path, key_check)?),
            Self::Postgres(address) => Box::new(postgres::AloneOn::open(address, key_check)?),
        })
    }

    /// Looks at the database without changing it; without a key, at its server alone. Returns what an admin may want to know of
    /// it, behind a semicolon.
    ///
    /// # Errors
    /// As [`Database::open`], and if there is none.
    pub fn check(&self, key_check: Option<Mac>) -> Result<String> {
        match self {
            Self::Sqlite(path) => {
                let checked = key_check.map_or(Ok(()), |key_check| SqliteStore::check(path, key_check));
                checked.map(|()| String::new())
            }
            Self::Postgres(address) => PostgresStore::check(address, key_check),
        }
    }

    /// Returns `true` if there is a database already.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn exists(&self) -> Result<bool> {
        match self {
            Self::Sqlite(path) => Ok(path.exists()),
            Self::Postgres(address) => Ok(PostgresStore::made_with(address)?.is_some()),
        }
    }

    /// Returns `true` if a service uses it.
    ///
    /// # Errors
    /// If that cannot be found out.
    pub fn is_in_use(&self) -> Result<bool> {
        match self {
            Self::Sqlite(path) => Ok(SqliteStore::is_in_use(path)),
            Self::Postgres(address) => PostgresStore::is_in_use(address),
        }
    }

    /// Returns the keys that it is under; `None` if there is none yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn made_with(&self) -> Result<Option<MadeWith>> {
        match self {
            Self::Sqlite(path) => SqliteStore::made_with(path),
            Self::Postgres(address) => PostgresStore::made_with(address),
        }
    }

    /// Returns how many links of how many were renewed; `None` if the key is not being changed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn rekeyed(&self) -> Result<Option<(u64, u64)>> {
        match self {
            Self::Sqlite(path) => SqliteStore::rekeyed(path),
            Self::Postgres(address) => PostgresStore::rekeyed(address),
        }
    }

    /// Returns the file that it is in, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}
