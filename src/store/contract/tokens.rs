//! Tokens for requests over HTTP.

use super::{X, Y, has_token, token};
use crate::model::TokenHash;
use crate::store::Store;

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
