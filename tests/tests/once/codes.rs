//! A program that returns every code it is sent never gives its user's Jabber ID to another person.

use itseme_client::{Event, Session};
use itseme_tests::{AMY, EVE, Http, MICHAEL, Person, SERVICE, World, within};
use serde_json::json;

const TOKENS: &str = "[http]\nrequire_token = true";

/// Eve registers Michael's Jabber ID for herself, before or after he does.
async fn attack(wishes: &str, eve_first: bool) {
    let world = World::with(wishes).await;
    let (eve, http) = (world.client(&EVE).await, world.http());
    if eve_first {
        eve.register("xmpp", MICHAEL.jid, false).await.unwrap();
        register_over_http(&http, &MICHAEL).await;
    } else {
        register_over_http(&http, &MICHAEL).await;
        eve.register("xmpp", MICHAEL.jid, false).await.unwrap();
    }
    // His server has kept both codes.
    world.service.has_sent_everything().await;
    let michael = world.client(&MICHAEL).await;
    let (codes, words) = messages(&michael, 2).await;
    assert_eq!((codes.len(), words.len()), (1, 1));
    assert!(words[0].contains(EVE.jid), "a person is told who asks: {}", words[0]);
    for (hash, code) in &codes {
        let verified = http.post("/v1/verify", &json!({"hash": hash, "code": code})).await.ok();
        assert_eq!(verified["token"].is_string(), wishes == TOKENS, "{verified}");
    }
    assert!(michael.confirm(&MICHAEL.bare_jid(), &[MICHAEL.jid_hash()]).await.unwrap());
    assert!(!michael.confirm(&EVE.bare_jid(), &[MICHAEL.jid_hash()]).await.unwrap());
}

async fn register_over_http(http: &Http, person: &Person) {
    let itself = json!({"provider": "xmpp", "id": person.jid, "target": person.jid});
    assert_eq!(http.post("/v1/register", &itself).await.ok()["status"], "pending");
}

/// Returns `count` messages of the service: codes that programs return, and texts.
async fn messages(client: &Session, count: usize) -> (Vec<(String, String)>, Vec<String>) {
    let (mut codes, mut words) = (Vec::new(), Vec::new());
    while codes.len() + words.len() < count {
        match within("a message", client.next_event()).await.expect("the connection lasts") {
            Event::Code { hash, code, .. } => codes.push((hash, code)),
            Event::Notice { body, .. } => words.push(body),
            _ => {}
        }
    }
    (codes, words)
}

#[tokio::test]
async fn a_program_does_not_link_its_users_jid_to_another() {
    for eve_first in [true, false] {
        attack("", eve_first).await;
    }
}

#[tokio::test]
async fn nor_where_tokens_are_needed() {
    attack(TOKENS, true).await;
}

#[tokio::test]
async fn natively_a_code_for_somebody_else_is_none() {
    let world = World::start().await;
    let (eve, mut michael) = (world.client(&EVE).await, world.raw(&MICHAEL).await);
    eve.register("xmpp", MICHAEL.jid, false).await.unwrap();
    michael.send("<presence/>").await;
    let message = michael.next_that(|stanza| stanza.name() == "message").await;
    assert!(!message.children().any(|child| child.name() == "verify"), "{message:?}");
    let body = message.children().find(|child| child.name() == "body").unwrap().text();
    let code = itseme_tests::code_in(&body).expect("a code for a person to read");
    let hash = MICHAEL.jid_hash();
    let verify = format!("<verify xmlns='it-se.me:verify'><code>{code}</code><hash>{hash}</hash></verify>");
    let answer = michael.ask("set", SERVICE, &verify).await;
    assert_eq!(answer.attr("type"), Some("error"));
    assert!(!eve.confirm(&EVE.bare_jid(), &[hash]).await.unwrap());
}

/// A client over HTTP that names a registration is not told "done" about another's.
#[tokio::test]
async fn a_code_is_compared_with_the_registration_that_is_meant() {
    let world = World::start().await;
    let (amy, eve, http) = (world.client(&AMY).await, world.client(&EVE).await, world.http());
    eve.register("phone", AMY.phone, false).await.unwrap();
    let eves = world.gateway.take(AMY.phone).await.code();
    amy.register("phone", AMY.phone, false).await.unwrap();
    let amys = world.gateway.take(AMY.phone).await.code();
    let verify = |code: &str| json!({"hash": AMY.phone_hash(), "code": code, "target": AMY.jid});
    if eves != amys {
        assert_eq!(http.post("/v1/verify", &verify(&eves)).await.error(), (400, "faulty_code".into()));
    }
    let path = format!("/v1/verify/{}?code={amys}&target={}", AMY.phone_hash(), AMY.jid);
    assert_eq!(http.get(&path).await.ok()["confirmed"], json!(true));
    // She is told about the link that was made over HTTP.
    let linked = itseme_tests::next_event(&amy, |event| match event {
        Event::Verified { hash, body, .. } => Some((hash, body)),
        _ => None,
    });
    let (hash, body) = linked.await;
    assert_eq!(hash, AMY.phone_hash());
    assert!(body.contains(&format!("forget {}", &hash[..8])), "{body}");
    let bad = json!({"hash": AMY.phone_hash(), "code": amys, "target": "no jid"});
    assert_eq!(http.post("/v1/verify", &bad).await.error(), (400, "value_error".into()));
}

/// `findings/archive-withholds-codes.sh`: a client that asks the archive first may get nothing else that has waited.
#[tokio::test]
async fn a_code_for_somebody_who_is_away_is_in_the_archive() {
    for server in ["prosody-deployed", "ejabberd-deployed"] {
        let world = World::attached_to(server).await;
        // Nobody has an archive before the first login.
        world.client(&MICHAEL).await.close().await;
        register_over_http(&world.http(), &MICHAEL).await;
        world.service.has_sent_everything().await;
        assert_eq!(world.raw(&MICHAEL).await.archived("it-se.me:verify").await, 1, "{server}");
    }
}
