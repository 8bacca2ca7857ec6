//! The system's clock is set while the service runs, and between two runs, by an hour and a year, forward and back:
//! waiting times do not change, and nobody gets another chance.

use std::time::Duration;

use itseme_client::{Event, Identity, Session};
use itseme_tests::{
    AMY, EVE, Http, MICHAEL, Person, Reply, World, hash, introduction, next_event, until, xml,
};
use reqwest::Method;
use serde_json::json;

const HOUR: i64 = 60 * 60;
const YEAR: i64 = 400 * 24 * HOUR;

/// Numbers of which one may be sent a code in a day.
const SPENT: &str = "+447700900555";

const SETTINGS: &str = r#"
    [http]
    require_token = true

    [limits]
    requests_per_second = 20
    guesses_per_day = 2

    [providers.phone]
    budgets = { "+" = 1000000, "+447700900555" = 1 }
"#;

#[tokio::test]
async fn while_the_service_runs() {
    let mut it = Clocks::start().await;
    for seconds in [HOUR, 0, -HOUR, 0, YEAR, 0, -YEAR, 0] {
        let before = it.before().await;
        it.world.service.set_clock(seconds);
        it.after(before).await;
    }
}

#[tokio::test]
async fn and_is_started_again() {
    let mut it = Clocks::start().await;
    for seconds in [HOUR, 0, -HOUR, 0, YEAR, 0, -YEAR] {
        let before = it.before().await;
        it.world.service.set_clock(seconds);
        assert!(it.world.service.terminate().await.success());
        it.world.service.start().await;
        it.after(before).await;
    }
}

#[tokio::test]
async fn while_the_service_does_not_run() {
    let mut it = Clocks::start().await;
    for seconds in [-HOUR, -YEAR, -2 * YEAR] {
        let before = it.before().await;
        assert!(it.world.service.terminate().await.success());
        it.world.service.set_clock(seconds);
        it.world.service.start().await;
        it.after(before).await;
    }
}

struct Clocks {
    world: World,
    amy: Session,
    michael: Session,
    eve: Session,
    token: String,
    times: u32,
}

/// The registrations that began before the clock was set.
struct Before {
    number: String,
    code: String,
    address: String,
}

impl Clocks {
    async fn start() -> Self {
        let mut world = World::prepare(SETTINGS).await;
        world.service.with_a_clock_to_set();
        world.start_server().await;
        world.service.start().await;
        let [amy, michael, eve] =
            [world.client(&AMY).await, world.client(&MICHAEL).await, world.client(&EVE).await];
        for (client, person) in [(&amy, AMY), (&michael, MICHAEL), (&eve, EVE)] {
            world.prove_phone(client, &person).await;
        }
        amy.mute(&EVE.bare_jid()).await.unwrap();
        // The budget for these is spent.
        eve.register("phone", SPENT, false).await.unwrap();
        let token = token_of(&world.http(), &amy, &AMY).await;
        Self { world, amy, michael, eve, token, times: 0 }
    }

    /// Begins all that takes time: a registration whose guesses are used up, a mail that cannot be sent, a busy second.
    async fn before(&mut self) -> Before {
        self.times += 1;
        let before = Before {
            number: format!("+4477009002{:02}", self.times),
            address: format!("amy{}@example.org", self.times),
            code: String::new(),
        };
        self.amy.register("phone", &before.number, false).await.unwrap();
        let code = self.world.gateway.take(&before.number).await.code();
        for _ in 0..2 {
            assert_eq!(self.guess(&before.number, &code).await, (400, "faulty_code".into()));
        }
        self.world.mail.stop().await;
        self.amy.register("email", &before.address, false).await.unwrap();
        let service = &self.world.service;
        // The second try may come before anybody looks.
        let tried = || {
            (1..9).any(|tries| service.outbox().contains(&format!("queue 2, {tries} tries"))).then_some(())
        };
        until("a mail that could not be sent", tried, || service.log().tail()).await;
        let http = self.world.http();
        while http.get("/version").await.status != 429 {}
        Before { code, ..before }
    }

    /// All of it goes on as if nothing had been.
    async fn after(&mut self, before: Before) {
        let http = self.world.http();
        let began = std::time::Instant::now();
        while http.get("/version").await.status != 200 {
            assert!(began.elapsed() < Duration::from_secs(20), "whoever asked too often is still refused");
        }
        assert_eq!(self.guess(&before.number, &before.code).await, (429, "request_limit_reached".into()));
        assert!(self.amy.verify(&hash("phone", &before.number), &before.code).await.unwrap(), "a code lives");
        self.world.mail.restart().await;
        let code = self.world.mail.take(&before.address).await.code();
        assert!(self.amy.verify(&hash("email", &before.address), &code).await.unwrap());

        let refused = self.michael.register("phone", SPENT, false).await.unwrap_err();
        assert!(refused.to_string().contains("request-limit-reached"), "{refused}");
        let another = format!("another{}@example.org", self.times);
        let register = json!({"provider": "email", "id": another, "target": AMY.jid});
        let asked = http.request(Method::POST, "/v1/register").json(&register).bearer_auth(&self.token);
        assert_eq!(Reply::to(asked).await.ok()["status"], "pending", "the token is good");
        ask_for_amy(&self.eve, &EVE).await;
        ask_for_amy(&self.michael, &MICHAEL).await;
        let introduced = introduction(&self.amy).await;
        let contact = xml::child(&introduced, "contact", "it-se.me:contact");
        assert_eq!(xml::text(contact, "jid", "it-se.me:contact"), MICHAEL.jid, "Eve is muted");
    }

    /// Enters a wrong code over HTTP.
    async fn guess(&self, number: &str, right: &str) -> (u16, String) {
        let wrong: String = right.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect();
        let wrong = json!({"hash": hash("phone", number), "code": wrong});
        self.world.http().post("/v1/verify", &wrong).await.error()
    }
}

async fn ask_for_amy(client: &Session, person: &Person) {
    let details = [Identity::new("phone", person.phone).unwrap()];
    client.contact(&details, &[AMY.phone_hash()]).await.unwrap();
}

async fn token_of(http: &Http, client: &Session, person: &Person) -> String {
    http.get(&format!("/v1/register/xmpp/{}/{}?resend=1", person.jid, person.jid)).await.ok();
    let code = next_event(client, |event| match event {
        Event::Code { code, .. } => Some(code),
        _ => None,
    });
    let verify = json!({"hash": person.jid_hash(), "code": code.await});
    let answer = http.post("/v1/verify", &verify).await.ok();
    answer["token"].as_str().expect("a token").to_owned()
}
