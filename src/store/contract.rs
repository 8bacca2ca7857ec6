//! What every store must do, written against the port alone.
//!
//! `contract::tests!(with_store)` in the tests of a store runs all of it; `with_store` makes an empty store and hands
//! it to the test.

#![allow(clippy::unwrap_used, missing_docs)]

use super::*;
use crate::model::OwnAddress;

/// Makes a `#[tokio::test]` of every test of the contract.
macro_rules! tests {
    ($with_store:ident) => {
        $crate::store::contract::tests!($with_store:
            links_are_found_moved_and_listed, whoever_has_links_is_told, links_go_only_with_their_owner,
            aliases_come_and_go_with_their_link, links_in_doubt_stay_and_go_unless_they_are_made_again, registrations_are_kept_apart_by_target,
            registrations_are_replaced_and_removed, counters_are_set, messages_come_when_due_and_in_order,
            queues_do_not_mix,
            messages_are_withdrawn_by_what_they_are_about,
            row_ids_are_never_used_again,
            a_retry_counts_and_waits,
            what_was_taken_waits_and_may_come_back,
            messages_are_read_in_the_order_they_came,
            what_expired_goes_and_nothing_else,
            who_pays_for_much_makes_room,
            what_expired_goes_bit_by_bit,
            subscribers_that_are_not_seen_go_unless_they_have_a_link,
            subscribers_come_in_pages_and_go, times_are_noted_and_moved, who_is_suppressed_is_so_until_taken_back, mutes_are_their_owners_and_go, tokens_are_found_and_go, everything_is_counted, an_error_rolls_everything_back, a_write_is_seen_by_the_next_read, many_writers_at_once_lose_nothing,
            settling_keeps_everything);
    };
    ($with_store:ident: $($name:ident),*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $with_store($crate::store::contract::$name).await;
        })*
    };
}
pub(crate) use tests;

const A: Mac = Mac([1; 16]);
const B: Mac = Mac([2; 16]);
const X: Mac = Mac([11; 16]);
const Y: Mac = Mac([12; 16]);

fn link(id: Mac, owner: Mac, seal: u8) -> Link {
    Link {
        id,
        alias_of: None,
        owner,
        proof: Mac([seal; 16]),
        sealed: vec![seal; 100],
        verified_on: 20_000,
    }
}

fn pending(id: Mac, owner: Mac, expires_at: Millis) -> Pending {
    Pending {
        id,
        owner,
        code: Mac([3; 16]),
        native_guesses: 1,
        http_guesses: 2,
        expires_at,
        sealed: vec![4; 50],
    }
}

fn row(queue: Queue, due_at: Millis, seal: u8) -> NewRow {
    NewRow {
        queue,
        about: None,
        payer: None,
        due_at,
        expires_at: 1000,
        sealed: vec![seal],
    }
}

async fn seals(store: &Store, queue: Queue, now: Millis) -> Vec<u8> {
    let rows = store.read(move |r| r.due(queue, now, 10)).await.unwrap();
    rows.iter().map(|row| row.sealed[0]).collect()
}

pub async fn links_are_found_moved_and_listed(store: Store) {
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), None);
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&link(B, X, 2))
        })
        .await
        .unwrap();
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), Some(Mac([1; 16])));
    assert_eq!(store.read(|r| r.link(&B)).await.unwrap(), Some(link(B, X, 2)));
    let links = [link(A, X, 1), link(B, X, 2)];
    assert_eq!(store.read(|r| r.links_of(&X)).await.unwrap(), links);

    store.write(|w| w.put_link(&link(A, Y, 3))).await.unwrap();
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), Some(link(A, Y, 3)));
    assert_eq!(store.read(|r| r.links_of(&X)).await.unwrap(), [link(B, X, 2)]);

    // Its place in the list does not tell that somebody had it before.
    store.write(|w| w.put_link(&link(A, X, 4))).await.unwrap();
    let links = [link(B, X, 2), link(A, X, 4)];
    assert_eq!(store.read(|r| r.links_of(&X)).await.unwrap(), links);
}

