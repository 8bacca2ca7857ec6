//! A peer that is hostile, silent or odd can do no harm.

use std::collections::HashSet;

use itseme_tests::ZOE_YONDER;

use super::*;

/// The one person of the component that is no service.
const MALLORY: &str = "mallory@rogue.example";

pub(super) fn rogue_peer(of: &str) -> String {
    let vouches = if of == Peered::HERE { "there.example" } else { "here.example" };
    let other = if of == Peered::HERE { Peered::THERE } else { Peered::HERE };
    format!(
        "peers = [{{ jid = \"{}\", hashes_per_day = 100 }}, {{ jid = \"{other}\", vouches_for = [\"{vouches}\"] }}]",
        Peered::ROGUE
    )
}

#[tokio::test]
async fn whoever_is_no_peer_is_forbidden_everything() {
    let world = Peered::start().await;
    let _amy = world.with_number(&AMY_THERE).await;
    let mut rogue = world.rogue().await;
    for payload in
        [&request(MALLORY, 0), "<contact xmlns='it-se.me:peer'/>", "<other xmlns='it-se.me:peer'/>"]
    {
        for kind in ["set", "get"] {
            assert_eq!(condition(&rogue.ask(kind, payload).await), "forbidden", "{kind} {payload}");
        }
    }
    let michael = world.client_of(&MICHAEL_HERE, Peered::THERE).await;
    let refused = michael.ask_service(xml::parse(&request(MICHAEL_HERE.jid, 0)), true).await;
    assert!(format!("{refused:?}").to_lowercase().contains("forbidden"), "{refused:?}");
}

#[tokio::test]
async fn a_hostile_peer_speaks_for_its_own_people_and_no_more_than_it_may() {
    let world = Peered::with("", &rogue_peer(Peered::THERE)).await;
    let amy = world.with_number(&AMY_THERE).await;
    let mut rogue = world.rogue().await;
    for foreign in ["eve@here.example", "amy@there.example", "eve@x.rogue.example", "rogue.example", ""] {
        assert_eq!(condition(&rogue.ask("set", &request(foreign, 0)).await), "bad-request", "{foreign}");
    }
    for nonsense in [
        "<contact xmlns='it-se.me:peer' jid='mallory@rogue.example'/>".to_owned(),
        request(MALLORY, 0).replace("[{", "[["),
        request(MALLORY, 0).replace("<hash>", "<x>").replace("</hash>", "</x>"),
        request(MALLORY, 0).replace(" jid=", " by='amy' jid="),
    ] {
        assert_eq!(condition(&rogue.ask("set", &nonsense).await), "bad-request", "{nonsense}");
    }
    assert_eq!(condition(&rogue.ask("set", &request(MALLORY, 100)).await), "not-acceptable");
    for payload in ["<other xmlns='it-se.me:peer'/>", "<confirm xmlns='it-se.me:peer'/>"] {
        assert_eq!(condition(&rogue.ask("set", payload).await), "forbidden");
    }
    // A resource or an account of it is somebody else.
    for other in ["itseme.rogue.example/x", "mallory@itseme.rogue.example"] {
        assert_eq!(condition(&rogue.ask_as(other, "set", &request(MALLORY, 0)).await), "forbidden");
    }
    // The same answer whoever is known, and one introduction however often it is repeated.
    let known = rogue.ask("set", &request(MALLORY, 0)).await;
    let unknown =
        rogue.ask("set", &request(MALLORY, 0).replace(&AMY_THERE.phone_hash(), &hash("phone", NOBODY))).await;
    let same = |answer: &Element| (answer.attr("type").map(str::to_owned), answer.children().count());
    assert_eq!(same(&known), (Some("result".into()), 0));
    assert_eq!(same(&known), same(&unknown));
    for _ in 0..10 {
        rogue.ask("set", &request(MALLORY, 0)).await;
    }
    // A flood ends at its limit.
    let mut refused = 0;
    for n in 0..20 {
        let answer = rogue.ask("set", &request(&format!("mallory{n}@rogue.example"), 9)).await;
        refused +=
            usize::from(answer.attr("type") == Some("error") && condition(&answer) == "resource-constraint");
    }
    assert_eq!(refused, 13, "100 hashes a day: 12 above, and 7 times 10, which leaves less than twice that");
    let heard = heard_so_far(&world, &amy).await;
    assert_eq!(heard.iter().filter(|jid| *jid == MALLORY).count(), 1, "{heard:?}");
    assert_eq!(heard.len(), 8, "{heard:?}");
}

