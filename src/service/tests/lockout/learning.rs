//! What nobody learns by asking in the name of others.

use super::*;

#[tokio::test]
async fn who_registers_learns_nothing_of_who_has_just_done_so() {
    let it = Fixture::new();
    it.register(&michael(), "phone", PHONE).await.unwrap();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(Duration::from_secs(1));
    assert_eq!(
        code_of(it.resend(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
}

/// It would tell anybody who is registering, or has just been linked, and cost no guess.
#[tokio::test]
async fn what_is_no_guess_tells_nobody_whether_something_waits() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let (waiting, unknown) = (hash("phone", PHONE), hash("phone", MICHAELS));
    for code in ["", "1", "123", "12345", "123456", "123456789012", "1234567890123"] {
        let answer = async |hash: &str| code_of(it.verify_http(hash, code).await);
        assert_eq!(answer(&waiting).await, answer(&unknown).await, "{code}");
    }
}

#[tokio::test]
async fn what_has_another_length_than_the_code_is_no_guess() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::PHONE).await.pop().unwrap();
    let phone = hash("phone", PHONE);
    for _ in 0..20 {
        assert_eq!(code_of(it.verify(&amy(), &phone, "123").await), "faulty_code");
        assert_eq!(code_of(it.verify_http(&phone, "123").await), "faulty_code");
        assert_eq!(code_of(it.verify_http(&phone, "12345").await), "not_found");
        assert_eq!(
            code_of(it.service.verify_any_native(&amy(), "123456").await),
            "faulty_code"
        );
    }
    let arabic: String = code
        .chars()
        .map(|c| char::from_u32(c as u32 - 0x30 + 0x660).unwrap())
        .collect();
    it.verify(
        &amy(),
        &phone,
        &format!("\u{2068}{}–{}.\u{2069}", &arabic[..4], &arabic[4..]),
    )
    .await
    .unwrap();
}

/// What anybody is answered, over HTTP, who asks for a code for amy, and then verifies.
async fn answers(it: &Fixture, provider: &str, id: &str) -> Vec<String> {
    let mut answers = Vec::new();
    let told = |answer: Result<Registered>| match answer {
        Ok(registered) => format!("{:?} {}", registered.status, registered.goto.is_some()),
        Err(error) => error.to_string(),
    };
    for resend in [false, false, true, false, true] {
        let asked = it.at_address(1).register_http(&amy(), provider, id, resend, None).await;
        answers.push(told(asked));
        it.clock.advance(Duration::from_secs(20));
    }
    answers
}

#[tokio::test]
async fn nobody_learns_over_http_what_somebody_registers_natively() {
    for (provider, id) in [("phone", PHONE), ("email", MAIL), ("octo", "amy")] {
        let (quiet, registers) = (Fixture::with_both().await, Fixture::with_both().await);
        for it in [&quiet, &registers] {
            it.service.store().settle().await.unwrap();
        }
        registers.register(&amy(), provider, id).await.unwrap();
        assert_eq!(
            answers(&quiet, provider, id).await,
            answers(&registers, provider, id).await,
            "{provider}"
        );
    }
}

#[tokio::test]
async fn where_guesses_are_used_up_nobody_learns_what_waits() {
    let it = Fixture::with_both().await;
    it.register(&michael(), "phone", PHONE).await.unwrap();
    let phone = hash("phone", PHONE);
    let no = wrong(&it.codes(Queue::PHONE).await.pop().unwrap());
    let guess = async |meant: Meant| code_of(it.verify_as(meant, &phone, &no).await);
    let mut guesses = 0;
    while guess(Meant::Target(michael())).await == "faulty_code" {
        guesses += 1;
        if guesses == 5 {
            it.clock.advance(MINUTE);
            it.resend(&michael(), "phone", PHONE).await.unwrap();
            it.codes(Queue::PHONE).await;
        }
    }
    let before = guess(Meant::Target(amy())).await;
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(guess(Meant::Target(amy())).await, before);
    assert_eq!(before, "request_limit_reached");
}
