//! A change of the key that lasts: attackers, and ends of the process.

use super::*;

/// Returns the number of rows of a table that carry the number of a key.
fn rows_under(it: &Fixture, table: &str, key: u32) -> i64 {
    let database = rusqlite::Connection::open(it._folder.path().join("test.db")).unwrap();
    let sql = format!("SELECT count(*) FROM {table} WHERE key_number = {key}");
    database.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The time would tell that somebody is linked.
#[tokio::test]
async fn who_knows_no_code_has_no_link_renewed() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    link_itself(&it.service, &michael()).await;
    it.service.begin(keys(8), 0).await;
    let links = rows_under(&it, "links", 0);
    assert!(links >= 2);
    let phone = hash("phone", PHONE);
    it.verify_http(&phone, "1234").await.unwrap_err();
    let callback = Callback {
        state: Some("none".into()),
        code: Some("amy".into()),
        ..Callback::default()
    };
    it.service
        .finish_sign_in(&phone.to_string(), callback)
        .await
        .unwrap_err();
    assert!(it.confirms(&amy(), &phone).await);
    assert_eq!(rows_under(&it, "links", 0), links);
    it.register(&michael(), "phone", PHONE).await.unwrap();
    assert_eq!(rows_under(&it, "links", 0), links - 1, "but that of whoever asks");
}

/// Whenever the process ends, and whatever is asked for first.
#[tokio::test]
async fn what_counts_from_the_start_is_not_lost() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let hash = hash("phone", PHONE);
    let no = wrong(&it.codes(Queue::PHONE).await[0]);
    for byte in 9..30 {
        it.service.begin(keys(byte), 0).await;
        let refused = it.verify_http(&hash, &no).await.unwrap_err();
        if matches!(refused, Error::NothingWaits) {
            return;
        }
        it.service.rekey(keys(byte)).await.unwrap();
    }
    panic!("guesses are not counted");
}

/// Somebody who once could write the file put something there that is found by nothing.
#[tokio::test]
async fn what_was_put_into_the_file_does_not_hold_a_change_up() {
    for sql in [
        "UPDATE mutes SET owner_mac = x'00'",
        "UPDATE subscribers SET owner_mac = zeroblob(17)",
        "UPDATE pending SET id_mac = x''",
        "INSERT INTO suppressions VALUES (x'00', 0)",
        "UPDATE links SET id_mac = x'00' WHERE rowid = 1",
        "INSERT INTO meta VALUES ('renewing_row', x'7fffffffffffffff'), ('renewing_table', x'0000000000000009')",
    ] {
        let it = Fixture::new();
        it.register(&amy(), "phone", PHONE).await.unwrap();
        link_itself(&it.service, &michael()).await;
        it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
        it.service.mute(&amy(), &[person(1).to_string()]).await.unwrap();
        it.tamper(sql).await;
        it.service.rekey(keys(8)).await.unwrap();
        let left = i64::from(sql.contains("links"));
        assert_eq!(rows_under(&it, "links", 0), left, "{sql}");
        it.register(&person(1), "phone", PHONE).await.unwrap();
    }
}
