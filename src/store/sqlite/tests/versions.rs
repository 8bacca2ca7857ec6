//! Databases of earlier versions, and of later ones.

use super::*;

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

#[tokio::test]
async fn brings_an_older_database_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let first = include_str!("../../../../migrations/0001_first.sql");
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
}

#[tokio::test]
async fn a_second_row_of_an_id_goes_when_the_link_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let link_of = |owner| Link {
        id: Mac([1; 16]),
        alias_of: None,
        owner: Mac([owner; 16]),
        proof: Mac([owner; 16]),
        sealed: vec![],
        verified_on: 20_000,
        key: 0,
    };
    let make = async || store.write(move |write| write.put_link(&link_of(9))).await.unwrap();
    make().await;
    let other = Connection::open(&path).unwrap();
    let second = "INSERT INTO links (id_mac, owner_mac, proof, box, verified_on) VALUES (?1, ?2, ?2, x'00', 20000)";
    other.execute(second, [Mac([1; 16]), Mac([2; 16])]).unwrap();
    make().await;
    let owners = store.read(|read| read.owners(&[Mac([1; 16])])).await.unwrap();
    assert_eq!((count(&other, "links"), owners), (1, vec![Some(Mac([9; 16]))]));
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
    assert_eq!(names, "links_by_id,links_by_owner");
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
