//! Those who register, verify and ask for contact, natively and over HTTP, whatever breaks.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use itseme_client::{Error, Identity, Session, Status};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    crowd::Crowd,
    ledger::{Answer, Ledger, Request, SMS_LIVES},
};
use crate::{
    http::Http,
    people::{Person, hash},
};

/// The time limit for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);
/// Between two requests of one asker, in milliseconds.
const PAUSE: std::ops::Range<u64> = 100..400;
/// Details that are shown are among the last so many that were proven.
const SHOWN: usize = 12;

/// Something that waits for its code.
struct Waiting {
    provider: &'static str,
    id: String,
    since: Instant,
}

/// A person who asks.
pub struct Asker {
    person: Person,
    crowd: Arc<Crowd>,
    ledger: Arc<Ledger>,
    http: Http,
    session: Option<Session>,
    rng: StdRng,
    waiting: Vec<Waiting>,
    proven: Vec<String>,
    shown: HashSet<Vec<String>>,
    mails: usize,
}

impl Asker {
    /// Returns the asker of that number, whose behaviour follows from `seed`.
    pub fn new(number: usize, crowd: &Arc<Crowd>, ledger: &Arc<Ledger>, http: Http, seed: u64) -> Self {
        Self {
            person: crowd.askers[number],
            crowd: crowd.clone(),
            ledger: ledger.clone(),
            http,
            session: None,
            rng: StdRng::seed_from_u64(seed.wrapping_add(number as u64)),
            waiting: Vec::new(),
            proven: Vec::new(),
            shown: HashSet::new(),
            mails: 0,
        }
    }