pub async fn whoever_has_links_is_told(store: Store) {
    assert!(!store.read(|r| r.has_links(&X)).await.unwrap());
    store.write(|w| w.put_link(&link(A, X, 1))).await.unwrap();
    assert!(store.read(|r| r.has_links(&X)).await.unwrap());
    assert!(!store.read(|r| r.has_links(&Y)).await.unwrap());
}

pub async fn links_go_only_with_their_owner(store: Store) {
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&link(B, Y, 2))?;
            w.delete_link(&A, &Y)
        })
        .await
        .unwrap();
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), Some(Mac([1; 16])));
    store.write(|w| w.delete_link(&A, &X)).await.unwrap();
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), None);
    store.write(|w| w.delete_links_of(&X)).await.unwrap();
    assert_eq!(store.read(|r| r.proof(&B)).await.unwrap(), Some(Mac([2; 16])));
    store.write(|w| w.delete_links_of(&Y)).await.unwrap();
    assert_eq!(store.read(|r| r.proof(&B)).await.unwrap(), None);
}

pub async fn aliases_come_and_go_with_their_link(store: Store) {
    const C: Mac = Mac([3; 16]);
    const D: Mac = Mac([4; 16]);
    let alias = |id, of, owner| Link {
        alias_of: Some(of),
        ..link(id, owner, 9)
    };
    let found = async |id| store.read(move |r| r.link(&id)).await.unwrap();
    let made = async |owner| {
        let made = store.write(move |w| {
            w.put_link(&link(A, owner, 1))?;
            w.put_link(&alias(B, A, owner))
        });
        made.await.unwrap();
    };
    made(X).await;
    assert_eq!(found(B).await, Some(alias(B, A, X)));
    // Not among the links, and not counted.
    assert_eq!(store.read(|r| r.links_of(&X)).await.unwrap(), [link(A, X, 1)]);
    assert_eq!(store.read(|r| r.count_links_of(&X)).await.unwrap(), 1);
    assert_eq!(store.read(|r| r.counts()).await.unwrap().links, 1);
    // With the link, it moves and goes, by its id alone it does not.
    made(Y).await;
    assert_eq!(found(B).await, Some(alias(B, A, Y)));
    assert!(!store.write(|w| w.delete_link(&B, &Y)).await.unwrap());
    assert!(!store.write(|w| w.delete_link(&A, &X)).await.unwrap());
    assert_eq!(found(B).await, Some(alias(B, A, Y)));
    assert!(store.write(|w| w.delete_link(&A, &Y)).await.unwrap());
    assert_eq!(found(B).await, None);
    // It gives its place to a link, which stays when the other moves and goes.
    made(X).await;
    store.write(|w| w.put_link(&link(B, Y, 4))).await.unwrap();
    assert_eq!(found(B).await, Some(link(B, Y, 4)));
    store.write(|w| w.put_link(&link(A, Y, 5))).await.unwrap();
    assert_eq!(found(B).await, Some(link(B, Y, 4)));
    assert!(store.write(|w| w.delete_link(&A, &Y)).await.unwrap());
    assert_eq!(found(B).await, Some(link(B, Y, 4)));
    // It takes the place of a link, and its aliases go.
    store.write(|w| w.put_link(&link(A, X, 1))).await.unwrap();
    store.write(move |w| w.put_link(&alias(C, B, Y))).await.unwrap();
    store.write(move |w| w.put_link(&alias(B, A, X))).await.unwrap();
    assert_eq!(found(B).await, Some(alias(B, A, X)));
    assert_eq!(found(C).await, None);
    // Without its link, it goes with whoever has it.
    store.write(move |w| w.put_link(&alias(C, D, X))).await.unwrap();
    assert!(!store.write(|w| w.delete_link(&D, &X)).await.unwrap());
    assert_eq!(found(C).await, None);
    assert_eq!(store.write(|w| w.delete_links_of(&X)).await.unwrap(), 1);
    assert_eq!(found(B).await, None);
}

