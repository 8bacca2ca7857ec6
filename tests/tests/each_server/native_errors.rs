//! Every row of the error table that a stanza can lead to: condition, type, application condition, a text.
//!
//! Not here: `target_unconfirmed` (the server vouches for a sender), `wrong_user` and `OAuthException` (they
//! belong to browsers).

use itseme_client::{Error, Session};
use itseme_tests::{AMY, EVE, Gateway, MICHAEL, World, clients, hash, xml};

/// Condition, type, application condition.
type Row = (&'static str, &'static str, &'static str);

const NOT_FOUND: Row = ("item-not-found", "cancel", "not-found");
const MISSING_CODE: Row = ("bad-request", "modify", "missing-code");
const FAULTY_CODE: Row = ("not-acceptable", "modify", "faulty-code");
const JSON_DECODE: Row = ("bad-request", "modify", "json-decode-error");
const KEY: Row = ("bad-request", "modify", "key-error");
const VALUE: Row = ("bad-request", "modify", "value-error");
const INSUFFICIENT: Row = ("not-acceptable", "modify", "insufficient-contact-info");
const TOO_MANY: Row = ("not-acceptable", "modify", "too-many-requested");
const UNKNOWN_PROVIDER: Row = ("feature-not-implemented", "cancel", "unknown-provider");
const LIMIT: Row = ("resource-constraint", "wait", "request-limit-reached");
const INTERNAL: Row = ("internal-server-error", "wait", "internal-server-error");

#[tokio::test]
async fn register() {
    let world = World::with("[providers.phone]\nallowed_prefixes = ['+44']").await;
    let amy = world.client(&AMY).await;
    for (attributes, row) in [
        ("", KEY),
        ("provider='phone'", KEY),
        ("id='+447700900123'", KEY),
        ("provider='github' id='amy'", UNKNOWN_PROVIDER),
        ("provider='' id='amy'", UNKNOWN_PROVIDER),
        ("provider='phone' id='call me'", VALUE),
        ("provider='phone' id='+44'", VALUE),
        ("provider='phone' id='+12015550123'", VALUE),
        ("provider='email' id='amy'", VALUE),
        ("provider='email' id='amy@example.org, eve@example.org'", VALUE),
        ("provider='xmpp' id='localhost'", VALUE),
        ("provider='xmpp' id='a@b@c'", VALUE),
        ("provider='phone' id='+447700900123' resend='yes'", VALUE),
        ("provider='phone' id='+447700900123' resend=''", VALUE),
    ] {
        expect(&amy, true, &format!("<register xmlns='it-se.me:register' {attributes}/>"), row).await;
    }
}

#[tokio::test]
async fn verify() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    let (pending, unknown) = (AMY.phone_hash(), hash("phone", "+447700900001"));
    amy.register("phone", AMY.phone, false).await.unwrap();
    let code = world.gateway.take(AMY.phone).await.code();
    let wrong = if code == "0000" { "1111" } else { "0000" };
    for (inner, row) in [
        (String::new(), KEY),
        (format!("<code>{code}</code>"), KEY),
        (format!("<code>{code}</code><hash>{unknown}</hash>"), NOT_FOUND),
        (format!("<code>{code}</code><hash>nonsense</hash>"), NOT_FOUND),
        (format!("<hash>{pending}</hash>"), MISSING_CODE),
        (format!("<code/><hash>{pending}</hash>"), MISSING_CODE),
        (format!("<code>{wrong}</code><hash>{pending}</hash>"), FAULTY_CODE),
        (format!("<code>{code}{code}</code><hash>{pending}</hash>"), FAULTY_CODE),
    ] {
        expect(&amy, true, &format!("<verify xmlns='it-se.me:verify'>{inner}</verify>"), row).await;
    }
    let eve = world.client(&EVE).await;
    let right = format!("<verify xmlns='it-se.me:verify'><code>{code}</code><hash>{pending}</hash></verify>");
    expect(&eve, true, &right, NOT_FOUND).await;
    assert!(amy.verify(&pending, &code).await.unwrap());
    expect(&amy, true, &right, NOT_FOUND).await;
}

#[tokio::test]
async fn guesses_run_out() {
    let world = World::with("[limits]\nguesses_per_day = 7").await;
    let amy = world.client(&AMY).await;
    for (guesses, last) in [(5, NOT_FOUND), (2, LIMIT)] {
        amy.register("phone", AMY.phone, false).await.unwrap();
        let code = world.gateway.take(AMY.phone).await.code();
        let wrong = if code == "0000" { "1111" } else { "0000" };
        let verify = |code: &str| {
            let hash = AMY.phone_hash();
            format!("<verify xmlns='it-se.me:verify'><code>{code}</code><hash>{hash}</hash></verify>")
        };
        for _ in 0..guesses {
            expect(&amy, true, &verify(wrong), FAULTY_CODE).await;
        }
        expect(&amy, true, &verify(&code), last).await;
    }
}

