//! The system's clock is set, forth and back, while the service runs and between two runs: nobody gains by it, and nobody
//! waits for longer.

use super::*;

const HOUR: i64 = 60 * 60 * 1000;
const YEAR: i64 = 365 * 24 * HOUR;
const DAY: Duration = limits::DAY;

impl Fixture {
    /// The system's clock is set, and the service restarted: it goes by the clock that the system has now.
    async fn set_and_restart(&mut self, by: i64) {
        self.clock.set_system(by);
        self.restart().await;
    }

    async fn restart(&mut self) {
        self.service.note_time().await.unwrap();
        self.clock = self.clock.restarted();
        self.service = service(self.service.store().clone(), &self.clock, |_| {});
        self.service.resume_times().await.unwrap();
    }
}

fn retry_after<T: std::fmt::Debug>(result: Result<T>) -> Duration {
    match result.unwrap_err() {
        Error::RequestLimitReached { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_asks_is_not_refused_for_an_hour() {
    let it = Fixture::new();
    let amy = Requester::Jid(Some("amy"), "example.org");
    for by in [-HOUR, HOUR, YEAR, -YEAR] {
        it.clock.set_system(by);
        it.clock.advance(Duration::from_secs(4));
        for _ in 0..Limits::default().request_burst.get() {
            it.service.admit(amy).unwrap();
        }
        assert!(retry_after(it.service.admit(amy)) <= Duration::from_secs(1), "{by}");
    }
}

#[tokio::test]
async fn while_the_service_runs_its_own_time_goes_on() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let right = it.codes(Queue::PHONE).await.pop().unwrap();
    let verify = async |code: &str| code_of(it.verify(&amy(), &hash("phone", PHONE), code).await);
    for by in [HOUR, -2 * HOUR, YEAR, -2 * YEAR] {
        it.clock.set_system(by);
        it.service.purge().await.unwrap();
        assert_eq!(verify(&wrong(&right)).await, "faulty_code", "{by}");
        let again = retry_after(it.resend(&amy(), "phone", PHONE).await);
        assert!(again <= Duration::from_secs(30), "{by}");
    }
    it.clock.advance(10 * MINUTE);
    assert_eq!(verify(&right).await, "not_found");
}

#[tokio::test]
async fn after_a_restart_everything_has_the_time_left_that_it_had() {
    for by in [HOUR, -HOUR, YEAR, -YEAR] {
        let mut it = Fixture::with_tokens();
        let token = it.prove_over_http(&amy()).await;
        let phone = hash("phone", PHONE);
        it.register(&amy(), "phone", PHONE).await.unwrap();
        let old = it.peek_code(Queue::PHONE).await;
        for _ in 0..4 {
            assert_eq!(code_of(it.verify(&amy(), &phone, &wrong(&old)).await), "faulty_code");
        }
        // Set while the service runs: it is told from time that passes, whatever the direction.
        it.set_and_restart(by).await;
        assert_eq!(
            it.codes(Queue::PHONE).await,
            std::slice::from_ref(&old),
            "{by}: it waits to be sent, and is due"
        );
        assert_eq!(
            code_of(it.verify(&amy(), &phone, &wrong(&old)).await),
            "faulty_code",
            "{by}"
        );
        assert_eq!(
            code_of(it.verify(&amy(), &phone, &old).await),
            "not_found",
            "{by}: five wrong guesses"
        );
        assert!(
            retry_after(it.resend(&amy(), "phone", PHONE).await) <= Duration::from_secs(30),
            "{by}"
        );
        let service = service(it.service.store().clone(), &it.clock, |settings| {
            settings.require_token = true
        });
        let shown = service.shown(token);
        shown.register_http(&amy(), "octo", "amy", false, None).await.unwrap();

        it.clock.advance(MINUTE);
        it.register(&amy(), "phone", PHONE).await.unwrap();
        let new = it.codes(Queue::PHONE).await.pop().unwrap();
        it.clock.advance(9 * MINUTE);
        it.set_and_restart(-by).await;
        it.clock.advance(MINUTE);
        assert_eq!(
            code_of(it.verify(&amy(), &phone, &new).await),
            "not_found",
            "{by}: ten minutes are over"
        );
    }
}

#[tokio::test]
async fn a_day_s_limits_last_a_day_and_neither_longer_nor_less() {
    for by in [HOUR, -HOUR, YEAR, -YEAR] {
        let mut it = Fixture::new();
        for _ in 0..5 {
            it.resend(&amy(), "phone", PHONE).await.unwrap();
            it.clock.advance(MINUTE);
        }
        for by in [by, -by, by] {
            it.set_and_restart(by).await;
            let refused = retry_after(it.resend(&amy(), "phone", PHONE).await);
            assert!(refused > DAY - 6 * MINUTE && refused <= DAY, "{by}: {refused:?}");
        }
        it.clock.advance(DAY);
        it.resend(&amy(), "phone", PHONE).await.unwrap();
    }
}

/// As in a database that somebody has brought from elsewhere.
#[tokio::test]
async fn a_window_that_ends_later_than_it_can_is_shortened_and_counts() {
    let it = Fixture::new();
    for _ in 0..5 {
        it.resend(&amy(), "phone", PHONE).await.unwrap();
        it.clock.advance(MINUTE);
    }
    it.service.store().write(|tx| tx.move_times(YEAR)).await.unwrap();
    assert!(retry_after(it.resend(&amy(), "phone", PHONE).await) <= DAY);
    it.clock.advance(DAY / 2);
    // It does not begin anew each time that somebody asks.
    assert!(retry_after(it.resend(&amy(), "phone", PHONE).await) <= DAY / 2);
    it.clock.advance(DAY / 2);
    // The wait between two codes is looked at for the first time now.
    let again = retry_after(it.resend(&amy(), "phone", PHONE).await);
    assert!(again <= Duration::from_secs(30), "{again:?}");
    it.clock.advance(again);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
}

#[tokio::test]
async fn what_was_muted_stays_so_and_messages_come_when_due() {
    let mut it = with_amy_and_michael(|_| {}).await;
    it.service.mute(&amy(), &named(&[michael().as_str()])).await.unwrap();
    for by in [HOUR, -HOUR, YEAR, -YEAR] {
        it.set_and_restart(by).await;
        michael_asks_for_amy(&it).await;
        assert!(it.introductions().await.is_empty(), "{by}");
    }
    it.service.unmute(&amy(), &named(&[michael().as_str()])).await.unwrap();
    it.clock.advance(DAY);
    michael_asks_for_amy(&it).await;
    it.set_and_restart(-YEAR).await;
    it.restart().await;
    assert_eq!(
        it.introductions().await.len(),
        1,
        "due, though it was put there a year from now"
    );
}

#[tokio::test]
async fn a_full_disk_does_not_keep_the_service_from_its_start() {
    let mut it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.service.note_time().await.unwrap();
    let database = rusqlite::Connection::open(it._folder.path().join("test.db")).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT RAISE(FAIL, 'disk is full'); END";
    database.execute_batch(full).unwrap();
    assert!(it.service.note_time().await.is_err());
    it.clock = it.clock.restarted();
    it.service = service(it.service.store().clone(), &it.clock, |_| {});
    it.service.resume_times().await.unwrap();
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);
}
