//! Two services that are peers: people find each other across them.

mod faults;
mod federated;
mod hostile;

use itseme_client::{Confirmed, Event, Identity, Scope, Session, minidom::Element};
use itseme_tests::{
    AMY, AMY_THERE, EVE_HERE, MICHAEL, MICHAEL_HERE, Peered, Person, Reply, Service, World, hash,
    introduction, next_event, until, xml,
};
use serde_json::{Value, json};

const CONTACT: &str = "it-se.me:contact";
const COMMANDS: &str = "http://jabber.org/protocol/commands";
/// Nobody has it.
const NOBODY: &str = "+447700900001";

#[tokio::test]
async fn people_find_each_other_across_services() {
    let world = Peered::start().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);

    // Michael asks his own service for Amy, who has never heard of it.
    asks(&michael, &MICHAEL_HERE, &[NOBODY, AMY_THERE.phone]).await;
    let heard = introduction(&amy).await;
    assert!(heard.attr("from").unwrap().ends_with(Peered::THERE), "{}", String::from(&heard));
    assert_eq!(told(&heard), (MICHAEL_HERE.jid.to_owned(), Some(Peered::HERE.to_owned())));
    let body = xml::text(&heard, "body", xml::CLIENT);
    assert!(body.contains(Peered::HERE) && body.contains(MICHAEL_HERE.phone), "{body}");

    // Each confirms what the other has proven, natively and over HTTP.
    let numbers = |person: &Person| [person.phone_hash(), person.jid_hash()];
    for (client, person, peer) in [
        (&michael, &AMY_THERE, Some(Peered::THERE)),
        (&amy, &MICHAEL_HERE, Some(Peered::HERE)),
        (&michael, &MICHAEL_HERE, None),
    ] {
        let confirmed = client.who_confirms(&person.bare_jid(), &numbers(person)).await.unwrap();
        let by = confirmed.service.as_ref().map(|service| service.as_str());
        assert_eq!((confirmed.confirmed, by), (true, peer), "{}", person.jid);
    }
    let wrong = michael.who_confirms(&AMY_THERE.bare_jid(), &numbers(&MICHAEL_HERE)).await.unwrap();
    assert_eq!(wrong, Confirmed { confirmed: false, service: None });
    for (jid, person, expected) in [
        (AMY_THERE.jid, &AMY_THERE, json!({ "confirmed": true, "service": Peered::THERE })),
        (MICHAEL_HERE.jid, &MICHAEL_HERE, json!({ "confirmed": true })),
        (AMY_THERE.jid, &MICHAEL_HERE, json!({ "confirmed": false })),
    ] {
        let path = format!("/v1/confirm/{}/{jid}", person.phone_hash());
        assert_eq!(Peered::http(&world.here).get(&path).await.ok(), expected);
    }
    let theirs = [("jid", AMY_THERE.jid), ("detail", AMY_THERE.phone)];
    let said = command(&michael, "check", &theirs).await;
    assert!(said.starts_with("Yes") && said.contains(Peered::THERE), "{said}");
}

