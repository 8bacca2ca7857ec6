//! Registrations that wait for a code.

use futures::future::join_all;

use super::{A, B, X, Y, pending};
use crate::store::{Counted, Guesser, Pending, Store};

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

pub async fn guesses_are_counted_apart_and_up_to_a_limit(store: Store) {
    let waits = Pending {
        native_guesses: 0,
        http_guesses: 1,
        ..pending(A, X, 100)
    };
    let put = waits.clone();
    store.write(move |w| w.put_pending(&put)).await.unwrap();
    let guess = async |owner, by| {
        let guessed = store.write(move |w| w.count_guess(&A, &owner, by, 2));
        guessed.await.unwrap()
    };
    let (allowed, exhausted) = (|used| Counted::Allowed { used }, |until| Counted::Exhausted { until });
    assert_eq!(guess(X, Guesser::Anybody).await, allowed(2));
    assert_eq!(guess(X, Guesser::Anybody).await, exhausted(100));
    assert_eq!(guess(X, Guesser::Target).await, allowed(1));
    assert_eq!(guess(X, Guesser::Target).await, allowed(2));
    assert_eq!(guess(X, Guesser::Target).await, exhausted(100));
    assert_eq!(guess(Y, Guesser::Target).await, exhausted(0), "nothing waits");
    let guessed = Pending {
        native_guesses: 2,
        http_guesses: 2,
        ..waits
    };
    assert_eq!(store.read(|r| r.pendings(&A)).await.unwrap(), [guessed]);
}

pub async fn whoever_guesses_at_the_same_time_has_no_more_guesses(store: Store) {
    let waits = Pending {
        native_guesses: 0,
        ..pending(A, X, 100)
    };
    store.write(move |w| w.put_pending(&waits)).await.unwrap();
    let guesses = (0..100).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(|w| w.count_guess(&A, &X, Guesser::Target, 5))
                .await
                .unwrap()
        })
    });
    let guesses = join_all(guesses).await.into_iter().map(Result::unwrap);
    let mut allowed: Vec<u32> = guesses
        .filter_map(|counted| match counted {
            Counted::Allowed { used } => Some(used),
            Counted::Exhausted { .. } => None,
        })
        .collect();
    allowed.sort_unstable();
    assert_eq!(allowed, [1, 2, 3, 4, 5], "each tells another number");
}
