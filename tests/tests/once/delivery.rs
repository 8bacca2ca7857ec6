//! Mails and text messages on their way: slow ones hold up nobody, none is paid for twice, and the admin hears once of what
//! keeps them waiting.

use itseme_client::Session;
use itseme_tests::{AMY, Gateway, World, until};
use serde_json::json;

/// The log lines when an outage begins, and when it ends.
const BEGINS: &str = "messages cannot be sent";
const ENDS: &str = "messages can be sent again";
const DROPPED: &str = "a message was dropped";

fn number(n: usize) -> String {
    format!("+4477009011{n:02}")
}

fn address(n: usize) -> String {
    format!("person{n}@example.org")
}

/// Starts a world, and logs Amy in.
async fn world(wishes: &str) -> (World, Session) {
    let world = World::with(wishes).await;
    let amy = world.client(&AMY).await;
    (world, amy)
}

async fn register(client: &Session, provider: &str, id: &str) {
    client.register(provider, id, false).await.unwrap();
}

/// Waits until the waiting message was tried this number of times.
async fn is_tried(world: &World, times: u32) {
    let probe = || world.service.outbox().contains(&format!(", {times} tries")).then_some(());
    until("another try", probe, || world.service.log().tail()).await;
}

#[tokio::test]
async fn a_recipient_that_takes_long_holds_up_nobody() {
    let (world, amy) = world("").await;
    // Longer than the test lasts, on the same domain as the others.
    world.mail.wish(&json!({"slow": {address(0): 600}}));
    register(&amy, "email", &address(0)).await;
    for n in 1..20 {
        register(&amy, "email", &address(n)).await;
        world.mail.take(&address(n)).await;
    }
    assert!(world.mail.take_now(&address(0)).is_none());
    assert!(!world.service.outbox_is_empty());
}

#[tokio::test]
async fn a_number_for_which_the_gateway_takes_long_holds_up_nobody() {
    let (world, amy) = world("").await;
    world.gateway.hang_for(&number(0)).await;
    register(&amy, "phone", &number(0)).await;
    world.gateway.is_waited_for().await;
    for n in 1..20 {
        register(&amy, "phone", &number(n)).await;
        world.gateway.take(&number(n)).await;
    }
    assert_eq!(world.gateway.take_now(&number(0)), None);
    world.gateway.hang(false).await;
    world.gateway.take(&number(0)).await;
    world.service.has_sent_everything().await;
    assert_eq!(world.gateway.asked().await, 20);
}

#[tokio::test]
async fn what_the_gateway_may_have_taken_is_sent_again_only_if_the_person_asks() {
    let (world, amy) = world("").await;
    world.gateway.takes_first(true).await;
    world.gateway.hangs_up(true).await;
    register(&amy, "phone", &number(0)).await;
    world.gateway.take(&number(0)).await;
    world.service.has_sent_everything().await;
    // Registering again is no new wish.
    world.gateway.hangs_up(false).await;
    register(&amy, "phone", &number(0)).await;
    register(&amy, "phone", &number(1)).await;
    world.gateway.take(&number(1)).await;
    assert_eq!(world.gateway.asked().await, 2);
    amy.register("phone", &number(0), true).await.unwrap();
    world.gateway.take(&number(0)).await;
    assert_eq!(world.gateway.asked().await, 3);
}

#[tokio::test]
async fn a_text_that_is_being_sent_when_the_service_stops_is_not_sent_again() {
    let (mut world, amy) = world("").await;
    world.gateway.takes_first(true).await;
    world.gateway.hang(true).await;
    register(&amy, "phone", &number(0)).await;
    world.gateway.take(&number(0)).await;
    assert!(world.service.terminate().await.success());
    world.gateway.hang(false).await;
    world.service.start().await;
    let amy = world.client(&AMY).await;
    register(&amy, "phone", &number(1)).await;
    world.gateway.take(&number(1)).await;
    assert_eq!(world.gateway.asked().await, 2);
}

#[tokio::test]
async fn each_try_counts_against_the_budget() {
    let (world, amy) = world("[providers.phone]\nbudgets = { \"+\" = 1000, \"+44770090\" = 2 }").await;
    world.gateway.answers(503, 0).await;
    register(&amy, "phone", &number(0)).await;
    world.service.has_sent_everything().await;
    assert_eq!(world.gateway.asked().await, 2);
    assert_eq!(world.service.log().count("a budget is used up"), 1);
    assert!(amy.register("phone", &number(1), false).await.is_err());
}

