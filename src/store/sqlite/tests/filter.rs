//! The filter in memory.

use super::*;

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
