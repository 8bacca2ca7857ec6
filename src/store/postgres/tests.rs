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

#[test]
fn no_column_is_forgotten_in_a_copy() {
    let database = TestDatabase::new();
    drop(PostgresStore::open(&database.address(), KEY).unwrap());
    let found = database.sql(
        "SELECT table_name || ' ' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'instances' AND column_name NOT IN ('holder', 'lease_ends_at')",
    );
    let mut found: Vec<(String, String)> = found
        .iter()
        .filter_map(|line| line.split_once(' '))
        .map(|(table, column)| (table.into(), column.into()))
        .collect();
    found.sort();
    assert_eq!(found, contract::copy::columns());
}

#[test]
fn whoever_is_alone_keeps_instances_out() {
    let database = TestDatabase::new();
    let address = database.address();
    let alone = AloneOn::open(&address, KEY).unwrap();
    assert!(PostgresStore::is_in_use(&address).unwrap());
    let refused = PostgresStore::open(&address, KEY).err().unwrap();
    assert!(refused.to_string().contains("itseme move"), "{refused}");
    drop(alone);
    let store = PostgresStore::open(&address, KEY).unwrap();
    let refused = AloneOn::open(&address, KEY).err().unwrap();
    assert!(refused.to_string().contains("instances of the service"), "{refused}");
    drop(store);
    drop(AloneOn::open(&address, KEY).unwrap());
}

#[test]
fn an_incomplete_copy_is_not_opened() {
    let database = TestDatabase::new();
    let check = crate::store::incomplete([1; 8]);
    drop(AloneOn::open(&database.address(), check).unwrap());
    let refused = PostgresStore::open(&database.address(), KEY).err().unwrap();
    assert!(refused.to_string().contains("incomplete"), "{refused}");
    drop(AloneOn::open(&database.address(), check).unwrap());
}