    /// Goes on asking until `stop`.
    pub async fn ask(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(self.rng.random_range(PAUSE))).await;
            self.verify_what_came().await;
            match self.rng.random_range(0..10) {
                0..3 => self.register_mail().await,
                3 => self.register_phone().await,
                _ => self.ask_for_contact().await,
            }
        }
    }

    async fn register_mail(&mut self) {
        self.mails += 1;
        let id = format!("{}-{}@example.org", self.person.name, self.mails);
        self.register("email", id, false).await;
    }

    /// The same number over and over, sometimes with a second code at once.
    async fn register_phone(&mut self) {
        let number = self.person.phone;
        if self.waiting.iter().any(|waiting| waiting.id == number) {
            return;
        }
        self.register("phone", number.to_owned(), false).await;
        if self.rng.random_ratio(1, 3) {
            self.waiting.retain(|waiting| waiting.id != number);
            self.register("phone", number.to_owned(), true).await;
        }
    }

    async fn register(&mut self, provider: &'static str, id: String, resend: bool) {
        let since = Instant::now();
        let answer = if let Some(session) = self.natively().await {
            let mut status = Status::Pending;
            let answer = native(async {
                status = session.register(provider, &id, resend).await?.status;
                Ok(())
            });
            let answer = answer.await;
            let answer = self.keep(session, answer);
            if status == Status::Confirmed {
                // Nothing is sent for an identity that is linked already.
                return self.ledger.count(Request::Register, &answer);
            }
            answer
        } else {
            let body = json!({"provider": provider, "id": id, "target": self.person.jid, "resend": resend});
            over_http(&self.http, "/v1/register", &body).await
        };
        self.ledger.asked(&id, Request::Register, since, &answer);
        if !matches!(answer, Answer::Refused(_)) {
            self.waiting.push(Waiting { provider, id, since });
        }
    }

    async fn verify_what_came(&mut self) {
        self.waiting.retain(|waiting| waiting.provider == "email" || waiting.since.elapsed() < SMS_LIVES);
        let came =
            self.waiting.iter().position(|waiting| self.ledger.code(&waiting.id, waiting.since).is_some());
        let Some(came) = came else { return };
        let waiting = self.waiting.remove(came);
        let code = self.ledger.code(&waiting.id, waiting.since).unwrap_or_default();
        let (hash, since) = (hash(waiting.provider, &waiting.id), Instant::now());
        let answer = if let Some(session) = self.natively().await {
            let answer = native(session.verify(&hash, &code)).await;
            self.keep(session, answer)
        } else {
            over_http(&self.http, "/v1/verify", &json!({"hash": hash, "code": code})).await
        };
        self.ledger.asked(&waiting.id, Request::Verify, since, &answer);
        match answer {
            Answer::Done => {
                self.ledger.linked(self.person.jid, &hash);
                self.proven.extend((waiting.provider == "email").then_some(waiting.id));
            }
            // A mail's code is tried until its effect is clear; a text message's is soon replaced.
            _ if waiting.provider == "email" => self.look(waiting, &hash).await,
            _ => {}
        }
    }

    /// Checks if the link is made all the same.
    async fn look(&mut self, waiting: Waiting, hash: &str) {
        let path = format!("/v1/confirm/{hash}/{}", self.person.jid);
        let request = self.http.request(Method::GET, &path).timeout(PATIENCE);
        let answer = async { request.send().await.ok()?.json::<Value>().await.ok() };
        if answer.await.is_some_and(|answer| answer["confirmed"] == true) {
            self.ledger.linked(self.person.jid, hash);
            self.proven.push(waiting.id);
        } else {
            self.waiting.push(waiting);
        }
    }

    async fn ask_for_contact(&mut self) {
        let Some(details) = self.details() else { return };
        let wanted = self.rng.random_range(1..=4);
        let recipients: Vec<&str> =
            self.crowd.recipients.sample(&mut self.rng, wanted).map(|(person, _)| person.jid).collect();
        let mut hashes: Vec<String> = recipients.iter().map(|jid| hash("xmpp", jid)).collect();
        hashes.push(hash("phone", &format!("+4477009004{:02}", self.rng.random_range(0..100))));
        let key = (self.person.jid.to_owned(), details.clone());
        self.ledger.contact(&key, &recipients, Answer::Unknown);
        let answer = if let Some(session) = self.natively().await {
            let details: Vec<Identity> =
                details.iter().map(|id| Identity::new("email", id).expect("an address")).collect();
            let answer = native(session.contact(&details, &hashes)).await;
            self.keep(session, answer)
        } else {
            let info: Value = details.iter().map(|id| json!({"provider": "email", "id": id})).collect();
            let body = json!({"target": self.person.jid, "contact_info": info, "contacts": hashes});
            over_http(&self.http, "/v1/contact", &body).await
        };
        self.ledger.count(Request::Contact, &answer);
        self.ledger.contact(&key, &recipients, answer);
    }

    /// Some details that were not shown together before, so that it can be told which request an introduction is for.
    fn details(&mut self) -> Option<Vec<String>> {
        let last = &self.proven[self.proven.len().saturating_sub(SHOWN)..];
        let wanted = self.rng.random_range(1..=4);
        let mut details: Vec<String> = last.sample(&mut self.rng, wanted).cloned().collect();
        details.sort();
        (!details.is_empty() && self.shown.insert(details.clone())).then_some(details)
    }

    /// A session, if it is to be asked natively and there can be one.
    async fn natively(&mut self) -> Option<Session> {
        if self.rng.random() {
            return None;
        }
        match self.session.take() {
            Some(session) => Some(session),
            None => timeout(PATIENCE, self.crowd.log_in(&self.person)).await.ok()?.ok(),
        }
    }

    /// Keeps a session that was answered for the next question.
    fn keep(&mut self, session: Session, answer: Answer) -> Answer {
        self.session = (answer != Answer::Unknown).then_some(session);
        answer
    }
}

/// Returns the answer to a session's request. The server's own errors say that the service did not, and no more.
pub(super) async fn native<T>(asked: impl Future<Output = Result<T, Error>>) -> Answer {
    match timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => Answer::Done,
        Ok(Err(Error::Service { code: Some(code), .. })) => Answer::Refused(code.replace('-', "_")),
        _ => Answer::Unknown,
    }
}

pub(super) async fn over_http(http: &Http, path: &str, body: &Value) -> Answer {
    let request = http.request(Method::POST, path).json(body).timeout(PATIENCE);
    let Ok(response) = request.send().await else { return Answer::Unknown };
    let done = response.status().is_success();
    match response.json::<Value>().await {
        Ok(_) if done => Answer::Done,
        Ok(answer) => Answer::Refused(answer["error"]["code"].as_str().unwrap_or("no code").to_owned()),
        Err(_) => Answer::Unknown,
    }
}
