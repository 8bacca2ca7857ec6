//! Reports of gateways on codes that they took.

use super::*;
use crate::channel::{Channel, Fate, GatewayCall, Letter, Sent};
use crate::service::TakeReport;

const NUMBER: &str = "+447700900123";

/// A gateway whose reports say in a word what they mean.
struct Plain;

impl Channel for Plain {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        async { letters.iter().map(|_| Ok(())).collect() }.boxed()
    }

    fn report(&self, report: &GatewayCall) -> Option<Fate> {
        let fate = match &report.body[..] {
            b"failed" => Fate::Failed,
            _ => Fate::Open,
        };
        (report.gateway == "plain").then_some(fate)
    }
}

fn with_reports() -> Fixture {
    Fixture::with(|settings| {
        settings.public_url = Some("https://it-se.example".into());
        settings.reporters = [Arc::new(Plain) as Arc<dyn Channel>].into_iter().collect();
    })
}

fn somebody() -> Caller {
    Caller {
        who: Who::Http {
            address: [192, 0, 2, 1].into(),
            token: None,
        },
        language: None,
    }
}

impl Fixture {
    async fn report(&self, gateway: &str, word: &str, body: &str) -> Result<()> {
        let report = GatewayCall {
            gateway: gateway.into(),
            word: word.into(),
            body: body.into(),
            ..GatewayCall::default()
        };
        self.service.call(&somebody(), TakeReport(report)).await
    }

    /// Sends the code that waits. Returns the word for reports on it, and the code.
    async fn send_code(&self) -> (String, String) {
        let letter = self.letters(Queue::PHONE).await.pop().unwrap();
        let code = self.codes(Queue::PHONE).await.pop().unwrap();
        (letter.report.unwrap(), code)
    }

    async fn is_undelivered(&self, hash: &str) -> bool {
        self.verify(&amy(), hash, "")
            .await
            .is_err_and(|error| error.code() == "undelivered")
    }
}

#[tokio::test]
async fn a_code_that_is_reported_lost_is_told_and_can_be_had_again() {
    let it = with_reports();
    let phone = hash("phone", NUMBER);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let (word, code) = it.send_code().await;
    it.report("plain", &word, "sent").await.unwrap();
    assert!(!it.is_undelivered(&phone).await);
    it.report("plain", &word, "failed").await.unwrap();
    it.report("plain", &word, "failed").await.unwrap();
    assert!(it.is_undelivered(&phone).await);
    it.clock.advance(MINUTE);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let (next, again) = it.send_code().await;
    assert!(next != word && !it.is_undelivered(&phone).await);
    // The former code's fate is nothing to the new one.
    assert_eq!(code_of(it.report("plain", &word, "failed").await), "not_found");
    assert!(code == again || it.verify(&amy(), &phone, &code).await.is_err());
    it.verify(&amy(), &phone, &again).await.unwrap();
    assert_eq!(code_of(it.report("plain", &next, "failed").await), "not_found");
}

/// A gateway may report a failure of what it has refused as well.
#[tokio::test]
async fn a_report_on_a_letter_that_waits_is_nothing() {
    let it = with_reports();
    let phone = hash("phone", NUMBER);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let word = it.letters(Queue::PHONE).await.pop().unwrap().report.unwrap();
    it.report("plain", &word, "failed").await.unwrap();
    assert!(!it.is_undelivered(&phone).await);
    it.send_code().await;
    it.report("plain", &word, "failed").await.unwrap();
    assert!(it.is_undelivered(&phone).await);
}

#[tokio::test]
async fn a_code_that_arrives_in_spite_of_a_report_is_right() {
    let it = with_reports();
    let phone = hash("phone", NUMBER);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let (word, code) = it.send_code().await;
    it.report("plain", &word, "failed").await.unwrap();
    assert_eq!(code_of(it.verify(&amy(), &phone, &wrong(&code)).await), "undelivered");
    it.verify(&amy(), &phone, &code).await.unwrap();
}

#[tokio::test]
async fn guesses_at_a_code_that_is_reported_lost_count() {
    let it = with_reports();
    let phone = hash("phone", NUMBER);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let (word, code) = it.send_code().await;
    it.report("plain", &word, "failed").await.unwrap();
    let most = Limits::default().guesses_per_code;
    for _ in 0..most {
        assert_eq!(code_of(it.verify(&amy(), &phone, &wrong(&code)).await), "undelivered");
    }
    assert_eq!(code_of(it.verify(&amy(), &phone, &code).await), "not_found");
}

#[tokio::test]
async fn reports_of_others_and_on_nothing_are_not_found() {
    let it = with_reports();
    let phone = hash("phone", NUMBER);
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    let (word, code) = it.send_code().await;
    for (gateway, word) in [
        ("plain", "0123"),
        ("plain", ""),
        ("plain", phone.as_str()),
        ("other", word.as_str()),
    ] {
        assert_eq!(
            code_of(it.report(gateway, word, "failed").await),
            "not_found",
            "{gateway} {word}"
        );
    }
    assert!(!it.is_undelivered(&phone).await);
    // The word proves nothing.
    let by_link = it.service.call(&somebody(), Verify::by_link(&word, &code)).await;
    assert_eq!(code_of(by_link), "not_found");
    it.clock.advance(60 * MINUTE);
    assert_eq!(code_of(it.report("plain", &word, "failed").await), "not_found");
}

#[tokio::test]
async fn without_a_public_address_nothing_is_reported() {
    let it = Fixture::new();
    it.register(&amy(), "phone", NUMBER).await.unwrap();
    assert_eq!(it.letters(Queue::PHONE).await.pop().unwrap().report, None);
}

#[tokio::test]
async fn a_report_by_the_connection_of_messages_needs_no_public_address() {
    for (reports, has_word) in [([].into(), false), (["phone".to_owned()].into(), true)] {
        let it = Fixture::with(|settings| settings.reports = reports);
        it.register(&amy(), "phone", NUMBER).await.unwrap();
        let letter = it.letters(Queue::PHONE).await.pop().unwrap();
        assert_eq!(letter.report.is_some(), has_word);
    }
}
