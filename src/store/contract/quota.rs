//! Counters.

use futures::future::join_all;

use super::{A, B};
use crate::clock::Millis;
use crate::store::{Counted, Quota, Store, Window};

/// Counts `by` at the time `now`, in a window of 100 if none has begun.
async fn count(store: &Store, by: u32, most: u32, now: Millis) -> Counted {
    let window = Window {
        now,
        ends_at: now + 100,
    };
    store.write(move |w| w.count(&A, by, most, window)).await.unwrap()
}

async fn quota(store: &Store) -> Option<Quota> {
    store.read(|r| r.quota(&A)).await.unwrap()
}

pub async fn what_is_counted_adds_up_until_the_window_ends(store: Store) {
    assert_eq!(quota(&store).await, None);
    assert_eq!(count(&store, 2, 9, 0).await, Counted::Allowed { used: 2 });
    assert_eq!(count(&store, 3, 9, 99).await, Counted::Allowed { used: 5 });
    let counted = Quota {
        resets_at: 100,
        used: 5,
    };
    assert_eq!(quota(&store).await, Some(counted), "from the first time on");
    assert_eq!(count(&store, 1, 9, 100).await, Counted::Allowed { used: 1 });
    let anew = Quota {
        resets_at: 200,
        used: 1,
    };
    assert_eq!(quota(&store).await, Some(anew));
    assert_eq!(store.read(|r| r.quota(&B)).await.unwrap(), None);
}

pub async fn what_does_not_fit_is_not_counted(store: Store) {
    let exhausted = |until| Counted::Exhausted { until };
    assert_eq!(count(&store, 4, 3, 0).await, exhausted(100));
    assert_eq!(quota(&store).await, None);
    assert_eq!(count(&store, 2, 3, 50).await, Counted::Allowed { used: 2 });
    assert_eq!(count(&store, 2, 3, 60).await, exhausted(150));
    assert_eq!(count(&store, 1, 3, 70).await, Counted::Allowed { used: 3 });
    assert_eq!(count(&store, 1, 3, 149).await, exhausted(150));
    assert_eq!(count(&store, 4, 3, 150).await, exhausted(250));
    assert_eq!(count(&store, 3, 3, 150).await, Counted::Allowed { used: 3 });
    assert_eq!(count(&store, u32::MAX, u32::MAX, 160).await, exhausted(250));
}

/// A window was longer once, or the clock was set.
pub async fn a_window_ends_by_the_time_it_can_at_the_latest(store: Store) {
    let ends = async || quota(&store).await.unwrap().resets_at;
    count(&store, 1, 9, 5000).await;
    assert_eq!(count(&store, 1, 9, 0).await, Counted::Allowed { used: 2 });
    assert_eq!(ends().await, 100);
    count(&store, 1, 9, 5000).await;
    assert_eq!(count(&store, 9, 9, 10).await, Counted::Exhausted { until: 110 });
    assert_eq!(ends().await, 110, "though nothing was counted");
    count(&store, 1, 9, 5000).await;
    count(&store, 0, 9, 20).await;
    let counted = Quota {
        resets_at: 120,
        used: 1,
    };
    assert_eq!(quota(&store).await, Some(counted));
}

pub async fn what_is_taken_back_was_counted_in_the_same_window(store: Store) {
    let back = async |less, now, ends_at| {
        let window = Window { now, ends_at };
        let taken = store.write(move |w| w.count_back(&A, less, window));
        taken.await.unwrap();
        quota(&store).await.map(|quota| quota.used)
    };
    assert_eq!(back(1, 0, 100).await, None);
    count(&store, 5, 9, 0).await;
    assert_eq!(back(2, 50, 150).await, Some(3));
    assert_eq!(back(1, 50, 99).await, Some(3), "in a window of before");
    assert_eq!(back(1, 100, 200).await, Some(3), "it is over");
    assert_eq!(back(u32::MAX, 50, 150).await, Some(0));
}

pub async fn whoever_counts_at_the_same_time_exceeds_no_limit(store: Store) {
    const MOST: u32 = 77;
    let counting = (0..300).map(|n| {
        let (store, by) = (store.clone(), 1 + n % 3);
        let counted = async move { (by, count(&store, by, MOST, 0).await) };
        tokio::spawn(counted)
    });
    let counted = join_all(counting).await.into_iter().map(Result::unwrap);
    let allowed = counted.filter(|(_, counted)| matches!(counted, Counted::Allowed { .. }));
    let sum: u32 = allowed.map(|(by, _)| by).sum();
    // One that still fits comes after those that do not.
    assert_eq!(sum, MOST);
    assert_eq!(quota(&store).await.unwrap().used, MOST);
}
