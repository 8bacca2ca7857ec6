use tokio::{
    join,
    time::{Duration, timeout},
};

use super::*;
use crate::session::tests::Server;

const BOOK: &str = "BEGIN:VCARD\nVERSION:4.0\nFN:Michael\nTEL:+49 170 1234567\nEND:VCARD\n";
const CONFIRMED: &str = "<confirm xmlns='it-se.me:confirm'><confirmed>true</confirmed></confirm>";

async fn amy(policy: Answer) -> (Agent, Server) {
    let (session, server) = Server::start().await;
    let agent = Agent::new(session, AddressBook::parse(BOOK, &[]), policy, Store::in_memory()).unwrap();
    (agent, server)
}

fn michael() -> Identity {
    Identity::new("phone", "+491701234567").unwrap()
}

fn mail() -> Identity {
    Identity::new("email", "amy@example.org").unwrap()
}

fn message(from: &str, payload: &str) -> String {
    format!("<message type='chat' from='{from}' to='amy@localhost/1'><body>hi</body>{payload}</message>")
}

fn contact(from: &str, jid: &str, details: &[Identity]) -> String {
    let info = details_to_json(details);
    message(from, &format!("<contact xmlns='it-se.me:contact'><info>{info}</info><jid>{jid}</jid></contact>"))
}

fn code(from: &str, identity: &Identity) -> String {
    let hash = identity.hash();
    message(from, &format!("<verify xmlns='it-se.me:verify'><code>3991</code><hash>{hash}</hash></verify>"))
}

fn links(identities: &[Identity]) -> String {
    let hashes: String =
        identities.iter().map(|identity| format!("<hash>{}</hash>", identity.hash())).collect();
    format!("<links xmlns='it-se.me:register'>{hashes}</links>")
}

/// The next event, while nothing at all is sent.
async fn silently(agent: &mut Agent, server: &mut Server) -> AgentEvent {
    let event = agent.next_event().await.unwrap();
    let sent = timeout(Duration::from_millis(50), server.read_until("<")).await;
    assert!(sent.is_err(), "{sent:?}");
    event
}

#[tokio::test]
async fn a_code_that_was_asked_for_goes_back() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.store.update(|state| state.pending.insert(mail())).unwrap();
    server.write(&code("itseme.localhost", &mail())).await;
    let verified = format!(
        "<verify xmlns='it-se.me:verify'><hash>{}</hash><confirmed>true</confirmed></verify>",
        mail().hash()
    );
    let (event, _) = join!(agent.next_event(), server.answer("<code>3991</code>", &verified));
    assert_eq!(event, Some(AgentEvent::Linked { identity: mail() }));
    assert!(agent.state().unwrap().proven.contains(&mail()));
}

/// Some libraries hand copies of one's own messages on as if they came from outside.
#[tokio::test]
async fn a_copy_of_ones_own_answer_finds_nobody() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.store.update(|state| state.asked.insert(mail().hash())).unwrap();
    server.write(&contact("amy@localhost/2", "amy@localhost", &[mail()])).await;
    server.write(&message("michael@localhost/x", "")).await;
    assert!(matches!(silently(&mut agent, &mut server).await, AgentEvent::Message { .. }));
}

#[tokio::test]
async fn a_code_of_a_stranger_or_for_something_else_stays_here() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.store.update(|state| state.pending.insert(mail())).unwrap();
    server.write(&code("eve@localhost/x", &mail())).await;
    assert!(matches!(silently(&mut agent, &mut server).await, AgentEvent::Message { .. }));
    server.write(&code("itseme.localhost", &michael())).await;
    assert!(matches!(silently(&mut agent, &mut server).await, AgentEvent::Notice { .. }));
}

#[tokio::test]
async fn who_is_in_the_address_book_gets_an_answer_with_proven_details_only() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let me = Identity::new("xmpp", "amy@localhost").unwrap();
    let lost = Identity::new("phone", "+4930123456").unwrap();
    agent.store.update(|state| state.proven.extend([mail(), lost.clone()])).unwrap();
    agent.store.update(|state| state.pending.insert(Identity::new("github", "amy").unwrap())).unwrap();
    server.write(&contact("itseme.localhost", "michael@example.net", &[michael()])).await;
    let (event, sent) = join!(agent.next_event(), async {
        server.answer("<links", &links(&[mail(), me])).await;
        server.read_until("subscribe").await
    });
    let Some(AgentEvent::AskedBy { name, .. }) = event else { panic!("{event:?}") };
    assert_eq!(name.as_deref(), Some("Michael"));
    assert!(sent.contains("amy@example.org") && sent.contains("<jid>amy@localhost</jid>"), "{sent}");
    assert!(!sent.contains(lost.id()) && !sent.contains("github"), "{sent}");
    assert!(matches!(agent.next_event().await, Some(AgentEvent::Answered { .. })));
}

