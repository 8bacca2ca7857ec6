//! Text messages over SMPP, to two SMSCs that others wrote.

use itseme_client::Session;
use itseme_tests::{AMY, Authority, Gateway, Http, Smsc, World, code_in, free_port, until_async};

/// The log lines when an outage begins, and when it ends.
const BEGINS: &str = "messages cannot be sent";
const ENDS: &str = "messages can be sent again";

/// Sections with the SMSC as the only gateway for all numbers.
fn only(smsc: &Smsc, password: &str) -> String {
    format!(
        "[service]\nlanguage = 'es'\n[providers.phone]\nroutes = {{ '+' = ['smsc'] }}\n{}",
        smsc.section("smsc", password)
    )
}

fn number(n: usize) -> String {
    format!("+4477009012{n:02}")
}

async fn register(client: &Session, number: &str) -> String {
    client.register("phone", number, false).await.unwrap().hash
}

#[tokio::test]
async fn codes_go_over_one_connection_which_ends_with_an_unbind() {
    let mut smsc = Smsc::start().await;
    let mut world = World::with(&only(&smsc, Smsc::PASSWORD)).await;
    let amy = world.client(&AMY).await;
    assert_eq!(smsc.count("bind_"), 0, "nothing is to be sent");
    let hash = register(&amy, AMY.phone).await;
    let message = smsc.take(AMY.phone).await;
    let text = message["text"].as_str().unwrap();
    assert!(text.starts_with("It-se, ¿eres amy@localhost? Confirma con: "), "{text}");
    assert_eq!((&message["from"], &message["dest"]), (&"it-se.me 5/0".into(), &"1/1".into()));
    for (key, value) in [("esm_class", 0), ("data_coding", 0), ("registered_delivery", 1)] {
        assert_eq!(message[key], value, "{message}");
    }
    assert!(amy.verify(&hash, &code_in(text).unwrap()).await.unwrap());
    for n in 0..20 {
        register(&amy, &number(n)).await;
    }
    for n in 0..20 {
        smsc.take(&number(n)).await;
    }
    world.service.has_sent_everything().await;
    assert_eq!((smsc.count("bind_transceiver"), smsc.count("\"submit_sm\"")), (1, 21));
    // It stays when other things change.
    world.service.reload("[providers.phone]\nallow_cleartext = true").await;
    let amy = world.client(&AMY).await;
    register(&amy, &number(21)).await;
    smsc.take(&number(21)).await;
    world.service.has_sent_everything().await;
    assert_eq!((smsc.count("bind_transceiver"), smsc.count("\"unbind\"")), (1, 0));
    // Another section has a connection of its own, for its first message.
    world.service.reload("[providers.phone.gateways.smsc]\nalphabet = 'latin1'").await;
    smsc.has("\"unbind\"", 1).await;
    let amy = world.client(&AMY).await;
    register(&amy, &number(20)).await;
    let message = smsc.take(&number(20)).await;
    let text = message["text"].as_str().unwrap();
    assert!(message["data_coding"] == 3 && text.starts_with("It-se, ¿eres amy@localhost?"), "{message}");
    world.service.has_sent_everything().await;
    assert_eq!(smsc.count("bind_transceiver"), 2);
    world.service.terminate().await;
    smsc.has("\"unbind\"", 2).await;
    let log = world.service.log().text();
    assert!(!log.contains(&AMY.phone[1..]) && !log.contains(Smsc::PASSWORD), "{log}");
    assert_eq!(smsc.count("error"), 0);
}

#[tokio::test]
async fn the_smsc_of_jasmin_takes_codes_as_well() {
    let mut smsc = Smsc::of_jasmin().await;
    let mut world = World::with(&only(&smsc, Smsc::PASSWORD)).await;
    let amy = world.client(&AMY).await;
    let hash = register(&amy, AMY.phone).await;
    let message = smsc.take(AMY.phone).await;
    assert_eq!(message["from"], "it-se.me ALPHANUMERIC/UNKNOWN", "{message}");
    let code = code_in(message["text"].as_str().unwrap()).unwrap();
    assert!(amy.verify(&hash, &code).await.unwrap());
    // It allows one connection, which the service has.
    let said = checked(&world);
    assert!(said.contains("ESME_RBINDFAIL") && said.contains("other connections"), "{said}");
    world.service.terminate().await;
    smsc.has("Dropped", 1).await;
    let said = checked(&world);
    assert!(said.contains("the SMSC accepts the login"), "{said}");
    world.service.start().await;
    world.service.reload("[providers.phone.gateways.smsc]\npassword = 'hunter2'").await;
    let said = checked(&world);
    assert!(said.contains("ESME_RINVPASWD") && said.contains("mend password"), "{said}");
}

