//! The contract, and what several instances need besides.

#![allow(clippy::unwrap_used)]
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;

use super::super::{Counted, Guesser, Pending, Store, Window};
use super::super::{contract, testing::TestDatabase};
use super::*;
use crate::store::{Lease, NewRow};

const KEY: Mac = Mac([7; 16]);
const A: Mac = Mac([1; 16]);
/// The time limit of a wait. It matters only if something is broken.
const LONG: Duration = Duration::from_secs(60);

fn open(database: &TestDatabase) -> Store {
    Store::new(PostgresStore::open(&database.address(), KEY).unwrap())
}

async fn with_store<F: Future<Output = ()>>(test: impl FnOnce(Store) -> F) {
    test(open(&TestDatabase::new())).await;
}

contract::tests!(with_store);

#[test]
fn no_column_is_forgotten_in_a_copy() {
    let database = TestDatabase::new();
    drop(PostgresStore::open(&database.address(), KEY).unwrap());
    let found = database.sql(
        "SELECT table_name || ' ' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'instances' AND column_name NOT IN ('holder', 'lease_ends_at')",
    );
    let mut found: Vec<(String, String)> = found
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(table, column)| (table.into(), column.into()))
        .collect();
    found.sort();
    assert_eq!(found, contract::copy::columns());
}

#[test]
fn whoever_is_alone_keeps_instances_out() {
    let database = TestDatabase::new();
    let address = database.address();
    let alone = AloneOn::open(&address, KEY).unwrap();
    assert!(PostgresStore::is_in_use(&address).unwrap());
    let refused = PostgresStore::open(&address, KEY).err().unwrap();
    assert!(refused.to_string().contains("itseme move"), "{refused}");
    drop(alone);
    let store = PostgresStore::open(&address, KEY).unwrap();
    let refused = AloneOn::open(&address, KEY).err().unwrap();
    assert!(refused.to_string().contains("instances of the service"), "{refused}");
    drop(store);
    drop(AloneOn::open(&address, KEY).unwrap());
}

#[test]
fn an_incomplete_copy_is_not_opened() {
    let database = TestDatabase::new();
    let check = crate::store::incomplete([1; 8]);
    drop(AloneOn::open(&database.address(), check).unwrap());
    let refused = PostgresStore::open(&database.address(), KEY).err().unwrap();
    assert!(refused.to_string().contains("incomplete"), "{refused}");
    drop(AloneOn::open(&database.address(), check).unwrap());
}

/// Puts messages into a queue.
async fn post(store: &Store, count: usize) {
    let row = NewRow {
        queue: Queue::REQUESTS,
        about: None,
        payer: None,
        due_at: 1,
        expires_at: 1000,
        key: 0,
        sealed: vec![1],
    };
    let posted = store.write(move |write| (0..count).try_for_each(|_| write.push(&row)));
    posted.await.unwrap();
}

const LEASE: Lease = Lease { now: 1, ends_at: 100 };

async fn claim(store: &Store, limit: usize) -> Result<Vec<i64>> {
    let claimed = store.claim(Queue::REQUESTS, limit, LEASE).await?;
    Ok(claimed.rows.iter().map(|row| row.id).collect())
}

