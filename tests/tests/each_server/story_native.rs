//! The whole story natively: Amy and Michael prove who they are, and Michael, who knows Amy's phone number,
//! finds her.

use itseme_client::{Agent, AgentEvent, Identity, Session, Status};
use itseme_tests::{AMY, MICHAEL, Person, World, hash, introduction, next_of_agent, shapes};

#[tokio::test]
async fn amy_and_michael_find_each_other() {
    let world = World::start().await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);

    proves_everything(&world, &amy, &AMY).await;
    proves_everything(&world, &michael, &MICHAEL).await;

    // Michael asks to be introduced to the owner of Amy's number, and of a number that nobody has.
    let details = [identity("phone", MICHAEL.phone), identity("email", MICHAEL.email)];
    let nobody = hash("phone", "+447700900001");
    michael.contact(&details, &[AMY.phone_hash(), nobody]).await.unwrap();

    // Amy is told, with his proven details.
    let request = introduction(&amy).await;
    let proven = [("phone", MICHAEL.phone), ("email", MICHAEL.email)];
    shapes::assert_introduction(&request, &AMY, &MICHAEL, &proven);

    // Now Michael knows a JID that claims to be Amy's, and asks if it is.
    let jid = AMY.bare_jid();
    assert!(michael.confirm(&jid, &[AMY.phone_hash()]).await.unwrap());
    assert!(michael.confirm(&jid, &[AMY.phone_hash(), AMY.email_hash(), AMY.jid_hash()]).await.unwrap());
    assert!(!michael.confirm(&jid, &[AMY.phone_hash(), MICHAEL.phone_hash()]).await.unwrap());
    assert!(!michael.confirm(&MICHAEL.bare_jid(), &[AMY.phone_hash()]).await.unwrap());

    forgets_piece_by_piece(&amy, &michael).await;
}

/// The own JID at once, because the server vouches for it; mail and phone with the codes that arrive there.
async fn proves_everything(world: &World, client: &Session, person: &Person) {
    let registered = client.register("xmpp", person.jid, false).await.unwrap();
    assert_eq!(registered.status, Status::Confirmed);
    assert_eq!(registered.hash, person.jid_hash());

    let registered = client.register("email", person.email, false).await.unwrap();
    assert_eq!(registered.status, Status::Pending);
    assert_eq!(registered.hash, person.email_hash());
    let mail = world.mail.take(person.email).await;
    assert_eq!(mail.code().len(), 6);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(person.jid) && part.contains(&mail.code()), "{part}");
    }
    assert!(client.verify(&registered.hash, &mail.code()).await.unwrap());

    let registered = client.register("phone", person.phone, false).await.unwrap();
    assert_eq!(registered.status, Status::Pending);
    assert_eq!(registered.hash, person.phone_hash());
    let code = world.gateway.take(person.phone).await.code();
    assert_eq!(code.len(), 4);
    assert!(client.verify(&registered.hash, &code).await.unwrap());
    for resend in [false, true] {
        let again = client.register("phone", person.phone, resend).await.unwrap();
        assert_eq!((again.status, again.hash), (Status::Confirmed, person.phone_hash()));
    }
}

async fn forgets_piece_by_piece(amy: &Session, michael: &Session) {
    let jid = AMY.bare_jid();
    assert_eq!(links(amy).await, sorted([AMY.jid_hash(), AMY.email_hash(), AMY.phone_hash()]));

    amy.forget(&[AMY.phone_hash()]).await.unwrap();
    assert_eq!(links(amy).await, sorted([AMY.jid_hash(), AMY.email_hash()]));
    assert!(!michael.confirm(&jid, &[AMY.phone_hash()]).await.unwrap());
    assert!(michael.confirm(&jid, &[AMY.email_hash()]).await.unwrap());

    amy.forget_all().await.unwrap();
    assert!(links(amy).await.is_empty());
    assert!(!michael.confirm(&jid, &[AMY.email_hash()]).await.unwrap());
    assert_eq!(links(michael).await.len(), 3, "Michael's are his own");
}

#[tokio::test]
async fn two_clients_with_address_books_do_it_by_themselves() {
    let world = World::start().await;
    if !world.server.lets_strangers_write() {
        return; // What she answers is kept from him, and not by the service.
    }
    let amys_book = "BEGIN:VCARD\nVERSION:4.0\nFN:Michael\nEMAIL:michael@example.org\nEND:VCARD\n";
    let michaels_book = "BEGIN:VCARD\nVERSION:4.0\nFN:Amy\nTEL:+44 7700 900123\nEND:VCARD\n";
    let mut amy = world.agent(&AMY, amys_book, &[]).await;
    let mut michael = world.agent(&MICHAEL, michaels_book, &[]).await;
    prove(&world, &mut amy, &AMY).await;
    prove(&world, &mut michael, &MICHAEL).await;

    let introduced = michael.introduce().await.unwrap();
    assert_eq!((introduced.hashes, introduced.requests), (1, 1));

    // Amy's client finds Michael's mail address in her address book, and answers.
    let asked = next_of_agent(&mut amy, |event| matches!(event, AgentEvent::AskedBy { .. })).await;
    let AgentEvent::AskedBy { jid, name, .. } = asked else { unreachable!() };
    assert_eq!((jid, name.as_deref()), (MICHAEL.bare_jid(), Some("Michael")));
    next_of_agent(&mut amy, |event| matches!(event, AgentEvent::Answered { .. })).await;

    // Michael's client asks the service to confirm that it is her.
    let found = next_of_agent(&mut michael, |event| matches!(event, AgentEvent::Found { .. })).await;
    let AgentEvent::Found { jid, name, details, service } = found else { unreachable!() };
    assert_eq!((jid, name.as_deref(), service), (AMY.bare_jid(), Some("Amy"), None));
    assert!(details.contains(&identity("phone", AMY.phone)), "{details:?}");
}

async fn prove(world: &World, agent: &mut Agent, person: &Person) {
    agent.register("phone", person.phone, false).await.unwrap();
    let code = world.gateway.take(person.phone).await.code();
    let linked = agent.verify(&person.phone_hash(), &code).await.unwrap();
    assert_eq!(linked, Some(identity("phone", person.phone)));

    agent.register("email", person.email, false).await.unwrap();
    let code = world.mail.take(person.email).await.code();
    let linked = agent.verify(&person.email_hash(), &code).await.unwrap();
    assert_eq!(linked, Some(identity("email", person.email)));
}

async fn links(client: &Session) -> Vec<String> {
    sorted(client.links().await.unwrap())
}

fn sorted(hashes: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut hashes: Vec<String> = hashes.into_iter().collect();
    hashes.sort();
    hashes
}

fn identity(provider: &str, id: &str) -> Identity {
    Identity::new(provider, id).unwrap()
}
