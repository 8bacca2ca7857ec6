//! Contact requests, and confirm.

use super::*;

#[tokio::test]
async fn a_contact_request_reaches_each_recipient_once_and_never_the_requester() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    let contacts = vec![
        hash("phone", PHONE),
        own_hash(&amy()).to_uppercase(),
        own_hash(&michael()),
        hash("phone", "+447700900789"),
        "not a hash".into(),
    ];
    it.contact(&michael(), "+44 7700 900456", contacts).await.unwrap();
    assert_eq!(
        it.introductions().await,
        [("amy@example.org".into(), "michael@example.net".into())]
    );
}

#[tokio::test]
async fn only_confirmed_details_are_forwarded() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.register(&michael(), "xmpp", michael().as_str()).await.unwrap();
    let details = [
        ("phone", PHONE),
        ("pigeon", "coo"),
        ("phone", "nonsense"),
        ("xmpp", "MICHAEL@example.net"),
        ("xmpp", "michael@example.net"),
    ];
    let request = Fixture::request(&michael(), &details, vec![hash("phone", PHONE)]);
    it.service.contact_native(request).await.unwrap();
    it.match_requests().await;
    let sent = it.sent(Queue::XMPP).await;
    let [Message::Introduction { details, .. }] = &sent[..] else {
        panic!("one introduction")
    };
    assert_eq!(details[..], [Identity::of_jid(&michael())]);

    let none = Fixture::request(&michael(), &[("phone", PHONE)], vec![hash("phone", PHONE)]);
    assert_eq!(
        code_of(it.service.contact_native(none).await),
        "insufficient_contact_info"
    );
}

#[tokio::test]
async fn the_same_requester_reaches_the_same_recipient_once_a_day() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    let contacts = || vec![hash("phone", PHONE)];
    for expected in [1, 0] {
        it.contact(&michael(), "+447700900456", contacts()).await.unwrap();
        assert_eq!(it.introductions().await.len(), expected);
    }
    it.clock.advance(24 * 60 * MINUTE);
    it.contact(&michael(), "+447700900456", contacts()).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
}

#[tokio::test]
async fn nobody_can_tell_when_hashes_are_looked_up() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.link_phone(&michael(), "+447700900456").await;
    let waiting = async || it.service.due(Queue::REQUESTS, 100).await.unwrap().0.len();
    for _ in 0..30 {
        let request = Fixture::request(&michael(), &[("phone", "+447700900456")], vec![hash("phone", PHONE)]);
        it.service.contact_native(request).await.unwrap();
    }
    let at_once = waiting().await;
    assert!(at_once < 30, "some wait");
    assert!(it.introductions().await.is_empty(), "and no answer waits for them");
    it.clock.advance(request::LOOKED_UP_WITHIN / 2);
    let later = waiting().await;
    assert!(at_once < later && later < 30, "{at_once}, {later}: at various moments");
    it.clock.advance(request::LOOKED_UP_WITHIN / 2);
    assert_eq!(waiting().await, 30);
}

#[tokio::test]
async fn contact_hashes_are_limited() {
    let it = Fixture::new();
    it.link_phone(&michael(), PHONE).await;
    let contacts = |n: usize| {
        (0..n)
            .map(|n| hash("email", &format!("{n}@mail.example")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        code_of(it.contact(&michael(), PHONE, contacts(101)).await),
        "too_many_requested"
    );
    assert_eq!(code_of(it.contact(&michael(), PHONE, contacts(0)).await), "value_error");
    for _ in 0..10 {
        it.contact(&michael(), PHONE, contacts(100)).await.unwrap();
    }
    assert_eq!(
        code_of(it.contact(&michael(), PHONE, contacts(1)).await),
        "request_limit_reached"
    );
    it.clock.advance(24 * 60 * MINUTE);
    it.contact(&michael(), PHONE, contacts(100)).await.unwrap();
}

#[tokio::test]
async fn over_http_contact_needs_a_confirmed_target() {
    let it = Fixture::new();
    let request = || Fixture::request(&amy(), &[("xmpp", "amy@example.org")], vec![own_hash(&michael())]);
    assert_eq!(code_of(it.service.contact_http(request()).await), "target_unconfirmed");
    it.register(&amy(), "xmpp", "amy@example.org").await.unwrap();
    it.service.contact_http(request()).await.unwrap();
}

#[tokio::test]
async fn contact_details_are_limited() {
    let it = Fixture::new();
    let details = vec![("phone", PHONE); 101];
    let request = Fixture::request(&amy(), &details, vec![own_hash(&michael())]);
    assert_eq!(code_of(it.service.contact_native(request).await), "too_many_requested");
}

#[tokio::test]
async fn confirm_needs_every_hash() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    let (own, phone, other) = (own_hash(&amy()), hash("phone", PHONE), hash("email", MAIL));
    let confirm = async |target: &str, hashes: Vec<String>| it.service.confirm(target, &hashes).await;
    assert!(
        confirm("amy@example.org/phone", vec![own.clone(), phone.to_uppercase()])
            .await
            .unwrap()
    );
    assert!(!confirm("amy@example.org", vec![own.clone(), other]).await.unwrap());
    assert!(
        !confirm("amy@example.org", vec![own.clone(), "nonsense".into()])
            .await
            .unwrap()
    );
    assert!(!confirm("not a jid", vec![own.clone()]).await.unwrap());
    assert_eq!(code_of(confirm("amy@example.org", vec![]).await), "value_error");
    assert!(confirm("amy@example.org", vec![own.clone(); 500]).await.unwrap());
    assert_eq!(
        code_of(confirm("amy@example.org", vec![own; 501]).await),
        "too_many_requested"
    );
}
