//! The operations, over a real store and a clock that moves when told.

#![allow(clippy::unwrap_used, clippy::panic)]

mod absence;
mod aliases;
mod clocks;
mod crowds;
mod lockout;
mod rekey;
mod shares;
mod spellings;
mod takeover;
mod tampering;
mod tokens;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;
use crate::channel::sign_in::{Attempt, SignInError};
use crate::model::{Hash, Identity, OwnAddress, OwnAddresses, parse_target};
use crate::store::sqlite::SqliteStore;

const PHONE: &str = "+447700900123";
const MAIL: &str = "amy@mail.example";
const MINUTE: Duration = Duration::from_secs(60);

struct Fixture {
    service: Service,
    clock: Clock,
    _folder: tempfile::TempDir,
}

fn jid(text: &str) -> BareJid {
    parse_target(text).unwrap()
}

fn amy() -> BareJid {
    jid("amy@example.org")
}

fn michael() -> BareJid {
    jid("michael@example.net")
}

fn hash(provider: &str, id: &str) -> String {
    Identity::parse(provider.into(), id).unwrap().hash().to_string()
}

fn own_hash(jid: &BareJid) -> String {
    hash("xmpp", jid.as_str())
}

fn code_of<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    match result.unwrap_err() {
        Error::TargetUnconfirmed(_) | Error::TokenNeeded { .. } => "target_unconfirmed",
        Error::NotRegistered | Error::NothingWaits | Error::NoSuchRecipient => "not_found",
        Error::MissingCode => "missing_code",
        Error::FaultyCode => "faulty_code",
        Error::Value(_) | Error::InvalidId(_) | Error::NumberNotServed => "value_error",
        Error::DomainNotServed => "domain_not_served",
        Error::InsufficientContactInfo => "insufficient_contact_info",
        Error::TooManyRequested(_) => "too_many_requested",
        Error::UnknownProvider => "unknown_provider",
        Error::RequestLimitReached { .. } => "request_limit_reached",
        other => panic!("{other:?}"),
    }
}

fn keys() -> Keys {
    Keys::new(&zeroize::Zeroizing::new([7; 32]))
}

fn service(store: Store, clock: &Clock, change: impl FnOnce(&mut Settings)) -> Service {
    service_under(store, keys(), clock, change)
}

fn service_under(store: Store, keys: Keys, clock: &Clock, change: impl FnOnce(&mut Settings)) -> Service {
    let mut settings = Settings {
        providers: ["xmpp", "email", "phone"].map(str::to_owned).into(),
        own_domains: ["example.org".to_owned()].into(),
        ..Settings::default()
    };
    change(&mut settings);
    let octo = |case_sensitive| Arc::new(Octo { case_sensitive }) as Arc<dyn SignIn>;
    let sign_ins: SignIns = [("octo".to_owned(), octo(false)), ("case".to_owned(), octo(true))].into();
    Service::new(store, keys, clock.clone(), settings, sign_ins)
}

/// A provider where whoever comes with the code `amy` is amy.
struct Octo {
    case_sensitive: bool,
}

impl SignIn for Octo {
    fn goto<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, std::result::Result<String, SignInError>> {
        async { Ok(attempt.state.clone()) }.boxed()
    }

    fn is_from(&self, issuer: Option<&str>) -> bool {
        issuer.is_none_or(|issuer| issuer == "https://octo.example")
    }

    fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    fn name<'a>(&'a self, _: &'a Attempt, code: String) -> BoxFuture<'a, std::result::Result<String, SignInError>> {
        async { Ok(code) }.boxed()
    }
}

impl Fixture {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::under(keys(), change)
    }

    fn under(keys: Keys, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
        let clock = Clock::system();
        Self {
            service: service_under(Store::new(store), keys, &clock, change),
            clock,
            _folder: folder,
        }
    }

    /// The service as it is after a restart: it remembers what is in the store.
    fn restarted(&self, change: impl FnOnce(&mut Settings)) -> Service {
        service(self.service.store().clone(), &self.clock, change)
    }

    /// Takes what waits in a queue, as a worker would.
    async fn sent(&self, queue: Queue) -> Vec<Message> {
        let due = self.service.due(queue, 1000).await.unwrap().0;
        let ids: Vec<i64> = due.iter().map(|due| due.row.id).collect();
        self.service
            .store()
            .write(move |tx| ids.into_iter().try_for_each(|id| tx.remove(id).map(drop)))
            .await
            .unwrap();
        due.into_iter().map(|due| letter_of(due).message).collect()
    }

    /// The codes that wait in a queue.
    async fn codes(&self, queue: Queue) -> Vec<String> {
        let codes = self.sent(queue).await.into_iter().filter_map(|message| match message {
            Message::Code { code, .. } | Message::ForgetCode { code, .. } => Some(code.to_string()),
            _ => None,
        });
        codes.collect()
    }

    /// The only code that waits in a queue, which stays there.
    async fn peek_code(&self, queue: Queue) -> String {
        let letters = self.letters(queue).await;
        let [letter] = &letters[..] else {
            panic!("{} messages", letters.len())
        };
        match &letter.message {
            Message::Code { code, .. } => code.to_string(),
            _ => panic!("no code"),
        }
    }

    async fn register(&self, target: &BareJid, provider: &str, id: &str) -> Result<Registered> {
        self.service.register_native(target, provider, id, false).await
    }

    async fn resend(&self, target: &BareJid, provider: &str, id: &str) -> Result<Registered> {
        self.service.register_native(target, provider, id, true).await
    }

    async fn verify(&self, target: &BareJid, hash: &str, code: &str) -> Result<Verified> {
        self.service.verify_native(target, hash, Some(code)).await
    }

    async fn verify_http(&self, hash: &str, code: &str) -> Result<Verified> {
        self.service.verify_http(hash, Meant::Any, Some(code)).await
    }

    /// Links a phone number natively, unless it is already.
    async fn link_phone(&self, target: &BareJid, number: &str) {
        if self.register(target, "phone", number).await.unwrap().status == Status::Confirmed {
            return;
        }
        let code = self.codes(Queue::Phone).await.pop().unwrap();
        self.verify(target, &hash("phone", number), &code).await.unwrap();
    }

    async fn confirms(&self, target: &BareJid, hash: &str) -> bool {
        self.service.confirm(target.as_str(), &[hash]).await.unwrap()
    }

    fn request(target: &BareJid, details: &[(&str, &str)], contacts: Vec<String>) -> ContactRequest {
        ContactRequest {
            target: target.clone(),
            details: details
                .iter()
                .map(|(provider, id)| ((*provider).into(), (*id).into()))
                .collect(),
            contacts: contacts.iter().map(|text| Hash::parse(text)).collect(),
        }
    }

    /// Asks natively with the own number, and lets the worker look up the hashes.
    async fn contact(&self, from: &BareJid, number: &str, contacts: Vec<String>) -> Result<()> {
        self.service
            .contact_native(Self::request(from, &[("phone", number)], contacts))
            .await?;
        self.match_requests().await;
        Ok(())
    }

    async fn match_requests(&self) {
        self.clock.advance(contact::LOOKED_UP_WITHIN);
        let due = self.service.due(Queue::Requests, 100).await.unwrap().0;
        let failed = self.service.introduce(due.iter().map(|due| due.row.id).collect()).await;
        assert!(failed.is_empty());
    }

    /// Who is asked to be introduced to whom.
    async fn introductions(&self) -> Vec<(String, String)> {
        let sent = self
            .sent(Queue::Xmpp)
            .await
            .into_iter()
            .filter_map(|message| match message {
                Message::Introduction { to, from, .. } => Some((to.to_string(), from.to_string())),
                _ => None,
            });
        sent.collect()
    }
}