#[tokio::test]
async fn the_service_that_vouches_is_told() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let introduction = contact("itseme.localhost", "eve@example.net", &[mail()]);
    let by_peer = introduction.replace("</jid>", "</jid><service>itseme.example.net</service>");
    for (message, told) in [(introduction, false), (by_peer, true)] {
        server.write(&message).await;
        let event = silently(&mut agent, &mut server).await;
        assert!(matches!(event, AgentEvent::AskedBy { .. }), "{event:?}");
        assert_eq!(event.to_string().contains("That is what itseme.example.net says."), told, "{event}");
    }
}

#[tokio::test]
async fn nobody_else_gets_an_answer_unless_the_user_says_so() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let eve = "eve@localhost".parse().unwrap();
    assert!(matches!(agent.answer(&eve).await, Err(Error::NotAsked(_))));
    server.write(&contact("eve@localhost/x", "eve@localhost", &[mail()])).await;
    silently(&mut agent, &mut server).await;
    assert!(matches!(agent.answer(&eve).await, Err(Error::NotAsked(_))));
    server.write(&contact("itseme.localhost", "eve@localhost", &[mail()])).await;
    assert!(matches!(silently(&mut agent, &mut server).await, AgentEvent::AskedBy { name: None, .. }));
    let nothing = links(&[]);
    let (result, _) = join!(agent.answer(&eve), server.answer("<links", &nothing));
    assert!(matches!(result, Err(Error::NothingProven)));
}

#[tokio::test]
async fn who_was_asked_for_and_is_confirmed_is_found() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let details = [michael(), mail()];
    server.write(&contact("michael@example.net/x", "michael@example.net", &details)).await;
    let hash = mail().hash();
    let (event, _) = join!(agent.next_event(), server.answer(&hash, CONFIRMED));
    let Some(AgentEvent::Found { jid, name, details: found, service: None }) = event else {
        panic!("{event:?}")
    };
    assert_eq!((jid.as_str(), name.as_deref()), ("michael@example.net", Some("Michael")));
    assert_eq!(found, details);
}

#[tokio::test]
async fn the_service_that_confirms_is_told() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let by_peer = CONFIRMED.replace("</confirmed>", "</confirmed><service>itseme.example.net</service>");
    for (answer, told) in [(CONFIRMED, false), (&by_peer, true)] {
        server.write(&contact("michael@example.net/x", "michael@example.net", &[michael()])).await;
        let (event, _) = join!(agent.next_event(), server.answer("<confirm", answer));
        let event = event.unwrap();
        assert!(matches!(event, AgentEvent::Found { .. }), "{event:?}");
        assert_eq!(event.to_string().contains("That is what itseme.example.net says."), told, "{event}");
        assert_eq!(serde_json::json!(event)["service"] == "itseme.example.net", told, "{event:?}");
    }
}

#[tokio::test]
async fn claims_are_not_believed() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let rejected = |event, wanted| matches!(event, AgentEvent::Rejected { reason, .. } if reason == wanted);
    server.write(&contact("eve@localhost/x", "michael@example.net", &[michael()])).await;
    assert!(rejected(silently(&mut agent, &mut server).await, Rejection::Forged));
    server.write(&contact("eve@localhost/x", "eve@localhost", &[mail()])).await;
    assert!(rejected(silently(&mut agent, &mut server).await, Rejection::Unasked));
    server.write(&contact("eve@localhost/x", "eve@localhost", &[])).await;
    assert!(rejected(silently(&mut agent, &mut server).await, Rejection::Unasked));
    server.write(&contact("eve@localhost/x", "eve@localhost", &[michael()])).await;
    let no = CONFIRMED.replace("true", "false");
    let (event, _) = join!(agent.next_event(), server.answer("<confirm", &no));
    assert!(rejected(event.unwrap(), Rejection::Unconfirmed));
}

const SENT: &str = "<contact xmlns='it-se.me:contact' status='requests_send'/>";

/// An address book of so many people.
fn crowd(size: usize) -> AddressBook {
    let cards = (0..size).map(|n| format!("BEGIN:VCARD\nFN:x\nTEL:+4917000{n:05}\nEND:VCARD\n"));
    AddressBook::parse(cards.collect::<String>(), &[])
}

