//! Codes that are refused on their way: who asked for one is told, and may ask again.

use super::*;

const ALIAS: &str = "michael@mail.example";

impl Fixture {
    /// The worker's message was refused for good.
    async fn refuse(&self, queue: Queue) {
        let due = self.service.due(queue, 1).await.unwrap().0.pop().unwrap();
        let row = due.row.id;
        assert!(self.service.give_up(row, &letter_of(due)).await.unwrap());
    }

    async fn amy_asks(&self) -> String {
        self.register(&amy(), "email", MAIL).await.unwrap();
        hash("email", MAIL)
    }
}

#[tokio::test]
async fn who_asked_is_told_and_an_ordinary_registration_sends_another() {
    let it = Fixture::new();
    let mail = it.amy_asks().await;
    it.refuse(Queue::EMAIL).await;
    for code in ["123456", "1234", ""] {
        assert_eq!(code_of(it.verify(&amy(), &mail, code).await), "undelivered", "{code:?}");
    }
    let any = it.service.verify_any_native(&amy(), "123456").await;
    assert_eq!(code_of(any), "undelivered");
    // The pause between two codes is as it was.
    assert_eq!(
        code_of(it.register(&amy(), "email", MAIL).await),
        "request_limit_reached"
    );
    it.clock.advance(MINUTE);
    it.amy_asks().await;
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    assert_eq!(code_of(it.verify(&amy(), &mail, &wrong(&code)).await), "faulty_code");
    it.verify(&amy(), &mail, &code).await.unwrap();
}

#[tokio::test]
async fn strangers_are_not_told() {
    let it = Fixture::with_both().await;
    let mail = it.amy_asks().await;
    let guess = async || code_of(it.verify_http(&mail, "999999").await);
    let waiting = guess().await;
    it.refuse(Queue::EMAIL).await;
    assert_eq!((waiting, guess().await), ("faulty_code", "faulty_code"));
    let of_amy = it
        .service
        .verify_http(&mail, Meant::Target(amy()), Some("999999"))
        .await;
    assert_eq!(code_of(of_amy), "faulty_code");
    assert_eq!(code_of(it.verify(&michael(), &mail, "999999").await), "not_found");
    // Nor by what becomes of their own requests: nothing is sent in her name, and Michael is sent his own.
    it.clock.advance(MINUTE);
    it.service
        .register_http(&amy(), "email", MAIL, false, None)
        .await
        .unwrap();
    assert!(it.codes(Queue::EMAIL).await.is_empty());
    // As if she had not asked for it herself.
    assert_eq!(guess().await, "undelivered");
    it.register(&michael(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&michael(), &mail, &code).await.unwrap();
}

#[tokio::test]
async fn who_asked_over_http_is_told_there() {
    let it = Fixture::with_both().await;
    let ask = async || it.service.register_http(&amy(), "email", MAIL, false, None).await;
    ask().await.unwrap();
    it.refuse(Queue::EMAIL).await;
    let mail = hash("email", MAIL);
    assert_eq!(code_of(it.verify_http(&mail, "999999").await), "undelivered");
    // The target is told as well: it was asked for in its name.
    assert_eq!(code_of(it.verify(&amy(), &mail, "999999").await), "undelivered");
    // Each time, it is a guess.
    let told = async || code_of(it.verify_http(&mail, "999999").await);
    while told().await == "undelivered" {}
    it.clock.advance(24 * 60 * MINUTE);
    ask().await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify_http(&mail, &code).await.unwrap();
}

#[tokio::test]
async fn codes_that_are_refused_count_as_others_do() {
    let it = Fixture::with(|settings| settings.budgets = vec![budget("email", "", 3)]);
    for sent in 1..=4 {
        let asked = it.register(&amy(), "email", MAIL).await;
        if sent == 4 {
            assert_eq!(code_of(asked), "request_limit_reached");
            break;
        }
        asked.unwrap();
        it.refuse(Queue::EMAIL).await;
        it.clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn a_code_that_was_replaced_meanwhile_stays() {
    let it = Fixture::new();
    let mail = it.amy_asks().await;
    let due = it.service.due(Queue::EMAIL, 1).await.unwrap().0.pop().unwrap();
    it.clock.advance(MINUTE);
    it.resend(&amy(), "email", MAIL).await.unwrap();
    let row = due.row.id;
    assert!(!it.service.give_up(row, &letter_of(due)).await.unwrap());
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    it.verify(&amy(), &mail, &code).await.unwrap();
}

#[tokio::test]
async fn among_several_the_code_of_another_is_right() {
    let it = Fixture::new();
    it.amy_asks().await;
    it.refuse(Queue::EMAIL).await;
    it.register(&amy(), "email", ALIAS).await.unwrap();
    let code = it.codes(Queue::EMAIL).await.pop().unwrap();
    let verified = it.service.verify_any_native(&amy(), &code).await.unwrap();
    assert_eq!(verified.hash.to_string(), hash("email", ALIAS));
}

/// A gateway has read it, and may charge for the next try as well.
#[tokio::test]
async fn a_code_whose_budget_is_used_up_is_told_as_well() {
    let it = Fixture::with(|settings| settings.budgets = vec![budget("phone", "+", 1)]);
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let due = it.service.due(Queue::PHONE, 1).await.unwrap().0.pop().unwrap();
    let (row, letter) = (due.row.id, letter_of(due));
    assert!(it.service.put_off(row, 0, None).await.unwrap());
    assert!(!it.service.put_off(row, 0, Some(letter)).await.unwrap());
    let phone = hash("phone", PHONE);
    assert_eq!(code_of(it.verify(&amy(), &phone, "9999").await), "undelivered");
    it.clock.advance(MINUTE);
    let again = it.register(&amy(), "phone", PHONE).await;
    assert_eq!(code_of(again), "request_limit_reached", "nothing is said to be pending");
}
