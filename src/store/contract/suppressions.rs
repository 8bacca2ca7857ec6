//! Suppressions: identities that are never written to.

use super::{A, B};
use crate::clock::Millis;
use crate::store::Store;

pub async fn who_is_suppressed_is_so_until_taken_back(store: Store) {
    store
        .write(|w| {
            w.put_suppression(&A, 0)?;
            // Once more is the same.
            w.put_suppression(&A, 0)
        })
        .await
        .unwrap();
    store.write(|w| w.purge(Millis::from(u32::MAX), 0, 9)).await.unwrap();
    assert!(store.read(|r| r.is_suppressed(&A)).await.unwrap());
    assert!(!store.read(|r| r.is_suppressed(&B)).await.unwrap());
    assert!(store.write(|w| w.delete_suppression(&A)).await.unwrap());
    assert!(!store.write(|w| w.delete_suppression(&A)).await.unwrap());
    assert!(!store.read(|r| r.is_suppressed(&A)).await.unwrap());
}