/// Neither does it learn by asking which of its questions are asked on, nor does a service ask on for it.
#[tokio::test]
async fn a_service_asks_nobody_for_another_service() {
    let world = Peered::with("", &rogue_peer(Peered::THERE)).await;
    let _michael = world.with_number(&MICHAEL_HERE).await;
    let mut rogue = world.rogue().await;
    let confirm = format!(
        "<confirm xmlns='it-se.me:confirm'><jid>{}</jid><hash>{}</hash></confirm>",
        MICHAEL_HERE.jid,
        MICHAEL_HERE.phone_hash()
    );
    let answer = rogue.ask("get", &confirm).await;
    let confirmed =
        answer.children().next().map(|confirm| xml::text(confirm, "confirmed", "it-se.me:confirm"));
    assert_eq!(confirmed.as_deref(), Some("false"), "{}", String::from(&answer));
    let amy = world.client(&AMY_THERE).await;
    assert!(amy.confirm(&MICHAEL_HERE.bare_jid(), &[MICHAEL_HERE.phone_hash()]).await.unwrap());
}

/// A component that names another as the sender is cut off by its server, and its stanza reaches nobody.
#[tokio::test]
async fn a_peer_cannot_name_itself_as_another() {
    let world = Peered::start().await;
    let amy = world.with_number(&AMY_THERE).await;
    let mut rogue = world.rogue().await;
    let forged = request("eve@here.example", 0);
    let (here, there) = (Peered::HERE, Peered::THERE);
    rogue.send(&format!("<iq type='set' id='1' from='{here}' to='{there}'>{forged}</iq>")).await;
    assert!(heard_so_far(&world, &amy).await.is_empty());
}

#[tokio::test]
async fn a_peer_that_answers_nothing_or_nonsense_holds_up_nobody() {
    let world = Peered::with(&rogue_peer(Peered::HERE), "").await;
    let michael = world.with_number(&MICHAEL_HERE).await;
    let mut rogue = world.rogue().await;
    let mallory = MALLORY.parse().unwrap();
    let hashes = [hash("phone", NOBODY)];
    for (kind, payload) in [
        ("result", ""),
        ("result", "<confirm xmlns='it-se.me:confirm'><confirmed>perhaps</confirmed></confirm>"),
        ("result", "<confirm xmlns='it-se.me:confirm'/>"),
        ("result", "<other xmlns='it-se.me:other'><confirmed>true</confirmed></other>"),
        ("error", ""),
        (
            "error",
            "<error type='cancel'><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
        ),
    ] {
        let (confirmed, ()) = tokio::join!(michael.confirm(&mallory, &hashes), async {
            let question = rogue.request("confirm").await;
            rogue.answer(&question, kind, payload).await;
        });
        assert!(!confirmed.unwrap(), "{kind} {payload}");
    }
    // It speaks for itself alone.
    let in_anothers_name = format!(
        "<confirm xmlns='it-se.me:confirm'><service>{}</service><confirmed>true</confirmed></confirm>",
        Peered::THERE
    );
    let (confirmed, ()) = tokio::join!(michael.who_confirms(&mallory, &hashes), async {
        let question = rogue.request("confirm").await;
        rogue.answer(&question, "result", &in_anothers_name).await;
    });
    let service = confirmed.unwrap().service;
    assert_eq!(service.as_ref().map(|service| service.as_str()), Some(Peered::ROGUE));
    assert!(!michael.confirm(&mallory, &hashes).await.unwrap(), "it does not answer");
}

/// A peer that answers no request has two of the 64 places for requests, however many wait for it.
#[tokio::test]
async fn a_peer_that_answers_no_request_holds_up_nobody() {
    const WAIT: u64 = 80;
    let alone = format!("peers = [{{ jid = \"{}\" }}]", Peered::ROGUE);
    let mut world = Peered::with(&alone, "").await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    let eve = world.with_number(&EVE_HERE).await;
    let mut rogue = world.rogue().await;
    for _ in 0..WAIT / 2 {
        asks(&michael, &MICHAEL_HERE, &[NOBODY]).await;
        asks(&eve, &EVE_HERE, &[NOBODY]).await;
    }
    let probe = || (waiting_for_peers(&world.here) == WAIT).then_some(());
    until("all of them to wait for the peer", probe, || world.here.log().tail()).await;

    let told_of = world.here.reload(&rogue_peer(Peered::HERE)).await;
    assert!(told_of.contains("is in effect"), "{told_of}");
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    asks(&eve, &EVE_HERE, &[AMY_THERE.phone]).await;
    let heard = [told(&introduction(&amy).await).0, told(&introduction(&amy).await).0];
    assert_eq!(HashSet::from(heard), HashSet::from([MICHAEL_HERE.jid.into(), EVE_HERE.jid.into()]));
    // Two more wait for the silent one: it has answered none, and got few.
    assert_eq!(waiting_for_peers(&world.here), WAIT + 2);
    rogue.send(&format!("<message id='last' from='{0}' to='{0}'/>", Peered::ROGUE)).await;
    let mut got = 0;
    rogue
        .next_that(|stanza| {
            got += u64::from(stanza.name() == "iq");
            stanza.attr("id") == Some("last")
        })
        .await;
    assert!((1..WAIT / 4).contains(&got), "{got} requests");
}