/// A code that is not `right`.
fn wrong(right: &str) -> String {
    right
        .chars()
        .map(|digit| if digit == '9' { '0' } else { '9' })
        .collect()
}

#[tokio::test]
async fn ones_own_jid_is_confirmed_at_once_natively() {
    let it = Fixture::new();
    let registered = it.register(&amy(), "xmpp", "AMY@example.org/phone").await.unwrap();
    assert_eq!(registered.status, Status::Confirmed);
    assert_eq!(registered.hash.to_string(), own_hash(&amy()));
    assert!(it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(it.sent(Queue::Xmpp).await.is_empty());
}

#[tokio::test]
async fn a_right_code_makes_the_link_and_the_senders_jid_is_confirmed_along_the_way() {
    let it = Fixture::new();
    let phone = hash("phone", PHONE);
    let registered = it.register(&amy(), "phone", "+44 (7700) 900-123").await.unwrap();
    assert_eq!(
        (registered.status, registered.hash.to_string()),
        (Status::Pending, phone.clone())
    );
    assert!(it.confirms(&amy(), &own_hash(&amy())).await);
    assert!(!it.confirms(&amy(), &phone).await);

    let code = it.codes(Queue::Phone).await.pop().unwrap();
    assert_eq!(code.len(), 4);
    assert_eq!(
        code_of(it.service.verify_native(&amy(), &phone, None).await),
        "missing_code"
    );
    assert_eq!(code_of(it.verify(&amy(), &phone, &wrong(&code)).await), "faulty_code");
    assert_eq!(code_of(it.verify(&michael(), &phone, &code).await), "not_found");
    let spaced = format!(" {} {} ", &code[..2], &code[2..]);
    assert_eq!(
        it.verify(&amy(), &phone.to_uppercase(), &spaced).await.unwrap().target,
        amy()
    );
    assert!(it.confirms(&amy(), &phone).await);
    assert!(!it.confirms(&michael(), &phone).await);
    assert_eq!(code_of(it.verify(&amy(), &phone, &code).await), "not_found");
}

#[tokio::test]
async fn over_http_the_target_comes_first() {
    let it = Fixture::new();
    let (amy, service) = (amy(), &it.service);
    for provider in ["phone", "email", "xmpp", "pigeon"] {
        let refused = service.register_http(&amy, provider, "whatever", false, None).await;
        assert_eq!(code_of(refused), "target_unconfirmed");
    }
    let registered = service
        .register_http(&amy, "xmpp", "Amy@example.org", false, None)
        .await
        .unwrap();
    assert_eq!(registered.status, Status::Pending);
    let code = it.codes(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(it.verify_http(&own_hash(&amy), &code).await.unwrap().target, amy);

    assert_eq!(
        code_of(service.register_http(&amy, "pigeon", "x", false, None).await),
        "unknown_provider"
    );
    assert_eq!(
        code_of(service.register_http(&amy, "phone", "12", false, None).await),
        "value_error"
    );
    assert_eq!(
        code_of(service.register_http(&amy, "phone", "+0011234567", false, None).await),
        "value_error"
    );
    service.register_http(&amy, "email", MAIL, false, None).await.unwrap();
    let code = it.codes(Queue::Email).await.pop().unwrap();
    assert_eq!(code.len(), 6);
    it.verify_http(&hash("email", MAIL), &code).await.unwrap();
    assert!(it.confirms(&amy, &hash("email", MAIL)).await);
}

#[tokio::test]
async fn registering_again_sends_nothing_unless_resend_is_asked_for() {
    let it = Fixture::new();
    let first = it.register(&amy(), "phone", PHONE).await.unwrap();
    let old = it.codes(Queue::Phone).await.pop().unwrap();
    assert_eq!(it.register(&amy(), "phone", PHONE).await.unwrap(), first);
    assert!(it.sent(Queue::Phone).await.is_empty());

    assert_eq!(
        code_of(it.resend(&amy(), "phone", PHONE).await),
        "request_limit_reached"
    );
    it.clock.advance(Duration::from_secs(31));
    assert_eq!(it.resend(&amy(), "phone", PHONE).await.unwrap(), first);
    let new = it.codes(Queue::Phone).await.pop().unwrap();
    if old != new {
        assert_eq!(
            code_of(it.verify(&amy(), &hash("phone", PHONE), &old).await),
            "faulty_code"
        );
    }
    it.verify(&amy(), &hash("phone", PHONE), &new).await.unwrap();
}

#[tokio::test]
async fn registering_what_is_linked_already_sends_nothing_to_whom_it_belongs() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    for resend in [false, true] {
        let again = it
            .service
            .register_native(&amy(), "phone", PHONE, resend)
            .await
            .unwrap();
        assert_eq!(
            (again.status, again.hash.to_string()),
            (Status::Confirmed, hash("phone", PHONE))
        );
    }
    assert!(it.codes(Queue::Phone).await.is_empty());
    it.clock.advance(MINUTE);
    // Anybody could ask that over HTTP.
    let asked = it
        .service
        .register_http(&amy(), "phone", PHONE, false, None)
        .await
        .unwrap();
    assert_eq!(asked.status, Status::Pending);
    assert_eq!(it.codes(Queue::Phone).await.len(), 1);
    // Nor is it told to others.
    let other = it.register(&michael(), "phone", PHONE).await.unwrap();
    assert_eq!(other.status, Status::Pending);
    assert_eq!(it.codes(Queue::Phone).await.len(), 1);
    // What is forgotten can be proven again.
    it.clock.advance(MINUTE);
    it.service.forget_native(&amy(), &[hash("phone", PHONE)]).await.unwrap();
    assert_eq!(
        it.register(&amy(), "phone", PHONE).await.unwrap().status,
        Status::Pending
    );
}

#[tokio::test]
async fn an_alias_is_nothing_that_is_linked_already() {
    let it = Fixture::new();
    let (mailbox, alias) = ("amy@gmail.com", "amy@googlemail.com");
    it.register(&amy(), "email", mailbox).await.unwrap();
    let code = it.codes(Queue::Email).await.pop().unwrap();
    it.verify(&amy(), &hash("email", mailbox), &code).await.unwrap();
    assert!(it.confirms(&amy(), &hash("email", alias)).await);
    it.clock.advance(MINUTE);
    assert_eq!(
        it.register(&amy(), "email", mailbox).await.unwrap().status,
        Status::Confirmed
    );
    assert_eq!(
        it.register(&amy(), "email", alias).await.unwrap().status,
        Status::Pending
    );
}

#[tokio::test]
async fn nobody_signs_in_for_a_name_that_is_linked_already() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let signed_in = it.sign_in(&state, "amy").await.unwrap();
    it.verify(&amy(), &hash("octo", "amy"), signed_in.code.as_str())
        .await
        .unwrap();
    for resend in [false, true] {
        let again = it.service.register_native(&amy(), "octo", "amy", resend).await.unwrap();
        assert_eq!((again.status, again.goto), (Status::Confirmed, None));
    }
    let asked = it
        .service
        .register_http(&amy(), "octo", "amy", false, None)
        .await
        .unwrap();
    assert!(asked.status == Status::Pending && asked.goto.is_some());
}

