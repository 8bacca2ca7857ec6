//! The service outlives its XMPP server, and loses nothing while it is away.

use itseme_tests::{ACCOUNT, AMY, MICHAEL, Person, RawClient, World, introduction, shapes, until};
use serde_json::json;

#[tokio::test]
async fn it_may_be_started_before_the_server() {
    let mut world = World::prepare("").await;
    world.service.spawn();
    world.service.serves_http().await;
    assert_eq!(world.service.connections(), 0);
    world.start_server().await;
    world.service.connected(1).await;
    let amy = world.client(&AMY).await;
    assert!(amy.links().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_made_while_the_server_is_away_is_delivered() {
    let mut world = World::start().await;
    for person in [AMY, MICHAEL] {
        let client = world.client(&person).await;
        world.prove_phone(&client, &person).await;
        client.close().await;
    }

    world.server.stop().await;
    let request = json!({
        "target": MICHAEL.jid,
        "contact_info": [{"provider": "phone", "id": MICHAEL.phone}],
        "contacts": [AMY.phone_hash()],
    });
    assert_eq!(world.http().post("/v1/contact", &request).await.ok(), json!({"status": "requests_send"}));
    world.server.start().await;
    world.service.connected(2).await;
    // ejabberd may keep messages that come during a login for the next login.
    world.service.has_sent_everything().await;

    let amy = world.client(&AMY).await;
    shapes::assert_introduction(&introduction(&amy).await, &AMY, &MICHAEL, &[("phone", MICHAEL.phone)]);
}

#[tokio::test]
async fn the_end_of_the_server_is_told_in_plain_words() {
    let mut world = World::start().await;
    world.server.process().expect("it was started").kill();
    let line = world.service.says("not connected to the XMPP server").await;
    let words =
        ["the server closed the connection", "the connection was reset", "the server closed the stream"];
    assert!(words.iter().any(|words| line.contains(words)), "{line}");
    assert!(line.contains("killed") || line.contains("stopped"), "{line}");

    // Nobody listens there any more: the address and the reason are named.
    let line = world.service.says("Connection refused").await;
    assert!(line.contains(&format!("127.0.0.1:{}", world.server.component_port())), "{line}");
}

#[tokio::test]
async fn a_message_that_the_server_gives_back_is_sent_again() {
    let world = World::start().await;
    // The account does not exist yet: the server cannot pass the code on.
    let late =
        Person { name: "late", jid: "late@localhost", phone: "+447700900777", email: "late@example.org" };
    let registered = world.http().get("/v1/register/xmpp/late@localhost/late@localhost").await.ok();
    assert_eq!(registered["status"], "pending");
    let log = world.service.log();
    until("the code to come back", || log.line_with("a message came back"), || log.tail()).await;

    world.server.add_account(&late);
    let mut client = RawClient::login(world.server.client_port(), &late).await;
    let code = client.next_that(|stanza| stanza.get_child("verify", "it-se.me:verify").is_some()).await;
    assert_eq!(code.attr("from"), Some(ACCOUNT));
}

#[tokio::test]
async fn links_and_waiting_messages_outlive_the_service() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.gateway.hang(true).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    world.service.kill();
    world.gateway.hang(false).await;
    world.service.start().await;

    let code = world.gateway.take(AMY.phone).await.code();
    assert!(amy.verify(&AMY.phone_hash(), &code).await.unwrap());
    assert_eq!(amy.links().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_secret_is_explained() {
    let mut world = World::prepare("[component]\nsecret = 'wrong'").await;
    world.start_server().await;
    world.service.spawn();
    let line = world.service.says("secret").await;
    assert!(line.contains("WARN") || line.contains("ERROR"), "{line}");
    assert!(!line.contains("wrong'") && !line.contains("component-secret"), "{line}");
    assert!(world.service.terminate().await.success(), "it keeps trying until it is told to end");
}

#[tokio::test]
async fn it_ends_well_on_sigterm() {
    let mut world = World::start().await;
    assert!(world.service.terminate().await.success());
    assert_eq!(world.service.log().count("panicked"), 0);
    world.service.start().await;
    assert!(world.http().get("/version").await.ok()["version"].is_string());
}
