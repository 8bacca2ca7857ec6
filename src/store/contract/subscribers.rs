//! Subscribers of the service's presence.

use super::{A, B, link, subscriber};
use crate::clock::Millis;
use crate::model::Mac;
use crate::store::{Store, Subscriber};

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
