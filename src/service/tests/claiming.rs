//! Messages that are claimed for somebody who goes away. Over PostgreSQL, because over SQLite nobody waits for a claim.

use super::*;
use crate::store::Store;
use crate::store::postgres::PostgresStore;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_no_message_claimed() {
    let database = testing::TestDatabase::new();
    let store = Store::new(PostgresStore::open(&database.address(), keys().check()).unwrap());
    let service = service(store, &Clock::system(), |_| {});
    service.register_native(&amy(), "phone", PHONE, false).await.unwrap();
    let claimed = async || {
        let (due, _) = service.claim(Queue::PHONE, 9).await.unwrap();
        let rows: Vec<i64> = due.iter().map(|due| due.row.id).collect();
        service.release(rows.clone()).await;
        rows.len()
    };
    for wait in 0..60 {
        let _ = tokio::time::timeout(Duration::from_micros(100 * wait), claimed()).await;
    }
    let is_free = async {
        while claimed().await != 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(MINUTE, is_free).await.unwrap();
}