#[tokio::test]
async fn an_outage_makes_one_line_when_it_begins_and_one_when_it_ends() {
    let (mut world, amy) = world("").await;
    world.mail.stop().await;
    for n in 0..10 {
        register(&amy, "email", &address(n)).await;
    }
    is_tried(&world, 2).await;
    world.mail.restart().await;
    for n in 0..10 {
        world.mail.take(&address(n)).await;
    }
    let ends = world.service.says(ENDS).await;
    assert!(ends.contains("messages=10") && ends.contains("seconds=") && ends.contains("email"), "{ends}");
    let log = world.service.log();
    let begins = log.line_with(BEGINS).unwrap();
    assert!(begins.contains("ERROR") && begins.contains("refuses connections; is it running"), "{begins}");
    assert_eq!((log.count(BEGINS), log.count(ENDS)), (1, 1), "{}", log.tail());
    assert_eq!(log.count("WARN"), 0, "{}", log.tail());

    // The gateway's are told apart.
    world.gateway.stop().await;
    register(&amy, "phone", &number(0)).await;
    register(&amy, "phone", &number(1)).await;
    is_tried(&world, 1).await;
    world.gateway.restart().await;
    world.gateway.take(&number(0)).await;
    world.gateway.take(&number(1)).await;
    world.service.has_sent_everything().await;
    assert_eq!((log.count(BEGINS), log.count(ENDS)), (2, 2), "{}", log.tail());
    assert!(!log.text().contains(&number(0)[1..]) && !log.text().contains(&address(0)));
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_and_its_mails_wait() {
    let (mut world, amy) =
        world("[providers.email]\nsmtp = \"smtp://user:pass%40word@127.0.0.1:MAIL_PORT\"").await;
    world.mail.wish(&json!({"password": "another"}));
    register(&amy, "email", &address(0)).await;
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("535 (5.7.8) to AUTH; mend user and password"), "{told}");
    let output = world.service.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("to AUTH"), "{said}");
    world.mail.wish(&json!({"password": "pass@word"}));
    world.mail.take(&address(0)).await;
    world.service.says(ENDS).await;
}

#[tokio::test]
async fn refusals_that_are_the_admins_to_mend_keep_the_mail() {
    let (mut world, amy) = world("").await;
    let refusals = [
        (json!({"EHLO": "554 5.7.1 I do not know you"}), "554 (5.7.1) to its greeting or EHLO", "hello_name"),
        (
            json!({"MAIL": "550 5.7.60 not as this sender"}),
            "550 (5.7.60) to MAIL FROM",
            "providers.email.from",
        ),
        (json!({"MAIL": "530 login first"}), "530 to MAIL FROM", "a user and a password"),
        (
            json!({"RCPT": {address(3): "554 5.7.1 Relay access denied"}}),
            "554 (5.7.1) to RCPT TO",
            "relaying",
        ),
        (
            json!({"RCPT": {address(4): "504 5.5.2 Helo command rejected: need fully-qualified hostname"}}),
            "504 (5.5.2) to RCPT TO",
            "hello_name",
        ),
    ];
    for (n, (wish, fault, remedy)) in refusals.into_iter().enumerate() {
        world.mail.wish(&wish);
        register(&amy, "email", &address(n)).await;
        let told = world.service.says(fault).await;
        assert!(told.contains("ERROR") && told.contains(remedy), "{told}");
        world.mail.wish(&json!({}));
        world.mail.take(&address(n)).await;
        world.service.has_sent_everything().await;
    }
    assert_eq!(world.service.log().count(DROPPED), 0);
}

#[tokio::test]
async fn refusals_of_the_recipient_end_it() {
    let (mut world, amy) = world("").await;
    for (n, refusal) in
        ["550 5.1.1 User unknown", "550 no such user", "552 5.2.2 Mailbox full"].into_iter().enumerate()
    {
        world.mail.wish(&json!({"RCPT": {address(n): refusal}}));
        register(&amy, "email", &address(n)).await;
        world.service.has_sent_everything().await;
        assert_eq!(world.service.log().count(DROPPED), n + 1, "{refusal}");
    }
    // Put off by its server (greylisting): nobody else has to know.
    world.mail.wish(&json!({"RCPT": {address(8): "451 4.7.1 later"}}));
    register(&amy, "email", &address(8)).await;
    is_tried(&world, 1).await;
    world.mail.wish(&json!({}));
    world.mail.take(&address(8)).await;
    assert_eq!(world.service.log().count(BEGINS), 0);

    register(&amy, "phone", Gateway::REFUSED).await;
    world.service.says("error 21211").await;
    world.service.has_sent_everything().await;
    for code in [21610, 21614, 30003] {
        world.gateway.answers(400, code).await;
        register(&amy, "phone", &number(code as usize % 100)).await;
        world.service.says(&format!("error {code}")).await;
        world.service.has_sent_everything().await;
    }
    assert_eq!(world.service.log().count(DROPPED), 7);
    assert_eq!(world.service.log().count(BEGINS), 0);
}

