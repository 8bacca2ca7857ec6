//! Counters.

use super::A;
use crate::store::{Quota, Store};

pub async fn counters_are_set(store: Store) {
    assert_eq!(store.read(|r| r.quota(&A)).await.unwrap(), None);
    for used in 1..=2 {
        let quota = Quota { resets_at: 50, used };
        store.write(move |w| w.put_quota(&A, quota)).await.unwrap();
        assert_eq!(store.read(|r| r.quota(&A)).await.unwrap(), Some(quota));
    }
}
