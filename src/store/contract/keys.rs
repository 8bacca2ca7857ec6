//! The keys of rows, and the change from one to the next.

use super::{A, B, X, Y, count, due, has_token, link, mute, pending, row, subscriber, token};
use crate::model::Mac;
use crate::store::{KeyedRow, Link, NewRow, Queue, Rows, Store, Write};

const NEW: Mac = Mac([99; 16]);
const NEXT: usize = 100;

/// One row of each table, made by `X` where it has an owner, and about `A`.
fn one_of_each(w: &dyn Write) -> crate::store::Result<()> {
    w.put_link(&link(A, X, 1))?;
    w.put_pending(&pending(A, X, 100))?;
    w.push(&NewRow {
        about: Some(A),
        ..row(Queue::XMPP, 1, 1)
    })?;
    w.put_subscriber(&subscriber(11))?;
    w.put_mute(&mute(Y, None))?;
    w.put_token(&token(1, X, 100), 9)?;
    w.put_suppression(&A, 0)
}

/// As it is made with the next key: owner and id are others.
fn renewed(row: &KeyedRow) -> KeyedRow {
    let mut new = row.clone();
    match &mut new {
        KeyedRow::Link(link) => (link.id, link.owner, link.key) = (B, NEW, 1),
        KeyedRow::Pending(pending) => (pending.id, pending.owner, pending.key) = (B, NEW, 1),
        KeyedRow::Message(_, row) => (row.about, row.key) = (Some(B), 1),
        KeyedRow::Subscriber(subscriber) => (subscriber.owner, subscriber.key) = (NEW, 1),
        KeyedRow::Mute(mute) => (mute.owner, mute.key) = (NEW, 1),
        KeyedRow::Token(token) => (token.owner, token.key) = (NEW, 1),
        KeyedRow::Suppression(mac, key) => (*mac, *key) = (B, 1),
    }
    new
}

/// All rows under a key, and whatever is found of them is renewed by `renew`.
async fn each(store: &Store, renew: fn(&dyn Write, &KeyedRow) -> crate::store::Result<()>) -> Vec<KeyedRow> {
    let mut all = Vec::new();
    loop {
        let some = store.write(move |w| {
            let some = w.rows_under(0, Rows::Next(NEXT))?;
            some.iter().try_for_each(|row| renew(w, row))?;
            Ok(some)
        });
        let some = some.await.unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

pub async fn rows_are_renewed_where_they_are(store: Store) {
    store.write(one_of_each).await.unwrap();
    let before = store.read(|r| r.counts()).await.unwrap();
    let number = store.write(|w| w.begin_change(&NEW)).await.unwrap();
    assert_eq!(number, 1);
    assert_eq!(
        store.write(|w| w.begin_change(&NEW)).await.unwrap(),
        1,
        "it is gone on with"
    );
    let rows = each(&store, |w, row| w.renew(row, Some(&renewed(row)))).await;
    assert_eq!(rows.len(), 7);
    store.write(|w| w.end_change()).await.unwrap();
    assert_eq!(store.read(|r| r.counts()).await.unwrap(), before);
    assert_eq!(store.read(|r| r.link(&A)).await.unwrap(), None);
    let found = store.read(|r| r.link(&B)).await.unwrap().unwrap();
    assert_eq!((found.owner, found.key), (NEW, 1));
    assert!(store.read(|r| r.pending(&B, &NEW)).await.unwrap().is_some());
    assert!(store.read(|r| r.is_subscriber(&NEW)).await.unwrap());
    assert!(store.read(|r| r.is_muted(&NEW, &[Y])).await.unwrap());
    assert!(store.read(|r| r.is_suppressed(&B)).await.unwrap());
    assert!(has_token(&store, 1).await);
    store.write(|w| w.withdraw(&B)).await.unwrap();
    assert!(store.read(|r| due(r, Queue::XMPP, 1, 9)).await.unwrap().is_empty());
}

pub async fn rows_are_found_by_their_key_and_what_they_are_of(store: Store) {
    let found = store.write(|w| {
        one_of_each(w)?;
        w.put_link(&Link {
            key: 1,
            ..link(B, X, 2)
        })?;
        w.put_link(&link(Y, Y, 3))?;
        let found = |key, rows| Ok::<_, crate::store::StoreError>(w.rows_under(key, rows)?.len());
        let ends = [
            found(0, Rows::Of(&X))?,
            found(1, Rows::Of(&X))?,
            found(0, Rows::At(&A))?,
            found(1, Rows::At(&A))?,
            found(0, Rows::About(&A))?,
            found(0, Rows::About(&B))?,
            found(0, Rows::Registrations)?,
            found(1, Rows::Registrations)?,
        ];
        Ok(ends)
    });
    assert_eq!(found.await.unwrap(), [5, 1, 2, 0, 1, 0, 1, 0]);
}

pub async fn every_row_comes_once_and_links_come_last(store: Store) {
    store
        .write(|w| {
            one_of_each(w)?;
            (20..40).try_for_each(|n| w.put_link(&link(Mac([n; 16]), X, n)))
        })
        .await
        .unwrap();
    store.write(|w| w.begin_change(&NEW)).await.unwrap();
    // Links are found once, though these are not renewed, so that none is read over and over.
    let rows = each(&store, |w, row| match row {
        KeyedRow::Link(_) | KeyedRow::Message(..) | KeyedRow::Token(_) => Ok(()),
        other => w.renew(other, None),
    });
    let rows = rows.await;
    let are_links: Vec<bool> = rows.iter().map(|row| matches!(row, KeyedRow::Link(_))).collect();
    assert_eq!(are_links, [vec![false; 6], vec![true; 21]].concat());
    let counts = store.read(|r| r.counts()).await.unwrap();
    assert_eq!(
        (counts.links, counts.pending, counts.mutes),
        (21, 0, 0),
        "what is renewed by nothing goes"
    );
}

pub async fn what_has_its_place_already_is_not_replaced(store: Store) {
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            let there = Link {
                key: 1,
                ..link(B, Y, 2)
            };
            w.put_link(&there)?;
            for row in w.rows_under(0, Rows::At(&A))? {
                w.renew(&row, Some(&renewed(&row)))?;
            }
            assert_eq!(w.link(&B)?, Some(there));
            assert_eq!(w.link(&A)?, None);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn counters_begin_anew_once_in_a_change(store: Store) {
    let used = async |name: Mac| {
        let quota = store.read(move |r| r.quota(&name)).await.unwrap();
        quota.map(|quota| quota.used)
    };
    let restart = async |kept: Option<&'static [(Mac, Mac)]>| {
        store.write(move |w| w.restart_counters(kept)).await.unwrap();
    };
    store
        .write(|w| {
            count(w, A, 2, 100)?;
            count(w, B, 3, 100)?;
            w.begin_change(&NEW).map(drop)
        })
        .await
        .unwrap();
    restart(Some(&[(A, X), (Y, Y)])).await;
    assert_eq!(
        (used(A).await, used(X).await, used(B).await, used(Y).await),
        (None, Some(2), None, None)
    );
    restart(Some(&[])).await;
    assert_eq!(used(X).await, Some(2));
    store.write(|w| w.end_change()).await.unwrap();
    // In the next change they do again; or all go on.
    store.write(|w| w.begin_change(&X).map(drop)).await.unwrap();
    restart(None).await;
    assert_eq!(used(X).await, Some(2));
}
