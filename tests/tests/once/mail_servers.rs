//! Debian's mail servers and filters: what they take, what they refuse, and what they think of the mails.

use itseme_client::Session;
use itseme_tests::{
    AMY, Authority, World, free_port,
    mail_programs::{Postgrey, Relay, dkim_key, dkim_verdict, spam_scores},
};
use reqwest::Method;
use serde_json::json;

/// As careful servers have it.
const CAREFUL: &str = "smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname";
const HELO: &str = "smtpd_helo_required = yes";
const DROPPED: &str = "a message was dropped";

/// Starts a world whose mails go to a port where nobody listens yet, and logs Amy in.
async fn world(wishes: &str) -> (World, Session, u16) {
    let port = free_port();
    let wishes = format!("{wishes}\n[providers.email]\nsmtp = \"smtp://127.0.0.1:{port}\"");
    let world = World::with(&wishes).await;
    let amy = world.client(&AMY).await;
    (world, amy, port)
}

/// What `check` says of mail.
fn checked(world: &World) -> String {
    let output = world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find(|line| line.contains("e-mail"));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[tokio::test]
async fn postfix_takes_our_greeting_and_check_says_it() {
    let (world, amy, port) = world("").await;
    let _postfix = Relay::postfix(port, world.mail.port(), &[HELO, CAREFUL]).await;
    amy.register("email", AMY.email, false).await.unwrap();
    let mail = String::from_utf8(world.mail.take_raw(AMY.email).await).unwrap();
    let id = mail.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
    assert!(id.ends_with("@itse.example>"), "{id}");
    let said = checked(&world);
    assert!(said.contains("takes mails from us; EHLO has"), "{said}");
    // check has begun a mail and sent none.
    assert!(world.mail.take_now("verify@itse.example").is_none());
}

#[tokio::test]
async fn check_finds_what_postfix_demands() {
    let (world, _, port) = world("").await;
    let certificate = Authority::make().localhost();
    let file = certificate.display();
    let (key, chain) = (format!("smtpd_tls_key_file = {file}"), format!("smtpd_tls_cert_file = {file}"));
    for (settings, remedy) in [
        (vec!["smtpd_tls_security_level = encrypt", &key, &chain], "write ?tls=required"),
        (vec!["smtpd_sender_restrictions = reject"], "providers.email.from"),
        (vec!["smtpd_delay_reject = no", "smtpd_sender_restrictions = reject"], "providers.email.from"),
        (
            vec!["smtpd_delay_reject = no", HELO, "smtpd_helo_restrictions = reject"],
            "providers.email.hello_name",
        ),
        (vec!["smtpd_client_restrictions = permit_sasl_authenticated, reject"], "this login"),
        (vec!["mynetworks = 192.0.2.0/24"], "relaying"),
    ] {
        let postfix = Relay::postfix(port, world.mail.port(), &settings).await;
        let said = checked(&world);
        assert!(said.contains(remedy), "{settings:?}: {said}");
        assert!(!said.contains("itse.example"), "{said}");
        postfix.stop().await;
    }
    // A mailbox that is missing keeps no mail to others from being sent.
    let settings =
        ["relay_domains = itse.example", "relay_recipient_maps = inline:{amy@itse.example=x}", HELO];
    let _postfix = Relay::postfix(port, world.mail.port(), &settings).await;
    let said = checked(&world);
    assert!(said.contains("no mailbox for providers.email.from"), "{said}");
}

#[tokio::test]
async fn what_postfix_puts_off_arrives_at_the_next_try() {
    let (world, amy, port) = world("").await;
    let postgrey = Postgrey::start(3).await;
    let postfix = Relay::postfix(port, world.mail.port(), &[&postgrey.setting()]).await;
    amy.register("email", AMY.email, false).await.unwrap();
    world.mail.take(AMY.email).await;
    let log = postfix.log();
    assert!(log.contains("Greylisted"), "{log}");
    assert_eq!(world.service.log().count(DROPPED), 0);
    // It concerned this mail alone.
    assert_eq!(world.service.log().count("messages cannot be sent"), 0);
}

#[tokio::test]
async fn who_asked_for_a_code_that_was_refused_is_told_and_may_ask_again() {
    let (mut world, amy, port) = world("").await;
    let unknown = ["relay_domains = example.org", "relay_recipient_maps = inline:{amy@example.org=x}"];
    let postfix = Relay::postfix(port, world.mail.port(), &unknown).await;
    let late = "late@example.org";
    let hash = amy.register("email", late, false).await.unwrap().hash;
    world.service.says("550 (5.1.1) to RCPT TO").await;
    world.service.has_sent_everything().await;
    let told = amy.verify(&hash, "123456").await.unwrap_err().to_string();
    assert!(told.contains("could not be delivered"), "{told}");
    // Over HTTP, nobody else learns it.
    let http = world.http();
    let guess = json!({"hash": hash, "code": "123456"});
    assert_eq!(http.post("/v1/verify", &guess).await.error(), (400, "faulty_code".into()));

    // Who asks there is told there.
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let later = json!({"provider": "email", "id": "later@example.org", "target": AMY.jid});
    let asked = http.post("/v1/register", &later).await.ok();
    world.service.has_sent_everything().await;
    let guess = json!({"hash": asked["hash"], "code": "123456"});
    assert_eq!(http.post("/v1/verify", &guess).await.error(), (410, "undelivered".into()));

    // Five without one that is accepted may be the fault of the relay.
    let none = "none was accepted";
    assert_eq!(world.service.log().count(none), 0);
    for n in 3..=5 {
        amy.register("email", &format!("late{n}@example.org"), false).await.unwrap();
    }
    world.service.says(none).await;

    postfix.stop().await;
    let _postfix = Relay::postfix(port, world.mail.port(), &[]).await;
    amy.register("email", late, false).await.unwrap();
    let code = world.mail.take(late).await.code();
    amy.verify(&hash, &code).await.unwrap();
}

#[tokio::test]
async fn exim_takes_mails_and_what_it_does_not_relay_waits() {
    let (mut world, amy, port) = world("").await;
    let exim = Relay::exim(port, world.mail.port(), "example.org").await;
    amy.register("email", "person@example.org", false).await.unwrap();
    world.mail.take("person@example.org").await;
    let said = checked(&world);
    assert!(said.contains("relaying"), "{said}");

    amy.register("email", "person@example.net", false).await.unwrap();
    let told = world.service.says("550 to RCPT TO").await;
    assert!(told.contains("ERROR") && told.contains("relaying"), "{told}");
    assert_eq!(world.service.log().count(DROPPED), 0);
    exim.stop().await;
    let _exim = Relay::exim(port, world.mail.port(), "example.net").await;
    world.mail.take("person@example.net").await;
}

/// A service as its admin has set it up, at a domain of its own.
const AT_EXAMPLE: &str = r#"
    [http]
    public_url = "https://itseme.example.org"
    [service]
    name = "Example contacts"
    operator = "Example Association"
    url = "https://www.example.org/contacts"
    [providers.email]
    from = "Example contacts <verify@example.org>"
"#;

/// A mail of the service in each language.
async fn mails(world: &World) -> Vec<Vec<u8>> {
    let amy = world.client(&AMY).await;
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let mut mails = Vec::new();
    for language in ["en", "de", "fr", "es"] {
        let id = format!("{language}@example.net");
        let register = world.http().request(Method::POST, "/v1/register").header("accept-language", language);
        let body = json!({"provider": "email", "id": id, "target": AMY.jid});
        assert!(register.json(&body).send().await.unwrap().status().is_success());
        mails.push(world.mail.take_raw(&id).await);
    }
    mails
}

#[tokio::test]
async fn spamassassin_finds_nothing_in_mails_of_any_language() {
    let world = World::with(AT_EXAMPLE).await;
    let mails = mails(&world).await;
    // What the server that takes it in the end writes above it. Addresses of examples cost points.
    let received = |from: &str, by: &str| {
        format!("Received: from {from} by {by} (Postfix) with ESMTPS id 4BC2A1;\n\t{}\n", date(&mails[0]))
    };
    let relayed = received("relay.example.org (relay.example.org [192.0.32.25])", "mx.example.net")
        + &received("itseme.example.org (itseme.example.org [192.0.32.7])", "relay.example.org");
    let named = received("itseme.example.org (itseme.example.org [192.0.32.7])", "mx.example.net");
    let literal = received("[192.0.32.7] (itseme.example.org [192.0.32.7])", "mx.example.net");
    // That is the server's own fault, and should be all.
    let nameless = received("[192.0.32.7] (unknown [192.0.32.7])", "mx.example.net");
    let under = |head: &str| mails.iter().map(|mail| [head.as_bytes(), mail].concat()).collect::<Vec<_>>();
    let all: Vec<_> = [relayed, named, literal, nameless].iter().flat_map(|head| under(head)).collect();
    for (n, (score, mail)) in spam_scores(&all).iter().zip(&all).enumerate() {
        let is_good = match n / mails.len() {
            0 => score.points <= 0.1,
            1 | 2 => score.points <= 1.0,
            _ => score.rules.starts_with("HTML_MESSAGE=0.001,RDNS_NONE="),
        };
        assert!(is_good, "{score:?} of\n{}", String::from_utf8_lossy(mail));
    }
}

fn date(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail);
    text.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap().to_owned()
}