pub async fn links_in_doubt_stay_and_go_unless_they_are_made_again(store: Store) {
    let alias = Link {
        alias_of: Some(A),
        ..link(Mac([3; 16]), X, 3)
    };
    store
        .write(move |w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&alias)?;
            w.put_link(&link(B, X, 2))?;
            w.put_link(&link(Y, Y, 4))?;
            w.doubt_links_of(&X)
        })
        .await
        .unwrap();
    let proofs =
        |r: &dyn crate::store::Read| [A, Mac([3; 16]), B, Y].map(|id| r.proof(&id).unwrap().map(|proof| proof.0[0]));
    assert_eq!(
        store.read(move |r| Ok(proofs(r))).await.unwrap(),
        [Some(0), Some(0), Some(0), Some(4)]
    );
    store
        .write(|w| {
            w.put_link(&link(B, X, 5))?;
            w.delete_doubted_links_of(&X)?;
            w.delete_doubted_links_of(&Y)
        })
        .await
        .unwrap();
    assert_eq!(
        store.read(move |r| Ok(proofs(r))).await.unwrap(),
        [None, None, Some(5), Some(4)]
    );
}

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

pub async fn counters_are_set(store: Store) {
    assert_eq!(store.read(|r| r.quota(&A)).await.unwrap(), None);
    for used in 1..=2 {
        let quota = Quota { resets_at: 50, used };
        store.write(move |w| w.put_quota(&A, quota)).await.unwrap();
        assert_eq!(store.read(|r| r.quota(&A)).await.unwrap(), Some(quota));
    }
}

