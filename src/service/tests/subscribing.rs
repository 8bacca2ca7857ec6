//! The subscribers of the service's presence.

use super::*;

#[tokio::test]
async fn subscribers_are_kept_sealed_and_listed_in_pages() {
    let it = Fixture::new();
    for n in 0..501 {
        it.service
            .subscribe(&jid(&format!("user{n}@example.org")), OwnAddress::Account)
            .await
            .unwrap();
    }
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert!(it.service.is_subscriber(&amy()).await.unwrap());
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    assert!(!it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    let (mut pages, mut all) = (Pages::default(), std::collections::BTreeSet::new());
    while let Some(page) = it.service.subscribers(&mut pages).await.unwrap() {
        all.extend(page.into_iter().map(|(jid, _)| jid));
    }
    assert_eq!(all.len(), 501);
    assert!(!all.contains(&amy()));
}

#[tokio::test]
async fn each_address_of_the_service_is_subscribed_to_for_itself() {
    let it = Fixture::new();
    let listed = async || it.service.subscribers(&mut Pages::default()).await.unwrap().unwrap();
    let both = OwnAddresses::default()
        .with(OwnAddress::Domain)
        .with(OwnAddress::Account);
    it.service.subscribe(&amy(), OwnAddress::Domain).await.unwrap();
    assert!(!it.service.see_subscriber(&amy(), OwnAddress::Account).await.unwrap());
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert_eq!(listed().await, [(amy(), both)]);
    // She is one subscriber, and what is noted when she is seen again changes nothing of that.
    it.clock.advance(24 * 60 * MINUTE);
    assert!(it.service.see_subscriber(&amy(), OwnAddress::Domain).await.unwrap());
    assert_eq!(listed().await, [(amy(), both)]);
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Domain).await.unwrap());
    assert!(!it.service.unsubscribe(&amy(), OwnAddress::Domain).await.unwrap());
    assert_eq!(listed().await, [(amy(), OwnAddress::Account.into())]);
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    assert!(!it.service.is_subscriber(&amy()).await.unwrap());
}

#[tokio::test]
async fn a_subscriber_is_asked_back_once_by_each_address() {
    let it = Fixture::new();
    let ask_back = async |address| it.service.ask_back(&amy(), address).await.unwrap();
    assert!(!ask_back(OwnAddress::Account).await);
    for address in OwnAddress::ALL {
        it.service.subscribe(&amy(), address).await.unwrap();
        assert!(ask_back(address).await);
        assert!(!ask_back(address).await);
    }
    // Neither subscribing again, nor being seen, nor another key is a new subscription.
    it.clock.advance(24 * 60 * MINUTE);
    it.service.subscribe(&amy(), OwnAddress::Domain).await.unwrap();
    it.service.see_subscriber(&amy(), OwnAddress::Account).await.unwrap();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([9; 32])))
        .await
        .unwrap();
    for address in OwnAddress::ALL {
        assert!(!ask_back(address).await);
    }
    it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap();
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert!(ask_back(OwnAddress::Account).await);
    assert!(!ask_back(OwnAddress::Domain).await);
}
