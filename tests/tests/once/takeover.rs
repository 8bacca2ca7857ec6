//! A thief guesses at another's number, as fast as possible.

use std::collections::HashMap;

use itseme_tests::{AMY, EVE, Http, MICHAEL, RawClient, SERVICE, World};
use serde_json::json;
use tokio::task::JoinSet;

const FLOOD: usize = 100;

#[tokio::test]
async fn a_flood_of_guesses_gets_in_nowhere_and_keeps_nobody_out() {
    let world = World::with("[limits]\nguesses_per_day = 10").await;
    let (mut eve, mut michael) = (world.raw(&EVE).await, world.raw(&MICHAEL).await);
    let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", AMY.phone);
    let mut codes = Vec::new();
    for thief in [&mut eve, &mut michael] {
        assert_eq!(thief.ask("set", SERVICE, &register).await.attr("type"), Some("result"));
        codes.push(world.gateway.take(AMY.phone).await.code());
    }
    // Amy waits for a code of her own, while the others guess.
    let amy = world.client(&AMY).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    let code = world.gateway.take(AMY.phone).await.code();
    codes.push(code.clone());
    let no = ["0000", "1111", "2222", "3333"].into_iter().find(|no| !codes.iter().any(|code| code == no));
    let no = no.expect("a code that is nobody's");

    let http = world.http();
    let (by_eve, by_michael, over_http) = tokio::join!(
        guess_natively(&mut eve, no),
        guess_natively(&mut michael, no),
        guess_over_http(&http, no)
    );
    let natively = by_eve["faulty-code"] + by_michael["faulty-code"];
    // Ten are anybody's, and two each one's own.
    assert!((4..=10 + 4).contains(&natively), "{by_eve:?} {by_michael:?}");
    assert!(over_http["faulty_code"] <= 10, "{over_http:?}");
    let limited = http.post("/v1/verify", &json!({"hash": AMY.phone_hash(), "code": no})).await;
    // A guess is compared with three codes, so that one is left of ten: the answer does not reveal that a registration
    // waits.
    let (status, refusal) = limited.error();
    assert!(
        [(429, "request_limit_reached"), (404, "not_found")].contains(&(status, refusal.as_str())),
        "{status}"
    );

    assert!(amy.verify(&AMY.phone_hash(), no).await.is_err());
    assert!(amy.verify(&AMY.phone_hash(), &code).await.unwrap());
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// Sends all guesses at once, and counts the answers by their errors.
async fn guess_natively(thief: &mut RawClient, no: &str) -> HashMap<String, usize> {
    let guess = format!(
        "<verify xmlns='it-se.me:verify'><code>{no}</code><hash>{}</hash></verify>",
        AMY.phone_hash()
    );
    let iq = |n| format!("<iq type='set' id='guess-{n}' to='{SERVICE}'>{guess}</iq>");
    thief.send(&(0..FLOOD).map(iq).collect::<String>()).await;
    let mut answers = HashMap::from([("faulty-code".to_owned(), 0)]);
    for _ in 0..FLOOD {
        let answer = thief.next_that(|answer| answer.name() == "iq").await;
        let error = answer.children().find(|child| child.name() == "error").expect("a refusal");
        let code = error.children().find(|child| child.ns() == "it-se.me:errors").expect("its code");
        *answers.entry(code.name().to_owned()).or_default() += 1;
    }
    answers
}

async fn guess_over_http(http: &Http, no: &'static str) -> HashMap<String, usize> {
    let mut guesses = JoinSet::new();
    for _ in 0..FLOOD {
        let http = http.clone();
        guesses.spawn(async move { http.get(&format!("/v1/verify/{}?code={no}", AMY.phone_hash())).await });
    }
    let mut answers = HashMap::from([("faulty_code".to_owned(), 0)]);
    for reply in guesses.join_all().await {
        *answers.entry(reply.error().1).or_default() += 1;
    }
    answers
}
