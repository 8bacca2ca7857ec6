//! An ordinary account sends a thousand stanzas that no client would send.

use std::collections::HashMap;

use itseme_tests::{EVE, RawClient, SERVICE, World, xml};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    generator::{hostile, nested},
    goes_on, still_works,
};

const STANZAS: usize = 1000;
const BATCH: usize = 50;

#[tokio::test]
async fn a_thousand_hostile_stanzas() {
    let seed = std::env::var("HOSTILE_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("HOSTILE_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::start().await;
    let mut eve = world.raw(&EVE).await;
    let mut answers: HashMap<String, usize> = HashMap::new();
    let mut expected = HashMap::new();

    for batch in 0..STANZAS / BATCH {
        for number in 0..BATCH {
            let id = format!("hostile-{}", batch * BATCH + number);
            let (stanza, answers) = hostile(&mut rng, &id);
            expected.insert(id, answers);
            eve.send(&stanza).await;
        }
        settle(&mut eve, &format!("end-of-{batch}"), &mut answers).await;
    }
    // Answers come from tasks of their own: ask on until the late ones are here.
    while expected.iter().any(|(id, range)| answers.get(id).unwrap_or(&0) < range.start()) {
        settle(&mut eve, "late", &mut answers).await;
    }
    settle(&mut eve, "last", &mut answers).await;

    for (id, range) in &expected {
        let count = answers.get(id).unwrap_or(&0);
        assert!(range.contains(count), "{count} answers to {id} instead of {range:?} (HOSTILE_SEED={seed})");
    }
    still_works(&world).await;
}

/// Asks the service something, and counts what else comes until its answer.
async fn settle(eve: &mut RawClient, id: &str, answers: &mut HashMap<String, usize>) {
    eve.send(&format!("<iq type='get' id='{id}' to='{SERVICE}'><links xmlns='it-se.me:register'/></iq>"))
        .await;
    loop {
        let stanza = eve.next().await;
        if stanza.name() != "iq" {
            continue;
        }
        match stanza.attr("id") {
            Some(found) if found == id => return assert_eq!(stanza.attr("type"), Some("result")),
            Some(other) => *answers.entry(other.to_owned()).or_default() += 1,
            None => panic!("an answer without an id: {}", String::from(&stanza)),
        }
    }
}

#[tokio::test]
async fn what_parsers_stumble_over_is_answered() {
    let world = World::start().await;
    let mut eve = world.raw(&EVE).await;
    for payload in [
        format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", "7".repeat(10 * 1024)),
        format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", "7".repeat(200 * 1024)),
        format!("<a xmlns='urn:test' b='{}'/>", "\"".repeat(100 * 1024)),
        format!("<a xmlns='urn:test'>{}</a>", "x".repeat(200 * 1024)),
        nested(10_000),
        // A carriage return in an attribute, which servers write as it is.
        "<a xmlns='urn:test' b='&#xD;x'/>".to_owned(),
    ] {
        let shown: String = payload.chars().take(60).collect();
        let answer = eve.ask("set", SERVICE, &payload).await;
        assert_eq!(answer.attr("type"), Some("error"), "{shown}: {}", String::from(&answer));
        xml::child(&answer, "error", xml::CLIENT);
    }
    goes_on(&world).await;
}

/// An answer repeats the id of its request and the thread of a message, and escaped it may be six times as long: longer than
/// what the server takes from a component.
#[tokio::test]
async fn what_is_repeated_in_answers_does_not_end_the_stream() {
    let world = World::start().await;
    let mut eve = world.raw(&EVE).await;
    let long = "\"".repeat(200_000);
    eve.send(&format!("<iq type='get' id='{long}' to='{SERVICE}'><a xmlns='urn:test'/></iq>")).await;
    eve.send(&format!("<iq type='get' id='{long}' to='{SERVICE}'/>")).await;
    let long = ">".repeat(200_000);
    let help = format!("<body>help</body><thread>{long}</thread>");
    eve.send(&format!("<message type='chat' to='{SERVICE}'>{help}</message>")).await;
    let verify = "<verify xmlns='it-se.me:verify'/>";
    let id = "'".repeat(200_000);
    eve.send(&format!("<message type='chat' id=\"{id}\" to='{SERVICE}'>{verify}</message>")).await;
    eve.ask("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>").await;
    goes_on(&world).await;
}