#[tokio::test]
async fn registering_for_another_target_does_not_disturb_the_first() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let first = it.codes(Queue::Phone).await.pop().unwrap();
    it.clock.advance(MINUTE);
    it.register(&michael(), "phone", PHONE).await.unwrap();
    let second = it.codes(Queue::Phone).await.pop().unwrap();
    it.verify(&amy(), &hash("phone", PHONE), &first).await.unwrap();
    assert!(it.confirms(&amy(), &hash("phone", PHONE)).await);

    it.verify(&michael(), &hash("phone", PHONE), &second).await.unwrap();
    assert!(it.confirms(&michael(), &hash("phone", PHONE)).await);
    let notices = it.sent(Queue::Xmpp).await;
    let [Message::TakenOver { to, hash: taken, .. }] = &notices[..] else {
        panic!("one notice")
    };
    assert_eq!((to, taken.to_string()), (&amy(), hash("phone", PHONE)));
    let letter = locked(&it.service.core).letter(notices[0].clone(), Language::English);
    assert!(!crate::channel::text::chat(&letter, false).contains("michael"));
}

#[tokio::test]
async fn codes_expire() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    it.clock.advance(10 * MINUTE);
    assert_eq!(
        code_of(it.verify(&amy(), &hash("phone", PHONE), &code).await),
        "not_found"
    );
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.codes(Queue::Phone).await.len(), 1);

    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::Email).await.pop().unwrap();
    it.clock.advance(23 * 60 * MINUTE);
    it.verify(&amy(), &hash("email", MAIL), &code).await.unwrap();
}

#[tokio::test]
async fn five_wrong_guesses_use_up_a_code() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::Phone).await.pop().unwrap();
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
    let code = it.codes(Queue::Phone).await.pop().unwrap();
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
        let code = it.codes(Queue::Phone).await.pop().unwrap();
        for _ in 0..5 {
            assert_eq!(
                code_of(it.verify_http(&hash("phone", PHONE), &wrong(&code)).await),
                "faulty_code"
            );
        }
        it.clock.advance(MINUTE);
    }
    register().await;
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    assert_eq!(
        code_of(it.verify_http(&hash("phone", PHONE), &code).await),
        "request_limit_reached"
    );
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();

    it.clock.advance(24 * 60 * MINUTE);
    register().await;
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    it.verify_http(&hash("phone", PHONE), &code).await.unwrap();
}

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
    let it = Fixture::with(|settings| settings.phone_prefixes = vec!["+49".into()]);
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
    assert!(it.sent(Queue::Phone).await.is_empty());
}

fn budget(provider: &str, prefix: &str, per_day: u32) -> Budget {
    Budget {
        provider: provider.into(),
        prefix: prefix.into(),
        per_day,
    }
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
    assert_eq!(it.sent(Queue::Phone).await.len(), 4);
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
    assert_eq!(it.sent(Queue::Phone).await.len(), 7);

    let restarted = it.restarted(settings);
    let (jid, number) = caller(50);
    let refused = restarted.register_native(&jid, "phone", &number, false).await;
    assert_eq!(code_of(refused), "request_limit_reached");
}

