//! Backups of databases that are in use, and that are damaged, and what is put back.

#![allow(clippy::unwrap_used, clippy::panic)]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::*;
use crate::model::Mac;
use crate::model::seal::Purpose;
use crate::store::{Link, Store};

/// The files of a test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The configuration of a host of this name.
    fn host(&self, name: &str) -> StoreConfig {
        let (url, key) = (
            format!("sqlite:{}", self.at(name).display()),
            self.at(&format!("{name}.key")),
        );
        serde_json::from_value(json!({ "url": url, "key_file": key })).unwrap()
    }

    /// One with a key and a database of so many links, which no service uses.
    fn filled(&self, name: &str, links: u32) -> StoreConfig {
        let host = self.host(name);
        let keys = Keys::new(&keyfile::load_or_make(&host).unwrap());
        let alone = host.database().unwrap().open_alone(keys.check()).unwrap();
        let put = |n| link(&keys, n);
        alone
            .write(&mut |write| (0..links).try_for_each(|n| write.put_link(&put(n))))
            .unwrap();
        host
    }

    /// The number of files that are not complete.
    fn parts(&self) -> usize {
        let entries = fs::read_dir(self.0.path()).unwrap().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .count()
    }
}

fn link(keys: &Keys, n: u32) -> Link {
    let mut id = [1; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    let (id, owner) = (Mac(id), Mac([2; 16]));
    let mut random: crate::model::SystemRandom = rand::rand_core::UnwrapErr(rand::rngs::SysRng);
    Link {
        id,
        alias_of: None,
        owner,
        proof: keys.proof(&id, &owner),
        sealed: keys.seal(Purpose::Link { id: &id, owner: &owner }, b"content", &mut random),
        verified_on: 20_000,
        key: 0,
    }
}

fn opened(host: &StoreConfig) -> Store {
    let keys = Keys::new(&keyfile::load(host).unwrap().unwrap());
    host.database().unwrap().open(keys.check()).unwrap()
}

async fn links(host: &StoreConfig) -> u64 {
    opened(host).read(|read| read.counts()).await.unwrap().links
}

fn back_up(store: &StoreConfig, to: &Path, key_to: Option<&Path>) -> Result<(), String> {
    super::back_up(store, to, key_to, &CancellationToken::new())
}

fn restore(store: &StoreConfig, from: &Path, key_from: Option<&Path>, force: bool) -> Result<(), String> {
    super::restore(store, from, key_from, force, &CancellationToken::new())
}

fn refused(result: Result<(), String>, why: &str) {
    let reason = result.unwrap_err();
    assert!(reason.contains(why), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_whatever_is_written_meanwhile() {
    let place = Place::new();
    let host = place.filled("here", 2000);
    let (keys, store) = (Keys::new(&keyfile::load(&host).unwrap().unwrap()), opened(&host));
    let is_done = Arc::new(AtomicBool::new(false));
    let (writing, done) = (store.clone(), is_done.clone());
    let writes = tokio::spawn(async move {
        let mut n = 2000;
        while !done.load(Ordering::SeqCst) {
            // Two at a time: no backup has one without the other.
            let both = [link(&keys, n), link(&keys, n + 1)];
            let put = writing.write(move |write| both.iter().try_for_each(|link| write.put_link(link)));
            put.await.unwrap();
            n += 2;
        }
        u64::from(n)
    });
    let there = place.host("there");
    for round in 0..5 {
        let (to, key) = (place.at(&format!("backup{round}")), place.at(&format!("key{round}")));
        let before = store.read(|read| read.counts()).await.unwrap().links;
        back_up(&host, &to, Some(&key)).unwrap();
        restore(&there, &to, Some(&key), true).unwrap();
        let found = links(&there).await;
        assert!(found >= before && found.is_multiple_of(2), "{before} {found}");
        use std::os::unix::fs::PermissionsExt;
        for file in [&to, &key, &place.at("there"), &place.at("there.key")] {
            assert_eq!(
                fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600,
                "{file:?}"
            );
        }
    }
    is_done.store(true, Ordering::SeqCst);
    assert!(writes.await.unwrap() >= links(&there).await);
    assert_eq!(place.parts(), 0);
}

#[test]
fn a_missing_folder_is_told_with_its_remedy() {
    let place = Place::new();
    let host = place.filled("service.db", 1);
    let folder = place.at("missing");
    let told = back_up(&host, &folder.join("backup.db"), None).unwrap_err();
    assert_eq!(
        told,
        format!(
            "the folder {} is not there: make it, and give it to this user",
            folder.display()
        )
    );
}

#[tokio::test]
async fn nothing_is_overwritten_without_being_told_so() {
    let place = Place::new();
    let (here, there) = (place.filled("here", 3), place.filled("there", 5));
    let (file, key) = (place.at("backup"), place.at("key"));
    fs::write(&file, "something else").unwrap();
    refused(back_up(&here, &file, None), "there already");
    fs::remove_file(&file).unwrap();
    fs::write(&key, "something else").unwrap();
    refused(back_up(&here, &file, Some(&key)), "there already");
    assert!(!file.exists());
    fs::remove_file(&key).unwrap();
    back_up(&here, &file, Some(&key)).unwrap();

    refused(restore(&here, &file, None, false), "--force");
    refused(restore(&there, &file, None, true), "another key");
    refused(restore(&there, &file, Some(&key), false), "another key: --force");
    assert_eq!(links(&there).await, 5);
    restore(&there, &file, Some(&key), true).unwrap();
    assert_eq!(links(&there).await, 3);
    assert!(place.at("there.key.former").exists(), "the key of five links");
    let running = opened(&here);
    refused(restore(&here, &file, None, true), "stop it");
    drop(running);
    restore(&here, &file, None, true).unwrap();
    let new = place.host("new");
    refused(restore(&new, &file, None, false), "is missing");
    restore(&new, &file, Some(&key), false).unwrap();
    assert_eq!(links(&new).await, 3);
}

#[tokio::test]
async fn a_damaged_backup_replaces_nothing() {
    let place = Place::new();
    let host = place.filled("here", 2000);
    let file = place.at("backup");
    back_up(&host, &file, None).unwrap();
    let whole = fs::read(&file).unwrap();
    for damaged in [
        Vec::new(),
        b"no database at all".repeat(1000),
        whole[..whole.len() / 2].to_vec(),
        whole
            .iter()
            .enumerate()
            .map(|(at, byte)| if (20_000..60_000).contains(&at) { 0 } else { *byte })
            .collect(),
    ] {
        fs::write(&file, damaged).unwrap();
        restore(&host, &file, None, true).unwrap_err();
        assert_eq!(links(&host).await, 2000);
    }
    refused(restore(&host, &place.at("nowhere"), None, true), "No such file");
    refused(restore(&host, place.0.path(), None, true), "no file");
    assert_eq!(place.parts(), 0);
}

/// A journal that was left behind by a service that died belongs to the database that is replaced.
#[tokio::test]
async fn the_journal_of_a_former_database_is_not_taken_over() {
    let place = Place::new();
    let host = place.filled("here", 3);
    let file = place.at("backup");
    back_up(&host, &file, None).unwrap();
    let (keys, store) = (Keys::new(&keyfile::load(&host).unwrap().unwrap()), opened(&host));
    store
        .write(move |write| (3..50).try_for_each(|n| write.put_link(&link(&keys, n))))
        .await
        .unwrap();
    let journal = fs::read(beside(&place.at("here"), "-wal")).unwrap();
    assert!(!journal.is_empty());
    drop(store);
    fs::write(beside(&place.at("here"), "-wal"), journal).unwrap();
    restore(&host, &file, None, true).unwrap();
    assert_eq!(links(&host).await, 3);
}

#[test]
fn what_cannot_be_backed_up_is_told() {
    let place = Place::new();
    let to = place.at("backup");
    let postgres = json!({ "url": "postgres://itseme@/itseme", "key_file": place.at("key") });
    let postgres: StoreConfig = serde_json::from_value(postgres).unwrap();
    refused(back_up(&postgres, &to, None), "pg_dump");
    refused(restore(&postgres, &to, None, false), "pg_dump");
    refused(back_up(&place.host("new"), &to, None), "is missing");
    let host = place.filled("here", 1);
    let next = Keys::new(&keyfile::make_next(&host).unwrap());
    let keys = Keys::new(&keyfile::load(&host).unwrap().unwrap());
    let alone = host.database().unwrap().open_alone(keys.check()).unwrap();
    alone
        .write(&mut |write| write.begin_change(&next.check()).map(drop))
        .unwrap();
    drop(alone);
    refused(back_up(&host, &to, None), "being changed");
    assert!(!to.exists());
}

#[tokio::test]
async fn what_is_no_backup_is_not_restored() {
    let place = Place::new();
    let host = place.filled("here", 3);
    let (database, file) = (place.at("here"), place.at("backup"));
    refused(restore(&host, &database, None, true), "the database itself");
    fs::hard_link(&database, place.at("linked")).unwrap();
    refused(restore(&host, &place.at("linked"), None, true), "the database itself");
    fs::remove_file(place.at("linked")).unwrap();

    // The files of a service that runs, copied.
    let (keys, store) = (Keys::new(&keyfile::load(&host).unwrap().unwrap()), opened(&host));
    let more = link(&keys, 9);
    store.write(move |write| write.put_link(&more)).await.unwrap();
    for end in ["", "-wal"] {
        fs::copy(beside(&database, end), beside(&place.at("copied"), end)).unwrap();
    }
    drop(store);
    refused(restore(&host, &place.at("copied"), None, true), "journal");

    back_up(&host, &file, None).unwrap();
    let changed = rusqlite::Connection::open(&file).unwrap();
    let trigger = "CREATE TRIGGER none BEFORE DELETE ON quota BEGIN SELECT 1; END";
    changed.execute_batch(trigger).unwrap();
    drop(changed);
    refused(restore(&host, &file, None, true), "trigger");
    assert_eq!(links(&host).await, 4);
    assert_eq!(place.parts(), 0);
}

#[test]
fn without_the_key_there_is_no_backup() {
    let place = Place::new();
    let host = place.filled("here", 3);
    let file = place.at("backup");
    refused(back_up(&host, &file, Some(&file)), "name two files");
    refused(back_up(&host, &file, Some(&place.at("nowhere/key"))), "nowhere");
    refused(back_up(&host, &place.at("nowhere/backup"), None), "nowhere");
    assert!(!file.exists());
    assert_eq!(place.parts(), 0);
}

#[tokio::test]
async fn a_link_to_the_database_stays() {
    let place = Place::new();
    let (host, file) = (place.filled("here", 3), place.at("backup"));
    back_up(&host, &file, None).unwrap();
    fs::create_dir(place.at("disk")).unwrap();
    fs::rename(place.at("here"), place.at("disk/here")).unwrap();
    std::os::unix::fs::symlink(place.at("disk/here"), place.at("here")).unwrap();
    restore(&host, &file, None, true).unwrap();
    assert!(place.at("here").is_symlink());
    assert_eq!(links(&host).await, 3);
}

#[tokio::test]
async fn what_is_stopped_leaves_nothing_behind() {
    let place = Place::new();
    let (here, there) = (place.filled("here", 2000), place.filled("there", 1));
    let (file, key, stop) = (place.at("backup"), place.at("key"), CancellationToken::new());
    back_up(&here, &file, Some(&key)).unwrap();

    stop.cancel();
    let (new, new_key) = (place.at("new"), place.at("new.key"));
    refused(super::back_up(&here, &new, Some(&new_key), &stop), "interrupted");
    refused(super::restore(&there, &file, Some(&key), true, &stop), "interrupted");
    let keys = Keys::new(&keyfile::load(&here).unwrap().unwrap());
    assert!(check(&file, &keys, &stop).err().unwrap().contains("interrupted"));
    assert!(!new.exists() && !new_key.exists());
    assert_eq!((place.parts(), links(&there).await), (0, 1));
}
