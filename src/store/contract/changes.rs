//! What a change is, whatever it changes.

use super::{A, X, count, link, row, seals};
use crate::store::{Queue, Store, StoreError};

pub async fn an_error_rolls_everything_back(store: Store) {
    let failed = store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.push(&row(Queue::Xmpp, 1, 1))?;
            Err::<(), _>(StoreError("changed my mind".into()))
        })
        .await;
    assert_eq!(failed.unwrap_err().0, "changed my mind");
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), None);
    assert!(seals(&store, Queue::Xmpp, 1).await.is_empty());
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
                        Err(StoreError("every tenth fails".into()))
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