#[tokio::test]
async fn codes_asked_for_by_one_address_are_limited() {
    let it = Fixture::with(|settings| settings.limits.codes_per_address_per_day = 3);
    let from = |address: &str| it.service.asked_from(address.parse().unwrap());
    let ask = async |service: &Service, n: u32| {
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

/// Of each message that waits in a queue, whether its recipient wants it.
async fn wanted(it: &Fixture, queue: Queue) -> Vec<bool> {
    let due = it.service.due(queue, 1000).await.unwrap().0;
    due.iter().map(|due| matches!(due.letter, Opened::Letter(_))).collect()
}

#[tokio::test]
async fn who_does_not_want_to_be_written_to_can_say_so_and_take_it_back() {
    let it = Fixture::new();
    it.register(&amy(), "email", MAIL).await.unwrap();
    let token = it.letters(Queue::Email).await.remove(0).stop.unwrap();
    let reader = || Recipient::Reader(token.clone());
    assert!(!it.service.is_suppressed(reader()).await.unwrap());
    assert!(!it.service.unsuppress(reader()).await.unwrap());

    it.service.suppress(reader()).await.unwrap();
    it.service.suppress(reader()).await.unwrap();
    // What was written before it was said does not go either; others' does.
    it.register(&amy(), "email", "amy@other.example").await.unwrap();
    assert_eq!(wanted(&it, Queue::Email).await, [false, true]);

    let restarted = it.restarted(|_| {});
    let typed = || Recipient::typed(" Amy@Mail.example ").unwrap();
    assert!(restarted.is_suppressed(typed()).await.unwrap());
    assert!(it.service.unsuppress(typed()).await.unwrap());
    assert_eq!(wanted(&it, Queue::Email).await, [true, true]);
}

#[tokio::test]
async fn whoever_asks_for_a_code_cannot_tell_whether_it_is_wanted() {
    let limits = |settings: &mut Settings| settings.limits.codes_per_day = 3;
    let (told, quiet) = (Fixture::with(limits), Fixture::with(limits));
    quiet.service.suppress(Recipient::typed(PHONE).unwrap()).await.unwrap();
    for resend in [false, false, true, true, true] {
        let ask = async |it: &Fixture| {
            let answer = it.service.register_native(&amy(), "phone", PHONE, resend).await;
            let guess = it.verify(&amy(), &hash("phone", PHONE), "1").await;
            it.clock.advance(MINUTE);
            (answer.map_err(|error| error.to_string()), code_of(guess))
        };
        assert_eq!(ask(&told).await, ask(&quiet).await);
    }
    assert_eq!(wanted(&told, Queue::Phone).await, [true]);
    assert_eq!(wanted(&quiet, Queue::Phone).await, [false]);
}

#[tokio::test]
async fn only_who_reads_mail_or_sms_can_be_suppressed() {
    let it = Fixture::new();
    for text in ["xmpp:amy@example.org", "octo:amy", "nobody", ""] {
        assert_eq!(code_of(Recipient::typed(text)), "value_error", "{text}");
    }
    let made_up = || Recipient::Reader("0".repeat(64));
    assert_eq!(code_of(it.service.suppress(made_up()).await), "not_found");
    assert_eq!(code_of(it.service.is_suppressed(made_up()).await), "not_found");
    // A text message has no room for a link.
    it.register(&amy(), "phone", PHONE).await.unwrap();
    assert_eq!(it.letters(Queue::Phone).await.remove(0).stop, None);
}

#[tokio::test]
async fn requests_are_counted_by_the_clock() {
    let it = Fixture::new();
    let requester = Requester::Jid(Some("amy"), "example.org");
    for _ in 0..10 {
        it.service.admit(requester).unwrap();
    }
    assert_eq!(code_of(it.service.admit(requester)), "request_limit_reached");
    it.service
        .admit(Requester::Jid(Some("michael"), "example.net"))
        .unwrap();
    it.clock.advance(Duration::from_secs(1));
    it.service.admit(requester).unwrap();
}

#[tokio::test]
async fn a_contact_request_reaches_each_recipient_once_and_never_the_requester() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    let contacts = vec![
        hash("phone", PHONE),
        own_hash(&amy()).to_uppercase(),
        own_hash(&michael()),
        hash("phone", "+447700900789"),
        "not a hash".into(),
    ];
    it.contact(&michael(), "+44 7700 900456", contacts).await.unwrap();
    assert_eq!(
        it.introductions().await,
        [("amy@example.org".into(), "michael@example.net".into())]
    );
}

#[tokio::test]
async fn only_confirmed_details_are_forwarded() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.register(&michael(), "xmpp", michael().as_str()).await.unwrap();
    let details = [
        ("phone", PHONE),
        ("pigeon", "coo"),
        ("phone", "nonsense"),
        ("xmpp", "MICHAEL@example.net"),
        ("xmpp", "michael@example.net"),
    ];
    let request = Fixture::request(&michael(), &details, vec![hash("phone", PHONE)]);
    it.service.contact_native(request).await.unwrap();
    it.match_requests().await;
    let sent = it.sent(Queue::Xmpp).await;
    let [Message::Introduction { details, .. }] = &sent[..] else {
        panic!("one introduction")
    };
    assert_eq!(details[..], [Identity::of_jid(&michael())]);

    let none = Fixture::request(&michael(), &[("phone", PHONE)], vec![hash("phone", PHONE)]);
    assert_eq!(
        code_of(it.service.contact_native(none).await),
        "insufficient_contact_info"
    );
}

#[tokio::test]
async fn the_same_requester_reaches_the_same_recipient_once_a_day() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    let contacts = || vec![hash("phone", PHONE)];
    for expected in [1, 0] {
        it.contact(&michael(), "+447700900456", contacts()).await.unwrap();
        assert_eq!(it.introductions().await.len(), expected);
    }
    it.clock.advance(24 * 60 * MINUTE);
    it.contact(&michael(), "+447700900456", contacts()).await.unwrap();
    assert_eq!(it.introductions().await.len(), 1);
}

/// Amy's number is linked, and Michael, who has one as well, asks for her.
async fn michael_asks_for_amy(it: &Fixture) {
    it.contact(&michael(), "+447700900456", vec![hash("phone", PHONE)])
        .await
        .unwrap();
}

async fn with_amy_and_michael(change: impl FnOnce(&mut Settings)) -> Fixture {
    let it = Fixture::with(change);
    it.link_phone(&amy(), PHONE).await;
    it.clock.advance(MINUTE);
    it.link_phone(&michael(), "+447700900456").await;
    it
}

fn named(jids: &[&str]) -> Vec<String> {
    jids.iter().map(|jid| (*jid).to_owned()).collect()
}

