//! Well-formed stanzas that no client would send.

use std::ops::RangeInclusive;

use itseme_tests::{AMY, SERVICE};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

/// Returns a well-formed stanza, and the number of `<iq/>` that answer it. The XMPP server itself may answer a stanza
/// that is no IQ at all.
pub fn hostile(rng: &mut StdRng, id: &str) -> (String, RangeInclusive<usize>) {
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

pub fn nested(depth: usize) -> String {
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
