//! Messages that wait.

use super::{A, B, X, Y, due, row, seals};
use crate::clock::Millis;
use crate::store::{Lease, NewRow, Queue, Row, Store};

pub async fn messages_come_when_due_and_in_order(store: Store) {
    store
        .write(|w| {
            for (due_at, seal) in [(30, 3), (10, 1), (20, 2), (99, 9)] {
                w.push(&row(Queue::XMPP, due_at, seal))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(store.read(|r| r.next_due(Queue::XMPP)).await.unwrap(), Some(10));
    assert_eq!(seals(&store, Queue::XMPP, 30).await, [1, 2, 3]);
    assert_eq!(store.read(|r| due(r, Queue::XMPP, 99, 2)).await.unwrap().len(), 2);
}

pub async fn queues_do_not_mix(store: Store) {
    store.write(|w| w.push(&row(Queue::EMAIL, 1, 1))).await.unwrap();
    assert_eq!(seals(&store, Queue::EMAIL, 1).await, [1]);
    for queue in [Queue::REQUESTS, Queue::XMPP, Queue::PHONE] {
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
                    ..row(Queue::XMPP, 1, seal)
                })?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let newest = store.read(|r| r.message_about(&A)).await.unwrap();
    assert_eq!(newest.map(|row| row.sealed), Some(vec![4]));
    let withdrawn = store.write(|w| {
        w.withdraw(&A)?;
        w.withdraw(&A)
    });
    withdrawn.await.unwrap();
    assert_eq!(seals(&store, Queue::XMPP, 1).await, [2, 3]);
    assert_eq!(store.read(|r| r.message_about(&A)).await.unwrap(), None);
}

pub async fn row_ids_are_never_used_again(store: Store) {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        store.write(|w| w.push(&row(Queue::XMPP, 1, 1))).await.unwrap();
        let id = store.read(|r| due(r, Queue::XMPP, 1, 1)).await.unwrap()[0].id;
        assert!(seen.insert(id));
        assert!(store.write(move |w| w.remove(id)).await.unwrap());
        assert!(!store.write(move |w| w.remove(id)).await.unwrap());
        assert!(seals(&store, Queue::XMPP, 1).await.is_empty());
    }
}

pub async fn a_retry_counts_and_waits(store: Store) {
    store.write(|w| w.push(&row(Queue::XMPP, 1, 1))).await.unwrap();
    let first = store.read(|r| due(r, Queue::XMPP, 1, 1)).await.unwrap().remove(0);
    let id = first.id;
    store.write(move |w| w.retry(id, 500)).await.unwrap();
    assert!(seals(&store, Queue::XMPP, 499).await.is_empty());
    let again = store.read(|r| due(r, Queue::XMPP, 500, 1)).await.unwrap().remove(0);
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
        (1..=3).try_for_each(|seal| w.push(&row(Queue::XMPP, 1, seal)))?;
        let ids: Vec<i64> = due(w, Queue::XMPP, 1, 9)?.iter().map(|row| row.id).collect();
        w.retry(ids[0], 5)?;
        w.expect_back(ids[0], 500)?;
        w.expect_back(ids[1], 900)?;
        Ok(ids)
    });
    let first = ids.await.unwrap()[0];
    assert_eq!(seals(&store, Queue::XMPP, 499).await, [3]);
    let taken = store.read(move |r| r.message(first)).await.unwrap().unwrap();
    assert_eq!(
        (taken.due_at, taken.tries, taken.is_taken, taken.returned),
        (500, 1, true, 0)
    );
    let taken = async |after, limit| store.read(move |r| r.taken(Queue::XMPP, after, limit)).await.unwrap();
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
    assert_eq!(store.read(|r| r.next_due(Queue::XMPP)).await.unwrap(), None);
}

pub async fn a_message_is_due_when_it_expires_at_the_latest(store: Store) {
    const LATER: Millis = 900;
    let made = store.write(|w| {
        for (seal, queue) in (1..).zip([Queue::XMPP, Queue::EMAIL, Queue::REQUESTS, Queue::XMPP]) {
            w.push(&NewRow {
                expires_at: 100,
                ..row(queue, LATER, seal)
            })?;
            let made = w.messages(queue, 0, 9)?.pop();
            let made = made.map_or(0, |row| row.id);
            match seal {
                2 => w.retry(made, LATER)?,
                3 => w.expect_back(made, LATER)?,
                4 => w.take_back(made, LATER)?,
                _ => {}
            }
        }
        w.push(&row(Queue::EMAIL, 1, 5))
    });
    made.await.unwrap();
    for queue in [Queue::XMPP, Queue::EMAIL, Queue::REQUESTS] {
        let rows = store.read(move |r| r.messages(queue, 0, 9)).await.unwrap();
        assert!(rows.iter().all(|row| row.due_at <= 100), "{rows:?}");
    }
    // What was taken has not failed to be delivered in time.
    let purged = store.write(|w| w.purge(100, 0, 9)).await.unwrap();
    assert_eq!(purged.outbox, 3);
    let left = store.read(|r| r.waiting()).await.unwrap();
    assert_eq!(left.iter().map(|waiting| waiting.messages).collect::<Vec<_>>(), [1]);
}

