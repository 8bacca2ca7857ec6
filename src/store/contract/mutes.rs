//! Mutes of contact requests.

use super::{A, B, X, Y};
use crate::model::Mac;
use crate::store::{MuteRow, Store};

pub async fn mutes_are_their_owners_and_go(store: Store) {
    let mute = |owner: Mac, muted: Mac| MuteRow {
        owner,
        muted,
        key: 0,
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
    let is_muted = async |owner: Mac, muted: Mac| store.read(move |r| r.is_muted(&owner, &[muted])).await.unwrap();
    let mut of_x = store.read(|r| r.mutes_of(&X)).await.unwrap();
    of_x.sort_by_key(|mute| mute.muted.0);
    assert_eq!(of_x, [mute(X, A), mute(X, B)]);
    assert_eq!(store.read(|r| r.count_mutes_of(&X)).await.unwrap(), (2, 4));
    assert!(is_muted(X, B).await);
    assert!(!is_muted(Y, B).await);
    let muting = async |mutes: &'static [(Mac, Mac)]| store.read(move |r| r.muting(mutes)).await.unwrap();
    assert_eq!(muting(&[(X, B), (Y, B), (B, X)]).await, [X].into());
    assert!(muting(&[]).await.is_empty());

    assert!(store.write(|w| w.delete_mute(&X, &A)).await.unwrap());
    assert!(!store.write(|w| w.delete_mute(&X, &A)).await.unwrap());
    assert!(!is_muted(X, A).await);
    assert!(is_muted(Y, A).await);
    assert_eq!(store.write(|w| w.delete_mutes_of(&X)).await.unwrap(), 1);
    assert_eq!(store.read(|r| r.count_mutes_of(&X)).await.unwrap(), (0, 0));
    assert!(is_muted(Y, A).await);
}
