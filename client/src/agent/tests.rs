mod introduce;

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