#[tokio::test]
async fn muted_requests_reach_nobody_until_they_are_unmuted() {
    let it = with_amy_and_michael(|settings| settings.limits.repeat_contact_after = Duration::ZERO).await;
    let michaels = named(&["MICHAEL@example.net/phone"]);
    for (muted, unmuted, reached) in [
        (Some(michaels.clone()), None, 0),
        (None, Some(named(&["eve@example.org"])), 0),
        (None, Some(michaels.clone()), 1),
        (Some(named(&["eve@example.org", "amy@example.org"])), None, 1),
        (Some(Vec::new()), None, 0),
        (None, Some(michaels.clone()), 0),
        (None, Some(Vec::new()), 1),
    ] {
        if let Some(muted) = &muted {
            it.service.mute(&amy(), muted).await.unwrap();
        }
        if let Some(unmuted) = &unmuted {
            it.service.unmute(&amy(), unmuted).await.unwrap();
        }
        michael_asks_for_amy(&it).await;
        assert_eq!(it.introductions().await.len(), reached, "{muted:?} {unmuted:?}");
    }
}

#[tokio::test]
async fn a_muted_request_counts_as_one_that_reached() {
    let it = with_amy_and_michael(|_| {}).await;
    it.service.mute(&amy(), &named(&["michael@example.net"])).await.unwrap();
    michael_asks_for_amy(&it).await;
    it.service.unmute(&amy(), &[]).await.unwrap();
    michael_asks_for_amy(&it).await;
    assert_eq!(it.introductions().await, []);
}

#[tokio::test]
async fn whom_one_has_muted_is_listed_and_forgotten_with_everything() {
    let it = with_amy_and_michael(|_| {}).await;
    let muted = async |jid: &BareJid| it.service.muted(jid).await.unwrap();
    assert_eq!(muted(&amy()).await, Muted::default());
    let two = named(&["michael@example.net", "eve@example.org", "eve@example.org/x"]);
    it.service.mute(&amy(), &two).await.unwrap();
    it.service.mute(&amy(), &[]).await.unwrap();
    let expected = Muted {
        everybody: true,
        jids: named(&["eve@example.org", "michael@example.net"]),
    };
    assert_eq!(muted(&amy()).await, expected);
    assert_eq!(muted(&michael()).await, Muted::default());

    let unmuted = async |jids: &[&str]| {
        let Unmuted { gone, everybody } = it.service.unmute(&amy(), &named(jids)).await.unwrap();
        (gone, everybody)
    };
    assert_eq!(unmuted(&["bob@example.org"]).await, (0, true));
    assert_eq!(unmuted(&["eve@example.org", "michael@example.net"]).await, (2, true));
    assert_eq!(unmuted(&[]).await, (1, false));

    it.service.mute(&amy(), &two).await.unwrap();
    it.service.forget_native(&amy(), &[own_hash(&amy())]).await.unwrap();
    assert_eq!(muted(&amy()).await.jids.len(), 2);
    it.service.forget_native(&michael(), &[]).await.unwrap();
    assert_eq!(muted(&amy()).await.jids.len(), 2);
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert_eq!(muted(&amy()).await, Muted::default());
}

#[tokio::test]
async fn what_cannot_be_muted_changes_nothing() {
    let it = Fixture::new();
    for wrong in ["", " ", "example.org", "a@b@c"] {
        let jids = named(&["eve@example.org", wrong]);
        assert_eq!(code_of(it.service.mute(&amy(), &jids).await), "value_error", "{wrong}");
        assert_eq!(
            code_of(it.service.unmute(&amy(), &jids).await),
            "value_error",
            "{wrong}"
        );
    }
    assert_eq!(it.service.muted(&amy()).await.unwrap(), Muted::default());
    let server = BareJid::new("example.org").unwrap();
    assert!(matches!(it.service.mute(&server, &[]).await, Err(Error::NotAnAccount)));
}

#[tokio::test]
async fn so_many_and_no_more_can_be_muted() {
    let it = Fixture::new();
    let jids = |range: std::ops::Range<usize>| range.map(|n| format!("{n}@example.org")).collect::<Vec<_>>();
    let mute = async |jids: Vec<String>| it.service.mute(&amy(), &jids).await;
    mute(Vec::new()).await.unwrap();
    assert_eq!(code_of(mute(jids(0..101)).await), "too_many_requested");
    for from in (0..1000).step_by(100) {
        mute(jids(from..from + 100)).await.unwrap();
    }
    assert_eq!(code_of(mute(jids(999..1001)).await), "too_many_requested");
    mute(jids(0..100)).await.unwrap();
    assert_eq!(it.service.muted(&amy()).await.unwrap().jids.len(), 1000);
    it.service.unmute(&amy(), &jids(0..1)).await.unwrap();
    mute(jids(999..1001)).await.unwrap();
}

#[tokio::test]
async fn nobody_can_tell_when_hashes_are_looked_up() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.link_phone(&michael(), "+447700900456").await;
    let waiting = async || it.service.due(Queue::Requests, 100).await.unwrap().0.len();
    for _ in 0..30 {
        let request = Fixture::request(&michael(), &[("phone", "+447700900456")], vec![hash("phone", PHONE)]);
        it.service.contact_native(request).await.unwrap();
    }
    let at_once = waiting().await;
    assert!(at_once < 30, "some wait");
    assert!(it.introductions().await.is_empty(), "and no answer waits for them");
    it.clock.advance(contact::LOOKED_UP_WITHIN / 2);
    let later = waiting().await;
    assert!(at_once < later && later < 30, "{at_once}, {later}: at various moments");
    it.clock.advance(contact::LOOKED_UP_WITHIN / 2);
    assert_eq!(waiting().await, 30);
}

#[tokio::test]
async fn contact_hashes_are_limited() {
    let it = Fixture::new();
    it.link_phone(&michael(), PHONE).await;
    let contacts = |n: usize| {
        (0..n)
            .map(|n| hash("email", &format!("{n}@mail.example")))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        code_of(it.contact(&michael(), PHONE, contacts(101)).await),
        "too_many_requested"
    );
    assert_eq!(code_of(it.contact(&michael(), PHONE, contacts(0)).await), "value_error");
    for _ in 0..10 {
        it.contact(&michael(), PHONE, contacts(100)).await.unwrap();
    }
    assert_eq!(
        code_of(it.contact(&michael(), PHONE, contacts(1)).await),
        "request_limit_reached"
    );
    it.clock.advance(24 * 60 * MINUTE);
    it.contact(&michael(), PHONE, contacts(100)).await.unwrap();
}