#[tokio::test(start_paused = true)]
async fn what_the_service_does_not_take_today_comes_first_next_time() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(250);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.answer("<contact", SENT).await;
        for _ in 0..=PAUSES.len() {
            server.refuse("<contact", "request-limit-reached").await;
        }
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 100, aliases: 0, requests: 1, left: 150 });
    assert_eq!(agent.state().unwrap().asked.len(), 100);

    let (introduced, requests) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        let mut requests = Vec::new();
        for _ in 0..3 {
            requests.push(server.answer("<contact", SENT).await);
        }
        requests
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 250, aliases: 0, requests: 3, left: 0 });
    let first = &agent.book.hashes()[0];
    let asked = requests.iter().map(|request| request.contains(first)).collect::<Vec<_>>();
    assert_eq!(asked, [false, true, false], "after 150 new ones");
}

#[tokio::test(start_paused = true)]
async fn in_a_book_of_many_days_everybody_gets_a_turn() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let cards = (0..150)
        .map(|n| format!("BEGIN:VCARD\nFN:x\nEMAIL:amy{n}@gmail.com\nEND:VCARD\n"))
        .collect::<String>();
    agent.book = AddressBook::parse(&cards, &[]);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (hashes, aliases) = (agent.book.hashes(), agent.book.aliases());
    let mut asked = Vec::new();
    // The service takes two hundred a day.
    for _ in 0..3 {
        let (introduced, ()) = join!(agent.introduce(), async {
            server.answer("<links", &links(&[mail()])).await;
            for _ in 0..2 {
                asked.push(server.answer("<contact", SENT).await);
            }
            for _ in 0..=PAUSES.len() {
                server.refuse("<contact", "request-limit-reached").await;
            }
        });
        assert_eq!(introduced.unwrap().left, 100);
    }
    let times = |hash: &String| asked.iter().filter(|request| request.contains(hash)).count();
    assert!(hashes.iter().all(|hash| times(hash) == 2), "from the first day on, and again from the second");
    assert!(aliases.iter().all(|hash| times(hash) == 2), "from the first day on, and again on the third");
}

#[tokio::test]
async fn other_forms_are_asked_for_last_and_found() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    let card =
        "BEGIN:VCARD\nFN:Zoë\nEMAIL:zoe@gmail.com\nEMAIL:amy@gmail.com\nTEL:+49 170 1234567\nEND:VCARD\n";
    agent.book = AddressBook::parse(card, &[]);
    let mine = Identity::new("email", "amy@gmail.com").unwrap();
    agent.store.update(|state| state.proven.insert(mine.clone())).unwrap();
    let (introduced, request) = join!(agent.introduce(), async {
        server.answer("<links", &links(std::slice::from_ref(&mine))).await;
        server.answer("<contact", SENT).await
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 3, aliases: 1, requests: 1, left: 0 });
    let zoe = Identity::new("email", "zoe@googlemail.com").unwrap();
    let place = |identity: &Identity| request.find(&identity.hash()).unwrap();
    assert!(place(&michael()) < place(&zoe));
    server.write(&contact("zoe@example.net/x", "zoe@example.net", std::slice::from_ref(&zoe))).await;
    let hash = zoe.hash();
    let (event, _) = join!(agent.next_event(), server.answer(&hash, CONFIRMED));
    assert!(matches!(event, Some(AgentEvent::Found { name: Some(name), .. }) if name == "Zoë"));
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_a_second_are_waited_out() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(1);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached").await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 1, aliases: 0, requests: 1, left: 0 });
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_it_is_told_unless_that_is_long() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(1);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let began = tokio::time::Instant::now();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached seconds='9' limit='requests'").await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap().left, 0);
    assert!(began.elapsed() >= Duration::from_secs(9));

    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "request-limit-reached seconds='3600' limit='hashes'").await;
    });
    assert_eq!(introduced.unwrap().left, 1);
}