#[tokio::test]
async fn contact() {
    let world = World::start().await;
    let michael = world.client(&MICHAEL).await;
    world.prove_phone(&michael, &MICHAEL).await;
    let info = format!(r#"[{{"provider":"phone","id":"{}"}}]"#, MICHAEL.phone);
    let amys = format!(r#"[{{"provider":"phone","id":"{}"}}]"#, AMY.phone);
    let one = format!("<hash>{}</hash>", AMY.phone_hash());
    for (inner, row) in [
        (one.clone(), KEY),
        (format!("<info>nothing</info>{one}"), JSON_DECODE),
        (format!("<info/>{one}"), JSON_DECODE),
        (format!("<info>{{}}</info>{one}"), VALUE),
        (format!("<info>[1]</info>{one}"), VALUE),
        (format!("<info>[{{\"provider\":\"phone\"}}]</info>{one}"), KEY),
        (format!("<info>{info}</info>"), KEY),
        (format!("<info>[]</info>{one}"), INSUFFICIENT),
        (format!("<info>{amys}</info>{one}"), INSUFFICIENT),
        (format!("<info>{info}</info>{}", one.repeat(101)), TOO_MANY),
    ] {
        expect(&michael, true, &format!("<contact xmlns='it-se.me:contact'>{inner}</contact>"), row).await;
    }
}

#[tokio::test]
async fn confirm_and_forget() {
    let world = World::start().await;
    let eve = world.client(&EVE).await;
    let hashes = format!("<hash>{}</hash>", AMY.phone_hash()).repeat(501);
    for (payload, row) in [
        ("<confirm xmlns='it-se.me:confirm'><hash>ab</hash></confirm>".to_owned(), KEY),
        ("<confirm xmlns='it-se.me:confirm'><jid>amy@localhost</jid></confirm>".to_owned(), KEY),
        (format!("<confirm xmlns='it-se.me:confirm'><jid>amy@localhost</jid>{hashes}</confirm>"), TOO_MANY),
    ] {
        expect(&eve, false, &payload, row).await;
    }
    expect(&eve, true, &format!("<forget xmlns='it-se.me:register'>{hashes}</forget>"), TOO_MANY).await;
}

#[tokio::test]
async fn mute_and_unmute() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    let eve = "<jid>eve@localhost</jid>";
    let many: String = (0..101).map(|n| format!("<jid>{n}@localhost</jid>")).collect();
    for (inner, row) in [
        ("<jid/>", VALUE),
        ("<jid>localhost</jid>", VALUE),
        ("<jid>a@b@c</jid>", VALUE),
        (&format!("{eve}<jid>eve</jid>"), VALUE),
        (&many, TOO_MANY),
    ] {
        for name in ["mute", "unmute"] {
            expect(&amy, true, &format!("<{name} xmlns='it-se.me:contact'>{inner}</{name}>"), row).await;
        }
    }
    let mutes = amy.mutes().await.unwrap();
    assert!(!mutes.everybody && mutes.jids.is_empty(), "nothing was muted");
}

#[tokio::test]
async fn limits() {
    let world = World::with("[limits]\nresend_after = '30s'\nhashes_per_day = 150").await;
    let michael = world.client(&MICHAEL).await;
    world.prove_phone(&michael, &MICHAEL).await;
    let another = "+447700900001";
    michael.register("phone", another, false).await.unwrap();
    let again = format!("<register xmlns='it-se.me:register' provider='phone' id='{another}' resend='1'/>");
    expect(&michael, true, &again, LIMIT).await;
    let refused = michael.ask_service(xml::parse(&again), true).await;
    let Err(Error::Service { limit: Some(limit), .. }) = refused else { panic!("{refused:?}") };
    assert!(limit.name == "resend" && (1..=30).contains(&limit.wait.as_secs()), "{limit:?}");

    let contact = format!(
        "<contact xmlns='it-se.me:contact'><info>[{{\"provider\":\"phone\",\"id\":\"{}\"}}]</info>{}</contact>",
        MICHAEL.phone,
        format!("<hash>{}</hash>", AMY.phone_hash()).repeat(100)
    );
    assert!(michael.ask_service(xml::parse(&contact), true).await.is_ok());
    expect(&michael, true, &contact, LIMIT).await;
}

#[tokio::test]
async fn many_requests_at_once() {
    let world = World::with("[limits]\nrequests_per_second = 1\nrequest_burst = 1").await;
    let eve = world.client(&EVE).await;
    let (payload, mut refused) = ("<links xmlns='it-se.me:register'/>", Vec::new());
    for _ in 0..10 {
        refused.extend(eve.ask_service(xml::parse(payload), false).await.err());
    }
    assert_eq!(refused.first().map(row_of), Some(LIMIT.into()));
}

#[tokio::test]
async fn a_broken_database_and_a_refusing_gateway() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    amy.register("phone", Gateway::REFUSED, false).await.unwrap();
    assert!(amy.links().await.is_ok(), "what the gateway refuses hurts nobody");

    world.service.break_database();
    // It writes, so it comes first: until somebody does, what others do to the file need not show.
    let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", AMY.phone);
    expect(&amy, true, &register, INTERNAL).await;
    let confirm = format!(
        "<confirm xmlns='it-se.me:confirm'><jid>{}</jid><hash>{}</hash></confirm>",
        AMY.jid,
        AMY.jid_hash()
    );
    expect(&amy, false, &confirm, INTERNAL).await;
    expect(&amy, false, "<links xmlns='it-se.me:register'/>", INTERNAL).await;
    assert_eq!(world.service.log().count("panicked"), 0);
}

