//! How many codes are sent, to whom, and how many requests are let in.

use std::num::NonZeroU32;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn five_codes_a_day_to_one_identity() {
    let it = Fixture::new();
    for _ in 0..5 {
        it.resend(&amy(), "phone", PHONE).await.unwrap();
        it.clock.advance(MINUTE);
    }
    let refused = it.resend(&amy(), "phone", PHONE).await;
    let Err(Error::RequestLimitReached { retry_after, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(retry_after > 23 * 60 * MINUTE && retry_after < 24 * 60 * MINUTE);
    it.clock.advance(retry_after);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
}

#[tokio::test]
async fn twenty_codes_a_day_for_one_target() {
    let it = Fixture::new();
    for n in 0..20 {
        it.register(&amy(), "email", &format!("amy{n}@mail.example"))
            .await
            .unwrap();
    }
    assert_eq!(
        code_of(it.register(&amy(), "email", MAIL).await),
        "request_limit_reached"
    );
    it.register(&michael(), "email", MAIL).await.unwrap();
}

#[tokio::test]
async fn only_allowed_prefixes_are_sent_text_messages() {
    let it = Fixture::with(|settings| settings.prefixes = [("phone".into(), vec!["+49".into()])].into());
    assert_eq!(code_of(it.register(&amy(), "phone", PHONE).await), "value_error");
    it.register(&amy(), "phone", "+49 171 3920000").await.unwrap();
    assert!(it.register(&amy(), "email", MAIL).await.is_ok());
}

#[tokio::test]
async fn nobody_is_sent_a_text_message_that_earns_somebody_money() {
    let it = Fixture::new();
    let (premium, shared_cost) = ("+44 909 879 0123", "+44 843 000 1234");
    for number in [premium, shared_cost] {
        assert_eq!(code_of(it.register(&amy(), "phone", number).await), "value_error");
    }
    assert!(it.sent(Queue::PHONE).await.is_empty());
}

/// Somebody else, with another number, each time.
fn caller(n: u32) -> (BareJid, String) {
    (jid(&format!("caller{n}@example.org")), format!("+4477009001{n:02}"))
}

#[tokio::test]
async fn each_budget_that_covers_a_number_counts() {
    let it = Fixture::with(|settings| {
        settings.budgets = vec![
            budget("phone", "+", 4),
            budget("phone", "+44", 3),
            budget("phone", "+49", 1),
        ];
    });
    for n in 0..3 {
        let (jid, number) = caller(n);
        it.register(&jid, "phone", &number).await.unwrap();
    }
    let (jid, number) = caller(3);
    let refused = it.register(&jid, "phone", &number).await;
    assert!(matches!(refused, Err(Error::RequestLimitReached { retry_after, .. }) if retry_after <= 24 * 60 * MINUTE));
    // What is refused uses up nothing: there is one left for all numbers.
    it.register(&jid, "phone", "+49 171 3920000").await.unwrap();
    assert_eq!(
        code_of(it.register(&jid, "phone", "+43 664 1234567").await),
        "request_limit_reached"
    );
    assert_eq!(it.sent(Queue::PHONE).await.len(), 4);
    // Mails are another matter.
    it.register(&jid, "email", MAIL).await.unwrap();

    it.clock.advance(24 * 60 * MINUTE);
    it.register(&jid, "phone", &number).await.unwrap();
}

#[tokio::test]
async fn there_is_a_budget_for_all_mails() {
    let it = Fixture::with(|settings| settings.budgets = vec![budget("email", "", 2)]);
    it.register(&amy(), "email", MAIL).await.unwrap();
    it.register(&amy(), "email", "amy@other.example").await.unwrap();
    assert_eq!(
        code_of(it.register(&michael(), "email", "michael@mail.example").await),
        "request_limit_reached"
    );
    it.register(&michael(), "phone", PHONE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_holds_for_requests_at_once_and_over_restarts() {
    let settings = |settings: &mut Settings| settings.budgets = vec![budget("phone", "+", 7)];
    let it = Fixture::with(settings);
    let asked = (0..50).map(|n| {
        let service = it.service.clone();
        tokio::spawn(async move {
            let (jid, number) = caller(n);
            service.register_native(&jid, "phone", &number, false).await.is_ok()
        })
    });
    let sent = futures::future::join_all(asked).await;
    assert_eq!(sent.into_iter().filter(|sent| *sent.as_ref().unwrap()).count(), 7);
    assert_eq!(it.sent(Queue::PHONE).await.len(), 7);

    let restarted = it.restarted(settings);
    let (jid, number) = caller(50);
    let refused = restarted.register_native(&jid, "phone", &number, false).await;
    assert_eq!(code_of(refused), "request_limit_reached");
}

#[tokio::test]
async fn codes_asked_for_by_one_address_are_limited() {
    let it = Fixture::with(|settings| settings.limits.codes_per_address_per_day = 3);
    let from = |address: &str| it.service.asked_from(address.parse().unwrap());
    let ask = async |service: &Asked, n: u32| {
        let (jid, _) = caller(n);
        service.register_http(&jid, "xmpp", jid.as_str(), false, None).await
    };
    let (one, other) = (from("192.0.2.1"), from("2001:db8::"));
    for n in 0..3 {
        ask(&one, n).await.unwrap();
        // Asked for again, nothing is sent.
        ask(&one, n).await.unwrap();
    }
    assert_eq!(code_of(ask(&one, 3).await), "request_limit_reached");
    ask(&other, 3).await.unwrap();
    // Who asks natively is known by name.
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(24 * 60 * MINUTE);
    ask(&one, 4).await.unwrap();
}

#[tokio::test]
async fn requests_are_counted_by_the_clock() {
    let it = Fixture::new();
    let requester = Requester::Jid(Some("amy"), "example.org");
    assert!((30..40).contains(&admitted(&it.service, requester).0));
    it.service
        .admit(Requester::Jid(Some("michael"), "example.net"))
        .unwrap();
    for _ in 0..5 {
        it.clock.advance(SECOND);
        let (at_once, wait) = admitted(&it.service, requester);
        assert!((10..20).contains(&at_once), "{at_once}");
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        it.clock.advance(wait);
        it.service.admit(requester).unwrap();
    }
    it.clock.advance(3 * SECOND);
    assert!((30..40).contains(&admitted(&it.service, requester).0));
}

#[tokio::test]
async fn a_peer_may_ask_more_than_a_person_and_is_counted_apart() {
    let it = Fixture::new();
    let there = "itseme.example.net";
    assert!((50..65).contains(&admitted(&it.service, Requester::Peer(there)).0));
    it.service.admit(Requester::Peer("itseme.example.com")).unwrap();
    assert!((30..40).contains(&admitted(&it.service, Requester::Jid(None, there)).0));
    it.clock.advance(SECOND);
    assert!((50..65).contains(&admitted(&it.service, Requester::Peer(there)).0));
    // Never less than others.
    let mut settings = Settings::default();
    settings.limits.requests_per_second = NonZeroU32::new(200).unwrap();
    it.service.reload(settings, SignIns::default()).await;
    assert!((200..300).contains(&admitted(&it.service, Requester::Peer(there)).0));
}

#[tokio::test]
async fn as_many_are_let_through_at_once_as_in_a_second_and_a_reload_changes_both() {
    let settings = |per_second, at_once| {
        let mut settings = Settings::default();
        settings.limits.requests_per_second = NonZeroU32::new(per_second).unwrap();
        settings.limits.request_burst = NonZeroU32::new(at_once).unwrap();
        settings
    };
    let it = Fixture::new();
    let requester = Requester::Misnamed("whoever");
    for (per_second, at_once, expected) in [(1, 3, 3..=3), (200, 3, 200..=300), (1, 1, 1..=1)] {
        it.service
            .reload(settings(per_second, at_once), SignIns::default())
            .await;
        let (admitted, wait) = admitted(&it.service, requester);
        assert!(expected.contains(&admitted), "{admitted}");
        assert!(wait <= SECOND / per_second, "{wait:?}");
    }
}

/// Lets requests through until one is refused. Returns their number, and the time to wait.
fn admitted(service: &Service, requester: Requester<'_>) -> (usize, Duration) {
    for at_once in 0..1000 {
        match service.admit(requester) {
            Ok(()) => {}
            Err(Error::RequestLimitReached { retry_after, limit }) => {
                assert_eq!(limit, Limit::Requests);
                return (at_once, retry_after);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("nothing is refused")
}

#[tokio::test]
async fn a_server_brings_so_many_new_jids_a_day_and_no_others_suffer() {
    let it = Fixture::with(|settings| settings.limits.new_jids_per_day = 3);
    let register = async |jid: &str| {
        let registered = it.service.register_native(&self::jid(jid), "xmpp", jid, false).await;
        registered.map(drop)
    };
    for n in 0..2 {
        register(&format!("u{n}@evil.example")).await.unwrap();
    }
    it.service
        .subscribe(&jid("u2@evil.example"), OwnAddress::Account)
        .await
        .unwrap();
    assert_eq!(code_of(register("u3@evil.example").await), "request_limit_reached");
    let subscribed = it.service.subscribe(&jid("u3@evil.example"), OwnAddress::Account).await;
    assert_eq!(code_of(subscribed), "request_limit_reached");
    register("amy@example.net").await.unwrap();

    // Who is known is none of them; nor does one use up the others' share by coming and going.
    it.service
        .subscribe(&jid("u0@evil.example"), OwnAddress::Account)
        .await
        .unwrap();
    register("u2@evil.example").await.unwrap();
    for _ in 0..10 {
        it.service.forget_native(&jid("amy@example.net"), &[]).await.unwrap();
        register("amy@example.net").await.unwrap();
    }
    register("michael@example.net").await.unwrap();
    it.clock.advance(Duration::from_secs(24 * 60 * 60));
    register("u3@evil.example").await.unwrap();
}
