//! The guarantees of every change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{A, X, count, link, row, seals};
use crate::model::Mac;
use crate::store::{Queue, Store, StoreError};

pub async fn an_error_rolls_everything_back(store: Store) {
    let failed = store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.push(&row(Queue::XMPP, 1, 1))?;
            Err::<(), _>(StoreError::Unavailable("changed my mind".into()))
        })
        .await;
    assert_eq!(failed.unwrap_err().to_string(), "changed my mind");
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), None);
    assert!(seals(&store, Queue::XMPP, 1).await.is_empty());
}

pub async fn a_write_is_seen_by_the_next_read(store: Store) {
    for seal in 0..100 {
        store.write(move |w| w.put_link(&link(A, X, seal))).await.unwrap();
        let read = store.read(|r| r.link(&A)).await.unwrap();
        assert_eq!(read, Some(link(A, X, seal)));
    }
}

pub async fn many_writers_at_once_lose_nothing(store: Store) {
    let writes = (0..500u32).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |w| {
                    count(w, A, 1, 1)?;
                    if n % 10 == 0 {
                        Err(StoreError::Unavailable("every tenth fails".into()))
                    } else {
                        Ok(())
                    }
                })
                .await
                .is_ok()
        })
    });
    let done = futures::future::join_all(writes).await;
    let done = done.into_iter().filter(|ok| matches!(ok, Ok(true))).count();
    assert_eq!(done, 450);
    assert_eq!(store.read(|r| r.quota(&A)).await.unwrap().unwrap().used, 450);
}

pub async fn a_change_that_is_run_again_has_no_effect_twice(store: Store) {
    let runs = Arc::new(AtomicU32::default());
    let counted = runs.clone();
    let changed = store.write(move |w| {
        count(w, A, 1, 1)?;
        w.push(&row(Queue::XMPP, 1, 1))?;
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(StoreError::Retry("others were first".into())),
            run => Ok(run),
        }
    });
    assert_eq!(changed.await.unwrap(), 2);
    assert_eq!(store.read(|r| r.quota(&A)).await.unwrap().unwrap().used, 1);
    assert_eq!(seals(&store, Queue::XMPP, 1).await, [1]);
}

pub async fn a_change_that_others_always_keep_from_being_made_ends(store: Store) {
    let changed = store.write(|w| {
        w.put_link(&link(A, X, 1))?;
        Err::<(), _>(StoreError::Retry("others are always first".into()))
    });
    assert!(matches!(changed.await, Err(StoreError::Retry(_))));
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), None);
}

/// Each would be right if it were made alone.
pub async fn changes_are_made_as_if_one_after_the_other(store: Store) {
    for round in 0..20 {
        let key = move |n: u8| Mac([100 + n, round, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let writes = (0..8).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let taken = store.write(move |w| {
                    let is_free = (0..8).all(|other| w.quota(&key(other)).is_ok_and(|found| found.is_none()));
                    if is_free {
                        count(w, key(n), 1, 1)?;
                    }
                    Ok(is_free)
                });
                taken.await.unwrap()
            })
        });
        let taken = futures::future::join_all(writes).await;
        assert_eq!(taken.into_iter().filter(|taken| matches!(taken, Ok(true))).count(), 1);
    }
}