pub async fn messages_come_when_due_and_in_order(store: Store) {
    store
        .write(|w| {
            for (due_at, seal) in [(30, 3), (10, 1), (20, 2), (99, 9)] {
                w.push(&row(Queue::Xmpp, due_at, seal))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(store.read(|r| r.next_due(Queue::Xmpp)).await.unwrap(), Some(10));
    assert_eq!(seals(&store, Queue::Xmpp, 30).await, [1, 2, 3]);
    assert_eq!(store.read(|r| r.due(Queue::Xmpp, 99, 2)).await.unwrap().len(), 2);
}

pub async fn queues_do_not_mix(store: Store) {
    store.write(|w| w.push(&row(Queue::Email, 1, 1))).await.unwrap();
    assert_eq!(seals(&store, Queue::Email, 1).await, [1]);
    for queue in [Queue::Requests, Queue::Xmpp, Queue::Phone] {
        assert!(seals(&store, queue, 1).await.is_empty());
        assert_eq!(store.read(move |r| r.next_due(queue)).await.unwrap(), None);
    }
}

pub async fn messages_are_withdrawn_by_what_they_are_about(store: Store) {
    store
        .write(|w| {
            for (about, seal) in [(Some(A), 1), (Some(B), 2), (None, 3), (Some(A), 4)] {
                w.push(&NewRow {
                    about,
                    ..row(Queue::Xmpp, 1, seal)
                })?;
            }
            w.withdraw(&A)?;
            w.withdraw(&A)
        })
        .await
        .unwrap();
    assert_eq!(seals(&store, Queue::Xmpp, 1).await, [2, 3]);
}

pub async fn row_ids_are_never_used_again(store: Store) {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        store.write(|w| w.push(&row(Queue::Xmpp, 1, 1))).await.unwrap();
        let id = store.read(|r| r.due(Queue::Xmpp, 1, 1)).await.unwrap()[0].id;
        assert!(seen.insert(id));
        assert!(store.write(move |w| w.remove(id)).await.unwrap());
        assert!(!store.write(move |w| w.remove(id)).await.unwrap());
        assert!(seals(&store, Queue::Xmpp, 1).await.is_empty());
    }
}

pub async fn who_pays_for_much_makes_room(store: Store) {
    store
        .write(|w| {
            for (payer, seal) in [(Some(X), 1), (Some(X), 2), (Some(X), 3), (Some(Y), 4), (None, 5)] {
                w.push(&NewRow {
                    payer,
                    sealed: vec![seal; 10],
                    ..row(Queue::Xmpp, 1, seal)
                })?;
            }
            let ids: Vec<i64> = w.due(Queue::Xmpp, 1, 10)?.iter().map(|row| row.id).collect();
            // Once may be with somebody who has not lost it yet.
            assert!(!w.drop_most_tried(&X, 1)?);
            for (row, tries) in [(0, 2), (1, 3), (2, 1), (3, 9), (4, 9)] {
                (0..tries).try_for_each(|_| w.retry(ids[row], 1))?;
            }
            assert_eq!((w.bytes_of(&X)?, w.bytes_of(&Y)?, w.bytes_of(&A)?), (30, 10, 0));
            assert!(w.drop_most_tried(&X, 1)?);
            // What was taken goes before what has still to be sent.
            w.push(&NewRow {
                payer: Some(X),
                ..row(Queue::Xmpp, 1, 6)
            })?;
            let taken = w.due(Queue::Xmpp, 1, 10)?.iter().map(|row| row.id).max();
            w.expect_back(taken.unwrap_or_default(), 1)?;
            assert!(w.drop_most_tried(&X, 1)?);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(seals(&store, Queue::Xmpp, 1).await, [1, 3, 4, 5]);
    assert!(store.write(|w| w.drop_most_tried(&X, 9)).await.unwrap());
    assert_eq!(seals(&store, Queue::Xmpp, 1).await, [3, 4, 5]);
    assert!(!store.write(|w| w.drop_most_tried(&X, 9)).await.unwrap());
    assert_eq!(store.read(|r| r.bytes_of(&X)).await.unwrap(), 10);
}

pub async fn a_retry_counts_and_waits(store: Store) {
    store.write(|w| w.push(&row(Queue::Xmpp, 1, 1))).await.unwrap();
    let first = store.read(|r| r.due(Queue::Xmpp, 1, 1)).await.unwrap().remove(0);
    let id = first.id;
    store.write(move |w| w.retry(id, 500)).await.unwrap();
    assert!(seals(&store, Queue::Xmpp, 499).await.is_empty());
    let again = store.read(|r| r.due(Queue::Xmpp, 500, 1)).await.unwrap().remove(0);
    assert_eq!(
        again,
        Row {
            due_at: 500,
            tries: 1,
            ..first
        }
    );
}

pub async fn what_was_taken_waits_and_may_come_back(store: Store) {
    let ids = store.write(|w| {
        (1..=3).try_for_each(|seal| w.push(&row(Queue::Xmpp, 1, seal)))?;
        let ids: Vec<i64> = w.due(Queue::Xmpp, 1, 9)?.iter().map(|row| row.id).collect();
        w.retry(ids[0], 5)?;
        w.expect_back(ids[0], 500)?;
        w.expect_back(ids[1], 900)?;
        Ok(ids)
    });
    let first = ids.await.unwrap()[0];
    assert_eq!(seals(&store, Queue::Xmpp, 499).await, [3]);
    let taken = store.read(move |r| r.message(first)).await.unwrap().unwrap();
    assert_eq!(
        (taken.due_at, taken.tries, taken.is_taken, taken.returned),
        (500, 1, true, 0)
    );
    let taken = async |after, limit| store.read(move |r| r.taken(Queue::Xmpp, after, limit)).await.unwrap();
    assert_eq!(taken(0, 9).await.len(), 2);
    assert_eq!(taken(0, 1).await[0].id, first);
    assert_eq!(taken(first, 9).await[0].due_at, 900);
    store.write(move |w| w.take_back(first, 700)).await.unwrap();
    let back = store.read(move |r| r.message(first)).await.unwrap().unwrap();
    assert_eq!(
        (back.due_at, back.tries, back.is_taken, back.returned),
        (700, 1, false, 1)
    );
    // What was taken has not failed to be delivered in time.
    let purged = store.write(|w| w.purge(1000, 0, 9)).await.unwrap();
    assert_eq!(purged.outbox, 2);
    assert_eq!(store.read(|r| r.next_due(Queue::Xmpp)).await.unwrap(), None);
}

pub async fn messages_are_read_in_the_order_they_came(store: Store) {
    for (queue, due_at, seal) in [
        (Queue::Phone, 9, 1),
        (Queue::Xmpp, 1, 2),
        (Queue::Phone, 1, 3),
        (Queue::Phone, 5, 4),
    ] {
        store.write(move |w| w.push(&row(queue, due_at, seal))).await.unwrap();
    }
    let after = async |id, limit| store.read(move |r| r.messages(Queue::Phone, id, limit)).await.unwrap();
    let all = after(0, 10).await;
    assert_eq!(all.iter().map(|row| row.due_at).collect::<Vec<_>>(), [9, 1, 5]);
    assert_eq!(after(0, 2).await, all[..2]);
    assert_eq!(after(all[0].id, 10).await, all[1..]);
    assert!(after(all[2].id, 10).await.is_empty());
}

pub async fn what_expired_goes_and_nothing_else(store: Store) {
    let purged = store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_pending(&pending(A, X, 100))?;
            w.put_pending(&pending(B, X, 101))?;
            w.push(&NewRow {
                expires_at: 100,
                ..row(Queue::Xmpp, 1, 1)
            })?;
            w.push(&NewRow {
                expires_at: 101,
                ..row(Queue::Xmpp, 1, 2)
            })?;
            w.put_quota(
                &A,
                Quota {
                    resets_at: 100,
                    used: 1,
                },
            )?;
            w.put_quota(
                &B,
                Quota {
                    resets_at: 101,
                    used: 1,
                },
            )?;
            w.put_token(&token(1, X, 100), 9)?;
            w.put_token(&token(2, X, 101), 9)?;
            for (muted, expires_at) in [(A, Some(100)), (B, Some(101)), (Y, None)] {
                w.put_mute(&Mute {
                    owner: X,
                    muted,
                    sealed: vec![1],
                    expires_at,
                })?;
            }
            w.purge(100, 0, 9)
        })
        .await
        .unwrap();
    assert_eq!(
        purged,
        Purged {
            pending: 1,
            outbox: 1,
            quota: 1,
            tokens: 1,
            mutes: 1,
            subscribers: 0
        }
    );
    assert!(store.read(|r| r.pending(&B, &X)).await.unwrap().is_some());
    assert_eq!(seals(&store, Queue::Xmpp, 1).await, [2]);
    assert!(store.read(|r| r.quota(&B)).await.unwrap().is_some());
    assert!(has_token(&store, 2).await && !has_token(&store, 1).await);
    assert_eq!(store.read(|r| r.count_mutes_of(&X)).await.unwrap().0, 2);
    let kept = store.write(|w| {
        w.keep_mutes(&X)?;
        w.purge(101, 0, 9)
    });
    assert_eq!(kept.await.unwrap().mutes, 0);
    assert!(store.read(|r| r.link(&A)).await.unwrap().is_some());
}

pub async fn an_error_rolls_everything_back(store: Store) {
    let failed = store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.push(&row(Queue::Xmpp, 1, 1))?;
            Err::<(), _>(StoreError("changed my mind".into()))
        })
        .await;
    assert_eq!(failed.unwrap_err().0, "changed my mind");
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), None);
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
                    let used = w.quota(&A)?.map_or(0, |quota| quota.used) + 1;
                    w.put_quota(&A, Quota { resets_at: 1, used })?;
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

