//! The same between services that are peers: a peer sees how long the answers to its requests take, and when it gets the requests of
//! others, which were looked up at home before.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use itseme_tests::{AMY_THERE, Element, Peered, RawClient, Rogue, hash};
use rand::rngs::StdRng;
use serde_json::json;
use tokio::time::{sleep_until, timeout_at};

use super::{About, RUNS, fill, host_of, report_all, subjects};

/// The requester that the peer vouches for.
const MALLORY: &str = "mallory@rogue.example";
/// The pause between two requests that are passed on: a peer gets eight in a second at most.
const PACE: Duration = Duration::from_millis(150);
/// The largest number of calls of one run: the introductions of a few thousand would fill what may wait because of one server, as they
/// come back, and the requests would wait for space.
const MOST: usize = 1000;
/// The time within which a request that waits for nothing is passed on.
const PASSED_ON: Duration = Duration::from_secs(10);

/// The names of what is measured.
pub const NAMES: [&str; 2] = ["contact, by a peer", "passed on to a peer"];

/// Measures those of both whose name has `part`.
pub async fn measure(calls: usize, part: &str, rng: &mut StdRng) {
    let calls = calls.min(MOST);
    let runs = NAMES.map(|name| if name.contains(part) { RUNS } else { 0 });
    let settings = format!(
        "peers = [{{ jid = \"{}\", hashes_per_day = 1000000 }}]\n[limits]\nnew_jids_per_day = 1000000\n\
         codes_per_target_per_day = 1000000\nhashes_per_day = 1000000\nrepeat_contact_after = \"0s\"",
        Peered::ROGUE
    );
    let mut world = Peered::prepare("", &settings).await;
    world.servers.here.stop().await;
    let port = world.servers.component_port(Peered::THERE);
    fill(&mut world.there, port, Peered::THERE, &[AMY_THERE.jid]).await;
    world.servers.here.restart().await;
    world.there.start().await;
    let mut peer = world.rogue().await;
    for _ in 0..runs[0] {
        let times = asked_by(&mut peer, calls, rng).await;
        report_all(NAMES[0], &times, rng);
        world.there.has_tried_everything().await;
    }
    let mut requester = world.raw(&AMY_THERE).await;
    for _ in 0..runs[1] {
        let times = passed_on(&mut requester, &mut peer, calls, rng).await;
        report_all(NAMES[1], &times, rng);
        world.there.has_tried_everything().await;
    }
}

/// The times of the answers to a peer.
async fn asked_by(peer: &mut Rogue, calls: usize, rng: &mut StdRng) -> Vec<(About, Duration)> {
    let info = json!([{"provider": "xmpp", "id": MALLORY}]);
    let mut times = Vec::with_capacity(calls);
    for (about, jid) in subjects(host_of(Peered::THERE), calls, rng) {
        let hash = hash("xmpp", &jid);
        let payload = format!(
            "<contact xmlns='it-se.me:peer' jid='{MALLORY}'><info>{info}</info><hash>{hash}</hash></contact>"
        );
        let began = Instant::now();
        let answer = peer.ask("set", &payload).await;
        times.push((about, began.elapsed()));
        assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
    }
    times
}

/// The times from the answers to the requester until the requests are with the peer.
async fn passed_on(
    requester: &mut RawClient,
    peer: &mut Rogue,
    calls: usize,
    rng: &mut StdRng,
) -> Vec<(About, Duration)> {
    let info = json!([{"provider": "xmpp", "id": AMY_THERE.jid}]);
    let (mut asked, mut arrived) = (Vec::with_capacity(calls), HashMap::new());
    for (about, jid) in subjects(host_of(Peered::THERE), calls, rng) {
        let hash = hash("xmpp", &jid);
        let payload =
            format!("<contact xmlns='it-se.me:contact'><info>{info}</info><hash>{hash}</hash></contact>");
        let answer = requester.ask("set", Peered::THERE, &payload).await;
        let answered = Instant::now();
        assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
        asked.push((about, hash, answered));
        take(peer, answered + PACE, usize::MAX, &mut arrived).await;
        sleep_until((answered + PACE).into()).await;
    }
    take(peer, Instant::now() + PASSED_ON, calls, &mut arrived).await;
    let time = |(about, hash, answered): (About, String, Instant)| (about, arrived[&hash] - answered);
    asked.into_iter().map(time).collect()
}

/// Answers the requests that come until then, or until there are so many, by themselves or together, and notes when each came.
async fn take(peer: &mut Rogue, until: Instant, wanted: usize, arrived: &mut HashMap<String, Instant>) {
    let is_request = |iq: &Element| iq.children().any(|payload| payload.ns() == "it-se.me:peer");
    while arrived.len() < wanted
        && let Ok(request) = timeout_at(until.into(), peer.next_that(is_request)).await
    {
        let came = Instant::now();
        let payload = request.children().next().expect("a request");
        let contacts: Vec<&Element> = match payload.name() {
            "contacts" => payload.children().collect(),
            _ => vec![payload],
        };
        let hashes = contacts.into_iter().flat_map(Element::children).filter(|child| child.name() == "hash");
        arrived.extend(hashes.map(|hash| (hash.text(), came)));
        peer.answer(&request, "result", "").await;
    }
}
