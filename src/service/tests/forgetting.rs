//! Links, and what is left when they are forgotten or expire.

use super::*;

#[tokio::test]
async fn links_are_listed_and_forgotten_by_name_or_all() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    let (own, phone, email) = (own_hash(&amy()), hash("phone", PHONE), hash("email", MAIL));
    let links = async || {
        let links = it.service.links(&amy()).await.unwrap();
        links.iter().map(|link| link.hash.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(links().await, [own.clone(), phone.clone()]);

    it.service
        .forget_native(&michael(), &[phone.clone(), email.clone()])
        .await
        .unwrap();
    it.service.forget_native(&amy(), &["nonsense".into()]).await.unwrap();
    assert_eq!(links().await.len(), 2);
    it.service.forget_native(&amy(), &[phone, email.clone()]).await.unwrap();
    assert_eq!(links().await, [own]);
    assert_eq!(code_of(it.verify(&amy(), &email, &code).await), "not_found");

    it.clock.advance(MINUTE);
    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert!(links().await.is_empty());
    assert_eq!(code_of(it.verify(&amy(), &email, &code).await), "not_found");
}

#[tokio::test]
async fn forgetting_over_http_takes_a_code_for_that_very_selection() {
    let it = Fixture::new();
    let forget = async |hashes: Vec<String>, code: Option<&str>| {
        it.service
            .forget_http(&amy(), &hashes, code.map(str::to_owned), false)
            .await
    };
    assert_eq!(code_of(forget(vec![], None).await), "target_unconfirmed");
    it.link_phone(&amy(), PHONE).await;
    let (own, phone) = (own_hash(&amy()), hash("phone", PHONE));

    assert_eq!(forget(vec![phone.clone()], None).await.unwrap(), Forgetting::Pending);
    assert_eq!(forget(vec![phone.clone()], None).await.unwrap(), Forgetting::Pending);
    let codes = it.codes(Queue::XMPP).await;
    let [code] = &codes[..] else { panic!("one code") };
    assert_eq!(code_of(forget(vec![], Some(code)).await), "not_found");
    assert_eq!(
        code_of(forget(vec![phone.clone()], Some(&wrong(code))).await),
        "faulty_code"
    );
    assert_eq!(
        forget(vec![phone.to_uppercase()], Some(code)).await.unwrap(),
        Forgetting::Forgotten(1)
    );
    assert!(!it.confirms(&amy(), &phone).await);
    assert!(it.confirms(&amy(), &own).await);

    it.clock.advance(MINUTE);
    forget(vec![], None).await.unwrap();
    let code = it.codes(Queue::XMPP).await.pop().unwrap();
    assert!(matches!(
        forget(vec![], Some(&code)).await.unwrap(),
        Forgetting::Forgotten(_)
    ));
    assert!(!it.confirms(&amy(), &own).await);
}

#[tokio::test]
async fn what_expired_is_purged() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.service.purge().await.unwrap(), Purged::default());
    it.clock.advance(11 * MINUTE);
    let purged = it.service.purge().await.unwrap();
    assert_eq!((purged.pending, purged.outbox), (1, 1));
    it.clock.advance(24 * 60 * MINUTE);
    // Codes to the number, for it by Amy, of Amy, of Amy in its range, to all numbers; Amy as a new JID, and the new JIDs of her server.
    assert_eq!(it.service.purge().await.unwrap().quota, 7);
}

#[tokio::test]
async fn whoever_is_forgotten_asks_nobody_any_more() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    it.contact(&michael(), "+447700900456", vec![hash("phone", PHONE)])
        .await
        .unwrap();
    let waiting = Fixture::request(&michael(), &[("phone", "+447700900456")], vec![own_hash(&amy())]);
    it.service.contact_native(waiting).await.unwrap();
    it.service.forget_native(&michael(), &[]).await.unwrap();
    it.match_requests().await;
    assert!(it.introductions().await.is_empty());
}

#[tokio::test]
async fn statistics_count_and_name_nobody() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(MINUTE);
    let statistics = it.service.statistics().await.unwrap();
    let counts = statistics.counts;
    assert_eq!(
        (counts.links, counts.owners, counts.pending, counts.outbox),
        (1, 1, 1, 1)
    );
    assert!(statistics.uptime >= MINUTE);
}

#[tokio::test]
async fn forgetting_tells_whether_there_was_something() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let forget = async |hashes: &[String]| it.service.forget_native(&amy(), hashes).await.unwrap();
    assert_eq!(forget(&[hash("email", MAIL)]).await, 0);
    assert_eq!(forget(&[hash("phone", PHONE)]).await, 1);
    assert_eq!(forget(&[]).await, 1);
    assert_eq!(forget(&[]).await, 0);
}

#[tokio::test]
async fn a_change_wakes_its_worker_though_nobody_waits_for_the_answer_any_more() {
    let it = Fixture::new();
    let service = it.service.clone();
    let mut posted = service.store().subscribe(Queue::PHONE);
    let asked = tokio::spawn(async move { service.register_native(&amy(), "phone", PHONE, false).await });
    // A client that goes away: the request has begun, and its future is dropped.
    tokio::task::yield_now().await;
    asked.abort();
    let _ = asked.await;
    let woken = tokio::time::timeout(Duration::from_secs(10), posted.posted());
    assert!(woken.await.is_ok());
    assert_eq!(it.codes(Queue::PHONE).await.len(), 1);
}

#[tokio::test]
async fn an_admin_forgets_a_number_for_whoever_has_it() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.register(&amy(), "email", MAIL).await.unwrap();
    it.register(&michael(), "phone", PHONE).await.unwrap();
    let forget = async |hash: &str| {
        let hash = read_hash(hash).unwrap();
        it.service.call_admin(ForgetHash { hash }).await.unwrap()
    };
    assert_eq!(forget(&hash("phone", "+447700900999")).await, 0);
    assert_eq!(
        forget(&hash("phone", PHONE)).await,
        2,
        "the link, and Michael's registration"
    );
    assert!(!it.confirms(&amy(), &hash("phone", PHONE)).await);
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
    assert!(it.confirms(&amy(), &own_hash(&amy())).await, "other links stay");
    it.tamper("UPDATE links SET box = x'00'").await;
    assert_eq!(forget(&hash("email", MAIL)).await, 1, "though its box cannot be opened");
    assert!(!it.confirms(&amy(), &hash("email", MAIL)).await);
    let refused = it.service.call_http(ForgetHash {
        hash: read_hash(&hash("phone", PHONE)).unwrap(),
    });
    assert!(matches!(refused.await, Err(Error::NotAllowed)));
}