#[tokio::test]
async fn over_http_contact_needs_a_confirmed_target() {
    let it = Fixture::new();
    let request = || Fixture::request(&amy(), &[("xmpp", "amy@example.org")], vec![own_hash(&michael())]);
    assert_eq!(code_of(it.service.contact_http(request()).await), "target_unconfirmed");
    it.register(&amy(), "xmpp", "amy@example.org").await.unwrap();
    it.service.contact_http(request()).await.unwrap();
}

#[tokio::test]
async fn confirm_needs_every_hash() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    let (own, phone, other) = (own_hash(&amy()), hash("phone", PHONE), hash("email", MAIL));
    let confirm = async |target: &str, hashes: Vec<String>| it.service.confirm(target, &hashes).await;
    assert!(
        confirm("amy@example.org/phone", vec![own.clone(), phone.to_uppercase()])
            .await
            .unwrap()
    );
    assert!(!confirm("amy@example.org", vec![own.clone(), other]).await.unwrap());
    assert!(
        !confirm("amy@example.org", vec![own.clone(), "nonsense".into()])
            .await
            .unwrap()
    );
    assert!(!confirm("not a jid", vec![own.clone()]).await.unwrap());
    assert_eq!(code_of(confirm("amy@example.org", vec![]).await), "value_error");
    assert!(confirm("amy@example.org", vec![own.clone(); 500]).await.unwrap());
    assert_eq!(
        code_of(confirm("amy@example.org", vec![own; 501]).await),
        "too_many_requested"
    );
}

