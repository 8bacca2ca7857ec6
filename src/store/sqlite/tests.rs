//! What SQLite does beside the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

mod filter;
mod versions;

use std::pin::pin;
use std::time::Duration;

use super::super::{Link, Quota, Store, Window, Write, contract};
use super::*;
use crate::model::{OwnAddress, hex};

const KEY: Mac = Mac([7; 16]);

async fn with_store<F: Future<Output = ()>>(test: impl FnOnce(Store) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"), KEY).unwrap();
    test(Store::new(store)).await;
}

contract::tests!(with_store);

#[test]
fn no_column_is_forgotten_in_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    let database = Connection::open(&path).unwrap();
    let sql = "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
               WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut found: Vec<(String, String)> = rows.map(std::result::Result::unwrap).collect();
    // Row ids have no column.
    found.extend(["links", "tokens"].map(|table| (table.into(), "number".into())));
    found.sort();
    assert_eq!(found, contract::copy::columns());
}

/// As `.cargo/config.toml` has them: without them, each look-up waits for locks that nobody needs.
#[test]
fn is_built_with_the_flags_of_this_project() {
    let database = Connection::open_in_memory().unwrap();
    let mut statement = database.prepare("PRAGMA compile_options").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let options: Vec<String> = rows.map(std::result::Result::unwrap).collect();
    assert!(
        options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"),
        "{options:?}"
    );
    assert!(
        !options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT"),
        "{options:?}"
    );
}

fn count(connection: &Connection, from: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {from}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn error_of<T>(result: Result<T>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn keeps_what_it_has_when_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    SqliteStore::check(&path, KEY).unwrap();
    drop(SqliteStore::open(&path, KEY).unwrap());
}

/// The look-up that is asked most reads one page of many.
#[test]
fn whose_a_link_is_stands_in_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    let new = Connection::open(&path).unwrap();
    for ids in ["x'00'", "x'00', x'01'"] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT id_mac, proof FROM links WHERE id_mac IN ({ids})");
        let plan: String = new.query_row(&sql, [], |row| row.get("detail")).unwrap();
        assert!(plan.contains("COVERING INDEX links_by_id"), "{plan}");
    }
}

#[test]
fn refuses_a_database_that_does_something_by_itself() {
    for (name, body) in [
        ("quota", "AFTER INSERT ON quota BEGIN DELETE FROM quota; END"),
        ("link_made", "AFTER INSERT ON links BEGIN DELETE FROM quota; END"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        drop(SqliteStore::open(&path, KEY).unwrap());
        let changed = Connection::open(&path).unwrap();
        changed.execute_batch(&format!("CREATE TRIGGER {name} {body}")).unwrap();
        assert!(error_of(SqliteStore::open(&path, KEY)).contains("trigger"));
    }
}

#[test]
fn refuses_a_database_that_another_key_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    assert!(error_of(SqliteStore::open(&path, Mac([8; 16]))).contains("another key"));
    assert!(error_of(SqliteStore::check(&path, Mac([8; 16]))).contains("another key"));
}

#[test]
fn refuses_a_database_that_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let first = SqliteStore::open(&path, KEY).unwrap();
    assert!(error_of(SqliteStore::open(&path, KEY)).contains("another itseme"));
    drop(first);
    SqliteStore::open(&path, KEY).unwrap();
}

#[test]
fn refuses_a_file_that_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    std::fs::write(&path, "not a database, but long enough to be looked at").unwrap();
    assert!(SqliteStore::open(&path, KEY).is_err());
}

#[test]
fn nobody_else_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    // As they were, or were put there.
    for name in ["test.db", "test.db.lock"] {
        let file = File::create(folder.path().join(name)).unwrap();
        file.set_permissions(Permissions::from_mode(0o644)).unwrap();
    }
    let _store = SqliteStore::open(&path, KEY).unwrap();
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    for entry in entries {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE, "{}", entry.path().display());
    }
}

#[test]
fn a_lock_that_is_something_else_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, lock, other) = ["test.db", "test.db.lock", "other"]
        .map(|name| folder.path().join(name))
        .into();
    std::fs::write(&other, "dear to somebody").unwrap();
    std::os::unix::fs::symlink(&other, &lock).unwrap();
    assert!(error_of(SqliteStore::open(&path, KEY)).contains("test.db.lock"));
    assert!(!SqliteStore::is_in_use(&path));
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "dear to somebody");
    // And what is in a file is not cut short.
    std::fs::remove_file(&lock).unwrap();
    std::fs::hard_link(&other, &lock).unwrap();
    SqliteStore::open(&path, KEY).unwrap();
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "dear to somebody");
    // Nobody reads from it: to wait for that would be for ever.
    std::fs::remove_file(&lock).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &lock, rustix::fs::FileType::Fifo, PRIVATE.into(), 0).unwrap();
    assert!(SqliteStore::open(&path, KEY).is_err());
}

