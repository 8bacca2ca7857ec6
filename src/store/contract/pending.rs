//! Registrations that wait for a code.

use super::{A, B, X, Y, pending};
use crate::store::Store;

pub async fn registrations_are_kept_apart_by_target(store: Store) {
    store
        .write(|w| {
            w.put_pending(&pending(A, X, 100))?;
            w.put_pending(&pending(A, Y, 200))
        })
        .await
        .unwrap();
    let one = store.read(|r| r.pending(&A, &Y)).await.unwrap();
    assert_eq!(one, Some(pending(A, Y, 200)));
    assert_eq!(store.read(|r| r.pendings(&A)).await.unwrap().len(), 2);
    assert_eq!(store.read(|r| r.pendings(&B)).await.unwrap(), []);
}

pub async fn registrations_are_replaced_and_removed(store: Store) {
    store
        .write(|w| {
            w.put_pending(&pending(A, X, 100))?;
            w.put_pending(&pending(A, X, 300))?;
            w.put_pending(&pending(B, X, 100))?;
            w.put_pending(&pending(A, Y, 100))
        })
        .await
        .unwrap();
    assert_eq!(
        store.read(|r| r.pending(&A, &X)).await.unwrap(),
        Some(pending(A, X, 300))
    );
    store.write(|w| w.delete_pending(&A, &X)).await.unwrap();
    assert_eq!(store.read(|r| r.pending(&A, &X)).await.unwrap(), None);
    assert_eq!(store.read(|r| r.pendings_of(&X)).await.unwrap(), [pending(B, X, 100)]);
    assert!(store.read(|r| r.pending(&A, &Y)).await.unwrap().is_some());
}
