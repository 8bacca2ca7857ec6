//! A PostgreSQL server for the tests of this process.

#![allow(clippy::unwrap_used, clippy::panic)]
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Store;
use super::postgres::{Address, PostgresStore};
use super::sqlite::SqliteStore;
use crate::model::Mac;

/// The server. It ends with this process, because its standard input does, and removes its folder. Nothing here is dropped at the end.
static SERVER: LazyLock<(PathBuf, Child)> = LazyLock::new(|| {
    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
        .keep();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");
    let mut server = Command::new(script)
        .arg("--temporary")
        .arg(&folder)
        .args(["fsync=off", "full_page_writes=off"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim(), "ready", "tests/run installs PostgreSQL");
    (folder, server)
});

/// A database of its own.
pub struct TestDatabase {
    /// The URL.
    pub url: String,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", MADE.fetch_add(1, Ordering::Relaxed));
        let url = format!("postgres://itseme@/{name}?host={}", SERVER.0.display());
        let database = Self { url, name };
        database.ask(
            "postgres",
            &format!("CREATE DATABASE {} STRATEGY file_copy", database.name),
        );
        database
    }

    /// Returns the address.
    pub fn address(&self) -> Address {
        Address::of_url(&self.url).unwrap()
    }

    /// Asks by another connection. Returns the first column of the rows.
    pub fn sql(&self, sql: &str) -> Vec<String> {
        self.ask(&self.name, sql)
    }

    fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let folder = SERVER.0.to_str().unwrap();
        let mut command = Command::new("psql");
        command.args([
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "itseme",
            "-h",
            folder,
            "-d",
            database,
            "-c",
            sql,
        ]);
        let asked = command.output().unwrap();
        assert!(
            asked.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&asked.stderr)
        );
        String::from_utf8(asked.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

/// Opens a new store: over PostgreSQL if the variable ITSEME_TEST_STORE is "postgres", else over SQLite in `folder`.
pub fn store(folder: &std::path::Path, key_check: Mac) -> Store {
    match std::env::var("ITSEME_TEST_STORE").as_deref() {
        Ok("postgres") => Store::new(PostgresStore::open(&TestDatabase::new().address(), key_check).unwrap()),
        _ => Store::new(SqliteStore::open(&folder.join("test.db"), key_check).unwrap()),
    }
}