#[tokio::test]
async fn opendkim_accepts_our_signatures_and_notices_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [
        ("rsa", &["genrsa"][..]),
        ("former", &["genrsa", "-traditional"]),
        ("ed25519", &["genpkey", "-algorithm", "ed25519"]),
    ] {
        let file = folder.path().join(name);
        let key = dkim_key(kind, &file);
        let dkim = format!(
            "{AT_EXAMPLE}\n[providers.email.dkim]\nselector = \"{name}\"\ndomain = \"example.org\"\nkey_file = {file:?}"
        );
        let world = World::with(&dkim).await;
        let record = format!("{name}._domainkey.example.org");
        let said = checked(&world);
        assert!(said.contains(&record), "{said}");
        for mail in mails(&world).await {
            let text = String::from_utf8(mail.clone()).unwrap();
            let signed = text.split_once("DKIM-Signature:").unwrap().1;
            assert!(signed.contains("list-unsubscribe:list-unsubscribe-post"), "{text}");
            let verdict = dkim_verdict(&mail, &record, &key);
            assert!(
                verdict.contains("verification (s=") && verdict.contains("succeeded"),
                "{verdict}\n{text}"
            );
            let changed = text.replace("List-Unsubscribe-Post: ", "List-Unsubscribe-Post: X");
            assert_ne!(changed, text);
            let verdict = dkim_verdict(changed.as_bytes(), &record, &key);
            assert!(!verdict.contains("succeeded"), "{verdict}");
        }
    }
}