#[tokio::test]
async fn a_refused_request_was_not_made() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.book = crowd(2);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let earlier = agent.book.hashes()[0].clone();
    agent.store.update(|state| state.asked.insert(earlier.clone())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.refuse("<contact", "insufficient-contact-info").await;
    });
    assert!(matches!(introduced, Err(Error::Service { .. })), "{introduced:?}");
    assert_eq!(agent.state().unwrap().asked, BTreeSet::from([earlier]));
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing() {
    let (mut agent, mut server) = amy(Answer::Matched).await;
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    server.write(&contact("michael@example.net/x", "michael@example.net", &[michael()])).await;
    server.write(&contact("itseme.localhost", "michael@example.net", &[michael()])).await;
    let soon = Duration::from_millis(50);
    for busy_with in ["<confirm", "<confirm"] {
        assert!(timeout(soon, agent.next_event()).await.is_err());
        server.read_until(busy_with).await;
    }
    let (event, _) = join!(agent.next_event(), server.answer("<confirm", CONFIRMED));
    assert!(matches!(event, Some(AgentEvent::Found { .. })), "{event:?}");

    assert!(timeout(soon, agent.next_event()).await.is_err());
    server.read_until("<links").await;
    let proven = links(&[mail()]);
    let (event, _) = join!(agent.next_event(), server.answer("<links", &proven));
    assert!(matches!(event, Some(AgentEvent::AskedBy { .. })), "{event:?}");
    assert!(matches!(agent.next_event().await, Some(AgentEvent::Answered { .. })));
    assert!(timeout(soon, agent.next_event()).await.is_err(), "and all of it once");
}

#[tokio::test]
async fn what_was_just_proven_is_known() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let verified = format!(
        "<verify xmlns='it-se.me:verify'><hash>{}</hash><confirmed>true</confirmed></verify>",
        mail().hash()
    );
    let hash = mail().hash();
    let (known, _) = join!(agent.verify(&hash, "1"), server.answer("<verify", &verified));
    assert_eq!(known.unwrap(), None);
    let mail = mail();
    let (done, _) = join!(agent.verify_identity(&mail, "1"), server.answer("<verify", &verified));
    done.unwrap();
    assert!(agent.state().unwrap().proven.contains(&mail));
}

#[tokio::test]
async fn nothing_named_is_not_everything() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.store.update(|state| state.proven.extend([mail(), michael()])).unwrap();
    assert!(matches!(agent.forget(&[]).await, Err(Error::NothingNamed)));
    let hashes = [mail().hash()];
    let (forgotten, _) = join!(agent.forget(&hashes), server.answer("<forget", ""));
    forgotten.unwrap();
    assert_eq!(agent.state().unwrap().proven, BTreeSet::from([michael()]));
    let (forgotten, _) = join!(agent.forget_all(), server.answer("<forget", ""));
    forgotten.unwrap();
    assert!(agent.state().unwrap().proven.is_empty());
}

#[tokio::test]
async fn introductions_go_out_as_hashes_without_the_own_ones() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let cards: String = (0..150)
        .map(|n| format!("BEGIN:VCARD\nFN:x\nTEL:+4917000{n:05}\nEMAIL:amy@example.org\nEND:VCARD\n"))
        .collect();
    agent.book = AddressBook::parse(&cards, &[]);
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let (introduced, ()) = join!(agent.introduce(), async {
        server.answer("<links", &links(&[mail()])).await;
        server.answer("<contact", SENT).await;
        server.answer("<contact", SENT).await;
    });
    assert_eq!(introduced.unwrap(), Introduced { hashes: 150, aliases: 0, requests: 2, left: 0 });
    let state = agent.state().unwrap();
    assert_eq!(state.asked.len(), 150);
    assert!(!state.asked.contains(&mail().hash()));
}

#[tokio::test]
async fn a_failed_registration_leaves_nothing_pending() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    let wrong = "<register xmlns='it-se.me:register' status='confirmed'><hash>ab</hash></register>";
    let (result, _) =
        join!(agent.register("email", "amy@example.org", false), server.answer("<register", wrong));
    assert!(matches!(result, Err(Error::Malformed(_))));
    assert!(agent.register("phone", "0170", false).await.is_err());
    let state = agent.state().unwrap();
    assert!(state.pending.is_empty() && state.proven.is_empty(), "{state:?}");
}

#[tokio::test]
async fn a_link_that_was_taken_over_is_not_shown_any_more() {
    let (mut agent, mut server) = amy(Answer::Never).await;
    agent.store.update(|state| state.proven.insert(mail())).unwrap();
    let notice = format!("<taken-over xmlns='it-se.me:register'><hash>{}</hash></taken-over>", mail().hash());
    server.write(&message("eve@localhost", &notice)).await;
    assert!(matches!(agent.next_event().await, Some(AgentEvent::Message { .. })));
    server.write(&message("itseme.localhost", &notice)).await;
    let event = agent.next_event().await;
    assert!(matches!(event, Some(AgentEvent::TakenOver { identity: Some(_), .. })), "{event:?}");
    assert!(agent.state().unwrap().proven.is_empty());
}
