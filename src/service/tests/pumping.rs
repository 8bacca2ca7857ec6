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

/// An account of a server of its own.
fn stranger(n: usize) -> BareJid {
    jid(&format!("user@server{n}.example"))
}

impl Fixture {
    /// Asks for a code to the number of that number.
    async fn asks(&self, account: &BareJid, n: usize) -> Result<Registered> {
        self.register(account, "phone", &number(n)).await
    }

    /// A gateway takes all codes that wait. Returns them.
    async fn gateway_takes_all(&self) -> Vec<String> {
        for letter in self.letters(Queue::PHONE).await {
            self.service.count_in_range(&letter).await.unwrap();
        }
        self.codes(Queue::PHONE).await
    }

    async fn is_sent(&self, account: &BareJid, n: usize) -> String {
        self.asks(account, n).await.unwrap();
        self.gateway_takes_all().await.pop().unwrap()
    }

    async fn enters(&self, account: &BareJid, n: usize, code: &str) {
        self.verify(account, &hash("phone", &number(n)), code).await.unwrap();
    }

    /// So many strangers are sent a code each, which nobody enters, the first eleven minutes before the others.
    async fn pumped(&self, codes: usize) {
        self.is_sent(&stranger(0), 0).await;
        self.clock.advance(11 * MINUTE);
        for n in 1..codes {
            self.is_sent(&stranger(n), n).await;
        }
    }
}

#[tokio::test]
async fn a_range_where_nobody_enters_codes_is_closed_for_an_hour() {
    let it = fixture();
    it.pumped(4).await;
    let refused = it.asks(&stranger(4), 4).await;
    assert!(
        matches!(&refused, Err(Error::RequestLimitReached { limit: Limit::Budget, retry_after }) if retry_after.as_secs() > 3500),
        "{refused:?}"
    );
    // Other ranges and providers go on.
    it.register(&stranger(4), "phone", "+447711900123").await.unwrap();
    it.register(&stranger(4), "email", MAIL).await.unwrap();
    it.clock.advance(61 * MINUTE);
    it.asks(&stranger(4), 4).await.unwrap();
}

#[tokio::test]
async fn strangers_close_no_range_for_the_own_people() {
    let it = fixture();
    it.pumped(4).await;
    assert_eq!(code_of(it.asks(&stranger(4), 4).await), "request_limit_reached");
    let code = it.is_sent(&amy(), 5).await;
    it.enters(&amy(), 5, &code).await;
    it.is_sent(&amy(), 6).await;
    // Two codes are each account's.
    assert_eq!(code_of(it.asks(&amy(), 7).await), "request_limit_reached");
    it.is_sent(&account(1), 7).await;
}

#[tokio::test]
async fn a_range_where_some_are_entered_stays_open() {
    let it = fixture();
    let code = it.is_sent(&stranger(0), 0).await;
    it.enters(&stranger(0), 0, &code).await;
    it.clock.advance(11 * MINUTE);
    // One of ten is a tenth; one of eleven is not.
    for n in 1..11 {
        it.is_sent(&stranger(n), n).await;
    }
    assert_eq!(code_of(it.asks(&stranger(11), 11).await), "request_limit_reached");
}

#[tokio::test]
async fn codes_that_do_not_count_keep_no_range_open() {
    let it = Fixture::with(|settings| {
        settings.limits.unentered_codes_per_range = 14;
        settings.limits.codes_per_target_per_day = 100;
    });
    // Of one account, two count, however many it enters.
    for n in 0..12 {
        let code = it.is_sent(&account(0), n).await;
        it.enters(&account(0), n, &code).await;
    }
    it.clock.advance(11 * MINUTE);
    for n in 12..31 {
        it.is_sent(&stranger(n), n).await;
    }
    assert_eq!(code_of(it.asks(&stranger(31), 31).await), "request_limit_reached");
}

#[tokio::test]
async fn codes_that_no_gateway_takes_close_nothing() {
    let it = fixture();
    it.asks(&stranger(0), 0).await.unwrap();
    it.clock.advance(11 * MINUTE);
    for n in 1..20 {
        it.asks(&stranger(n), n).await.unwrap();
    }
}

#[tokio::test]
async fn people_have_time_to_enter_the_first_codes() {
    for expires in [10, 24 * 60] {
        let it = Fixture::with(|settings| {
            settings.limits.unentered_codes_per_range = 4;
            settings.codes.phone.expires = MINUTE * expires;
        });
        for n in 0..9 {
            it.is_sent(&stranger(n), n).await;
        }
        // Half of the hour at most.
        it.clock.advance(31 * MINUTE);
        it.is_sent(&stranger(9), 9).await;
        assert_eq!(code_of(it.asks(&stranger(10), 10).await), "request_limit_reached");
    }
}

#[tokio::test]
async fn one_requester_counts_for_little() {
    let it = Fixture::with(|settings| settings.limits.unentered_codes_per_range = 5);
    it.is_sent(&account(0), 0).await;
    it.clock.advance(11 * MINUTE);
    for n in 1..9 {
        it.is_sent(&account(0), n).await;
    }
    // All accounts of another server are one.
    for n in 9..13 {
        it.is_sent(&jid(&format!("user{n}@other.example")), n).await;
    }
    it.is_sent(&account(1), 13).await;
    assert_eq!(code_of(it.asks(&stranger(2), 14).await), "request_limit_reached");
}

#[tokio::test]
async fn without_a_limit_nothing_is_closed() {
    let it = Fixture::with(|settings| settings.limits.unentered_codes_per_range = 0);
    it.pumped(30).await;
}
