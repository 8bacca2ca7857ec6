//! What SQLite does beside the contract.

#![allow(clippy::unwrap_used, clippy::panic)]
use std::pin::pin;
use std::time::Duration;

use super::super::{Link, Quota, Store, Window, contract};
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

/// Makes a database of an earlier schema, under `KEY`.
fn database_of(path: &Path, version: usize) -> Connection {
    let database = Connection::open(path).unwrap();
    for migration in &migrations::MIGRATIONS[..version] {
        database.execute_batch(migration).unwrap();
    }
    let marks = format!(
        "INSERT INTO meta VALUES ('key_check', x'{}'); PRAGMA user_version = {version};",
        hex::write(&KEY.0)
    );
    database.execute_batch(&marks).unwrap();
    database
}

#[test]
fn keeps_what_it_has_when_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    SqliteStore::check(&path, KEY).unwrap();
    drop(SqliteStore::open(&path, KEY).unwrap());
}

#[tokio::test]
async fn brings_an_older_database_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let first = include_str!("../../../migrations/0001_first.sql");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!(
        "{first} INSERT INTO meta VALUES ('key_check', x'{}'); PRAGMA user_version = 1;
         INSERT INTO links (rowid, id_mac, owner_mac, box, verified_on) VALUES (7, x'{}', x'{}', x'00', 20000);",
        hex::write(&KEY.0),
        hex::write(&[1; 16]),
        hex::write(&[2; 16]),
    ))
    .unwrap();
    // A change of the key had been begun, and one before had not been done with.
    old.execute_batch(
        "CREATE TABLE links_former AS SELECT * FROM links;
         CREATE TABLE links_next AS SELECT * FROM links;
         CREATE TABLE links_changed (link INTEGER PRIMARY KEY);
         CREATE TABLE resealing AS SELECT x'08' AS key_check, 7 AS copied;",
    )
    .unwrap();
    old.execute_batch(
        "CREATE TRIGGER link_made AFTER INSERT ON links BEGIN INSERT INTO links_changed VALUES (new.rowid); END",
    )
    .unwrap();
    assert!(SqliteStore::open(&path, Mac([8; 16])).is_err());
    assert_eq!(
        count(&old, "links_former"),
        1,
        "though nothing may be changed without the key"
    );
    drop(old);
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let link = store.read(|read| read.link(&Mac([1; 16]))).await.unwrap();
    let before = Link {
        id: Mac([1; 16]),
        alias_of: None,
        owner: Mac([2; 16]),
        proof: Mac([0; 16]),
        sealed: vec![0],
        verified_on: 20_000,
        key: 0,
    };
    assert_eq!(link, Some(before));
    drop(store);
    let new = Connection::open(&path).unwrap();
    assert_eq!(count(&new, "subscribers"), 0);
    let left = "sqlite_master WHERE name IN ('links_former', 'links_next', 'links_changed', 'resealing', 'link_made')";
    assert_eq!(count(&new, left), 0);
}

/// Somebody has put a second row there.
#[tokio::test]
async fn of_two_rows_of_one_id_the_first_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let old = database_of(&path, 13);
    for (id, owner) in [(1, 2), (3, 2), (1, 4), (1, 1)] {
        let mac = |n| hex::write(&[n; 16]);
        let sql = format!(
            "INSERT INTO links (id_mac, owner_mac, box, verified_on) VALUES (x'{}', x'{}', x'00', 20000)",
            mac(id),
            mac(owner)
        );
        old.execute_batch(&sql).unwrap();
    }
    drop(old);
    drop(SqliteStore::open(&path, KEY).unwrap());
    let new = Connection::open(&path).unwrap();
    assert_eq!(count(&new, "links"), 2);
    assert_eq!(
        count(&new, &format!("links WHERE owner_mac = x'{}'", hex::write(&[2; 16]))),
        2
    );
    let second = "INSERT INTO links SELECT * FROM links LIMIT 1";
    assert!(new.execute_batch(second).is_err(), "the schema refuses it");
}

