//! Links and aliases.

use super::{A, B, X, Y, link};
use crate::model::Mac;
use crate::store::{KeyedRow, Link, Result, Rows, Store, StoreError};

async fn owner_of(store: &Store, id: Mac) -> Option<Mac> {
    store.read(move |r| r.owners(&[id])).await.unwrap().remove(0)
}

pub async fn links_are_found_moved_and_listed(store: Store) {
    assert_eq!(owner_of(&store, A).await, None);
    store
        .write(|w| {
            w.put_link(&link(A, X, 1))?;
            w.put_link(&link(B, X, 2))
        })
        .await
        .unwrap();
    assert_eq!(owner_of(&store, A).await, Some(Mac([1; 16])));
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

pub async fn many_are_looked_up_at_once_in_their_order(store: Store) {
    const MANY: u16 = 1000;
    let mac = |n: u16| Mac(std::array::from_fn(|at| n.to_be_bytes()[at % 2]));
    let made = store.write(move |w| {
        let every_third = (0..MANY).step_by(3);
        every_third
            .map(|n| link(mac(n), X, (n % 7) as u8))
            .try_for_each(|link| w.put_link(&link))
    });
    made.await.unwrap();
    for many in [0, 1, 2, 3, 100, 127, 128, 129, MANY] {
        // Backwards, and the first of them once more.
        let asked: Vec<u16> = (0..many).rev().chain((0..many).last()).collect();
        let ids: Vec<Mac> = asked.iter().map(|n| mac(*n)).collect();
        let found = store.read(move |r| Ok((r.owners(&ids)?, r.links(&ids)?)));
        let (owners, links) = found.await.unwrap();
        let link = |n: &u16| n.is_multiple_of(3).then(|| link(mac(*n), X, (n % 7) as u8));
        let expected: Vec<Option<Link>> = asked.iter().map(link).collect();
        assert!(links == expected, "{many}");
        let expected = expected.iter().map(|link| link.as_ref().map(|link| link.proof));
        assert!(owners.into_iter().eq(expected), "{many}");
    }
}

pub async fn an_id_has_one_row(store: Store) {
    let taken = (0..50).map(|n| {
        let (store, owner) = (store.clone(), Mac([n; 16]));
        tokio::spawn(async move { store.write(move |w| w.put_link(&link(A, owner, n))).await.is_ok() })
    });
    let taken = futures::future::join_all(taken).await;
    assert!(taken.into_iter().all(|taken| matches!(taken, Ok(true))));
    let has = store.read(|r| (0..50).map(|n| r.count_links_of(&Mac([n; 16]))).sum::<Result<usize>>());
    assert_eq!(has.await.unwrap(), 1);
    assert_eq!(store.read(|r| r.counts()).await.unwrap().links, 1);
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
    assert_eq!(owner_of(&store, A).await, Some(Mac([1; 16])));
    store.write(|w| w.delete_link(&A, &X)).await.unwrap();
    assert_eq!(owner_of(&store, A).await, None);
    store.write(|w| w.delete_links_of(&X)).await.unwrap();
    assert_eq!(owner_of(&store, B).await, Some(Mac([2; 16])));
    store.write(|w| w.delete_links_of(&Y)).await.unwrap();
    assert_eq!(owner_of(&store, B).await, None);
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
    let proofs = |r: &dyn crate::store::Read| {
        let owners = r.owners(&[A, Mac([3; 16]), B, Y]).unwrap().into_iter();
        owners.map(|proof| proof.map(|proof| proof.0[0])).collect::<Vec<_>>()
    };
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

fn numbered(number: u16) -> Mac {
    // Spread as MACs are.
    let spread = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    Mac(std::array::from_fn(|at| spread[at % 8]))
}

/// Ids that match are those that are linked.
async fn match_alone(store: &Store, linked: Vec<Mac>, others: Vec<Mac>) {
    let expected = [vec![true; linked.len()], vec![false; others.len()]].concat();
    let ids = [linked, others].concat();
    let matches = store.read(move |r| r.matches(&ids)).await.unwrap();
    assert_eq!(matches, expected);
}

pub async fn no_link_is_missed_by_who_matches(store: Store) {
    const EACH: u16 = 60;
    let makers = (0..8).map(|maker| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut linked, mut others) = (Vec::new(), Vec::new());
            for id in (0..EACH).map(|n| numbered(maker * EACH + n)) {
                let is_kept = !others.len().is_multiple_of(3) || linked.len() % 7 < 4;
                let made = store.write(move |w| {
                    w.put_link(&link(id, X, 1))?;
                    let changed_my_mind = StoreError::Unavailable("changed my mind".into());
                    is_kept.then_some(()).ok_or(changed_my_mind)
                });
                assert_eq!(made.await.is_ok(), is_kept);
                if is_kept { &mut linked } else { &mut others }.push(id);
                if linked.len() % 5 == 4 {
                    let gone = linked.remove(0);
                    assert!(store.write(move |w| w.delete_link(&gone, &X)).await.unwrap());
                    others.push(gone);
                }
                match_alone(&store, linked.clone(), others.clone()).await;
            }
        })
    });
    for made in futures::future::join_all(makers).await {
        made.unwrap();
    }
}

pub async fn links_match_before_in_and_after_a_change_of_the_key(store: Store) {
    const LINKS: u16 = 100;
    let ids = |from: u16, to: u16| (from..to).map(numbered).collect::<Vec<Mac>>();
    let made = store.write(|w| (0..LINKS).try_for_each(|n| w.put_link(&link(numbered(n), X, 1))));
    made.await.unwrap();
    match_alone(&store, ids(0, LINKS), ids(LINKS, 2 * LINKS)).await;
    store.write(|w| w.begin_change(&Y)).await.unwrap();
    for renewed in (0..LINKS).step_by(10) {
        let made = store.write(move |w| {
            for n in renewed..renewed + 10 {
                let [row] = &w.rows_under(0, Rows::At(&numbered(n)))?[..] else {
                    panic!("{n}")
                };
                let new = Link {
                    key: 1,
                    ..link(numbered(LINKS + n), X, 1)
                };
                w.renew(row, Some(&KeyedRow::Link(new)))?;
            }
            Ok(())
        });
        made.await.unwrap();
        let linked = [ids(renewed + 10, LINKS), ids(LINKS, LINKS + renewed + 10)].concat();
        match_alone(&store, linked, ids(LINKS + renewed + 10, 2 * LINKS)).await;
    }
    store.write(|w| w.end_change()).await.unwrap();
    for n in 2 * LINKS..3 * LINKS {
        store
            .write(move |w| w.put_link(&link(numbered(n), X, 1)))
            .await
            .unwrap();
        match_alone(&store, ids(LINKS, n + 1), ids(0, LINKS)).await;
    }
}
