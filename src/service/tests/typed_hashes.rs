//! A registration is found by the hash of the id as it was typed as well, as clients of the API document make it.

use super::*;

/// Ways to type the same number and address.
const SPELLINGS: [(&str, &str, &str); 4] = [
    ("phone", "+44 7700 900123", PHONE),
    ("phone", "tel:+44-7700-900123", PHONE),
    ("email", "Amy@Mail.Example", MAIL),
    ("xmpp", "Rory@Example.net/phone", "rory@example.net"),
];

fn typed(provider: &str, id: &str) -> String {
    Hash::of(provider, id).to_string()
}

fn queue_of(provider: &str) -> Queue {
    match provider {
        "phone" => Queue::PHONE,
        "email" => Queue::EMAIL,
        _ => Queue::XMPP,
    }
}

impl Fixture {
    /// Registers over HTTP, in the name of Amy, whose JID is linked. Returns the code that waits.
    async fn code_over_http(&self, provider: &str, id: &str) -> String {
        self.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
        let asked = self.service.register_http(&amy(), provider, id, false, None).await;
        assert_eq!(asked.unwrap().hash.to_string(), hash(provider, id));
        self.codes(queue_of(provider)).await.pop().unwrap()
    }

    async fn rows_that_wait(&self) -> u64 {
        self.service.statistics().await.unwrap().counts.pending
    }
}

#[tokio::test]
async fn a_code_is_right_under_the_hash_of_what_was_typed() {
    for (provider, id, canonical) in SPELLINGS {
        for natively in [true, false] {
            let it = Fixture::new();
            let (code, hash) = (it.code_over_http(provider, id).await, hash(provider, canonical));
            let typed = typed(provider, id);
            assert_ne!(typed, hash);
            let verified = match natively {
                true => it.verify(&amy(), &typed, &code).await.unwrap(),
                false => it.verify_http(&typed, &code).await.unwrap(),
            };
            assert_eq!((verified.hash.to_string(), verified.is_respelled), (hash.clone(), true));
            assert!(it.confirms(&amy(), &hash).await);
            assert!(!it.confirms(&amy(), &typed).await, "only while it waits");
            assert_eq!(it.rows_that_wait().await, 0, "{id}");
        }
    }
}

#[tokio::test]
async fn the_own_hash_is_right_as_before() {
    let it = Fixture::new();
    let code = it.code_over_http("phone", "+44 7700 900123").await;
    let verified = it.verify_http(&hash("phone", PHONE), &code).await.unwrap();
    assert!(!verified.is_respelled);
    assert_eq!(it.rows_that_wait().await, 0);
}

#[tokio::test]
async fn the_last_two_spellings_of_each_side_are_kept() {
    let it = Fixture::new();
    it.register(&amy(), "phone", &spelled(9)).await.unwrap();
    for n in 1..=4 {
        it.service
            .register_http(&amy(), "phone", &spelled(n), false, None)
            .await
            .unwrap();
        assert!(it.rows_that_wait().await <= 1 + 1 + 2);
    }
    let mut code = it.codes(Queue::PHONE).await.pop().unwrap();
    for (n, expected) in [
        (1, "not_found"),
        (2, "not_found"),
        (3, "faulty_code"),
        (4, "faulty_code"),
        (9, "faulty_code"),
    ] {
        let guessed = it.verify_http(&typed("phone", &spelled(n)), &wrong(&code)).await;
        assert_eq!(code_of(guessed), expected, "{n}");
    }
    it.clock.advance(MINUTE);
    it.resend(&amy(), "phone", &spelled(8)).await.unwrap();
    code = it.codes(Queue::PHONE).await.pop().unwrap();
    for n in [3, 4, 8, 9] {
        let guessed = it.verify(&amy(), &typed("phone", &spelled(n)), &wrong(&code)).await;
        assert_eq!(code_of(guessed), "faulty_code", "{n}");
    }
    it.verify(&amy(), &typed("phone", &spelled(9)), &code).await.unwrap();
}

#[tokio::test]
async fn other_spellings_give_no_more_guesses() {
    let it = Fixture::new();
    let code = it.code_over_http("phone", "+44 7700 900123").await;
    it.service
        .register_http(&amy(), "phone", "+44 7700-900123", false, None)
        .await
        .unwrap();
    let known = [PHONE, "+44 7700 900123", "+44 7700-900123"].map(|id| typed("phone", id));
    for hash in known.iter().cycle().take(5) {
        assert_eq!(code_of(it.verify_http(hash, &wrong(&code)).await), "faulty_code");
    }
    for hash in &known {
        assert_eq!(code_of(it.verify_http(hash, &code).await), "not_found");
    }
}