#[tokio::test]
async fn people_find_each_other_across_services_over_http() {
    let world = Peered::start().await;
    let (amy, _michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    let ask = async |scope| asks_over_http(&world.here, &MICHAEL_HERE, &AMY_THERE, scope).await;
    assert_eq!(ask(Some("there")).await.status, 400);
    ask(Some("here")).await.ok();
    assert!(heard_so_far(&world, &amy).await.is_empty(), "it stays here");
    ask(None).await.ok();
    assert_eq!(told(&introduction(&amy).await).1, Some(Peered::HERE.to_owned()));
}

/// By the form of the command, and in words.
#[tokio::test]
async fn a_person_may_ask_the_own_service_alone() {
    let world = Peered::start().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    let form = |scope| [("contacts", AMY_THERE.phone), ("scope", scope)];
    let sentence = format!("introduce {}", AMY_THERE.phone);
    let details = [Identity::new("phone", MICHAEL_HERE.phone).unwrap()];
    michael.contact_of(Scope::Here, &details, &[AMY_THERE.phone_hash()]).await.unwrap();
    let here = [
        command(&michael, "introduce", &form("here")).await,
        chat(&michael, &format!("{sentence} here")).await,
    ];
    assert!(here.iter().all(|said| !said.contains(Peered::THERE)), "{here:?}");
    assert!(heard_so_far(&world, &amy).await.is_empty(), "it stays here");
    let there = [command(&michael, "introduce", &form("peers")).await, chat(&michael, &sentence).await];
    assert!(there.iter().all(|said| said.contains(Peered::THERE)), "{there:?}");
    assert_eq!(told(&introduction(&amy).await).0, MICHAEL_HERE.jid);
    let help = chat(&michael, "help").await;
    assert!(help.contains("here – ask at this service alone") && help.contains(Peered::THERE), "{help}");
}

/// Where there are peers, the form has the choice, and what it says names them.
#[tokio::test]
async fn the_form_has_the_choice_of_those_who_are_asked() {
    let world = World::with("[[peers]]\njid = \"itseme.example.net\"").await;
    let michael = world.client(&MICHAEL).await;
    world.prove_phone(&michael, &MICHAEL).await;
    for (scope, names_peer) in [("peers", true), ("here", false)] {
        let said = command(&michael, "introduce", &[("contacts", AMY.phone), ("scope", scope)]).await;
        assert_eq!(said.contains("itseme.example.net"), names_peer, "{said}");
    }
}

#[tokio::test]
async fn a_person_is_asked_once_and_not_if_they_have_muted() {
    let world = Peered::start().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    let eve = world.with_number(&EVE_HERE).await;
    amy.mute(&EVE_HERE.bare_jid()).await.unwrap();
    asks(&eve, &EVE_HERE, &[AMY_THERE.phone]).await;
    // Michael asks at both services, at each of them twice.
    let other = world.client_of(&MICHAEL_HERE, Peered::THERE).await;
    other.register("xmpp", MICHAEL_HERE.jid, false).await.unwrap();
    for _ in 0..2 {
        asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
        let itself = [Identity::new("xmpp", MICHAEL_HERE.jid).unwrap()];
        other.contact(&itself, &[AMY_THERE.phone_hash()]).await.unwrap();
    }
    let heard = heard_so_far(&world, &amy).await;
    assert_eq!(heard, [MICHAEL_HERE.jid]);
}

/// A service that is down gets the request when it is back.
#[tokio::test]
async fn a_request_waits_for_a_peer_that_is_down() {
    let mut world = Peered::start().await;
    let (amy, michael) = (world.with_number(&AMY_THERE).await, world.with_number(&MICHAEL_HERE).await);
    world.there.terminate().await;
    asks(&michael, &MICHAEL_HERE, &[AMY_THERE.phone]).await;
    world.here.says("the peer does not take requests").await;
    assert!(!michael.confirm(&AMY_THERE.bare_jid(), &[AMY_THERE.phone_hash()]).await.unwrap());
    // What waits lasts longer than the service that has it.
    world.here.kill();
    world.here.start().await;
    world.there.start().await;
    assert_eq!(told(&introduction(&amy).await).0, MICHAEL_HERE.jid);
}

/// People who ask at both services at the same moment are introduced once.
#[tokio::test]
async fn whoever_asks_at_two_peers_at_once_is_introduced_once() {
    let world = Peered::start().await;
    let amy = world.with_number(&AMY_THERE).await;
    let askers: Vec<_> = (0..8).map(|number| Person::numbered("asker", number, "here.example")).collect();
    let ask = async |asker: &Person| {
        let at = async |service| {
            let client = world.client_of(asker, service).await;
            client.register("xmpp", asker.jid, false).await.unwrap();
            client
        };
        let clients = [at(Peered::HERE).await, at(Peered::THERE).await];
        let itself = [Identity::new("xmpp", asker.jid).unwrap()];
        let wanted = [AMY_THERE.phone_hash()];
        let [here, there] = clients.each_ref().map(|client| client.contact(&itself, &wanted));
        let (here, there) = tokio::join!(here, there);
        here.and(there).unwrap();
    };
    for asker in &askers {
        world.servers.add_account(asker);
        ask(asker).await;
    }
    let mut heard = heard_so_far(&world, &amy).await;
    heard.sort();
    assert_eq!(heard, askers.iter().map(|asker| asker.jid).collect::<Vec<_>>());
}

/// `itseme check --login` asks each peer if it runs and names this service in turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_if_the_peers_are_peers() {
    let mut world = Peered::prepare("", &hostile::rogue_peer(Peered::THERE)).await;
    let check = |world: &Peered, arguments: &[&str]| {
        let output = world.here.run(&[&["check"], arguments].concat());
        let told = String::from_utf8(output.stdout).unwrap();
        told.lines().find(|line| line.contains("peer itseme.there.example")).unwrap().to_owned()
    };
    assert!(check(&world, &[]).starts_with("ok      peer itseme.there.example: it was not asked: --login"));
    let down = check(&world, &["--login"]);
    assert!(down.starts_with("WRONG") && down.contains("does it run"), "{down}");
    world.there.start().await;
    let named = check(&world, &["--login"]);
    assert!(named.starts_with("ok") && named.ends_with("names this service as its peer"), "{named}");
    let told = world.there.reload("peers = []").await;
    assert!(told.contains("is in effect"), "{told}");
    let unnamed = check(&world, &["--login"]);
    assert!(
        unnamed.starts_with("WRONG") && unnamed.contains("add itseme.here.example to its [[peers]]"),
        "{unnamed}"
    );
}

/// Asks for the people with these numbers.
pub(super) async fn asks(client: &Session, asker: &Person, numbers: &[&str]) {
    let details = [Identity::new("phone", asker.phone).unwrap()];
    let hashes: Vec<_> = numbers.iter().map(|number| hash("phone", number)).collect();
    client.contact(&details, &hashes).await.unwrap();
}

