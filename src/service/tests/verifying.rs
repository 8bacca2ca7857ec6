//! Entering codes: when they are right, and how guesses are counted.

use super::*;

#[tokio::test]
async fn codes_expire() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    it.clock.advance(10 * MINUTE);
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", PHONE), &code).await),
        "not_found"
    );
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.codes(Queue::PHONE).await.len(), 1);

    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.clock.advance(23 * 60 * MINUTE);
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
}

#[tokio::test]
async fn five_wrong_guesses_use_up_a_code() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    for _ in 0..5 {
        assert_eq!(
            code_of(it.verify(&amy(), &hash("phone", PHONE), &wrong(&code)).await),
            "faulty_code"
        );
    }
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", PHONE), &code).await),
        "not_found"
    );
    assert_eq!(code_of(it.verify_http(&hash("phone", PHONE), &code).await), "not_found");
}

#[tokio::test]
async fn guesses_over_http_do_not_use_up_native_ones() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    for _ in 0..5 {
        assert_eq!(
            code_of(it.verify_http(&hash("phone", PHONE), &wrong(&code)).await),
            "faulty_code"
        );
    }
    assert_eq!(code_of(it.verify_http(&hash("phone", PHONE), &code).await), "not_found");
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();
}

#[tokio::test]
async fn ten_wrong_guesses_a_day_at_one_identity() {
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    let register = async || {
        it.service
            .register_http(&amy(), "phone", PHONE, false, None)
            .await
            .unwrap()
    };
    for _ in 0..2 {
        register().await;
        let code = it.codes(Queue::PHONE).await.pop().unwrap();
        for _ in 0..5 {
            assert_eq!(
                code_of(it.verify_http(&hash("phone", PHONE), &wrong(&code)).await),
                "faulty_code"
            );
        }
        it.clock.advance(MINUTE);
    }
    register().await;
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    assert_eq!(
        code_of(it.verify_http(&hash("phone", PHONE), &code).await),
        "request_limit_reached"
    );
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();
    it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();

    it.clock.advance(24 * 60 * MINUTE);
    register().await;
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    it.verify_http(&hash("phone", PHONE), &code).await.unwrap();
}

#[tokio::test]
async fn two_verifications_at_once_make_one_link() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    let (amy, phone) = (amy(), hash("phone", PHONE));
    let results = futures::future::join_all((0..8).map(|_| it.verify(&amy, &phone, &code))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_guess_over_http_counts_for_every_code_it_is_compared_with() {
    let it = Fixture::new();
    for n in 0..5 {
        it.register(&jid(&format!("user{n}@example.org")), "phone", PHONE)
            .await
            .unwrap();
        it.clock.advance(MINUTE);
    }
    let sent = it.codes(Queue::PHONE).await;
    let mut no = ["0000", "1111", "2222", "3333", "4444", "5555"].into_iter();
    let no = no.find(|code| !sent.iter().any(|sent| sent == code)).unwrap();
    for expected in ["faulty_code", "faulty_code", "request_limit_reached"] {
        assert_eq!(code_of(it.verify_http(&hash("phone", PHONE), no).await), expected);
    }
}

#[tokio::test]
async fn a_code_alone_finds_its_registration() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    it.register(&michael(), "phone", "+447700900456").await.unwrap();
    let email = it.codes(Queue::EMAIL).await.pop().unwrap();
    let verify = async |jid: &BareJid, code: &str| it.service.verify_any_native(jid, code).await;

    assert_eq!(code_of(verify(&amy(), "").await), "missing_code");
    assert_eq!(code_of(verify(&amy(), "99999999").await), "faulty_code");
    assert_eq!(code_of(verify(&jid("eve@example.org"), &email).await), "not_found");
    let verified = verify(&amy(), &email).await.unwrap();
    assert_eq!(verified.hash.to_string(), hash("email", MAIL));
    assert!(it.confirms(&amy(), &hash("email", MAIL)).await);
    assert!(!it.confirms(&amy(), &hash("phone", PHONE)).await);
}

#[tokio::test]
async fn wrong_codes_alone_use_up_every_registration_they_are_compared_with() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    for _ in 0..5 {
        let guess = it.service.verify_any_native(&amy(), &wrong(&code)).await;
        assert_eq!(code_of(guess), "faulty_code");
    }
    assert_eq!(code_of(it.service.verify_any_native(&amy(), &code).await), "not_found");
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", PHONE), &code).await),
        "not_found"
    );
}

#[tokio::test]
async fn a_code_for_an_erasure_proves_nothing() {
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    it.service.forget_http(&amy(), &[], None, false).await.unwrap();
    let code = it.codes(Queue::XMPP).await.pop().unwrap();
    assert_eq!(code_of(it.service.verify_any_native(&amy(), &code).await), "not_found");
}