/// Waits until `probe` is true.
async fn until(probe: impl AsyncFn() -> bool) {
    let probed = async {
        while !probe().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, probed).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_exceed_a_limit() {
    const TRIES: usize = 10_000;
    const MOST: u32 = 1000;
    let database = TestDatabase::new();
    let stores = [open(&database), open(&database)];
    let pending = Pending {
        id: A,
        owner: A,
        code: A,
        native_guesses: 0,
        http_guesses: 0,
        expires_at: 1000,
        key: 0,
        sealed: vec![],
    };
    stores[0].write(move |write| write.put_pending(&pending)).await.unwrap();
    let (guesses, counts) = (AtomicU32::new(0), AtomicU32::new(0));
    // Each worker is one after the other, as one client is.
    let workers = (0..16).map(|worker| {
        let (store, guesses, counts) = (&stores[worker % 2], &guesses, &counts);
        async move {
            for _ in 0..TRIES / 16 {
                let counted = store.write(|write| {
                    let window = Window { now: 1, ends_at: 1000 };
                    let counted = write.count(&A, 1, MOST, window)?;
                    Ok((write.count_guess(&A, &A, Guesser::Anybody, MOST)?, counted))
                });
                let (guess, count) = counted.await.unwrap();
                guesses.fetch_add(u32::from(matches!(guess, Counted::Allowed { .. })), Ordering::SeqCst);
                counts.fetch_add(u32::from(matches!(count, Counted::Allowed { .. })), Ordering::SeqCst);
            }
        }
    });
    join_all(workers).await;
    assert_eq!((guesses.into_inner(), counts.into_inner()), (MOST, MOST));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_posts_wakes_the_other() {
    let database = TestDatabase::new();
    let (one, other) = (open(&database), open(&database));
    let mut posted = other.subscribe(Queue::REQUESTS);
    post(&one, 1).await;
    tokio::time::timeout(LONG, posted.posted()).await.unwrap();
    assert_eq!(claim(&other, 9).await.unwrap().len(), 1);
    assert_eq!(claim(&one, 9).await.unwrap().len(), 0);
}

/// Answers are lost, and claims may have been made all the same.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_held_by_nobody_however_connections_end() {
    const ALL: usize = 200;
    let database = TestDatabase::new();
    let stores = [open(&database), open(&database)];
    post(&stores[0], ALL).await;
    let is_done = AtomicBool::new(false);
    let cutting = async {
        while !is_done.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            database.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'itseme' AND datname = current_database()",
            );
        }
    };
    let done = AtomicU32::new(0);
    let working = join_all(stores.iter().map(async |store| {
        let left = async || {
            let next = store.read(|read| read.next_due(Queue::REQUESTS)).await;
            next.unwrap_or(Some(0))
        };
        while left().await.is_some() {
            for row in claim(store, 7).await.unwrap_or_default() {
                let removed = store.write(move |write| write.remove(row));
                match removed.await {
                    Ok(removed) => _ = done.fetch_add(u32::from(removed), Ordering::SeqCst),
                    // It may have been removed, or not.
                    Err(_) => _ = store.release(vec![row]).await,
                }
            }
        }
        is_done.store(true, Ordering::SeqCst);
    }));
    tokio::time::timeout(LONG, async { tokio::join!(cutting, working) })
        .await
        .unwrap();
    assert!(done.into_inner() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nobody_waits_for_is_freed() {
    let database = TestDatabase::new();
    let (one, other) = (open(&database), open(&database));
    post(&one, 3).await;
    for _ in 0..20 {
        let claimed = tokio::time::timeout(Duration::from_micros(500), claim(&one, 3)).await;
        // Some answers come in time.
        one.release(claimed.map_or_else(|_elapsed| Vec::new(), Result::unwrap))
            .await
            .unwrap();
    }
    // Whatever it has claimed, it works on, or frees.
    until(async || {
        let held = claim(&one, 3).await.unwrap();
        one.release(held.clone()).await.unwrap();
        held.len() == 3
    })
    .await;
    assert_eq!(claim(&other, 3).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leads_and_another_takes_over() {
    let database = TestDatabase::new();
    let (one, other) = (open(&database), open(&database));
    let lead = one.lead(Queue::XMPP).await.unwrap();
    let soon = Duration::from_secs(2);
    assert!(tokio::time::timeout(soon, other.lead(Queue::XMPP)).await.is_err());
    // The other one does not wait for it any more.
    drop(lead);
    let mut lead = tokio::time::timeout(LONG, one.lead(Queue::XMPP))
        .await
        .unwrap()
        .unwrap();
    // Its connection is cut.
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2
         AND classid = hashtext(current_schema())::oid
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    tokio::time::timeout(LONG, lead.lost()).await.unwrap();
    drop(lead);
    tokio::time::timeout(LONG, other.lead(Queue::XMPP))
        .await
        .unwrap()
        .unwrap();
    // It ends.
    let waiting = one.lead(Queue::XMPP);
    drop(other);
    tokio::time::timeout(LONG, waiting).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_used_is_told() {
    let database = TestDatabase::new();
    let error = |address: &Address, key| match PostgresStore::open(address, key) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert_eq!(error(&database.address(), KEY), "");
    assert!(error(&database.address(), A).contains("another key"));
    assert!(
        PostgresStore::check(&database.address(), Some(KEY))
            .unwrap()
            .contains("PostgreSQL 1")
    );
    for (made, gone) in [
        ("CREATE VIEW eye AS SELECT * FROM quota", "DROP VIEW eye"),
        (
            "CREATE RULE none AS ON INSERT TO quota DO INSTEAD NOTHING",
            "DROP RULE none ON quota",
        ),
        (
            "CREATE TRIGGER none BEFORE UPDATE ON quota FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "DROP TRIGGER none ON quota",
        ),
        (
            "ALTER TABLE quota ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE quota DISABLE ROW LEVEL SECURITY",
        ),
    ] {
        database.sql(made);
        assert!(error(&database.address(), KEY).contains("a trigger, a rule"), "{made}");
        database.sql(gone);
    }
    database.sql("VACUUM");
    database.sql("UPDATE meta SET value = '\\x00000000000003e8' WHERE name = 'schema_version'");
    assert!(error(&database.address(), KEY).contains("newer version"));
    database.sql("DELETE FROM meta WHERE name = 'schema_version'");
    let missing = Address::of_url("postgres://itseme@/nowhere?host=/nonexistent").unwrap();
    assert!(error(&missing, KEY).contains("connect"), "{}", error(&missing, KEY));
    let url = database.url.replace("itseme@/", "nobody@/");
    assert!(error(&Address::of_url(&url).unwrap(), KEY).contains("nobody"));
}

/// The most frequent look-up reads the index alone, and what is read often reads no whole table.
#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let database = TestDatabase::new();
    let store = open(&database);
    store.read(|read| read.counts()).await.unwrap();
    let expired = |table, expiry| {
        format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {expiry} <= 1 ORDER BY {expiry} LIMIT 9))"
        )
    };
    let plan = |sql: &str| {
        database
            .sql(&format!("SET enable_seqscan = off; EXPLAIN {sql}"))
            .join("\n")
    };
    let proof = plan("SELECT id_mac, proof FROM links WHERE id_mac = ANY('{\\x00}'::bytea[])");
    assert!(proof.contains("Index Only Scan using links_by_id"), "{proof}");
    for (table, expiry) in [
        ("outbox", "expires_at"),
        ("pending", "expires_at"),
        ("quota", "resets_at"),
        ("tokens", "expires_at"),
        ("mutes", "expires_at"),
    ] {
        let plan = plan(&expired(table, expiry));
        assert!(
            plan.contains("Tid Scan") && !plan.contains("Seq Scan"),
            "{table}: {plan}"
        );
    }
    let freed = plan("UPDATE outbox SET holder = 0 WHERE holder = 1 AND holder <> 0");
    assert!(freed.contains("outbox_by_lease"), "{freed}");
}