#[tokio::test]
async fn where_no_guesses_are_left_a_spelling_is_as_one_that_nobody_has_typed() {
    let it = Fixture::with(|settings| settings.limits.guesses_per_code = 20);
    let code = it.code_over_http("phone", "+44 7700 900123").await;
    let (own, spelled) = (hash("phone", PHONE), typed("phone", "+44 7700 900123"));
    for _ in 0..10 {
        assert_eq!(code_of(it.verify_http(&spelled, &wrong(&code)).await), "faulty_code");
    }
    assert_eq!(
        code_of(it.verify_http(&own, &wrong(&code)).await),
        "request_limit_reached"
    );
    let never = typed("phone", "+44 7700  900123");
    assert_eq!(code_of(it.verify_http(&spelled, &wrong(&code)).await), "not_found");
    assert_eq!(code_of(it.verify_http(&never, &wrong(&code)).await), "not_found");
    assert_eq!(
        code_of(it.service.verify_http(&spelled, Meant::Any, None).await),
        "missing_code"
    );
    assert_eq!(
        code_of(it.service.verify_http(&never, Meant::Any, None).await),
        "missing_code"
    );
}

#[tokio::test]
async fn a_spelling_leads_to_all_who_wait_under_it() {
    let it = Fixture::new();
    it.register(&amy(), "phone", "+44 7700 900123").await.unwrap();
    let amys = it.codes(Queue::PHONE).await.pop().unwrap();
    it.clock.advance(MINUTE);
    it.register(&michael(), "phone", "+44 7700 900123").await.unwrap();
    let michaels = it.codes(Queue::PHONE).await.pop().unwrap();
    let spelled = typed("phone", "+44 7700 900123");
    assert_eq!(it.verify_http(&spelled, &michaels).await.unwrap().target, michael());
    assert_eq!(it.verify_http(&spelled, &amys).await.unwrap().target, amy());
}

#[tokio::test]
async fn a_spelling_expires_and_is_forgotten_with_its_registration() {
    let it = Fixture::new();
    let code = it.code_over_http("phone", "+44 7700 900123").await;
    let spelled = typed("phone", "+44 7700 900123");
    assert_eq!(it.rows_that_wait().await, 2);
    let find = it.service.call_admin(Find(Subject::Jid(amy()))).await.unwrap();
    assert_eq!(find.pending, 1);
    it.clock.advance(10 * MINUTE);
    assert_eq!(code_of(it.verify_http(&spelled, &code).await), "not_found");
    assert_eq!(it.service.purge().await.unwrap().pending, 2);

    let code = it.code_over_http("phone", "+44 7700 900123").await;
    assert_eq!(
        it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap(),
        1
    );
    assert_eq!(code_of(it.verify(&amy(), &spelled, &code).await), "not_found");
    it.clock.advance(MINUTE);
    it.register(&amy(), "phone", "+44 7700 900123").await.unwrap();
    // The link of her JID, and the registration.
    assert_eq!(it.service.forget_native(&amy(), &[]).await.unwrap(), 2);
    assert_eq!(it.rows_that_wait().await, 0);
}

#[tokio::test]
async fn a_name_is_signed_in_under_the_hash_of_what_was_typed() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "@Amy").await.unwrap().goto.unwrap();
    let callback = Callback {
        state: Some(state),
        code: Some("amy".into()),
        ..Callback::default()
    };
    let signed_in = it
        .service
        .finish_sign_in(&typed("octo", "@Amy"), callback)
        .await
        .unwrap();
    assert_eq!(signed_in.hash.to_string(), hash("octo", "amy"));
    it.verify_http(&typed("octo", "@Amy"), signed_in.code.as_str())
        .await
        .unwrap();
    assert!(it.confirms(&amy(), &hash("octo", "amy")).await);
    assert_eq!(it.rows_that_wait().await, 0);
}

#[tokio::test]
async fn a_code_alone_finds_its_registration_and_no_spelling() {
    let it = Fixture::new();
    let code = it.code_over_http("phone", "+44 7700 900123").await;
    let guessed = it.service.verify_any_native(&amy(), &wrong(&code)).await;
    assert_eq!(code_of(guessed), "faulty_code");
    let verified = it.service.verify_any_native(&amy(), &code).await.unwrap();
    assert_eq!(verified.hash.to_string(), hash("phone", PHONE));
}

