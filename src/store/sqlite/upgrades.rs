//! A database of every earlier schema is taken over, with all that is in it.

#![allow(clippy::unwrap_used, clippy::panic)]
use super::super::Store;
use super::migrations::MIGRATIONS;
use super::*;
use crate::clock::Millis;
use crate::model::{TokenHash, hex};

const KEY: Mac = Mac([7; 16]);
const OWNER: Mac = Mac([100; 16]);

/// In milliseconds since the Unix epoch, and long after any test.
const LATER: Millis = 10_000_000_000_000;

/// The statements of each version's service, with the version of the schema that had the table first. `{n}` is the version
/// that writes the row.
const ROWS: [(usize, &str); 8] = [
    (
        1,
        "INSERT INTO links (id_mac, owner_mac, box, verified_on) VALUES ({n}, {owner}, x'01', 20000)",
    ),
    (
        1,
        "INSERT INTO pending (id_mac, owner_mac, code_mac, native_guesses, http_guesses, expires_at, box)
         VALUES ({n}, {owner}, {n}, 2, 3, {later}, x'02')",
    ),
    (
        1,
        "INSERT INTO outbox (queue, about_mac, due_at, expires_at, box) VALUES (2, {n}, {later}, {later}, x'03')",
    ),
    (1, "INSERT INTO quota (key, resets_at, used) VALUES ({n}, {later}, 4)"),
    (2, "INSERT INTO subscribers (owner_mac, box) VALUES ({n}, x'05')"),
    (
        3,
        "INSERT INTO mutes (owner_mac, muted_mac, box) VALUES ({owner}, {n}, x'06')",
    ),
    (
        4,
        "INSERT INTO tokens (token_hash, owner_mac, box, expires_at) VALUES ({hash}, {owner}, x'07', {later})",
    ),
    (5, "INSERT INTO suppressions (mac) VALUES ({n})"),
];

/// The MAC that stands in the rows that a version wrote.
fn mac(version: usize) -> Mac {
    Mac([u8::try_from(version).unwrap(); 16])
}

/// The hash of the token that a version wrote.
fn hash(version: usize) -> TokenHash {
    TokenHash([u8::try_from(version).unwrap(); 32])
}

/// Makes a database that every version up to this one has written to.
fn old_database(path: &Path, version: usize) {
    let database = Connection::open(path).unwrap();
    let blob = |bytes: &[u8]| format!("x'{}'", hex::write(bytes));
    for now in 1..=version {
        database.execute_batch(MIGRATIONS[now - 1]).unwrap();
        for (_, sql) in ROWS.iter().filter(|(since, _)| *since <= now) {
            let sql = [
                ("{n}", blob(&mac(now).0)),
                ("{hash}", blob(&hash(now).0)),
                ("{owner}", blob(&OWNER.0)),
                ("{later}", LATER.to_string()),
            ]
            .iter()
            .fold((*sql).to_owned(), |sql, (name, value)| sql.replace(name, value));
            database
                .execute_batch(&sql)
                .unwrap_or_else(|error| panic!("version {now}: {error}: {sql}"));
        }
    }
    let mark = format!(
        "INSERT INTO meta VALUES ('key_check', {}); PRAGMA user_version = {version}",
        blob(&KEY.0)
    );
    database.execute_batch(&mark).unwrap();
}

#[tokio::test]
async fn rows_of_every_earlier_schema_are_kept() {
    for version in 1..MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        old_database(&path, version);
        let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
        let links = store.read(|read| read.links_of(&OWNER)).await.unwrap();
        assert_eq!(
            links.iter().map(|link| link.id).collect::<Vec<_>>(),
            (1..=version).map(mac).collect::<Vec<_>>()
        );
        let mutes = store.read(|read| read.mutes_of(&OWNER)).await.unwrap();
        assert_eq!(mutes.len(), version.saturating_sub(2), "those of version {version}");
        for written in 1..=version {
            let id = mac(written);
            let link = store.read(move |read| read.link(&id)).await.unwrap().unwrap();
            assert_eq!((link.owner, link.sealed, link.verified_on), (OWNER, vec![1], 20_000));
            let pending = store
                .read(move |read| read.pending(&id, &OWNER))
                .await
                .unwrap()
                .unwrap();
            assert_eq!((pending.code, pending.native_guesses, pending.http_guesses), (id, 2, 3));
            assert_eq!((pending.expires_at, pending.sealed), (LATER, vec![2]));
            let quota = store.read(move |read| read.quota(&id)).await.unwrap().unwrap();
            assert_eq!((quota.resets_at, quota.used), (LATER, 4));
            let subscriber = store.read(move |read| read.subscriber(&id)).await.unwrap();
            assert_eq!(
                subscriber.map(|subscriber| subscriber.sealed),
                (written >= 2).then(|| vec![5])
            );
            let hash = hash(written);
            let token = store.read(move |read| read.token(&hash)).await.unwrap();
            assert_eq!(
                token.map(|token| (token.owner, token.sealed)),
                (written >= 4).then(|| (OWNER, vec![7]))
            );
            assert_eq!(
                store.read(move |read| read.is_suppressed(&id)).await.unwrap(),
                written >= 5
            );
        }
        drop(store);
        let database = Connection::open(&path).unwrap();
        let messages = "SELECT count(*) FROM outbox WHERE queue = 2 AND box = x'03' AND about_mac IS NOT NULL";
        assert_eq!(database.query_row(messages, [], |row| row.get(0)), Ok(version));
    }
}

#[tokio::test]
async fn what_was_to_be_due_after_it_expires_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    old_database(&path, 15);
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch("UPDATE outbox SET expires_at = 100 WHERE id > 2")
        .unwrap();
    drop(database);
    let store = Store::new(SqliteStore::open(&path, KEY).unwrap());
    let purged = store.write(|write| write.purge(100, 0, 99)).await.unwrap();
    assert_eq!(purged.outbox, 13);
}