/// Fills in the form of a command, and returns what the service says of it.
async fn command(client: &Session, node: &str, answers: &[(&str, &str)]) -> String {
    let ask = async |attributes: &str, form: &str| {
        let command = format!("<command xmlns='{COMMANDS}' node='{node}' {attributes}>{form}</command>");
        client.ask_service(xml::parse(&command), true).await.unwrap().unwrap()
    };
    let begun = ask("", "").await;
    let fields: String = answers
        .iter()
        .map(|(name, value)| format!("<field var='{name}'><value>{value}</value></field>"))
        .collect();
    let form = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
    let session = begun.attr("sessionid").unwrap();
    let done = ask(&format!("sessionid='{session}' action='complete'"), &form).await;
    assert_eq!(done.attr("status"), Some("completed"), "{}", String::from(&done));
    xml::text(&done, "note", COMMANDS)
}

/// Writes to the service, and returns what it answers.
async fn chat(client: &Session, text: &str) -> String {
    let message = format!(
        "<message xmlns='jabber:client' to='itseme@{}' type='chat'><body>{text}</body></message>",
        client.service()
    );
    client.send_raw(xml::parse(&message)).await.unwrap();
    next_event(client, |event| match event {
        Event::Notice { body, .. } => Some(body),
        _ => None,
    })
    .await
}

/// Asks for somebody with a number over HTTP.
pub(super) async fn asks_over_http(
    service: &Service,
    asker: &Person,
    wanted: &Person,
    scope: Option<&str>,
) -> Reply {
    let mut request = json!({
        "target": asker.jid,
        "contact_info": [{ "provider": "phone", "id": asker.phone }],
        "contacts": [wanted.phone_hash()],
    });
    if let Some(scope) = scope {
        request["scope"] = json!(scope);
    }
    Peered::http(service).post("/v1/contact", &request).await
}

/// Asserts that the service of this client confirms what somebody of the peer has proven, and nothing else, natively and over HTTP.
pub(super) async fn confirms(world: &Peered, client: &Session, friend: &Person, own: &Person) {
    let proven = |person: &Person| [person.phone_hash(), person.jid_hash()];
    assert!(client.confirm(&friend.bare_jid(), &proven(friend)).await.unwrap());
    assert!(!client.confirm(&friend.bare_jid(), &proven(own)).await.unwrap());
    let service = if own.jid.ends_with("@here.example") { &world.here } else { &world.there };
    for (person, expected) in [(friend, true), (own, false)] {
        let path = format!("/v1/confirm/{}/{}", person.phone_hash(), friend.jid);
        let confirmed = Peered::http(service).get(&path).await.ok();
        let expected = match expected {
            true => json!({ "confirmed": true, "service": format!("itseme.{}", friend.bare_jid().domain()) }),
            false => json!({ "confirmed": false }),
        };
        assert_eq!(confirmed, expected);
    }
}

/// The requester of an introduction, and the service that vouches for it.
pub(super) fn told(introduction: &Element) -> (String, Option<String>) {
    let contact = xml::child(introduction, "contact", CONTACT);
    let service = contact.get_child("service", CONTACT).map(Element::text);
    (xml::text(contact, "jid", CONTACT), service)
}

/// Returns the requesters that were introduced by all requests so far to somebody of there.
async fn heard_so_far(world: &Peered, client: &Session) -> Vec<String> {
    heard_at(&[&world.here, &world.there], client).await
}

/// The same to somebody of the last of these services, for the first time.
async fn heard_at(services: &[&Service], client: &Session) -> Vec<String> {
    all_is_done(services).await;
    // It goes the way of the introductions, after them.
    let marker = json!({ "target": client.jid().to_bare().to_string() });
    let last = services.last().expect("a service");
    Peered::http(last).post("/v1/forget", &marker).await.ok();
    let mut heard = Vec::new();
    loop {
        let next = next_event(client, |event| match event {
            Event::Introduction { jid, .. } => Some(Some(jid)),
            Event::Notice { body, .. } if body.contains("forget") => Some(None),
            _ => None,
        });
        match next.await {
            Some(jid) => heard.push(jid.to_string()),
            None => return heard,
        }
    }
}

/// Waits until no request waits at any of these services. What one passes on waits at a later one.
async fn all_is_done(services: &[&Service]) {
    for service in services {
        let probe = || (waiting(service) == 0).then_some(());
        until("the end of all requests", probe, || service.log().tail()).await;
    }
}

/// The number of requests that wait to be looked up, or for a peer.
fn waiting(service: &Service) -> u64 {
    waiting_in(service, &["requests", "peers"])
}

fn waiting_for_peers(service: &Service) -> u64 {
    waiting_in(service, &["peers"])
}

fn waiting_in(service: &Service, queues: &[&str]) -> u64 {
    let output = service.run(&["admin", "--json", "outbox"]);
    let waiting: Value = serde_json::from_slice(&output.stdout).unwrap();
    queues.iter().map(|queue| waiting[*queue].as_u64().unwrap_or_default()).sum()
}
