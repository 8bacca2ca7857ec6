//! A crowd that an account sends through its server, and a server that stands still: everybody else is served.

use std::collections::HashMap;

use itseme_tests::{AMY, EVE, Element, MICHAEL, RawClient, SERVICE, World, hash, introduction, within, xml};
use serde_json::json;

#[tokio::test]
async fn ten_thousand_iqs_at_once_from_one_account() {
    const STANZAS: usize = 10_000;
    let world = World::with("[limits]\nrequests_per_second = 10").await;
    let (mut eve, mut amy) = (world.raw(&EVE).await, world.raw(&AMY).await);
    let links = "<links xmlns='it-se.me:register'/>";
    let flood: String =
        (0..STANZAS).map(|n| format!("<iq type='get' id='flood-{n}' to='{SERVICE}'>{links}</iq>")).collect();
    let (answers, ()) = tokio::join!(flood_with(&mut eve, &flood, STANZAS), async {
        for _ in 0..5 {
            let answer = amy.ask("get", SERVICE, links).await;
            assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
        }
    });
    assert_eq!(answers.len(), STANZAS);
    assert!(answers.values().all(|count| *count == 1), "an answer came twice");
    let after = amy.ask("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>").await;
    assert_eq!(after.attr("type"), Some("result"));
    assert_eq!(world.service.connections(), 1);
    world.service.assert_memory();
}

/// Sends the IQs of a flood, and counts the answers to each, which are results or say that it was too much.
async fn flood_with(eve: &mut RawClient, flood: &str, stanzas: usize) -> HashMap<String, usize> {
    eve.flood(flood).await;
    let (mut answers, mut results) = (HashMap::new(), 0);
    while answers.len() < stanzas {
        let answer = eve.next_that(|stanza| stanza.name() == "iq").await;
        match answer.attr("type") {
            Some("result") => results += 1,
            _ => assert_too_much(&answer),
        }
        *answers.entry(answer.attr("id").unwrap().to_owned()).or_default() += 1;
    }
    assert!((1..stanzas).contains(&results), "{results} results");
    answers
}

#[track_caller]
fn assert_too_much(answer: &Element) {
    let error = xml::child(answer, "error", xml::CLIENT);
    assert_eq!(error.attr("type"), Some("wait"), "{}", String::from(answer));
    xml::child(error, "resource-constraint", xml::CONDITIONS);
    xml::child(error, "request-limit-reached", xml::ERRORS);
}

#[tokio::test]
async fn a_server_that_stands_still() {
    let mut world = World::with("[component]\nping_after = '1s'\nping_timeout = '1s'").await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove_phone(&amy, &AMY).await;
    world.prove_phone(&michael, &MICHAEL).await;
    world.server.process().unwrap().freeze();
    world.service.says("not connected to the XMPP server").await;
    let request = json!({
        "target": MICHAEL.jid,
        "contact_info": [{"provider": "phone", "id": MICHAEL.phone}],
        "contacts": [AMY.phone_hash(), hash("phone", "+447700900001")],
    });
    let reply = world.http().post("/v1/contact", &request).await;
    assert_eq!(reply.ok(), json!({"status": "requests_send"}));
    world.server.process().unwrap().go_on();
    within("an introduction", introduction(&amy)).await;
}
