//! What only PostgreSQL does, and the contract.

#![allow(clippy::unwrap_used)]
use super::super::Store;
use super::super::contract;
use super::*;
use crate::store::testing::TestDatabase;

const KEY: Mac = Mac([7; 16]);

async fn with_store<F: Future<Output = ()>>(test: impl FnOnce(Store) -> F) {
    let database = TestDatabase::new();
    let store = PostgresStore::open(&database.address(), KEY).unwrap();
    test(Store::new(store)).await;
}

contract::tests!(with_store);
