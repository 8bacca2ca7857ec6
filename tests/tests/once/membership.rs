//! Answers do not reveal known hashes: contact and register answer as they would if nobody were known.

use itseme_tests::{AMY, EVE, Element, MICHAEL, RawClient, Reply, SERVICE, World, hash};
use serde_json::json;

/// A number that nobody has.
const NOBODY: &str = "+447700900000";

#[tokio::test]
async fn contact_answers_the_same_whoever_is_known() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let eve = world.client(&EVE).await;
    world.prove_phone(&eve, &EVE).await;
    let mut raw = world.raw(&EVE).await;
    let (known, other, unknown) = (AMY.phone_hash(), AMY.email_hash(), hash("phone", NOBODY));
    // One that is registered, but not yet proven.
    amy.register("phone", MICHAEL.phone, false).await.unwrap();
    let pending = MICHAEL.phone_hash();

    let (mut natively, mut http) = (Vec::new(), Vec::new());
    for hashes in [
        vec![unknown.clone()],
        vec![known.clone()],
        vec![pending],
        vec![known.clone(), unknown],
        vec![known.clone(), other, known],
        vec!["nonsense".to_owned()],
        vec![EVE.phone_hash()],
    ] {
        natively.push(asked(&mut raw, &contact(&hashes)).await);
        let details = json!([{"provider": "phone", "id": EVE.phone}]);
        let body = json!({"target": EVE.jid, "contact_info": details, "contacts": hashes});
        http.push(shown(&world.http().post("/v1/contact", &body).await));
    }
    assert!(natively[0].contains("requests_send"), "{}", natively[0]);
    assert!(http[0].starts_with("200"), "{}", http[0]);
    all_equal(&natively);
    all_equal(&http);
}

/// Neither does a detail that somebody else has proven help, nor does it tell that somebody has.
#[tokio::test]
async fn a_detail_of_somebody_elses_is_as_one_of_nobodys() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let mut raw = world.raw(&EVE).await;
    world.client(&EVE).await.register("xmpp", EVE.jid, false).await.unwrap();
    let (mut natively, mut http) = (Vec::new(), Vec::new());
    for number in [NOBODY, AMY.phone] {
        let info = json!([{"provider": "phone", "id": number}]);
        let payload = format!(
            "<contact xmlns='it-se.me:contact'><info>{info}</info><hash>{}</hash></contact>",
            AMY.email_hash()
        );
        natively.push(asked(&mut raw, &payload).await);
        let body = json!({"target": EVE.jid, "contact_info": info, "contacts": [AMY.email_hash()]});
        http.push(shown(&world.http().post("/v1/contact", &body).await));
    }
    assert!(natively[0].contains("insufficient-contact-info"), "{}", natively[0]);
    assert!(http[0].contains("insufficient_contact_info"), "{}", http[0]);
    all_equal(&natively);
    all_equal(&http);
}

#[tokio::test]
async fn register_answers_the_same_whoever_has_the_identity() {
    let world = World::start().await;
    let (amy, eve) = (world.client(&AMY).await, world.client(&EVE).await);
    world.prove(&amy, &AMY).await;
    amy.register("phone", MICHAEL.phone, false).await.unwrap();
    eve.register("xmpp", EVE.jid, false).await.unwrap();
    let mut raw = world.raw(&EVE).await;
    let (mut natively, mut http) = (Vec::new(), Vec::new());
    for number in [NOBODY, AMY.phone, MICHAEL.phone] {
        let digits = hash("phone", number);
        let payload = format!("<register xmlns='it-se.me:register' provider='phone' id='{number}'/>");
        natively.push(asked(&mut raw, &payload).await.replace(&digits, "HASH"));
        let body = json!({"provider": "phone", "id": number, "target": EVE.jid, "resend": true});
        let reply = world.http().post("/v1/register", &body).await;
        http.push(shown(&reply).replace(&digits, "HASH"));
    }
    assert!(natively[0].contains("pending") && http[0].contains("pending"), "{natively:?} {http:?}");
    all_equal(&natively);
    all_equal(&http);
}

fn contact(hashes: &[String]) -> String {
    let info = json!([{"provider": "phone", "id": EVE.phone}]);
    let hashes: String = hashes.iter().map(|hash| format!("<hash>{hash}</hash>")).collect();
    format!("<contact xmlns='it-se.me:contact'><info>{info}</info>{hashes}</contact>")
}

/// The answer, but for its id.
async fn asked(client: &mut RawClient, payload: &str) -> String {
    let answer: Element = client.ask("set", SERVICE, payload).await;
    String::from(&answer).replace(answer.attr("id").expect("an id"), "ID")
}

/// The answer byte by byte, but for when it was made.
fn shown(reply: &Reply) -> String {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{} {headers:?} {}", reply.status, reply.body)
}

#[track_caller]
fn all_equal(answers: &[String]) {
    answers.windows(2).for_each(|pair| assert_eq!(pair[0], pair[1]));
}
