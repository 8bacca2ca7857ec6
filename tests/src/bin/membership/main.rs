//! Measures whether the time of an answer tells who is known: `cargo run --release --bin membership [CALLS [PART]]`, with
//! `ITSEME_BIN` and `ITSEME_TEST_SERVER` as the tests take them. PART is a part of the name of what is measured, like
//! `register` or `by a peer`.
//!
//! Calls about hashes that somebody has and about two sets that nobody has are mixed at random. The two sets give the noise:
//! what equal runs differ by. An asker also sees how long his next calls take, while the service works on the first: they
//! are counted apart. So is it between services that are peers: see [`peers`].

mod peers;

use std::time::{Duration, Instant};

use itseme_tests::{ComponentListener, Http, RawClient, SERVICE, Service, World, hash};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;

const LINKS: usize = 10_000;
/// One server has all of these people, and one of them makes all calls.
const LIMITS: &str = "[limits]\nnew_jids_per_day = 1000000\ncodes_per_target_per_day = 1000000";
/// Calls of one run, if no argument says otherwise.
const CALLS: usize = 3000;
const RUNS: usize = 3;
const ASKER: &str = "eve@localhost";
/// The number of shuffles of the labels, which show the effect of chance alone.
const SHUFFLES: usize = 1000;

/// The subject of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Known,
    Nobody,
    NobodyElse,
}

/// The kind of a call.
#[derive(Clone, Copy)]
enum Call {
    Contact,
    Register,
}

/// The names of what is measured, the calls, and if they come over HTTP.
const WAYS: [(&str, Call, bool); 4] = [
    ("contact, natively", Call::Contact, false),
    ("contact, over HTTP", Call::Contact, true),
    ("register, natively", Call::Register, false),
    ("register, over HTTP", Call::Register, true),
];

enum Way {
    Native(Box<RawClient>),
    Http(Http),
}

#[tokio::main]
async fn main() {
    let calls = std::env::args().nth(1).map_or(CALLS, |calls| calls.parse().expect("a number of calls"));
    let part = std::env::args().nth(2).unwrap_or_default();
    let mut rng = StdRng::from_rng(&mut rand::rng());
    println!("{LINKS} links; {RUNS} runs of {calls} calls; times in µs");
    println!(
        "{:<35} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6}",
        "", "nobody", "known", "known-not", "A/A", "chance95", "p"
    );
    let wanted: Vec<_> = WAYS.into_iter().filter(|(name, ..)| name.contains(&part)).collect();
    if !wanted.is_empty() {
        asked_by_people(&wanted, calls, &mut rng).await;
    }
    if peers::NAMES.iter().any(|name| name.contains(&part)) {
        peers::measure(calls, &part, &mut rng).await;
    }
}

/// Measures answers to the own people.
async fn asked_by_people(ways: &[(&str, Call, bool)], calls: usize, rng: &mut StdRng) {
    let mut world = World::prepare(LIMITS).await;
    let port = world.server.component_port();
    fill(&mut world.service, port, SERVICE, &[ASKER]).await;
    world.start_server().await;
    world.service.start().await;
    for &(name, call, http) in ways {
        for _ in 0..RUNS {
            let mut way = match http {
                true => Way::Http(world.http()),
                false => Way::Native(Box::new(world.raw(&itseme_tests::EVE).await)),
            };
            let times = measure(&mut way, call, calls, rng).await;
            report_all(name, &times, rng);
            world.service.has_tried_everything().await;
        }
    }
}

/// Links the JIDs of as many accounts, and of some `others`, by way of a server that makes them up.
async fn fill(service: &mut Service, port: u16, jid: &str, others: &[&str]) {
    service.spawn();
    let mut server = ComponentListener::on(port).await.accept().await;
    let host = host_of(jid);
    for account in
        (0..LINKS).map(|number| known(number, host)).chain(others.iter().map(|&jid| jid.to_owned()))
    {
        let register = format!("<register xmlns='it-se.me:register' provider='xmpp' id='{account}'/>");
        let answer = server.ask_as(jid, &account, "set", &register).await;
        assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
    }
    drop(server);
    service.terminate().await;
}

/// The domain of the accounts that a service is for.
fn host_of(service: &str) -> &str {
    service.split_once('.').expect("a component").1
}

fn known(number: usize, host: &str) -> String {
    format!("known{number:05}@{host}")
}