fn subscriber(n: u8) -> Subscriber {
    Subscriber {
        owner: Mac([n; 16]),
        server: Some(A),
        addresses: OwnAddress::Account.into(),
        asked: OwnAddress::Account.into(),
        sealed: vec![n; 3],
        seen_at: 10,
    }
}

pub async fn subscribers_that_are_not_seen_go_unless_they_have_a_link(store: Store) {
    let purged = store.write(|w| {
        for n in 0..6 {
            w.put_subscriber(&Subscriber {
                seen_at: Millis::from(n),
                ..subscriber(n)
            })?;
        }
        w.put_link(&link(A, Mac([0; 16]), 1))?;
        assert_eq!((w.subscribers_of(&A)?, w.subscribers_of(&B)?), (6, 0));
        // The quietest of a server goes, and nobody who was seen today.
        assert!(!w.drop_quietest_subscriber(&B, 3)?);
        assert!(w.drop_quietest_subscriber(&A, 3)?);
        assert!(!w.is_subscriber(&Mac([1; 16]))?);
        assert!(w.drop_quietest_subscriber(&A, 3)?);
        assert!(!w.drop_quietest_subscriber(&A, 3)?);
        assert_eq!(w.subscriber(&Mac([3; 16]))?.map(|found| found.seen_at), Some(3));
        w.purge(0, 5, 9)
    });
    assert_eq!(purged.await.unwrap().subscribers, 2);
    for (n, is_there) in [(0, true), (3, false), (4, false), (5, true)] {
        let found = store.read(move |r| r.is_subscriber(&Mac([n; 16]))).await.unwrap();
        assert_eq!(found, is_there, "{n}");
    }
}