/// A change of the key used to make the table anew, with its indexes.
#[test]
fn indexes_have_one_name_whatever_was_done_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let old = database_of(&path, 14);
    old.execute_batch(
        "DROP INDEX links_once; DROP INDEX links_by_id; CREATE UNIQUE INDEX links_once_2 ON links (id_mac);
         CREATE INDEX links_by_id_2 ON links (id_mac, proof);",
    )
    .unwrap();
    drop(old);
    drop(SqliteStore::open(&path, KEY).unwrap());
    let new = Connection::open(&path).unwrap();
    let names = "SELECT group_concat(name) FROM (SELECT name FROM pragma_index_list('links') ORDER BY name)";
    let names: String = new.query_row(names, [], |row| row.get(0)).unwrap();
    assert_eq!(names, "links_by_id,links_by_owner,links_once");
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

/// Before there was an account, people subscribed to the domain.
#[tokio::test]
async fn subscribers_of_before_have_the_domain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let old = database_of(&path, 10);
    old.execute_batch(&format!(
        "INSERT INTO subscribers (owner_mac, box, seen_at) VALUES (x'{}', x'00', 5);",
        hex::write(&[2; 16]),
    ))
    .unwrap();
    drop(old);
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let found = store
        .read(|read| read.subscriber(&Mac([2; 16])))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.addresses, found.seen_at), (OwnAddress::Domain.into(), 5));
}

#[test]
fn refuses_a_database_of_a_newer_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, KEY).unwrap());
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 9999")
        .unwrap();
    assert!(error_of(SqliteStore::open(&path, KEY)).contains("newer version"));
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

async fn is_built(store: &SqliteStore) {
    while store._builder.filter().may_have(&[]).is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Else, the time of an answer would tell which ids are linked.
#[tokio::test]
async fn nothing_but_matching_is_answered_without_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path, KEY).unwrap();
    is_built(&store).await;
    let store = Store::new(store);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE links RENAME TO elsewhere").unwrap();
    let id = Mac([1; 16]);
    assert_eq!(store.read(move |read| read.matches(&[id])).await.unwrap(), [false]);
    assert!(store.read(move |read| read.owners(&[id])).await.is_err());
    assert!(store.read(move |read| read.link(&id)).await.is_err());
    let matched = store.write(move |write| write.owners(&[id]));
    assert!(matched.await.is_err());
}

#[tokio::test]
async fn the_filter_is_built_whenever_many_were_added_and_after_a_change_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let sqlite = Arc::new(SqliteStore::open(&path, KEY).unwrap());
    is_built(&sqlite).await;
    let has_filter = || sqlite._builder.filter().may_have(&[]).is_some();
    let put = async |numbers: std::ops::Range<u8>| {
        let job: WriteJob = Arc::new(move |write| {
            numbers.clone().try_for_each(|n| {
                write.put_link(&Link {
                    id: Mac([n; 16]),
                    alias_of: None,
                    owner: KEY,
                    proof: KEY,
                    sealed: vec![],
                    verified_on: 0,
                    key: 0,
                })
            })
        });
        sqlite.write(job).await.unwrap();
    };
    put(0..100).await;
    while sqlite._builder.filter().added() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(has_filter());
    sqlite
        .write(Arc::new(|write| write.begin_change(&Mac([8; 16])).map(drop)))
        .await
        .unwrap();
    put(100..200).await;
    assert!(!has_filter(), "each link would be added to it");
    sqlite.write(Arc::new(|write| write.end_change())).await.unwrap();
    is_built(&sqlite).await;
}

/// Changes of the service itself do not count as those of others.
#[tokio::test]
async fn a_link_that_another_process_has_made_matches_after_the_next_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let sqlite = SqliteStore::open(&path, KEY).unwrap();
    is_built(&sqlite).await;
    let filter = sqlite._builder.filter().clone();
    let store = Store::new(sqlite);
    for _ in 0..3 {
        count_one(&store).await;
        store.settle().await.unwrap();
        assert!(filter.may_have(&[]).is_some());
    }
    let other = Connection::open(&path).unwrap();
    let made = "INSERT INTO links (id_mac, owner_mac, proof, box, verified_on) VALUES (?1, ?1, ?1, ?1, 0)";
    other.execute(made, [KEY]).unwrap();
    count_one(&store).await;
    assert_eq!(store.read(|read| read.matches(&[KEY])).await.unwrap(), [true]);
}