pub async fn messages_are_read_in_the_order_they_came(store: Store) {
    for (queue, due_at, seal) in [
        (Queue::PHONE, 9, 1),
        (Queue::XMPP, 1, 2),
        (Queue::PHONE, 1, 3),
        (Queue::PHONE, 5, 4),
    ] {
        store.write(move |w| w.push(&row(queue, due_at, seal))).await.unwrap();
    }
    let after = async |id, limit| store.read(move |r| r.messages(Queue::PHONE, id, limit)).await.unwrap();
    let all = after(0, 10).await;
    assert_eq!(all.iter().map(|row| row.due_at).collect::<Vec<_>>(), [9, 1, 5]);
    assert_eq!(after(0, 2).await, all[..2]);
    assert_eq!(after(all[0].id, 10).await, all[1..]);
    assert!(after(all[2].id, 10).await.is_empty());
}

pub async fn who_pays_for_much_makes_room(store: Store) {
    store
        .write(|w| {
            for (payer, seal) in [(Some(X), 1), (Some(X), 2), (Some(X), 3), (Some(Y), 4), (None, 5)] {
                w.push(&NewRow {
                    payer,
                    sealed: vec![seal; 10],
                    ..row(Queue::XMPP, 1, seal)
                })?;
            }
            let ids: Vec<i64> = due(w, Queue::XMPP, 1, 10)?.iter().map(|row| row.id).collect();
            // Once may be with somebody who has not lost it yet.
            assert!(!w.drop_most_tried(&X, 1)?);
            for (row, tries) in [(0, 2), (2, 1), (3, 9), (4, 9)] {
                (0..tries).try_for_each(|_| w.retry(ids[row], 1))?;
            }
            (0..2).try_for_each(|_| w.take_back(ids[1], 1))?;
            assert_eq!((w.bytes_of(&X)?, w.bytes_of(&Y)?, w.bytes_of(&A)?), (30, 10, 0));
            assert!(w.drop_most_tried(&X, 1)?);
            // What was taken goes before what has still to be sent.
            w.push(&NewRow {
                payer: Some(X),
                ..row(Queue::XMPP, 1, 6)
            })?;
            let taken = due(w, Queue::XMPP, 1, 10)?.iter().map(|row| row.id).max();
            w.expect_back(taken.unwrap_or_default(), 1)?;
            assert!(w.drop_most_tried(&X, 1)?);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(seals(&store, Queue::XMPP, 1).await, [1, 3, 4, 5]);
    assert!(store.write(|w| w.drop_most_tried(&X, 9)).await.unwrap());
    assert_eq!(seals(&store, Queue::XMPP, 1).await, [3, 4, 5]);
    assert!(!store.write(|w| w.drop_most_tried(&X, 9)).await.unwrap());
    assert_eq!(store.read(|r| r.bytes_of(&X)).await.unwrap(), 10);
}

pub async fn what_is_still_to_be_sent_is_counted_and_hastened(store: Store) {
    assert!(store.read(|r| r.waiting()).await.unwrap().is_empty());
    let ids = store
        .write(|w| {
            for (queue, due_at) in [
                (Queue::EMAIL, 1),
                (Queue::PHONE, 90),
                (Queue::EMAIL, 80),
                (Queue::EMAIL, 1),
            ] {
                w.push(&row(queue, due_at, 1))?;
            }
            w.push(&row(Queue::EMAIL, 1, 1))?;
            let ids: Vec<i64> = w.messages(Queue::EMAIL, 0, 9)?.iter().map(|row| row.id).collect();
            w.expect_back(ids[2], 70)?;
            w.take_back(ids[3], 60)?;
            Ok(ids)
        })
        .await
        .unwrap();
    let waiting = store.read(|r| r.waiting()).await.unwrap();
    let of = |queue: Queue| waiting.iter().find(|waiting| waiting.queue == queue.number()).unwrap();
    let of_email = of(Queue::EMAIL);
    assert_eq!(
        (of_email.messages, of_email.oldest, of_email.newest),
        (2, ids[0], ids[1])
    );
    assert_eq!(of(Queue::PHONE).messages, 1);
    assert_eq!(store.write(|w| w.hasten(Queue::EMAIL, 5)).await.unwrap(), 1);
    assert_eq!(store.read(|r| due(r, Queue::EMAIL, 5, 9)).await.unwrap().len(), 2);
    assert_eq!(store.read(|r| due(r, Queue::PHONE, 5, 9)).await.unwrap().len(), 0);
    // What was taken waits for its return, and what came back for a better time.
    assert_eq!(store.read(|r| due(r, Queue::EMAIL, 70, 9)).await.unwrap().len(), 4);
}

pub async fn many_messages_are_removed_together(store: Store) {
    const MANY: u8 = 250;
    for count in [0, 1, 3, 127, 200] {
        let pushed = store.write(|w| (0..MANY).try_for_each(|seal| w.push(&row(Queue::XMPP, 1, seal))));
        pushed.await.unwrap();
        let lease = Lease { now: 1, ends_at: 1000 };
        let claimed = store.claim(Queue::XMPP, MANY.into(), lease).await.unwrap().rows;
        let (gone, left) = claimed.split_at(count);
        let ids: Vec<i64> = gone.iter().map(|row| row.id).collect();
        store.write(move |w| w.remove_all(&ids)).await.unwrap();
        let there = store.read(|r| r.messages(Queue::XMPP, 0, 1000)).await.unwrap();
        assert_eq!(there, left, "{count}");
        let ids: Vec<i64> = left.iter().map(|row| row.id).collect();
        store.write(move |w| w.remove_all(&ids)).await.unwrap();
        assert!(store.read(|r| r.messages(Queue::XMPP, 0, 1)).await.unwrap().is_empty());
    }
}