/// Letters without a composed form, and an address in Devanagari, whose sign between two letters is none itself.
const LETTERS: [(&str, &str); 3] = [
    ("ju\u{308}rgen@Bu\u{308}cher.example", "jürgen@xn--bcher-kva.example"),
    ("m\u{308}@example.org", "m\u{308}@example.org"),
    ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
];

#[tokio::test]
async fn addresses_with_any_letters_are_written_to() {
    let (world, amy) = world("").await;
    for (typed, written) in LETTERS {
        let hash = amy.register("email", typed, false).await.unwrap().hash;
        let mail = world.mail.take(written).await;
        assert_eq!(mail.recipient, written);
        amy.verify(&hash, &mail.code()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_smtputf8_ends_what_it_cannot_take_and_takes_the_rest() {
    let (mut world, amy) = world("").await;
    world.mail.wish(&json!({"utf8": false}));
    for (n, (typed, _)) in LETTERS.into_iter().enumerate() {
        register(&amy, "email", typed).await;
        let told = world.service.says("no addresses with other letters than ASCII's (SMTPUTF8)").await;
        assert!(told.contains(DROPPED), "{told}");
        world.service.has_sent_everything().await;
        assert_eq!(world.service.log().count(DROPPED), n + 1);
    }
    // Each was tried once.
    assert_eq!(world.mail.log().count("EHLO"), LETTERS.len());
    register(&amy, "email", "amy@BÜCHER.example.").await;
    let mail = world.mail.take("amy@xn--bcher-kva.example").await;
    assert_eq!(mail.recipient, "amy@xn--bcher-kva.example");
    assert_eq!(world.service.log().count(BEGINS), 0);
    let refused = amy.register("email", "\"amy x\"@example.org", false).await.unwrap_err();
    assert!(refused.to_string().contains("without quotation marks"), "{refused}");
}

#[tokio::test]
async fn an_own_address_that_the_server_cannot_take_is_the_admins_to_mend() {
    let (mut world, amy) = world("[providers.email]\nfrom = \"prüfer@example.org\"").await;
    world.mail.wish(&json!({"utf8": false}));
    register(&amy, "email", &address(0)).await;
    let told = world.service.says("mend providers.email.from").await;
    assert!(told.contains(BEGINS), "{told}");
    world.mail.wish(&json!({}));
    world.mail.take(&address(0)).await;
}

#[tokio::test]
async fn answers_of_the_gateway_that_are_the_admins_to_mend_keep_the_text() {
    let (mut world, amy) = world("").await;
    for (n, (status, remedy)) in
        [(402, "no credit"), (403, "its rights"), (404, "api_url"), (503, "asks to wait")]
            .into_iter()
            .enumerate()
    {
        world.gateway.answers(status, 0).await;
        register(&amy, "phone", &number(n)).await;
        let told = world.service.says(&format!("the gateway answered {status}")).await;
        assert!(told.contains("ERROR") && told.contains(remedy), "{told}");
        world.gateway.answers(0, 0).await;
        world.gateway.take(&number(n)).await;
        world.service.has_sent_everything().await;
    }
    assert_eq!(world.service.log().count(DROPPED), 0);
}

#[tokio::test]
async fn the_client_says_the_name_it_is_told_to() {
    let (world, amy) = world("[providers.email]\nhello_name = \"mail.example.org\"").await;
    register(&amy, "email", &address(0)).await;
    world.mail.take(&address(0)).await;
    assert_eq!(world.mail.log().count("EHLO mail.example.org"), 1);
}

#[tokio::test]
async fn a_password_in_the_clear_is_refused_at_check_and_at_start() {
    let world =
        World::prepare("[providers.email]\nsmtp = \"smtp://user:hunter2@mail.example.org:587\"").await;
    for command in ["check", "run"] {
        let output = world.service.run(&[command]);
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert!(!output.status.success(), "{command}: {said}");
        assert!(said.contains("providers.email.smtp") && said.contains("allow_cleartext = true"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