/// Returns what `itseme check` says.
fn checked(world: &World) -> String {
    let output = world.service.run(&["check"]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_refused_login_is_the_admins_to_mend() {
    let mut smsc = Smsc::start().await;
    let mut world = World::with(&only(&smsc, "hunter2")).await;
    let said = checked(&world);
    assert!(said.contains("ESME_RINVPASWD (0x0000000E): the password is refused; mend password"), "{said}");
    assert!(said.contains("[providers.phone.gateways.smsc]"), "{said}");
    let amy = world.client(&AMY).await;
    let hash = register(&amy, AMY.phone).await;
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("mend password"), "{told}");
    assert_eq!(smsc.count("\"submit_sm\""), 0);
    let user = "[providers.phone.gateways.smsc]\nuser = 'nobody'";
    world.service.reload(user).await;
    let said = checked(&world);
    assert!(said.contains("ESME_RINVSYSID") && said.contains("mend user"), "{said}");
    let right =
        format!("[providers.phone.gateways.smsc]\nuser = '{}'\npassword = '{}'", Smsc::USER, Smsc::PASSWORD);
    world.service.reload(&right).await;
    let said = checked(&world);
    assert!(said.contains("the SMSC accepts the login"), "{said}");
    let code = smsc.code(AMY.phone).await;
    world.service.says(ENDS).await;
    assert!(amy.verify(&hash, &code).await.unwrap());
    let log = world.service.log().text();
    assert!(!log.contains("hunter2") && !log.contains(Smsc::PASSWORD), "{log}");
}

#[tokio::test]
async fn what_may_have_been_taken_is_not_sent_twice() {
    let mut smsc = Smsc::start().await;
    let mut world = World::with(&only(&smsc, Smsc::PASSWORD)).await;
    let amy = world.client(&AMY).await;
    smsc.wishes(r#"{"cut": true}"#).await;
    register(&amy, AMY.phone).await;
    smsc.take(AMY.phone).await;
    world.service.says("closed the connection before").await;
    world.service.has_sent_everything().await;
    // A new connection, and no second message.
    smsc.wishes(r#"{"cut": false}"#).await;
    register(&amy, &number(0)).await;
    smsc.take(&number(0)).await;
    world.service.has_sent_everything().await;
    assert_eq!((smsc.count("bind_transceiver"), smsc.count("\"submit_sm\"")), (2, 2));
    // It is what the person asks for that is sent again.
    let again = amy.register("phone", AMY.phone, true).await.unwrap();
    smsc.has("\"submit_sm\"", 3).await;
    let message = smsc.last(AMY.phone);
    assert!(amy.verify(&again.hash, &code_in(message["text"].as_str().unwrap()).unwrap()).await.unwrap());
}

#[tokio::test]
async fn refusals_have_their_meanings_and_connections_end_in_many_ways() {
    let mut smsc = Smsc::start().await;
    let mut world = World::with(&only(&smsc, Smsc::PASSWORD)).await;
    let amy = world.client(&AMY).await;
    // ESME_RTHROTTLED: later.
    smsc.wishes(r#"{"status": 88}"#).await;
    let hash = register(&amy, AMY.phone).await;
    let told = world.service.says(BEGINS).await;
    assert!(told.contains("ESME_RTHROTTLED (0x00000058): it asks to wait"), "{told}");
    smsc.wishes(r#"{"status": 0}"#).await;
    world.service.says(ENDS).await;
    let message = smsc.last(AMY.phone);
    assert!(amy.verify(&hash, &code_in(message["text"].as_str().unwrap()).unwrap()).await.unwrap());
    // ESME_RINVDSTADR: never.
    smsc.wishes(r#"{"status": 11}"#).await;
    register(&amy, &number(0)).await;
    let told = world.service.says("a message was dropped").await;
    assert!(told.contains("ESME_RINVDSTADR"), "{told}");
    // It says goodbye itself.
    smsc.wishes(r#"{"status": 0, "unbind": true}"#).await;
    smsc.has("\"unbind_resp\"", 1).await;
    register(&amy, &number(1)).await;
    smsc.take(&number(1)).await;
    world.service.has_sent_everything().await;
    assert_eq!(smsc.count("\"bind_transceiver\""), 2);
    // It knows no transceivers, and reports nothing then.
    smsc.wishes(r#"{"transceivers": false, "unbind": true}"#).await;
    smsc.has("\"unbind_resp\"", 2).await;
    let hash = register(&amy, &number(2)).await;
    let code = smsc.code(&number(2)).await;
    assert!(amy.verify(&hash, &code).await.unwrap());
    assert_eq!(smsc.count("\"bind_transmitter\""), 1);
}

/// A world with the SMSC as the first gateway and another one that is asked next.
async fn with_a_spare(smsc: &Smsc) -> (World, Session, Gateway, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let spare = Gateway::start(folder.path()).await;
    let wishes = format!(
        "[providers.phone]\nroutes = {{ '+' = ['smsc', 'spare'] }}\n{}[providers.phone.gateways.spare]\npreset = 'http'\nurl = '{}/'\n\
         token = '{}'",
        smsc.section("smsc", Smsc::PASSWORD),
        spare.url(),
        Gateway::TOKEN
    );
    let world = World::with(&wishes).await;
    let amy = world.client(&AMY).await;
    (world, amy, spare, folder)
}

#[tokio::test]
async fn while_the_smsc_is_away_another_gateway_sends() {
    let mut smsc = Smsc::start().await;
    let (mut world, amy, spare, _folder) = with_a_spare(&smsc).await;
    register(&amy, &number(0)).await;
    smsc.take(&number(0)).await;
    world.service.has_sent_everything().await;
    smsc.process().kill();
    for n in 1..4 {
        register(&amy, &number(n)).await;
        spare.take(&number(n)).await;
    }
    let told = world.service.says("a gateway fails, and is left for a while").await;
    assert!(told.contains("gateway=\"smsc\"") && told.contains("the SMSC cannot be reached"), "{told}");
    let log = world.service.log();
    assert!(log.count(BEGINS) == 0 && !log.text().contains(&number(1)[1..]), "{}", log.tail());
}

#[tokio::test]
async fn an_smsc_that_is_busy_is_not_asked_for_a_while() {
    let mut smsc = Smsc::start().await;
    let (world, amy, spare, _folder) = with_a_spare(&smsc).await;
    // ESME_RMSGQFUL
    smsc.wishes(r#"{"status": 20}"#).await;
    for n in 0..3 {
        register(&amy, &number(n)).await;
        spare.take(&number(n)).await;
    }
    world.service.has_sent_everything().await;
    assert_eq!((smsc.count("\"submit_sm\""), world.service.log().count(BEGINS)), (1, 0));
}

#[tokio::test]
async fn over_tls_the_certificate_must_be_trusted() {
    let authority = Authority::make();
    let mut smsc = Smsc::with_tls(&authority).await;
    let mut world = World::prepare(&only(&smsc, Smsc::PASSWORD)).await;
    world.start_server().await;
    let said = checked(&world);
    assert!(said.contains("update-ca-certificates"), "{said}");
    world.service.trusts(&authority.certificate());
    let said = checked(&world);
    assert!(said.contains("the SMSC accepts the login"), "{said}");
    smsc.has("\"unbind\"", 1).await;
    world.start_service().await;
    let amy = world.client(&AMY).await;
    let hash = register(&amy, AMY.phone).await;
    let code = smsc.code(AMY.phone).await;
    assert!(amy.verify(&hash, &code).await.unwrap());
}

#[tokio::test]
async fn the_smsc_reports_that_a_code_does_not_arrive() {
    let mut smsc = Smsc::start().await;
    let port = free_port();
    let monitored = format!("{}\n[monitor]\nlisten = '127.0.0.1:{port}'", only(&smsc, Smsc::PASSWORD));
    let mut world = World::with(&monitored).await;
    let amy = world.client(&AMY).await;
    smsc.wishes(r#"{"receipt": "UNDELIV"}"#).await;
    let hash = register(&amy, AMY.phone).await;
    let lost = smsc.code(AMY.phone).await;
    world.service.says("a gateway reports that a code does not arrive").await;
    smsc.has("\"deliver_sm_resp\",\"status\":0", 1).await;
    let wrong = if lost == "0000" { "1111" } else { "0000" };
    let told = amy.verify(&hash, wrong).await.unwrap_err();
    assert!(format!("{told:?}").contains("undelivered"), "{told:?}");
    // After another configuration was read.
    world.service.reload("[providers.phone]\nallow_cleartext = true").await;
    smsc.wishes(r#"{"receipt": "DELIVRD"}"#).await;
    let amy = world.client(&AMY).await;
    let hash = register(&amy, &number(0)).await;
    let code = smsc.code(&number(0)).await;
    let monitor = Http::new(port);
    let probe = async || {
        let metrics = monitor.get("/metrics").await.body;
        let has = |result: &str| {
            metrics
                .contains(&format!("itseme_gateway_reports_total{{gateway=\"smsc\",result=\"{result}\"}} 1"))
        };
        (has("failed") && has("other")).then_some(())
    };
    until_async("the counts of both reports", probe, || world.service.log().tail()).await;
    assert!(amy.verify(&hash, &code).await.unwrap());
}
