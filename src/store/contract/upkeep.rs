//! Operations on every table: times, counts, and the removal of expired rows.

use super::{A, B, X, Y, count, due, has_token, link, mute, pending, row, seals, subscriber, token};
use crate::clock::Reading;
use crate::model::{Mac, TokenHash};
use crate::store::{Counts, NewRow, Purged, Queue, Store};

pub async fn what_expired_goes_and_nothing_else(store: Store) {
    let purged = store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_pending(&pending(A, X, 100))?;
            w.put_pending(&pending(B, X, 101))?;
            w.push(&NewRow {
                expires_at: 100,
                ..row(Queue::XMPP, 1, 1)
            })?;
            w.push(&NewRow {
                expires_at: 101,
                ..row(Queue::XMPP, 1, 2)
            })?;
            count(w, A, 1, 100)?;
            count(w, B, 1, 101)?;
            w.put_token(&token(1, X, 100), 9)?;
            w.put_token(&token(2, X, 101), 9)?;
            for (muted, expires_at) in [(A, Some(100)), (B, Some(101)), (Y, None)] {
                w.put_mute(&mute(muted, expires_at))?;
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
    assert_eq!(seals(&store, Queue::XMPP, 1).await, [2]);
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

pub async fn what_expired_goes_bit_by_bit(store: Store) {
    let purge = async || store.write(|w| w.purge(100, 0, 2)).await.unwrap();
    store
        .write(|w| {
            for n in 0..5 {
                count(w, Mac([n; 16]), 1, 1)?;
            }
            w.push(&NewRow {
                expires_at: 1,
                ..row(Queue::XMPP, 1, 1)
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

pub async fn times_are_noted_and_moved(store: Store) {
    let reading = Reading { own: 7, system: 9 };
    store
        .write(move |w| {
            assert_eq!(w.last_time()?, None);
            w.note_time(Reading { own: 1, system: 2 })?;
            w.note_time(reading)?;
            w.put_pending(&pending(A, X, 100))?;
            count(w, A, 1, 100)?;
            w.put_token(&token(1, X, 100), 2)?;
            w.put_subscriber(&subscriber(1))?;
            for (muted, expires_at) in [(A, Some(100)), (B, None)] {
                w.put_mute(&mute(muted, expires_at))?;
            }
            w.push(&row(Queue::XMPP, 50, 1))?;
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
            assert_eq!(r.next_due(Queue::XMPP)?, Some(40));
            assert_eq!(r.subscriber(&Mac([1; 16]))?.unwrap().seen_at, 0);
            let mut expire: Vec<_> = r.mutes_of(&X)?.iter().map(|mute| mute.expires_at).collect();
            expire.sort();
            assert_eq!(expire, [None, Some(90)]);
            let rows = due(r, Queue::XMPP, 40, 1)?;
            assert_eq!(rows[0].expires_at, row(Queue::XMPP, 50, 1).expires_at - 10);
            Ok(())
        })
        .await
        .unwrap();
    store.write(|w| w.move_times(-1000)).await.unwrap();
    assert_eq!(store.read(|r| r.next_due(Queue::XMPP)).await.unwrap(), Some(0));
}

pub async fn everything_is_counted(store: Store) {
    let empty = store.read(|r| r.counts()).await.unwrap();
    assert_eq!(Counts { bytes: 0, ..empty }, Counts::default());
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&link(B, X, 2))?;
            w.put_pending(&pending(A, X, 10))?;
            w.push(&row(Queue::XMPP, 1, 1))?;
            w.push(&row(Queue::EMAIL, 1, 1))?;
            w.put_token(&token(1, X, 10), 9)?;
            w.put_suppression(&A, 0)?;
            w.put_mute(&mute(A, None))?;
            count(w, A, 1, 1)?;
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
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), Some(link(A, X, 1)));
}
