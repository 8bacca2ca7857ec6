//! Nothing on the disk, in the log or on the screen reveals the owner of a number.

use std::{fs, process::Output};

use itseme_client::{Event, Identity, Session};
use itseme_tests::{ACCOUNT, AMY, EVE, MICHAEL, Needle, Person, RawClient, SERVICE, World, find, next_event};

/// Codes so long that none is in a log by accident.
const LONG_CODES: &str = r#"
[codes]
xmpp = { digits = 12, expires = "10m" }
phone = { digits = 12, expires = "10m" }
email = { digits = 12, expires = "24h" }
"#;

#[tokio::test]
async fn nothing_is_left_of_the_story() {
    let mut world = World::with(LONG_CODES).await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    let mut needles = needles_of(&[AMY, MICHAEL]);
    for (client, person) in [(&amy, &AMY), (&michael, &MICHAEL)] {
        needles.extend(proven(&world, client, person).await);
    }
    introduced(&amy, &michael).await;
    needles.push(refused_http(&world).await);

    assert_clean(&world, &needles);
    assert!(world.service.terminate().await.success());
    assert_clean(&world, &needles);
}

/// The same by what people with any client do: chat, forms, registration, presence.
#[tokio::test]
async fn nothing_is_left_of_a_conversation() {
    let mut world = World::with(LONG_CODES).await;
    let mut amy = world.raw(&AMY).await;
    let mut needles = needles_of(&[AMY, EVE, MICHAEL]);
    amy.send(&format!("<presence type='subscribe' to='{ACCOUNT}'/>")).await;
    let shown = format!("{ACCOUNT}/itseme");
    amy.next_that(|stanza| stanza.name() == "presence" && stanza.attr("from") == Some(&shown)).await;

    says(&mut amy, &format!("link phone {}", AMY.phone)).await;
    let by_sms = world.gateway.take(AMY.phone).await.code();
    says(&mut amy, &by_sms).await;
    says(&mut amy, &format!("introduce {}, {} as {}", MICHAEL.phone, MICHAEL.email, AMY.phone)).await;
    says(&mut amy, &format!("forget email {}", AMY.email)).await;
    says(&mut amy, &format!("mute {}", EVE.jid)).await;
    let field = |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
    let form = |fields: &str| format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
    let registration =
        format!("<query xmlns='jabber:iq:register'>{}</query>", form(&field("email", AMY.email)));
    assert_eq!(amy.ask("set", SERVICE, &registration).await.attr("type"), Some("result"));
    let by_mail = world.mail.take(AMY.email).await.code();
    let command = |session: &str, form: &str| {
        format!(
            "<command xmlns='http://jabber.org/protocol/commands' node='check' {session}>{form}</command>"
        )
    };
    let begun = amy.ask("set", SERVICE, &command("", "")).await;
    let begun = begun.children().find_map(|child| child.attr("sessionid")).expect("a session").to_owned();
    let asked = form(&(field("jid", MICHAEL.jid) + &field("detail", MICHAEL.phone)));
    let checked = amy.ask("set", SERVICE, &command(&format!("sessionid='{begun}'"), &asked)).await;
    assert_eq!(checked.attr("type"), Some("result"));

    needles
        .extend([Needle::text("the code of an SMS", &by_sms), Needle::text("the code of a mail", &by_mail)]);
    assert_clean(&world, &needles);
    assert!(world.service.terminate().await.success());
    assert_clean(&world, &needles);
}

/// Says something, and waits for what the service says to it.
async fn says(client: &mut RawClient, text: &str) {
    client.send(&format!("<message type='chat' to='{SERVICE}'><body>{text}</body></message>")).await;
    client.next_that(|stanza| stanza.name() == "message").await;
}

#[tokio::test]
async fn nothing_is_readable_while_codes_wait() {
    let mut world = World::with(LONG_CODES).await;
    world.gateway.stop().await;
    world.mail.stop().await;
    let amy = world.client(&AMY).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    amy.register("email", AMY.email, false).await.unwrap();
    world.service.says("messages cannot be sent").await;

    let mut needles = needles_of(&[AMY]);
    assert_clean(&world, &needles);

    // The waiting message was the real one: it arrives, and leaves no more traces than before.
    world.gateway.restart().await;
    world.mail.restart().await;
    needles.push(Needle::text("the code of the SMS", &world.gateway.take(AMY.phone).await.code()));
    needles.push(Needle::text("the code of the mail", &world.mail.take(AMY.email).await.code()));
    assert_clean(&world, &needles);
}

#[tokio::test]
async fn the_search_finds_what_is_there() {
    let world = World::with(LONG_CODES).await;
    let planted = format!("somewhere {} in a file", AMY.email_hash().to_uppercase());
    fs::write(world.service.data().join("planted"), planted).unwrap();
    let found = find(&world.service.data(), &needles_of(&[AMY]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("the mail address' hash of amy"), "{found:?}");
}

/// All that is known of people from the start.
fn needles_of(people: &[Person]) -> Vec<Needle> {
    people
        .iter()
        .flat_map(|person| {
            let name = |what: &str| format!("the {what} of {}", person.name);
            [
                Needle::text(&name("JID"), person.jid),
                Needle::text(&name("phone number"), person.phone.trim_start_matches('+')),
                Needle::text(&name("mail address"), person.email),
                Needle::hash(&name("JID's hash"), &person.jid_hash()),
                Needle::hash(&name("phone number's hash"), &person.phone_hash()),
                Needle::hash(&name("mail address' hash"), &person.email_hash()),
            ]
        })
        .collect()
}

/// Proves phone and mail address, and returns the codes it took.
async fn proven(world: &World, client: &Session, person: &Person) -> [Needle; 2] {
    client.register("phone", person.phone, false).await.unwrap();
    let by_sms = world.gateway.take(person.phone).await.code();
    client.register("email", person.email, false).await.unwrap();
    let by_mail = world.mail.take(person.email).await.code();
    assert!(client.verify(&person.email_hash(), "000").await.is_err());
    assert!(client.verify(&person.phone_hash(), &by_sms).await.unwrap());
    assert!(client.verify(&person.email_hash(), &by_mail).await.unwrap());
    [Needle::text("the code of an SMS", &by_sms), Needle::text("the code of a mail", &by_mail)]
}

async fn introduced(amy: &Session, michael: &Session) {
    let details = [Identity::new("phone", MICHAEL.phone).unwrap()];
    michael.contact(&details, &[AMY.phone_hash()]).await.unwrap();
    next_event(amy, |event| matches!(event, Event::Introduction { .. }).then_some(())).await;
    assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
}

/// Sends a request with a phone number in its path, which is refused. Returns the number, which must not reach a log.
async fn refused_http(world: &World) -> Needle {
    let number = "447700900555";
    let reply = world.http().get(&format!("/v1/register/phone/+{number}/nobody@localhost")).await;
    assert_eq!(reply.error(), (401, "target_unconfirmed".into()));
    Needle::text("the number in a refused request", number)
}

fn assert_clean(world: &World, needles: &[Needle]) {
    assert_eq!(find(&world.service.data(), needles), [""; 0], "in the data folder");
    assert_not_in("the log", world.service.log().text().as_bytes(), needles);
    let Output { stdout, stderr, .. } = world.service.run(&["check"]);
    assert_not_in("what `itseme check` prints", &stdout, needles);
    assert_not_in("what `itseme check` prints to stderr", &stderr, needles);
}

fn assert_not_in(place: &str, bytes: &[u8], needles: &[Needle]) {
    for needle in needles {
        assert!(!needle.is_in(bytes), "{needle:?} in {place}");
    }
}