#[tokio::test]
async fn links_are_listed_and_forgotten_by_name_or_all() {
    let it = Fixture::new();
    it.link_phone(&amy(), PHONE).await;
    it.register(&amy(), "email", MAIL).await.unwrap();
    let code = it.codes(Queue::Email).await.pop().unwrap();
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
    let code = it.codes(Queue::Email).await.pop().unwrap();
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
    let codes = it.codes(Queue::Xmpp).await;
    let [code] = &codes[..] else { panic!("one code") };
    assert_eq!(code_of(forget(vec![], Some(code)).await), "not_found");
    assert_eq!(
        code_of(forget(vec![phone.clone()], Some(&wrong(code))).await),
        "faulty_code"
    );
    assert_eq!(
        forget(vec![phone.to_uppercase()], Some(code)).await.unwrap(),
        Forgetting::Forgotten
    );
    assert!(!it.confirms(&amy(), &phone).await);
    assert!(it.confirms(&amy(), &own).await);

    it.clock.advance(MINUTE);
    forget(vec![], None).await.unwrap();
    let code = it.codes(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(forget(vec![], Some(&code)).await.unwrap(), Forgetting::Forgotten);
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
    // Codes to the number, for it by Amy, of Amy, to all numbers; Amy as a new JID, and the new JIDs of her server.
    assert_eq!(it.service.purge().await.unwrap().quota, 6);
}

#[tokio::test]
async fn two_verifications_at_once_make_one_link() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    let (amy, phone) = (amy(), hash("phone", PHONE));
    let results = futures::future::join_all((0..8).map(|_| it.verify(&amy, &phone, &code))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_code_that_was_replaced_used_or_forgotten_is_not_sent_any_more() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.clock.advance(MINUTE);
    it.resend(&amy(), "phone", PHONE).await.unwrap();
    let code = it.peek_code(Queue::Phone).await;
    it.verify(&amy(), &hash("phone", PHONE), &code).await.unwrap();
    assert!(it.sent(Queue::Phone).await.is_empty());

    it.register(&amy(), "email", MAIL).await.unwrap();
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert!(it.sent(Queue::Email).await.is_empty());
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
async fn a_guess_over_http_counts_for_every_code_it_is_compared_with() {
    let it = Fixture::new();
    for n in 0..5 {
        it.register(&jid(&format!("user{n}@example.org")), "phone", PHONE)
            .await
            .unwrap();
        it.clock.advance(MINUTE);
    }
    let sent = it.codes(Queue::Phone).await;
    let mut no = ["0000", "1111", "2222", "3333", "4444", "5555"].into_iter();
    let no = no.find(|code| !sent.iter().any(|sent| sent == code)).unwrap();
    for expected in ["faulty_code", "faulty_code", "request_limit_reached"] {
        assert_eq!(code_of(it.verify_http(&hash("phone", PHONE), no).await), expected);
    }
}

#[tokio::test]
async fn contact_details_are_limited() {
    let it = Fixture::new();
    let details = vec![("phone", PHONE); 101];
    let request = Fixture::request(&amy(), &details, vec![own_hash(&michael())]);
    assert_eq!(code_of(it.service.contact_native(request).await), "too_many_requested");
}

#[tokio::test]
async fn a_code_alone_finds_its_registration() {
    let it = Fixture::new();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.register(&amy(), "email", MAIL).await.unwrap();
    it.register(&michael(), "phone", "+447700900456").await.unwrap();
    let email = it.codes(Queue::Email).await.pop().unwrap();
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
    let code = it.codes(Queue::Phone).await.pop().unwrap();
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
    let code = it.codes(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(code_of(it.service.verify_any_native(&amy(), &code).await), "not_found");
}

fn letter_of(due: Due) -> Letter {
    match due.letter {
        Opened::Letter(letter) => *letter,
        _ => panic!("no letter"),
    }
}

impl Fixture {
    async fn letters(&self, queue: Queue) -> Vec<Letter> {
        let due = self.service.due(queue, 1000).await.unwrap().0;
        due.into_iter().map(letter_of).collect()
    }
}

#[tokio::test]
async fn messages_are_in_the_language_of_whoever_reads_them() {
    let it = Fixture::with(|settings| settings.language = Language::French);
    let german = it.service.speaking(Some(Language::German));
    german.register_native(&amy(), "phone", PHONE, false).await.unwrap();
    assert_eq!(it.letters(Queue::Phone).await[0].language, Language::German);
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    german
        .verify_native(&amy(), &hash("phone", PHONE), Some(&code))
        .await
        .unwrap();

    // Michael's client does not say what he speaks; Amy's did when she linked her number.
    let michaels = "+447700900456";
    it.register(&michael(), "phone", michaels).await.unwrap();
    assert_eq!(it.letters(Queue::Phone).await[0].language, Language::French);
    let code = it.codes(Queue::Phone).await.pop().unwrap();
    it.verify(&michael(), &hash("phone", michaels), &code).await.unwrap();
    it.contact(&michael(), michaels, vec![hash("phone", PHONE)])
        .await
        .unwrap();
    assert_eq!(it.letters(Queue::Xmpp).await[0].language, Language::German);
}

#[tokio::test]
async fn a_code_that_was_sent_again_stands_for_the_first() {
    let it = Fixture::new();
    let register = async |resend| {
        it.clock.advance(MINUTE);
        let itself = amy();
        it.service
            .register_http(&itself, "xmpp", itself.as_str(), resend, None)
            .await
            .unwrap();
    };
    register(false).await;
    let first = it.letters(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(first.replaces, None);
    it.sent(Queue::Xmpp).await;
    for _ in 0..2 {
        register(true).await;
        let again = it.letters(Queue::Xmpp).await.pop().unwrap();
        assert_ne!(again.id, first.id);
        assert_eq!(again.replaces.as_ref(), Some(&first.id));
        it.sent(Queue::Xmpp).await;
    }
    // Also if it is not known whether the one before was sent: who has sent it may be about to say so.
    register(true).await;
    register(true).await;
    let last = it.letters(Queue::Xmpp).await.pop().unwrap();
    assert_eq!(last.replaces.as_ref(), Some(&first.id));
}

#[tokio::test]
async fn subscribers_are_kept_sealed_and_listed_in_pages() {
    let it = Fixture::new();
    for n in 0..501 {
        it.service
            .subscribe(&jid(&format!("user{n}@example.org")), OwnAddress::Account)
            .await
            .unwrap();
    }
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert!(it.service.is_subscriber(&amy()).await.unwrap());
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    assert!(!it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    let (mut pages, mut all) = (Pages::default(), std::collections::BTreeSet::new());
    while let Some(page) = it.service.subscribers(&mut pages).await.unwrap() {
        all.extend(page.into_iter().map(|(jid, _)| jid));
    }
    assert_eq!(all.len(), 501);
    assert!(!all.contains(&amy()));
}

#[tokio::test]
async fn each_address_of_the_service_is_subscribed_to_for_itself() {
    let it = Fixture::new();
    let listed = async || it.service.subscribers(&mut Pages::default()).await.unwrap().unwrap();
    let both = OwnAddresses::default()
        .with(OwnAddress::Domain)
        .with(OwnAddress::Account);
    it.service.subscribe(&amy(), OwnAddress::Domain).await.unwrap();
    assert!(!it.service.see_subscriber(&amy(), OwnAddress::Account).await.unwrap());
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert_eq!(listed().await, [(amy(), both)]);
    // She is one subscriber, and what is noted when she is seen again changes nothing of that.
    it.clock.advance(24 * 60 * MINUTE);
    assert!(it.service.see_subscriber(&amy(), OwnAddress::Domain).await.unwrap());
    assert_eq!(listed().await, [(amy(), both)]);
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Domain).await.unwrap());
    assert!(!it.service.unsubscribe(&amy(), OwnAddress::Domain).await.unwrap());
    assert_eq!(listed().await, [(amy(), OwnAddress::Account.into())]);
    assert!(it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap());
    assert!(!it.service.is_subscriber(&amy()).await.unwrap());
}

#[tokio::test]
async fn a_subscriber_is_asked_back_once_by_each_address() {
    let it = Fixture::new();
    let ask_back = async |address| it.service.ask_back(&amy(), address).await.unwrap();
    assert!(!ask_back(OwnAddress::Account).await);
    for address in OwnAddress::ALL {
        it.service.subscribe(&amy(), address).await.unwrap();
        assert!(ask_back(address).await);
        assert!(!ask_back(address).await);
    }
    // Neither subscribing again, nor being seen, nor another key is a new subscription.
    it.clock.advance(24 * 60 * MINUTE);
    it.service.subscribe(&amy(), OwnAddress::Domain).await.unwrap();
    it.service.see_subscriber(&amy(), OwnAddress::Account).await.unwrap();
    it.service
        .rekey(Keys::new(&zeroize::Zeroizing::new([9; 32])))
        .await
        .unwrap();
    for address in OwnAddress::ALL {
        assert!(!ask_back(address).await);
    }
    it.service.unsubscribe(&amy(), OwnAddress::Account).await.unwrap();
    it.service.subscribe(&amy(), OwnAddress::Account).await.unwrap();
    assert!(ask_back(OwnAddress::Account).await);
    assert!(!ask_back(OwnAddress::Domain).await);
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
async fn only_accounts_have_links() {
    let it = Fixture::new();
    let server = BareJid::new("example.org").unwrap();
    let refused = it.register(&server, "phone", PHONE).await;
    assert!(matches!(refused, Err(Error::NotAnAccount)), "{refused:?}");
    let refused = it.service.contact_native(Fixture::request(&server, &[], vec![])).await;
    assert!(matches!(refused, Err(Error::NotAnAccount)), "{refused:?}");
}

#[tokio::test]
async fn what_is_typed_must_be_offered_and_not_too_much() {
    let it = Fixture::new();
    assert_eq!(it.service.typed("tel:+44 7700 900123").unwrap().len(), 1);
    assert_eq!(code_of(it.service.typed("my:+44 7700 900123")), "unknown_provider");
    assert_eq!(code_of(it.service.typed("nonsense")), "value_error");
    let lines = |count| std::iter::repeat_n("name@example.org", count);
    let request = it.service.typed_request(&amy(), lines(50), lines(50)).unwrap();
    assert_eq!((request.contacts.len(), request.details.len()), (100, 100));
    assert_eq!(code_of(it.service.all_typed(lines(51))), "too_many_requested");
}

impl Fixture {
    async fn sign_in(&self, state: &str, code: &str) -> Result<SignedIn> {
        let callback = Callback {
            state: Some(state.into()),
            code: Some(code.into()),
            error: None,
            issuer: None,
        };
        self.service.finish_sign_in(&hash("octo", "amy"), callback).await
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T>) -> OAuthFailure {
    match result.unwrap_err() {
        Error::OAuth(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sign_in_expires_and_can_be_begun_anew() {
    let it = Fixture::new();
    let old = it.register(&amy(), "octo", "@Amy").await.unwrap().goto.unwrap();
    assert_eq!(it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap(), old);
    it.clock.advance(10 * MINUTE);
    assert_eq!(failure(it.sign_in(&old, "amy").await), OAuthFailure::ForeignState);
    let new = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    assert_ne!(new, old);
    assert_eq!(failure(it.sign_in(&old, "amy").await), OAuthFailure::ForeignState);
    assert!(matches!(it.sign_in(&new, "eve").await, Err(Error::WrongUser)));
    // Another account, at providers that allow such names.
    for odd in [" amy", "@amy", "amy "] {
        assert!(matches!(it.sign_in(&new, odd).await, Err(Error::WrongUser)), "{odd}");
    }
    let signed_in = it.sign_in(&new, "AMY").await.unwrap();
    assert_eq!(signed_in.target, amy());
    // Nothing is linked before whoever signed in says so.
    assert!(!it.confirms(&amy(), &hash("octo", "amy")).await);
    assert_eq!(failure(it.sign_in(&new, "amy").await), OAuthFailure::ForeignState);
    it.verify_http(&hash("octo", "amy"), signed_in.code.as_str())
        .await
        .unwrap();
    assert!(it.confirms(&amy(), &hash("octo", "amy")).await);
    let told = it.sent(Queue::Xmpp).await;
    assert!(matches!(&told[..], [Message::Linked { .. }]), "{}", told.len());
}

/// Whether who signs in as `name` proves `registered`.
async fn proves(provider: &str, registered: &str, name: &str) -> bool {
    let it = Fixture::new();
    let state = it.register(&amy(), provider, registered).await.unwrap().goto.unwrap();
    let callback = Callback {
        state: Some(state),
        code: Some(name.into()),
        ..Callback::default()
    };
    let finished = it.service.finish_sign_in(&hash(provider, registered), callback).await;
    match finished {
        Ok(_) => true,
        Err(Error::WrongUser) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_letters_beyond_ascii_must_not_be_folded() {
    for (registered, name) in [
        ("Jürgen", "jürgen"),
        ("jürgen", "Jürgen"),
        ("jürgen", "JüRGEN"),
        ("straße", "Straße"),
        ("日本", "日本"),
    ] {
        assert!(proves("octo", registered, name).await, "{registered} {name}");
    }
    // The provider may fold them otherwise, or not at all.
    for (registered, name) in [("jürgen", "JÜRGEN"), ("kim", "\u{212a}im"), ("istanbul", "İstanbul")] {
        assert!(!proves("octo", registered, name).await, "{registered} {name}");
    }
}

#[tokio::test]
async fn where_case_matters_no_name_with_capitals_proves_another() {
    assert!(proves("case", "Octo", "octo").await);
    assert!(!proves("case", "octo", "Octo").await);
    assert!(!proves("case", "Octo", "Octo").await);
    assert!(proves("octo", "octo", "Octo").await);
}

#[tokio::test]
async fn a_sign_in_is_no_code() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let id = hash("octo", "amy");
    assert_eq!(failure(it.verify(&amy(), &id, &state).await), OAuthFailure::NoState);
    // Over HTTP, that would tell anybody who is signing in.
    for code in ["1234", "123456789012"] {
        assert_eq!(code_of(it.verify_http(&id, code).await), "not_found");
    }
    assert_eq!(code_of(it.service.verify_any_native(&amy(), &state).await), "not_found");
    it.service.forget_native(&amy(), &[]).await.unwrap();
    assert!(matches!(it.sign_in(&state, "amy").await, Err(Error::NotRegistered)));
}

#[tokio::test]
async fn another_providers_answer_does_not_count() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    let from = async |issuer: &str| {
        let callback = Callback {
            state: Some(state.clone()),
            code: Some("amy".into()),
            issuer: Some(issuer.into()),
            error: None,
        };
        it.service.finish_sign_in(&hash("octo", "amy"), callback).await
    };
    assert_eq!(failure(from("https://evil.example").await), OAuthFailure::ForeignState);
    assert!(from("https://octo.example").await.is_ok());
}

#[tokio::test]
async fn a_browser_may_come_back_twenty_times() {
    let it = Fixture::new();
    let state = it.register(&amy(), "octo", "amy").await.unwrap().goto.unwrap();
    for _ in 0..20 {
        assert!(matches!(it.sign_in(&state, "eve").await, Err(Error::WrongUser)));
    }
    assert_eq!(failure(it.sign_in(&state, "amy").await), OAuthFailure::ForeignState);
}

#[tokio::test]
async fn sign_ins_do_not_count_as_codes() {
    let it = Fixture::new();
    it.register(&amy(), "xmpp", amy().as_str()).await.unwrap();
    for n in 0..20 {
        let name = format!("name{n}");
        it.service
            .register_http(&amy(), "octo", &name, false, None)
            .await
            .unwrap();
    }
    let refused = it.service.register_http(&amy(), "octo", "more", false, None).await;
    assert_eq!(code_of(refused), "request_limit_reached");
    // Neither her own sign-ins nor her codes suffer from what anybody asks for over HTTP.
    it.register(&amy(), "octo", "amy").await.unwrap();
    it.register(&amy(), "phone", PHONE).await.unwrap();
    it.register(&michael(), "octo", "amy").await.unwrap();
}

#[tokio::test]
async fn a_change_wakes_its_worker_though_nobody_waits_for_the_answer_any_more() {
    let it = Fixture::new();
    let service = it.service.clone();
    let asked = tokio::spawn(async move { service.register_native(&amy(), "phone", PHONE, false).await });
    // A client that goes away: the request has begun, and its future is dropped.
    tokio::task::yield_now().await;
    asked.abort();
    let _ = asked.await;
    let woken = tokio::time::timeout(Duration::from_secs(10), it.service.posted(Queue::Phone));
    assert!(woken.await.is_ok());
    assert_eq!(it.codes(Queue::Phone).await.len(), 1);
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