pub async fn what_expired_goes_bit_by_bit(store: Store) {
    let purge = async || store.write(|w| w.purge(100, 0, 2)).await.unwrap();
    store
        .write(|w| {
            for n in 0..5 {
                w.put_quota(&Mac([n; 16]), Quota { resets_at: 1, used: 1 })?;
            }
            w.push(&NewRow {
                expires_at: 1,
                ..row(Queue::Xmpp, 1, 1)
            })
        })
        .await
        .unwrap();
    for (quota, outbox, more) in [(2, 1, true), (2, 0, true), (1, 0, false)] {
        let purged = purge().await;
        assert_eq!((purged.quota, purged.outbox), (quota, outbox));
        assert_eq!(purged.may_be_more(2), more);
    }
}

pub async fn subscribers_come_in_pages_and_go(store: Store) {
    store
        .write(|w| {
            // One of them twice.
            [0, 1, 2, 3, 255, 3]
                .iter()
                .try_for_each(|n| w.put_subscriber(&subscriber(*n)))?;
            assert!(w.is_subscriber(&Mac([3; 16]))?);
            assert!(w.delete_subscriber(&Mac([3; 16]))?);
            assert!(!w.delete_subscriber(&Mac([3; 16]))?);
            Ok(())
        })
        .await
        .unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(move |r| r.subscribers(after.as_ref(), 2)).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.owner);
        found.extend(page);
    }
    found.sort_by_key(|one| one.owner.0);
    assert_eq!(found, [0, 1, 2, 255].map(subscriber));
    assert_eq!(store.read(|r| r.subscriber_count()).await.unwrap(), 4);
    assert!(!store.read(|r| r.is_subscriber(&Mac([3; 16]))).await.unwrap());
}