#[tokio::test]
async fn a_spelling_stays_when_the_key_is_changed() {
    for steps in 0..4 {
        let it = Fixture::new();
        let code = it.code_over_http("phone", "+44 7700 900123").await;
        let other = Keys::new(&zeroize::Zeroizing::new([8; 32]));
        it.service.begin(other, steps).await;
        let verified = it.verify_http(&typed("phone", "+44 7700 900123"), &code).await.unwrap();
        assert_eq!(verified.hash.to_string(), hash("phone", PHONE), "after {steps} steps");
        assert_eq!(it.rows_that_wait().await, 0);
    }
}

fn spelled(n: usize) -> String {
    format!("+44 7700{}900123", " ".repeat(n))
}

#[tokio::test]
async fn however_often_a_number_is_respelled_others_of_the_server_can_register() {
    for natively_too in [false, true] {
        let it = Fixture::with(|settings| settings.limits.bytes_per_server_per_day = 20_000);
        let rory = jid("rory@example.net");
        for target in [michael(), rory.clone()] {
            it.register(&target, "xmpp", target.as_str()).await.unwrap();
        }
        if natively_too {
            it.register(&michael(), "phone", PHONE).await.unwrap();
            it.clock.advance(MINUTE);
        }
        for id in (1..=100).map(spelled) {
            let asked = it.service.register_http(&michael(), "phone", &id, false, None).await;
            assert_eq!(asked.unwrap().status, Status::Pending);
            if natively_too {
                // The target itself asks with the spelling that others have sent.
                it.register(&michael(), "phone", &id).await.unwrap();
            }
            assert!(it.rows_that_wait().await <= 1 + 2 + 2);
        }
        let code = it.codes(Queue::PHONE).await.pop().unwrap();
        let guessed = it.verify_http(&typed("phone", &spelled(100)), &wrong(&code)).await;
        assert_eq!(code_of(guessed), "faulty_code");
        let asked = it.service.register_http(&rory, "email", MAIL, false, None).await;
        assert_eq!(asked.unwrap().status, Status::Pending);
        it.register(&rory, "phone", "+447700900456").await.unwrap();
    }
}

#[tokio::test]
async fn a_spelling_that_others_have_sent_first_becomes_the_targets_own() {
    let it = Fixture::new();
    for n in [9, 8] {
        it.register(&amy(), "phone", &spelled(n)).await.unwrap();
    }
    let by_others = async |n: usize| {
        let asked = it
            .service
            .register_http(&amy(), "phone", &spelled(n), false, None)
            .await;
        asked.unwrap();
    };
    by_others(1).await;
    it.register(&amy(), "phone", &spelled(1)).await.unwrap();
    for n in 2..6 {
        by_others(n).await;
    }
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    for (n, expected) in [
        (9, "not_found"),
        (8, "faulty_code"),
        (1, "faulty_code"),
        (3, "not_found"),
        (5, "faulty_code"),
    ] {
        let guessed = it.verify_http(&typed("phone", &spelled(n)), &wrong(&code)).await;
        assert_eq!(code_of(guessed), expected, "{n}");
    }
}

#[tokio::test]
async fn forgetting_under_any_hash_forgets_the_registration() {
    let (own, spelled) = (hash("phone", PHONE), typed("phone", "+44 7700 900123"));
    for named in [&[&own][..], &[&spelled], &[&spelled, &own], &[&own, &spelled]] {
        let named: Vec<String> = named.iter().map(|hash| (*hash).clone()).collect();
        for natively in [true, false] {
            let it = Fixture::new();
            let code = it.code_over_http("phone", "+44 7700 900123").await;
            it.register(&michael(), "phone", "+44 7700 900123").await.unwrap();
            let michaels = it.codes(Queue::PHONE).await.pop().unwrap();
            let gone = match natively {
                true => it.service.forget_native(&amy(), &named).await.unwrap(),
                false => {
                    it.service.forget_http(&amy(), &named, None, false).await.unwrap();
                    let code = it.codes(Queue::XMPP).await.pop();
                    let forgotten = it.service.forget_http(&amy(), &named, code, false).await;
                    forgotten.unwrap().count()
                }
            };
            assert_eq!(gone, 1, "{natively}");
            assert_eq!(code_of(it.verify(&amy(), &own, &code).await), "not_found");
            assert_eq!(code_of(it.verify(&amy(), &spelled, &code).await), "not_found");
            assert_eq!(it.rows_that_wait().await, 2, "Michael's stays");
            it.verify(&michael(), &spelled, &michaels).await.unwrap();
        }
    }
}
