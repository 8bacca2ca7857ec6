//! What a claim is.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;

use super::row;
use crate::clock::Millis;
use crate::store::{Lease, Queue, Row, Store, StoreError};

const LASTS: Millis = 100;

fn lease(now: Millis) -> Lease {
    Lease {
        now,
        ends_at: now + LASTS,
    }
}

async fn claimed(store: &Store, limit: usize, now: Millis) -> Vec<Row> {
    store.claim(Queue::XMPP, limit, lease(now)).await.unwrap().rows
}

async fn seals(store: &Store, limit: usize, now: Millis) -> Vec<u8> {
    claimed(store, limit, now)
        .await
        .iter()
        .map(|row| row.sealed[0])
        .collect()
}

async fn put(store: &Store, due_at: &'static [Millis]) {
    let put = store.write(move |w| {
        let mut rows = (1..).zip(due_at);
        rows.try_for_each(|(seal, due_at)| w.push(&row(Queue::XMPP, *due_at, seal)))
    });
    put.await.unwrap();
}

pub async fn what_is_due_is_claimed_in_order_and_by_one(store: Store) {
    put(&store, &[30, 10, 20, 40]).await;
    assert_eq!(store.claim(Queue::EMAIL, 9, lease(50)).await.unwrap().rows, []);
    assert_eq!(seals(&store, 2, 30).await, [2, 3]);
    assert_eq!(seals(&store, 2, 30).await, [1]);
    assert!(seals(&store, 2, 30).await.is_empty());
    assert_eq!(seals(&store, 2, 40).await, [4]);
}

/// "Two never hold one message."
pub async fn two_workers_never_hold_one_message(store: Store) {
    const ALL: usize = 200;
    let put = store.write(|w| (0..ALL).try_for_each(|_| w.push(&row(Queue::XMPP, 1, 1))));
    put.await.unwrap();
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut held = Vec::new();
            loop {
                let rows = claimed(&store, 3, 1).await;
                if rows.is_empty() {
                    return held;
                }
                held.extend(rows.iter().map(|row| row.id));
                // Some are done with, and some are held on to.
                let done = rows[0].id;
                store.write(move |w| w.remove(done)).await.unwrap();
            }
        })
    });
    let held: Vec<i64> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(held.len(), ALL);
    assert_eq!(held.iter().collect::<HashSet<_>>().len(), ALL);
}

pub async fn what_waits_tells_when_to_try_again(store: Store) {
    let next = async |now| store.claim(Queue::XMPP, 1, lease(now)).await.unwrap().next;
    assert_eq!(next(0).await, None);
    put(&store, &[500]).await;
    assert_eq!(next(0).await, Some(500));
    assert_eq!(seals(&store, 1, 500).await, [1]);
    assert_eq!(next(550).await, Some(600), "the lease ends");
}

/// "It is given to others only when the lease has ended …"
pub async fn a_lease_that_has_ended_lets_others_claim(store: Store) {
    put(&store, &[1]).await;
    assert_eq!(seals(&store, 1, 10).await, [1]);
    assert!(seals(&store, 1, 10 + LASTS - 1).await.is_empty());
    let late = (0..8).map(|_| claimed(&store, 1, 10 + LASTS));
    let rows: Vec<Row> = join_all(late).await.into_iter().flatten().collect();
    assert_eq!(rows.len(), 1);
    // It has changed nothing.
    assert_eq!((rows[0].tries, rows[0].due_at), (0, 1));
}

/// "… the claim was released …"
pub async fn what_was_released_is_as_it_was(store: Store) {
    put(&store, &[1, 2]).await;
    let before = claimed(&store, 2, 5).await;
    store.release(vec![before[0].id]).await.unwrap();
    assert_eq!(claimed(&store, 2, 5).await, before[..1]);
}

/// "… or a change has ended it." Not one that was rolled back.
pub async fn a_claim_ends_with_the_change_that_ends_it(store: Store) {
    put(&store, &[1]).await;
    let id = claimed(&store, 1, 1).await[0].id;
    let failed = store.write(move |w| {
        w.retry(id, 1)?;
        Err::<(), _>(StoreError::Unavailable("changed my mind".into()))
    });
    assert!(failed.await.is_err());
    assert!(claimed(&store, 1, 1).await.is_empty());
    store.write(move |w| w.retry(id, 7)).await.unwrap();
    assert!(claimed(&store, 1, 6).await.is_empty());
    assert_eq!(claimed(&store, 1, 7).await[0].tries, 1);
    store.write(move |w| w.expect_back(id, 8)).await.unwrap();
    assert!(claimed(&store, 1, 8).await[0].is_taken);
    store.write(move |w| w.take_back(id, 9)).await.unwrap();
    assert_eq!(claimed(&store, 1, 9).await[0].returned, 1);
    assert!(store.write(move |w| w.remove(id)).await.unwrap());
    assert!(claimed(&store, 1, 1000).await.is_empty());
}

pub async fn one_message_is_claimed_by_one(store: Store) {
    put(&store, &[900]).await;
    let id = store.read(|r| r.messages(Queue::XMPP, 0, 1)).await.unwrap()[0].id;
    let claims = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.claim_row(id, lease(0)).await.unwrap() })
    });
    let rows = join_all(claims).await.into_iter().filter_map(Result::unwrap);
    assert_eq!(rows.map(|row| row.id).collect::<Vec<_>>(), [id]);
    assert_eq!(store.claim_row(id + 1, lease(0)).await.unwrap(), None);
    store.release(vec![id]).await.unwrap();
    assert!(store.claim_row(id, lease(0)).await.unwrap().is_some());
}

/// "Tells when messages are put into the queue, by whomever."
pub async fn whoever_subscribes_is_woken_by_every_message(store: Store) {
    const LONG: Duration = Duration::from_secs(60);
    let (mut first, mut second) = (store.subscribe(Queue::XMPP), store.subscribe(Queue::XMPP));
    let mut other = store.subscribe(Queue::EMAIL);
    for due_at in [&[1], &[999]] {
        let store = store.clone();
        let putting = tokio::spawn(async move { put(&store, due_at).await });
        for subscription in [&mut first, &mut second] {
            tokio::time::timeout(LONG, subscription.posted()).await.unwrap();
        }
        putting.await.unwrap();
    }
    let failed = store.write(|w| {
        w.push(&row(Queue::XMPP, 1, 1))?;
        Err::<(), _>(StoreError::Unavailable("changed my mind".into()))
    });
    assert!(failed.await.is_err());
    for subscription in [&mut first, &mut second, &mut other] {
        assert!(futures::FutureExt::now_or_never(subscription.posted()).is_none());
    }
}