pub async fn mutes_are_their_owners_and_go(store: Store) {
    let mute = |owner: Mac, muted: Mac| Mute {
        owner,
        muted,
        sealed: vec![owner.0[0], muted.0[0]],
        expires_at: None,
    };
    store
        .write(move |w| {
            // One of them twice.
            for (owner, muted) in [(X, A), (X, A), (X, B), (Y, A)] {
                w.put_mute(&mute(owner, muted))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let is_muted = async |owner: Mac, muted: Mac| store.read(move |r| r.is_muted(&owner, &muted)).await.unwrap();
    let mut of_x = store.read(|r| r.mutes_of(&X)).await.unwrap();
    of_x.sort_by_key(|mute| mute.muted.0);
    assert_eq!(of_x, [mute(X, A), mute(X, B)]);
    assert_eq!(store.read(|r| r.count_mutes_of(&X)).await.unwrap(), (2, 4));
    assert!(is_muted(X, B).await);
    assert!(!is_muted(Y, B).await);

    assert!(store.write(|w| w.delete_mute(&X, &A)).await.unwrap());
    assert!(!store.write(|w| w.delete_mute(&X, &A)).await.unwrap());
    assert!(!is_muted(X, A).await);
    assert!(is_muted(Y, A).await);
    assert_eq!(store.write(|w| w.delete_mutes_of(&X)).await.unwrap(), 1);
    assert_eq!(store.read(|r| r.count_mutes_of(&X)).await.unwrap(), (0, 0));
    assert!(is_muted(Y, A).await);
}

fn token(n: u8, owner: Mac, expires_at: Millis) -> Token {
    Token {
        hash: TokenHash([n; 32]),
        owner,
        sealed: vec![n; 3],
        expires_at,
    }
}

async fn has_token(store: &Store, n: u8) -> bool {
    let found = store.read(move |r| r.token(&TokenHash([n; 32]))).await.unwrap();
    found.is_some_and(|found| found.sealed == [n; 3])
}

pub async fn tokens_are_found_and_go(store: Store) {
    store
        .write(|w| {
            w.put_token(&token(9, Y, 100), 2)?;
            (1..=4).try_for_each(|n| w.put_token(&token(n, X, 100), 2))
        })
        .await
        .unwrap();
    let found = store.read(|r| r.token(&TokenHash([4; 32]))).await.unwrap();
    assert_eq!(found, Some(token(4, X, 100)));
    // The oldest have gone, another's has not.
    for (n, is_there) in [(1, false), (2, false), (3, true), (4, true), (9, true)] {
        assert_eq!(has_token(&store, n).await, is_there, "{n}");
    }
    assert_eq!(store.write(|w| w.delete_tokens_of(&X)).await.unwrap(), 2);
    assert!(!has_token(&store, 4).await && has_token(&store, 9).await);
}

pub async fn who_is_suppressed_is_so_until_taken_back(store: Store) {
    store
        .write(|w| {
            w.put_suppression(&A)?;
            // Once more is the same.
            w.put_suppression(&A)
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

pub async fn times_are_noted_and_moved(store: Store) {
    let reading = Reading { own: 7, system: 9 };
    store
        .write(move |w| {
            assert_eq!(w.last_time()?, None);
            w.note_time(Reading { own: 1, system: 2 })?;
            w.note_time(reading)?;
            w.put_pending(&pending(A, X, 100))?;
            w.put_quota(
                &A,
                Quota {
                    resets_at: 100,
                    used: 1,
                },
            )?;
            w.put_token(&token(1, X, 100), 2)?;
            w.put_subscriber(&subscriber(1))?;
            for (muted, expires_at) in [(A, Some(100)), (B, None)] {
                w.put_mute(&Mute {
                    owner: X,
                    muted,
                    sealed: vec![1],
                    expires_at,
                })?;
            }
            w.push(&row(Queue::Xmpp, 50, 1))?;
            w.move_times(-10)
        })
        .await
        .unwrap();
    store
        .read(move |r| {
            assert_eq!(r.last_time()?, Some(reading));
            assert_eq!(r.pending(&A, &X)?.unwrap().expires_at, 90);
            assert_eq!(r.quota(&A)?.unwrap().resets_at, 90);
            assert_eq!(r.token(&TokenHash([1; 32]))?.unwrap().expires_at, 90);
            assert_eq!(r.next_due(Queue::Xmpp)?, Some(40));
            assert_eq!(r.subscriber(&Mac([1; 16]))?.unwrap().seen_at, 0);
            let mut expire: Vec<_> = r.mutes_of(&X)?.iter().map(|mute| mute.expires_at).collect();
            expire.sort();
            assert_eq!(expire, [None, Some(90)]);
            let due = r.due(Queue::Xmpp, 40, 1)?;
            assert_eq!(due[0].expires_at, row(Queue::Xmpp, 50, 1).expires_at - 10);
            Ok(())
        })
        .await
        .unwrap();
    store.write(|w| w.move_times(-1000)).await.unwrap();
    assert_eq!(store.read(|r| r.next_due(Queue::Xmpp)).await.unwrap(), Some(0));
}

pub async fn everything_is_counted(store: Store) {
    let empty = store.read(|r| r.counts()).await.unwrap();
    assert_eq!(Counts { bytes: 0, ..empty }, Counts::default());
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&link(B, X, 2))?;
            w.put_pending(&pending(A, X, 10))?;
            w.push(&row(Queue::Xmpp, 1, 1))?;
            w.push(&row(Queue::Email, 1, 1))?;
            w.put_token(&token(1, X, 10), 9)?;
            w.put_suppression(&A)?;
            w.put_mute(&Mute {
                owner: X,
                muted: A,
                sealed: vec![1],
                expires_at: None,
            })?;
            w.put_quota(&A, Quota { resets_at: 1, used: 1 })?;
            w.put_subscriber(&subscriber(1))
        })
        .await
        .unwrap();
    let found = store.read(|r| r.counts()).await.unwrap();
    assert!(found.bytes > 0);
    let counts = Counts {
        links: 2,
        owners: 1,
        pending: 1,
        outbox: 2,
        subscribers: 1,
        mutes: 1,
        tokens: 1,
        suppressions: 1,
        counters: 1,
        bytes: found.bytes,
    };
    assert_eq!(found, counts);
}

pub async fn settling_keeps_everything(store: Store) {
    store.write(|w| w.put_link(&link(A, X, 1))).await.unwrap();
    store.settle().await.unwrap();
    assert_eq!(store.read(|r| r.proof(&A)).await.unwrap(), Some(Mac([1; 16])));
}
