//! An ordinary account sends a thousand stanzas that no client would send.

use std::{collections::HashMap, ops::RangeInclusive};

use itseme_tests::{AMY, EVE, RawClient, SERVICE, World, xml};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

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
    assert_eq!(world.service.connections(), 1, "the link stayed up (HOSTILE_SEED={seed})");
    assert_eq!(world.service.log().count("panicked"), 0);
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

async fn still_works(world: &World) {
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    assert!(amy.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// A well-formed stanza, and how many `<iq/>` answer it. What is no IQ at all the XMPP server may answer itself.
fn hostile(rng: &mut StdRng, id: &str) -> (String, RangeInclusive<usize>) {
    let payload = payload(rng);
    match rng.random_range(0..10) {
        0..=5 => {
            let kind = pick(rng, &["get", "set"]);
            (format!("<iq type='{kind}' id='{id}' to='{SERVICE}'>{payload}</iq>"), 1..=1)
        }
        6 => {
            let kind = pick(rng, &["result", "error"]);
            (format!("<iq type='{kind}' id='{id}' to='{SERVICE}'>{payload}</iq>"), 0..=0)
        }
        7 => {
            let kind = pick(rng, &["GET", "bogus", ""]);
            (format!("<iq type='{kind}' id='{id}' to='{SERVICE}'>{payload}</iq>"), 0..=1)
        }
        8 => {
            let kind = pick(rng, &["bogus", "chat", "normal", "headline", "groupchat", "error", ""]);
            (format!("<message type='{kind}' id='{id}' to='{SERVICE}'>{payload}</message>"), 0..=0)
        }
        _ => (format!("<presence to='{SERVICE}' {}</presence>", presence(rng)), 0..=0),
    }
}

fn presence(rng: &mut StdRng) -> String {
    let odd = [
        "><show>zzz</show>",
        "><priority>1000000</priority>",
        " type='bogus'>",
        " type='subscribe'>",
        " type='probe'>",
        " type='unavailable'><status>\u{202e}</status><status/>",
        "><show/><show>away</show><priority>x</priority>",
    ];
    pick(rng, &odd).to_owned()
}

fn payload(rng: &mut StdRng) -> String {
    match rng.random_range(0..12) {
        0 => String::new(),
        1 => format!("{}{}", known(rng), known(rng)),
        2 => format!("<a xmlns='urn:test:{}'/>", rng.random::<u32>()),
        3 => nested(rng.random_range(2..3000)),
        4 => format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", "7".repeat(10 * 1024)),
        5 => format!("<register xmlns='it-se.me:register' provider='{}' id='x'/>", "x".repeat(200 * 1024)),
        // Quotes need no escaping here, but grow sixfold on their way through the server.
        6 => format!("<register xmlns='it-se.me:register' provider='xmpp' id='{}'/>", "\"".repeat(60 * 1024)),
        7 => format!("<x xmlns='it-se.me:contact'>{}</x>", strange_text(rng).repeat(500)),
        8 => "<register xmlns='it-se.me:register'/><!-- a comment -->".replace("<!-- a comment -->", ""),
        9 => format!("text{}text", known(rng)),
        _ => known(rng),
    }
}

/// Something like a request, with one thing or another wrong with it.
fn known(rng: &mut StdRng) -> String {
    let (text, hash) = (strange_text(rng), AMY.phone_hash());
    match rng.random_range(0..9) {
        0 => format!("<register xmlns='it-se.me:register' provider='{text}' id='{text}' resend='{text}'/>"),
        1 => {
            format!("<register xmlns='it-se.me:register' provider='xmpp' id='{text}@localhost' unknown='1'/>")
        }
        2 => format!(
            "<verify xmlns='it-se.me:verify'><code>{text}</code><code>1</code><hash>{hash}</hash></verify>"
        ),
        3 => format!("<contact xmlns='it-se.me:contact'><info>[{{}}</info><info>{text}</info></contact>"),
        4 => format!(
            "<contact xmlns='it-se.me:contact'><info>{}</info><hash>{hash}</hash></contact>",
            "[".repeat(5000)
        ),
        5 => format!(
            "<confirm xmlns='it-se.me:confirm'>{}</confirm>",
            format!("<hash>{text}</hash>").repeat(501)
        ),
        6 => format!("<links xmlns='it-se.me:register' node='{text}'>{text}<links/></links>"),
        7 => format!("<forget xmlns='it-se.me:register'><hash>{text}</hash><hash><hash/></hash></forget>"),
        _ => format!("<query xmlns='http://jabber.org/protocol/disco#info' node='{text}'><x/></query>"),
    }
}

fn nested(depth: usize) -> String {
    format!("<a xmlns='urn:test'>{}{}</a>", "<a>".repeat(depth), "</a>".repeat(depth))
}

/// Characters that XML allows, and that programs stumble over.
fn strange_text(rng: &mut StdRng) -> String {
    const STRANGE: [&str; 16] = [
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{85}",
        "\u{7f}",
        "\u{fffd}",
        "\u{10fffd}",
        "&#x9;",
        "&#xD;",
        "&lt;",
        "&amp;",
        "ß",
        "İ",
        "e\u{301}",
        "x",
    ];
    (0..rng.random_range(0..12)).map(|_| pick(rng, &STRANGE)).collect()
}

fn pick<'a>(rng: &mut StdRng, choices: &[&'a str]) -> &'a str {
    choices.choose(rng).expect("there are some")
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
    assert_eq!(world.service.connections(), 1);
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
    assert_eq!(world.service.connections(), 1);
}
