//! The operations, over a real store and a clock that moves when told.

#![allow(clippy::unwrap_used, clippy::panic)]

mod absence;
mod aliases;
pub(crate) mod asking;
mod calling;
mod claiming;
mod clocks;
mod contacts;
mod crowds;
mod forgetting;
mod limiting;
mod lockout;
mod muting;
mod peers;
mod phoning;
mod pumping;
mod registering;
mod rekey;
mod reports;
mod shares;
mod signing_in;
mod spellings;
mod subscribing;
mod suppressing;
mod takeover;
mod tampering;
mod tokens;
mod typed_hashes;
mod undelivered;
mod verifying;
mod writing;

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use self::asking::{Ask, Asked};
use super::*;
use crate::channel::sign_in::{Attempt, SignInError};
use crate::channel::{Letter, Message};
use crate::model::Mac;
use crate::model::{Hash, Identity, OwnAddress, OwnAddresses, parse_target};
use crate::store::{Queue, testing};

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

/// The only admin.
fn admin() -> BareJid {
    jid("admin@example.org")
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
    result.unwrap_err().code()
}

fn keys() -> Keys {
    Keys::new(&zeroize::Zeroizing::new([7; 32]))
}

fn service(store: Store, clock: &Clock, change: impl FnOnce(&mut Settings)) -> Service {
    service_under(store, keys(), clock, change)
}

fn service_under(store: Store, keys: impl Into<Keyring>, clock: &Clock, change: impl FnOnce(&mut Settings)) -> Service {
    let mut settings = Settings {
        providers: ["xmpp", "email", "phone"].map(str::to_owned).into(),
        own_domains: ["example.org".to_owned()].into(),
        admins: [admin()].into(),
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
        let store = testing::store(folder.path(), keys.check());
        let clock = Clock::system();
        Self {
            service: service_under(store, keys, &clock, change),
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
            .write(move |tx| ids.iter().try_for_each(|id| tx.remove(*id).map(drop)))
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

    /// Registers `jid` itself over HTTP. Returns the code that it is sent, if it is not linked, or tokens are needed.
    async fn code_of_itself(&self, jid: &BareJid) -> String {
        let registered = self.service.register_http(jid, "xmpp", jid.as_str(), true, None).await;
        registered.unwrap();
        self.codes(Queue::XMPP).await.pop().unwrap()
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
        let code = self.codes(Queue::PHONE).await.pop().unwrap();
        self.verify(target, &hash("phone", number), &code).await.unwrap();
    }

    async fn confirms(&self, target: &BareJid, hash: &str) -> bool {
        self.service.confirm(target.as_str(), &[hash]).await.unwrap()
    }

    fn request(target: &BareJid, details: &[(&str, &str)], contacts: Vec<String>) -> Contact {
        Contact {
            target: target.clone(),
            details: details
                .iter()
                .map(|(provider, id)| ((*provider).into(), (*id).into()))
                .collect(),
            contacts: contacts.iter().map(|text| Hash::parse(text)).collect(),
            scope: Scope::Peers,
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
        self.clock.advance(request::LOOKED_UP_WITHIN);
        let due = self.service.due(Queue::REQUESTS, 100).await.unwrap().0;
        let failed = self
            .service
            .introduce(due.iter().map(|due| due.row.clone()).collect())
            .await;
        assert!(failed.is_empty());
    }

    /// Who is asked to be introduced to whom.
    async fn introductions(&self) -> Vec<(String, String)> {
        let sent = self
            .sent(Queue::XMPP)
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

fn budget(provider: &str, prefix: &str, per_day: u32) -> Budget {
    Budget {
        provider: provider.into(),
        prefix: prefix.into(),
        per_day,
    }
}

/// Of each message that waits in a queue, whether its recipient wants it.
async fn wanted(it: &Fixture, queue: Queue) -> Vec<bool> {
    let due = it.service.due(queue, 1000).await.unwrap().0;
    due.iter().map(|due| matches!(due.letter, Opened::Letter(_))).collect()
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