/// Here is asked, there is its peer, and yonder is one of there, and would take here's people from there.
#[tokio::test]
async fn a_request_goes_no_further_than_to_the_peers() {
    let (here, there, yonder) = (Peered::HERE, Peered::THERE, Peered::YONDER);
    let theirs = format!("peers = [{{ jid = \"{here}\" }}, {{ jid = \"{yonder}\" }}]");
    let world = Peered::with("", &theirs).await;
    let ring = format!(
        "peers = [{{ jid = \"{here}\", vouches_for = [\"x.example\"] }}, \
         {{ jid = \"{there}\", vouches_for = [\"there.example\", \"here.example\"] }}]"
    );
    let third = world.third(&ring).await;
    let (amy, zoe) = (world.with_number(&AMY_THERE).await, world.with_number(&ZOE_YONDER).await);
    let michael = world.with_number(&MICHAEL_HERE).await;
    let numbers = [AMY_THERE.phone, ZOE_YONDER.phone];
    asks(&michael, &MICHAEL_HERE, &numbers).await;
    let services = [&world.here, &world.there, &third];
    assert_eq!(heard_at(&services[..2], &amy).await, [MICHAEL_HERE.jid]);
    assert!(heard_at(&services, &zoe).await.is_empty());
    assert_eq!(passed_on(&world), [[here, there].map(str::to_owned)]);

    // Both of Amy's peers are asked, and neither asks the other.
    asks(&amy, &AMY_THERE, &[MICHAEL_HERE.phone, ZOE_YONDER.phone]).await;
    for client in [&zoe, &michael] {
        assert_eq!(told(&introduction(client).await), (AMY_THERE.jid.to_owned(), Some(there.to_owned())));
    }
    all_is_done(&[&world.there, &world.here, &third]).await;
    let passed_on = passed_on(&world);
    assert_eq!(passed_on.len(), 3, "{passed_on:?}");
    assert!(passed_on[1..].iter().all(|[from, _]| from == there), "{passed_on:?}");
}

/// The requests that services have passed on: from which to which.
fn passed_on(world: &Peered) -> Vec<[String; 2]> {
    let lines = world.servers.here.log().lines_with("Received[component]: <iq");
    let lines = lines.into_iter().filter(|line| line.contains("type='set'"));
    lines
        .map(|line| {
            [" from='", " to='"].map(|attribute| {
                let value = line.split(attribute).nth(1).and_then(|rest| rest.split('\'').next());
                value.unwrap_or_else(|| panic!("{line}")).to_owned()
            })
        })
        .collect()
}

/// An error that is final ends a request; another one has it sent again.
#[tokio::test]
async fn a_request_is_sent_until_there_is_an_answer() {
    let world = Peered::with(&rogue_peer(Peered::HERE), "").await;
    let michael = world.with_number(&MICHAEL_HERE).await;
    let mut rogue = world.rogue().await;
    let error = |kind: &str, condition: &str| {
        format!("<error type='{kind}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
    };
    asks(&michael, &MICHAEL_HERE, &[NOBODY]).await;
    let first = rogue.request("contact").await;
    rogue.answer(&first, "error", &error("wait", "resource-constraint")).await;
    let again = rogue.request("contact").await;
    let payload = |iq: &Element| iq.children().next().map(String::from);
    assert_eq!(payload(&first), payload(&again));
    let contact = again.children().next().unwrap();
    assert_eq!((contact.attr("jid"), contact.attr("by")), (Some(MICHAEL_HERE.jid), None));
    rogue.answer(&again, "error", &error("auth", "forbidden")).await;
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    let next = rogue.request("contact").await;
    assert_ne!(payload(&next), payload(&again), "that one was given up");
}

/// A request of a peer for Amy, and so many people that nobody knows.
fn request(jid: &str, others: usize) -> String {
    let info = json!([{ "provider": "phone", "id": "+447700900555" }]);
    let others: String =
        (0..others).map(|n| format!("<hash>{}</hash>", hash("email", &format!("{n}@x.example")))).collect();
    let amy = AMY_THERE.phone_hash();
    format!(
        "<contact xmlns='it-se.me:peer' jid='{jid}'><info>{info}</info><hash>{amy}</hash>{others}</contact>"
    )
}

/// The condition of an error.
fn condition(answer: &Element) -> String {
    let error = answer.children().find(|child| child.name() == "error");
    let conditions = error.into_iter().flat_map(Element::children);
    let mut names = conditions.filter(|child| child.name() != "text").map(|child| child.name().to_owned());
    names.next().unwrap_or_else(|| panic!("no error: {}", String::from(answer)))
}