/// The subjects of calls, each another JID, so that no call is about one that an earlier call was about. Known ones are half of them,
/// as many as those of nobody together.
fn subjects<'a>(
    host: &'a str,
    calls: usize,
    rng: &'a mut StdRng,
) -> impl Iterator<Item = (About, String)> + 'a {
    let mut numbers: Vec<usize> = (0..LINKS).collect();
    numbers.shuffle(rng);
    (0..calls).map(move |index| {
        let number = numbers[index % LINKS];
        let about = [About::Known, About::Known, About::Nobody, About::NobodyElse][rng.random_range(0..4)];
        let jid = match about {
            About::Known => known(number, host),
            _ => format!("nobod{number:05}@{host}"),
        };
        (about, jid)
    })
}

async fn measure(way: &mut Way, call: Call, calls: usize, rng: &mut StdRng) -> Vec<(About, Duration)> {
    let mut times = Vec::with_capacity(calls);
    for (about, jid) in subjects(host_of(SERVICE), calls, rng) {
        let began = Instant::now();
        way.call(call, &jid).await;
        times.push((about, began.elapsed()));
    }
    times
}

impl Way {
    async fn call(&mut self, call: Call, jid: &str) {
        let details = json!([{"provider": "xmpp", "id": ASKER}]);
        match (self, call) {
            (Self::Native(client), Call::Contact) => {
                let hash = hash("xmpp", jid);
                let payload = format!(
                    "<contact xmlns='it-se.me:contact'><info>{details}</info><hash>{hash}</hash></contact>"
                );
                let answer = client.ask("set", SERVICE, &payload).await;
                assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
            }
            (Self::Native(client), Call::Register) => {
                let payload =
                    format!("<register xmlns='it-se.me:register' provider='xmpp' id='{jid}' resend='1'/>");
                let answer = client.ask("set", SERVICE, &payload).await;
                assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
            }
            (Self::Http(http), Call::Contact) => {
                let body = json!({"target": ASKER, "contact_info": details, "contacts": [hash("xmpp", jid)]});
                http.post("/v1/contact", &body).await.ok();
            }
            (Self::Http(http), Call::Register) => {
                let body = json!({"provider": "xmpp", "id": jid, "target": ASKER, "resend": true});
                http.post("/v1/register", &body).await.ok();
            }
        }
    }
}

/// The times of the calls themselves, and of those that came after them.
fn report_all(name: &str, times: &[(About, Duration)], rng: &mut StdRng) {
    for (lag, what) in ["", ", the next", ", the one after"].iter().enumerate() {
        report(&format!("{name}{what}"), times, lag, rng);
    }
}

/// The times of the calls that came `lag` calls later than those they are counted under.
fn report(what: &str, times: &[(About, Duration)], lag: usize, rng: &mut StdRng) {
    let labels: Vec<About> = times.iter().map(|(about, _)| *about).collect();
    let later = &times[lag..];
    let of = |wanted: &[About]| -> Vec<u128> {
        let counted = labels.iter().zip(later).filter(|(about, _)| wanted.contains(about));
        counted.map(|(_, (_, time))| time.as_nanos()).collect()
    };
    let (known, nobody) = (of(&[About::Known]), of(&[About::Nobody, About::NobodyElse]));
    let difference = median(&known) - median(&nobody);
    let noise = median(&of(&[About::Nobody])) - median(&of(&[About::NobodyElse]));

    let mut mixed = [known.clone(), nobody.clone()].concat();
    let mut by_chance: Vec<f64> = (0..SHUFFLES)
        .map(|_| {
            mixed.shuffle(rng);
            let (some, others) = mixed.split_at(known.len());
            (median(some) - median(others)).abs()
        })
        .collect();
    by_chance.sort_by(f64::total_cmp);
    let p = by_chance.iter().filter(|chance| **chance >= difference.abs()).count() as f64 / SHUFFLES as f64;
    println!(
        "{what:<35} {:>9.1} {:>9.1} {difference:>+9.1} {noise:>+9.1} {:>9.1} {p:>6.3}",
        median(&nobody),
        median(&known),
        by_chance[SHUFFLES * 95 / 100],
    );
}

/// In microseconds.
fn median(times: &[u128]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    (sorted[middle] + sorted[(sorted.len() - 1) / 2]) as f64 / 2000.0
}