#[tokio::test]
async fn what_is_no_request() {
    let world = World::start().await;
    let eve = world.client(&EVE).await;
    for (set, payload) in [
        (true, "<links xmlns='it-se.me:register'/>"),
        (true, "<mutes xmlns='it-se.me:contact'/>"),
        (false, "<mute xmlns='it-se.me:contact'/>"),
        (false, "<register xmlns='it-se.me:register' provider='phone' id='+447700900123'/>"),
        (false, "<unknown xmlns='it-se.me:register'/>"),
    ] {
        expect(&eve, set, payload, VALUE).await;
    }
    expect(&eve, true, "<query xmlns='urn:test'/>", ("service-unavailable", "cancel", "")).await;
}

#[tokio::test]
async fn a_code_handed_back_in_a_message_is_answered_by_a_message() {
    let world = World::start().await;
    let mut amy = world.raw(&AMY).await;
    let verify = |code: &str| {
        let hash = AMY.phone_hash();
        format!(
            "<message to='itseme.localhost' type='chat' id='m1'><body>Verify</body>\
            <verify xmlns='it-se.me:verify'><code>{code}</code><hash>{hash}</hash></verify></message>"
        )
    };
    amy.send(&verify("3991")).await;
    let bounced = amy.next_that(|stanza| stanza.name() == "message").await;
    assert_eq!((bounced.attr("type"), bounced.attr("id")), (Some("error"), Some("m1")));
    let error = xml::child(&bounced, "error", xml::CLIENT);
    assert_eq!(error.attr("type"), Some("cancel"));
    xml::child(error, "item-not-found", xml::CONDITIONS);
    xml::child(error, "not-found", xml::ERRORS);

    let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", AMY.phone);
    amy.ask("set", "itseme.localhost", &register).await;
    amy.send(&verify(&world.gateway.take(AMY.phone).await.code())).await;
    let answer = amy.next_that(|stanza| stanza.name() == "message").await;
    assert!(!xml::text(&answer, "body", xml::CLIENT).is_empty());
    let verified = xml::child(&answer, "verify", "it-se.me:verify");
    assert_eq!(xml::text(verified, "hash", "it-se.me:verify"), AMY.phone_hash());
    assert_eq!(xml::text(verified, "confirmed", "it-se.me:verify"), "true");
}

#[tokio::test]
async fn another_request_in_a_message_comes_back() {
    let world = World::start().await;
    let mut amy = world.raw(&AMY).await;
    let contact = "<contact xmlns='it-se.me:contact'><info>[]</info><jid>michael@localhost</jid></contact>";
    amy.send(&format!("<message to='itseme.localhost' type='chat' id='m1'>{contact}</message>")).await;
    let bounced = amy.next_that(|stanza| stanza.name() == "message").await;
    assert_eq!((bounced.attr("type"), bounced.attr("id")), (Some("error"), Some("m1")));
    let error = xml::child(&bounced, "error", xml::CLIENT);
    xml::child(error, "bad-request", xml::CONDITIONS);
    xml::child(error, "value-error", xml::ERRORS);
    assert!(xml::text(error, "text", xml::CONDITIONS).contains("an IQ"), "{bounced:?}");
}

/// RFC 6121, 5.2.2. Servers pass such a message on.
#[tokio::test]
async fn a_message_of_an_unknown_type_is_answered() {
    let world = World::start().await;
    let mut amy = world.raw(&AMY).await;
    amy.send("<message to='itseme@itseme.localhost' type='message' id='m1'><body>help</body></message>")
        .await;
    let answer = amy.next_that(|stanza| stanza.name() == "message").await;
    assert_ne!(answer.attr("type"), Some("error"));
    assert!(!xml::text(&answer, "body", xml::CLIENT).is_empty());
}

async fn expect(client: &Session, set: bool, payload: &str, row: Row) {
    let shown: String = payload.chars().take(300).collect();
    match client.ask_service(xml::parse(payload), set).await {
        Ok(_) => panic!("{shown} was taken"),
        Err(error) => assert_eq!(row_of(&error), row.into(), "{shown}: {error}"),
    }
}

/// The row an error is, and a check that it has words for people, and that client libraries are tried with its condition.
fn row_of(error: &Error) -> Parts {
    let Error::Service { condition, kind, code, text, .. } = error else { panic!("{error}") };
    assert!(text.as_ref().is_some_and(|text| !text.is_empty()), "{error:?}");
    assert!(
        clients::conditions().contains(condition),
        "no library is tried with {condition}: see conditions.tsv"
    );
    Parts(condition.clone(), kind.clone(), code.clone().unwrap_or_default())
}

#[derive(Debug, PartialEq)]
struct Parts(String, String, String);

impl From<Row> for Parts {
    fn from((condition, kind, code): Row) -> Self {
        Self(condition.into(), kind.into(), code.into())
    }
}
