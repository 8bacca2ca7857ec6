//! Places for subscribers.

use super::*;

/// Places for subscribers in tests, of which a server of others has a tenth.
const PLACES: usize = 200;

#[tokio::test]
async fn a_server_takes_no_more_than_its_share_of_the_places_for_subscribers() {
    let it = Fixture::new();
    let subscribe = async |jid: &BareJid| it.service.subscribe(jid, OwnAddress::Account).await;
    let is_there = async |jid: &BareJid| it.service.is_subscriber(jid).await.unwrap();
    for number in 0..PLACES / 10 {
        subscribe(&evil(number)).await.unwrap();
    }
    assert_eq!(code_of(subscribe(&evil(1000)).await), "request_limit_reached");
    subscribe(&jid("amy@example.net")).await.unwrap();
    // Whoever has a link always fits, and does not make room.
    link_itself(&it, &evil(1001)).await.unwrap();
    subscribe(&evil(1001)).await.unwrap();
    // The next day, whoever was not seen makes room for others.
    it.clock.advance(DAY);
    link_itself(&it, &evil(0)).await.unwrap();
    assert!(it.service.see_subscriber(&evil(1), OwnAddress::Account).await.unwrap());
    for number in 2000..2000 + PLACES / 10 {
        let _ = subscribe(&evil(number)).await;
    }
    for (number, stays) in [(0, true), (1, true), (2, false), (3, false), (1001, true), (2000, true)] {
        assert_eq!(is_there(&evil(number)).await, stays, "{number}");
    }
    assert!(is_there(&jid("amy@example.net")).await);
}

#[tokio::test]
async fn the_own_servers_people_and_those_with_a_link_find_a_place_when_all_are_taken() {
    let it = Fixture::new();
    for number in 0..PLACES {
        let subscriber = jid(&format!("amy@server{number}.example"));
        it.service.subscribe(&subscriber, OwnAddress::Account).await.unwrap();
    }
    let late = jid("late@example.net");
    assert_eq!(
        code_of(it.service.subscribe(&late, OwnAddress::Account).await),
        "request_limit_reached"
    );
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    link_itself(&it, &late).await.unwrap();
    it.service.subscribe(&late, OwnAddress::Account).await.unwrap();
}

#[tokio::test]
async fn subscribers_that_do_not_come_back_go() {
    let it = Fixture::new();
    let (back, linked, gone) = (jid("back@example.net"), jid("linked@example.net"), amy());
    link_itself(&it, &linked).await.unwrap();
    for subscriber in [&back, &linked, &gone] {
        it.service.subscribe(subscriber, OwnAddress::Account).await.unwrap();
    }
    for _ in 0..2 {
        it.clock.advance(100 * DAY);
        assert!(it.service.see_subscriber(&back, OwnAddress::Account).await.unwrap());
        it.service.purge().await.unwrap();
    }
    for (subscriber, stays) in [(&back, true), (&linked, true), (&gone, false)] {
        assert_eq!(
            it.service
                .see_subscriber(subscriber, OwnAddress::Account)
                .await
                .unwrap(),
            stays,
            "{subscriber}"
        );
    }
}
