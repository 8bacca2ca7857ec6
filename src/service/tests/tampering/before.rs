//! Databases of before boxes were bound to their places.

use super::*;
use crate::store::Database;
use crate::store::sqlite::SqliteStore;

#[tokio::test]
async fn a_database_of_before_is_bound_while_it_is_used() {
    let it = Fixture::of_before();
    let token = it.prove_over_http(&amy()).await;
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    it.clock.advance(MINUTE);
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    it.service.mute(&michael(), &[mallory().to_string()]).await.unwrap();
    it.service
        .suppress(Recipient::typed("+447700900789").unwrap())
        .await
        .unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let stop = it.letters(Queue::EMAIL).await.pop().unwrap().stop.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    let request = Fixture::request(&michael(), &[("xmpp", michael().as_str())], vec![own_hash(&amy())]);
    it.service.contact_native(request).await.unwrap();
    it.tamper("UPDATE links SET proof = zeroblob(16)").await;
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
    assert!(it.allows(token.as_ref(), &amy()).await);

    let bound = it.service.catch_up().await.unwrap().unwrap();
    // Of tokens, nothing tells whether they were moved.
    assert_eq!(bound.lost, 1);
    assert!(!it.allows(token.as_ref(), &amy()).await);
    assert!(it.service.catch_up().await.unwrap().is_none());
    for (jid, number) in [(amy(), PHONE), (michael(), "+447700900456")] {
        assert!(it.confirms(&jid, &hash("phone", number)).await);
        assert_eq!(it.service.links(&jid).await.unwrap().len(), 2);
    }
    assert!(it.service.is_subscriber(&amy()).await.unwrap());
    assert_eq!(
        it.service.muted(&michael()).await.unwrap().jids,
        [mallory().to_string()]
    );
    let phone = Recipient::typed("+447700900789").unwrap();
    assert!(it.service.is_suppressed(phone).await.unwrap());
    it.service.suppress(Recipient::Reader(stop)).await.unwrap();
    assert!(it.service.is_suppressed(Recipient::typed(MAIL).unwrap()).await.unwrap());
    // What was counted goes on being counted.
    it.sent(Queue::XMPP).await;
    it.clock.advance(MINUTE);
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
    it.match_requests().await;
    assert_eq!(it.introductions().await, [(amy().to_string(), michael().to_string())]);
}

#[tokio::test]
async fn what_was_moved_in_a_database_of_before_is_not_vouched_for_and_not_bound() {
    for columns in choices(&["id_mac", "owner_mac", "box"]) {
        let it = Fixture::of_before();
        it.link_phone(&amy(), PHONE).await;
        it.clock.advance(MINUTE);
        it.link_phone(&mallory(), MALLORYS).await;
        it.tamper("UPDATE links SET proof = zeroblob(16)").await;
        let [from, to] = [MALLORYS, PHONE].map(|number| format!("id_mac = {}", id_of(number)));
        it.tamper(&copy("links", &columns, &from, &to)).await;
        assert!(!it.is_fooled(PHONE).await, "{columns:?}");
        it.service.catch_up().await.unwrap();
        assert!(!it.is_fooled(PHONE).await, "{columns:?}");
    }
}

#[tokio::test]
async fn the_former_form_of_the_database_can_be_opened_and_the_change_be_interrupted() {
    let it = Fixture::of_before();
    for number in 0..10 {
        let jid = jid(&format!("person{number}@example.org"));
        it.register(&jid, "xmpp", jid.as_str()).await.unwrap();
    }
    it.tamper("UPDATE links SET proof = zeroblob(16)").await;
    let Fixture {
        service,
        clock,
        _folder,
    } = it;
    // Once, some steps are done before it ends.
    service.begin(keys(), 2).await;
    drop(service);
    let path = _folder.path().join("test.db");
    for is_bound in [false, true] {
        let keyring = crate::rekey::keyring_of(&Database::Sqlite(path.clone()), &keys(), None).unwrap();
        assert!(keyring.current.are_bound());
        assert_eq!(keyring.former.is_none(), is_bound);
        let store = Store::new(SqliteStore::open(&path, keyring.current.check()).unwrap());
        let service = super::service_under(store, keyring, &clock, |_| {});
        assert_eq!(service.catch_up().await.unwrap().is_some(), !is_bound);
        for number in 0..10 {
            let jid = jid(&format!("person{number}@example.org"));
            assert!(service.is_registered(&jid).await.unwrap());
        }
    }
}
