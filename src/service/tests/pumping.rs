//! Ranges of numbers that are closed because codes are not entered.

use super::*;

fn fixture() -> Fixture {
    Fixture::with(|settings| settings.limits.unentered_codes_per_range = 4)
}

fn number(n: usize) -> String {
    format!("+44770090{n:04}")
}

fn account(n: usize) -> BareJid {
    jid(&format!("user{n}@example.org"))
}

impl Fixture {
    /// The account of that number asks for a code to the number of that number.
    async fn asks(&self, account: &BareJid, n: usize) -> Result<Registered> {
        self.register(account, "phone", &number(n)).await
    }

    async fn enters(&self, account: &BareJid, n: usize) {
        let code = self.codes(Queue::PHONE).await.pop().unwrap();
        self.verify(account, &hash("phone", &number(n)), &code).await.unwrap();
    }
}

#[tokio::test]
async fn a_range_where_nobody_enters_codes_is_closed_for_an_hour() {
    let it = fixture();
    it.asks(&account(0), 0).await.unwrap();
    it.clock.advance(11 * MINUTE);
    for n in 1..4 {
        it.asks(&account(n), n).await.unwrap();
    }
    let refused = it.asks(&account(4), 4).await;
    assert!(
        matches!(&refused, Err(Error::RequestLimitReached { limit: Limit::Budget, retry_after }) if retry_after.as_secs() > 3500),
        "{refused:?}"
    );
    // Others go on.
    it.register(&account(4), "phone", "+447711900123").await.unwrap();
    it.register(&account(4), "email", MAIL).await.unwrap();
    it.clock.advance(61 * MINUTE);
    it.asks(&account(4), 4).await.unwrap();
}

#[tokio::test]
async fn a_range_where_some_are_entered_stays_open() {
    let it = fixture();
    it.asks(&account(0), 0).await.unwrap();
    it.enters(&account(0), 0).await;
    it.clock.advance(11 * MINUTE);
    for n in 1..9 {
        it.asks(&account(n), n).await.unwrap();
    }
    // One of nine is more than a tenth; one of eleven is not.
    it.asks(&account(9), 9).await.unwrap();
    it.asks(&account(10), 10).await.unwrap();
    assert_eq!(code_of(it.asks(&account(11), 11).await), "request_limit_reached");
}

#[tokio::test]
async fn people_have_time_to_enter_the_first_codes() {
    let it = fixture();
    for n in 0..9 {
        it.asks(&account(n), n).await.unwrap();
    }
}

#[tokio::test]
async fn one_requester_counts_for_little() {
    let it = Fixture::with(|settings| settings.limits.unentered_codes_per_range = 5);
    it.asks(&account(0), 0).await.unwrap();
    it.clock.advance(11 * MINUTE);
    for n in 1..9 {
        it.asks(&account(0), n).await.unwrap();
    }
    // All accounts of another server are one.
    for n in 9..13 {
        it.asks(&jid(&format!("user{n}@other.example")), n).await.unwrap();
    }
    it.asks(&account(1), 13).await.unwrap();
    assert_eq!(code_of(it.asks(&account(2), 14).await), "request_limit_reached");
}

#[tokio::test]
async fn without_a_limit_nothing_is_closed() {
    let it = Fixture::new();
    it.asks(&account(0), 0).await.unwrap();
    it.clock.advance(11 * MINUTE);
    for n in 1..30 {
        it.asks(&account(n), n).await.unwrap();
    }
}