/// A change like any other.
async fn count_one(store: &Store) {
    let window = Window { now: 0, ends_at: 1 };
    let counted = store.write(move |write| write.count(&Mac([1; 16]), 1, u32::MAX, window));
    counted.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_answered_reads_what_was_written_on_any_thread() {
    with_store(async |store| {
        let used = |store: Store| async move { store.read(|read| read.quota(&Mac([1; 16]))).await.unwrap() };
        for n in 1..=100 {
            count_one(&store).await;
            let readers: Vec<_> = (0..8).map(|_| tokio::spawn(used(store.clone()))).collect();
            for read in readers {
                assert_eq!(read.await.unwrap(), Some(Quota { resets_at: 1, used: n }));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_for_long_holds_nobody_up_and_reads_what_is_new_afterwards() {
    with_store(async |store| {
        let (key, quota) = (Mac([1; 16]), Quota { resets_at: 1, used: 1 });
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let (reading, runtime) = (store.clone(), tokio::runtime::Handle::current());
        let thread = std::thread::spawn(move || {
            let slow = reading.read(move |read| {
                let before = read.quota(&key);
                let _ = begun.send(());
                let _ = ends.recv();
                before
            });
            let before = runtime.block_on(slow).unwrap();
            let after = reading.read(move |read| read.quota(&key));
            (before, runtime.block_on(after).unwrap())
        });
        has_begun.await.unwrap();
        count_one(&store).await;
        end.send(()).unwrap();
        assert_eq!(thread.join().unwrap(), (None, Some(quota)));
    })
    .await;
}

#[tokio::test]
async fn the_journal_is_emptied_though_somebody_has_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    count_one(&store).await;
    store.read(|read| read.quota(&Mac([1; 16]))).await.unwrap();
    store.settle().await.unwrap();
    assert_eq!(std::fs::metadata(path.with_extension("db-wal")).unwrap().len(), 0);
}

/// Without a bound on how long each may take, a hundred times of the five seconds that a statement waits for others.
#[tokio::test]
async fn a_process_that_reads_for_long_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let journal = || std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader, "quota"), 0);
    let written = tokio::time::timeout(Duration::from_secs(60), async {
        for _ in 0..100 {
            count_one(&store).await;
            store.settle().await.unwrap();
        }
    });
    written.await.unwrap();
    assert!(journal() > 0, "somebody reads what was before");
    assert_eq!(count(&reader, "quota"), 0);
    reader.execute_batch("COMMIT").unwrap();
    store.settle().await.unwrap();
    assert_eq!(journal(), 0);
}

/// Nobody can write then: it is waited for.
#[tokio::test]
async fn a_process_that_writes_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.settle().await.unwrap();
    let mut written = pin!(count_one(&store));
    let soon = Duration::from_millis(100);
    assert!(tokio::time::timeout(soon, &mut written).await.is_err());
    writer.execute_batch("COMMIT").unwrap();
    written.await;
}

#[tokio::test]
async fn a_read_that_panics_fails_alone() {
    with_store(async |store| {
        let failed = store.read(|_| -> Result<()> { panic!("a bug") }).await;
        assert!(failed.is_err());
        store.read(|read| read.quota(&Mac([1; 16]))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_that_panics_fails_alone() {
    with_store(async |store| {
        let failed = store.write(|_| -> Result<()> { panic!("a bug") }).await;
        assert!(failed.is_err());
        store.write(|write| write.delete_links_of(&Mac([1; 16]))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn messages_are_followed_when_they_are_durable_and_only_then() {
    with_store(async |store| {
        let (told, follows) = std::sync::mpsc::channel();
        let push = move |write: &dyn Write| {
            // More than one statement writes, and some of which nobody is told.
            (0..50).try_for_each(|number| {
                let told = told.clone();
                let follow = move |id| told.send((id, number)).unwrap();
                let row = contract::row(Queue::XMPP, 1, number);
                match number % 3 {
                    0 => write.push(&row),
                    _ => write.push_and(&row, Box::new(follow)),
                }
            })
        };
        let (first, second) = (push.clone(), push);
        let failed = store.write(move |write| {
            first(write)?;
            Err::<(), _>(StoreError::Unavailable("changed my mind".into()))
        });
        assert!(failed.await.is_err());
        assert!(follows.try_recv().is_err());
        store.write(move |write| second(write)).await.unwrap();
        let rows = store.read(|read| read.messages(Queue::XMPP, 0, 99)).await.unwrap();
        let pushed = rows.iter().map(|row| (row.id, row.sealed[0]));
        assert_eq!(
            follows.try_iter().collect::<Vec<_>>(),
            pushed.filter(|(_, number)| number % 3 != 0).collect::<Vec<_>>()
        );
        assert_eq!(rows.len(), 50);
    })
    .await;
}
