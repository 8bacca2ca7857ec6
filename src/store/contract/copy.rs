//! Rows as they are stored, from one store to another.

use super::{A, B, X, Y, count, link, mute, pending, row, subscriber, token};
use crate::clock::Reading;
use crate::model::{Mac, TokenHash};
use crate::store::sqlite::SqliteStore;
use crate::store::{
    COPIED, Cell, ColumnKind, CopiedTable, KeyedRow, Link, MuteRow, NUMBER, NewRow, Queue, Record, Result, Store, Write,
};

/// Another store to copy from or to: of SQLite.
fn another() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("other.db"), Mac([5; 16])).unwrap();
    (folder, Store::new(store))
}

fn table(name: &str) -> &'static CopiedTable {
    COPIED.iter().find(|table| table.name == name).unwrap()
}

/// The tables and columns that are copied, with "meta", whose entries are.
pub fn columns() -> Vec<(String, String)> {
    let of = |table: &'static CopiedTable| {
        table
            .columns
            .iter()
            .map(|(name, _)| (table.name.into(), (*name).into()))
    };
    let mut columns: Vec<_> = COPIED.iter().flat_map(of).collect();
    columns.extend(["name", "value"].map(|name| ("meta".into(), name.into())));
    columns.sort();
    columns
}

/// All rows of a table, read in pages of `limit`.
async fn all(store: &Store, table: &'static CopiedTable, limit: usize) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map(|last| table.key_of(last).to_vec());
        let page = store
            .read(move |r| r.records(table, after.as_deref(), limit))
            .await
            .unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn copy(from: &Store, to: &Store) {
    for table in &COPIED {
        for page in all(from, table, 3).await.chunks(4) {
            let page = page.to_vec();
            to.write(move |w| w.put_records(table, &page)).await.unwrap();
        }
        if let Some(last) = from.read(|r| r.last_number(table)).await.unwrap() {
            to.write(move |w| w.continue_numbers(table, last)).await.unwrap();
        }
    }
    let entries = from.read(|r| r.entries()).await.unwrap();
    to.write(move |w| w.put_entries(&entries)).await.unwrap();
}

/// Some rows of each table, not in the order of their MACs, and some of them gone.
fn fill(w: &dyn Write) -> Result<()> {
    for n in [30, 20, 25, 40, 10] {
        w.put_link(&link(Mac([n; 16]), X, n))?;
        w.put_token(&token(n, X, 100 + u64::from(n)), 4)?;
        w.put_pending(&pending(Mac([n; 16]), X, 100))?;
        w.put_pending(&pending(A, Mac([n; 16]), 200))?;
        w.put_subscriber(&subscriber(n))?;
        w.put_mute(&mute(Mac([n; 16]), (n > 20).then_some(u64::from(n))))?;
        w.put_suppression(&Mac([n; 16]), 3)?;
        count(w, Mac([n; 16]), n.into(), 100)?;
        w.push(&NewRow {
            about: (n > 20).then_some(A),
            payer: (n < 30).then_some(B),
            ..row(Queue::XMPP, n.into(), n)
        })?;
    }
    w.put_link(&Link {
        alias_of: Some(Mac([30; 16])),
        ..link(B, X, 31)
    })?;
    w.delete_link(&Mac([20; 16]), &X)?;
    let rows = w.messages(Queue::XMPP, 0, 9)?;
    w.remove(rows[1].id)?;
    w.retry(rows[2].id, 70)?;
    w.expect_back(rows[3].id, 80)?;
    w.remove(rows[4].id)?;
    w.put_former_suppression_keys(0, b"sealed")?;
    w.note_time(Reading { own: 5, system: 6 })
}

pub async fn everything_goes_to_another_engine_and_back(store: Store) {
    let ((_folder, other), (_folder_2, third)) = (another(), another());
    other.write(fill).await.unwrap();
    copy(&other, &store).await;
    copy(&store, &third).await;
    for table in &COPIED {
        let rows = all(&other, table, 100).await;
        assert_eq!(all(&store, table, 2).await, rows, "{}", table.name);
        assert_eq!(all(&third, table, 100).await, rows, "{}", table.name);
    }
    let entries = other.read(|r| r.entries()).await.unwrap();
    assert!(entries.iter().any(|(name, _)| name == "key_check") && entries.len() >= 3);
    for copy in [&store, &third] {
        assert_eq!(copy.read(|r| r.entries()).await.unwrap(), entries);
    }
    // And as operations see it.
    for store in [&other, &store, &third] {
        store
            .read(|r| {
                let ids: Vec<u8> = r.links_of(&X)?.iter().map(|link| link.id.0[0]).collect();
                assert_eq!(ids, [30, 25, 40, 10], "in the order in which they were made");
                assert_eq!(r.link(&B)?.unwrap().alias_of, Some(Mac([30; 16])));
                let taken = r.taken(Queue::XMPP, 0, 9)?;
                assert_eq!((taken.len(), taken[0].due_at, taken[0].payer), (1, 80, None));
                let tried: Vec<u32> = r.messages(Queue::XMPP, 0, 9)?.iter().map(|row| row.tries).collect();
                assert_eq!(tried, [0, 1, 0]);
                assert_eq!(r.token(&TokenHash([30; 32]))?, None, "the oldest went");
                assert!(r.token(&TokenHash([10; 32]))?.is_some());
                assert_eq!(r.pendings_of(&X)?.len(), 5);
                assert_eq!(r.quota(&Mac([40; 16]))?.unwrap().used, 40);
                assert!(r.is_suppressed(&Mac([25; 16]))?);
                assert_eq!(r.last_time()?, Some(Reading { own: 5, system: 6 }));
                assert_eq!(r.former_suppression_keys(0)?.as_deref(), Some(&b"sealed"[..]));
                Ok(())
            })
            .await
            .unwrap();
    }
}

/// Somebody without the key can have put anything there.
pub async fn rows_come_in_pages_and_as_they_are(store: Store) {
    let odd = |byte: u8, length: usize| Cell::Bytes(Some(vec![byte; length]));
    let number = |number| Cell::Number(Some(number));
    let made = move |table: &CopiedTable, n: i64| -> Record {
        let byte = n.to_le_bytes()[0];
        let length = [0, 3, 16, 16, 40][usize::try_from(n).unwrap() % 5];
        let cell = |(at, (name, kind)): (usize, &(&str, ColumnKind))| match kind {
            ColumnKind::Number if at < table.key => number(if n == 0 { -7 } else { n * 1000 }),
            ColumnKind::Number if *name == "expires_at" => number(i64::MAX),
            ColumnKind::Number => number(if n % 2 == 0 { i64::MIN } else { n }),
            ColumnKind::Flag => number(n % 2),
            // These are there once.
            ColumnKind::Bytes if at < table.key || ["token_hash", "id_mac"].contains(name) => odd(byte, 1 + length),
            ColumnKind::Bytes => odd(byte, length),
        };
        table.columns.iter().enumerate().map(cell).collect()
    };
    for table in &COPIED {
        let mut rows: Vec<Record> = (0..30).map(|n| made(table, n)).collect();
        for page in rows.chunks(7) {
            let page = page.to_vec();
            store.write(move |w| w.put_records(table, &page)).await.unwrap();
            assert!(rows_up_to(&store, table).await.is_some());
        }
        rows.sort_by_key(|row| {
            let key = table.key_of(row).iter().map(|cell| match cell {
                Cell::Number(number) => (*number, None),
                Cell::Bytes(bytes) => (None, bytes.clone()),
            });
            key.collect::<Vec<_>>()
        });
        for limit in [1, 7, 100] {
            assert_eq!(all(&store, table, limit).await, rows, "{}", table.name);
        }
        let last = rows_up_to(&store, table).await.unwrap();
        assert_eq!(last, table.key_of(&rows[29]), "{}", table.name);
    }
}

async fn rows_up_to(store: &Store, table: &'static CopiedTable) -> Option<Vec<Cell>> {
    store.read(|r| r.last_key(table)).await.unwrap()
}

pub async fn whoever_comes_after_a_copy_stands_behind_it(store: Store) {
    let (_folder, other) = another();
    other.write(fill).await.unwrap();
    let last = other.read(|r| r.last_number(table("outbox"))).await.unwrap().unwrap();
    let there = other.read(|r| r.messages(Queue::XMPP, 0, 9)).await.unwrap();
    assert!(there.iter().all(|row| row.id < last), "the last one is gone");
    copy(&other, &store).await;
    assert_eq!(
        store.read(|r| r.last_number(table("outbox"))).await.unwrap(),
        Some(last)
    );
    assert_eq!(store.read(|r| r.last_number(table("quota"))).await.unwrap(), None);
    store
        .write(|w| {
            w.push(&row(Queue::XMPP, 1, 90))?;
            w.put_link(&link(Y, X, 91))?;
            w.put_token(&token(92, X, 900), 2)
        })
        .await
        .unwrap();
    let found = store.read(|r| r.messages(Queue::XMPP, 0, 9)).await.unwrap();
    assert!(found.last().is_some_and(|row| row.sealed == [90] && row.id > last));
    let links = store.read(|r| r.links_of(&X)).await.unwrap();
    assert_eq!(links.last().unwrap().id, Y);
    let tokens = all(&store, table("tokens"), 9).await;
    let of = |n: u8| Cell::Bytes(Some(vec![n; 32]));
    assert!(
        tokens.len() == 2 && tokens[0][1] == of(10) && tokens[1][1] == of(92),
        "the oldest went: {tokens:?}"
    );
}

pub async fn the_version_of_the_tables_is_not_copied(store: Store) {
    let names = |entries: &[(String, Vec<u8>)]| entries.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let entries = store.read(|r| r.entries()).await.unwrap();
    assert_eq!(names(&entries), ["key_check"]);
    store
        .write(|w| w.put_entries(&[("key_check".into(), vec![1; 16]), ("time".into(), vec![0; 16])]))
        .await
        .unwrap();
    let entries = store.read(|r| r.entries()).await.unwrap();
    assert_eq!(names(&entries), ["key_check", "time"]);
    assert_eq!(entries[0].1, [1; 16]);
}

/// The rows of a copy are read with their keys, as those of the original are.
pub async fn keyed_rows_are_found_by_their_keys(store: Store) {
    store.write(fill).await.unwrap();
    for table in &COPIED {
        for record in all(&store, table, 100).await {
            let key = table.key_of(&record).to_vec();
            let found = store.read(move |r| r.keyed_row(table, &key)).await.unwrap();
            let name = match found {
                None => "quota",
                Some(KeyedRow::Link(_)) => "links",
                Some(KeyedRow::Pending(_)) => "pending",
                Some(KeyedRow::Message(..)) => "outbox",
                Some(KeyedRow::Subscriber(_)) => "subscribers",
                Some(KeyedRow::Mute(MuteRow { .. })) => "mutes",
                Some(KeyedRow::Token(_)) => "tokens",
                Some(KeyedRow::Suppression(..)) => "suppressions",
            };
            assert_eq!(name, table.name);
        }
    }
    let nobody = [Cell::Number(Some(-1))];
    assert!(table("links").columns[0].0 == NUMBER);
    assert_eq!(
        store.read(move |r| r.keyed_row(table("links"), &nobody)).await.unwrap(),
        None
    );
}
