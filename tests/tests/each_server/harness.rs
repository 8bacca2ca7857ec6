//! The harness itself, without the service: a test that fails here says nothing about the service.

use itseme_client::{Event, minidom::Element};
use itseme_tests::{AMY, EVE, MICHAEL, RawClient, World, next_event};

#[tokio::test]
async fn people_reach_each_other_also_after_a_restart() {
    let mut world = World::prepare("").await;
    world.start_server().await;
    world.server.stop().await;
    world.start_server().await;

    let amy = world.client(&AMY).await;
    let mut eve = world.raw(&EVE).await;
    assert!(eve.jid().starts_with("eve@localhost/"));
    eve.send("<message to='amy@localhost' type='chat'><body>hello</body></message>").await;
    let body = next_event(&amy, |event| match event {
        Event::Message { body, .. } => Some(body),
        _ => None,
    });
    assert_eq!(body.await, "hello");
}

#[tokio::test]
async fn whose_account_is_deleted_cannot_log_in() {
    let mut world = World::prepare("").await;
    world.start_server().await;
    let port = world.server.client_port();
    assert!(RawClient::try_login(port, &EVE).await.is_ok());
    world.server.delete_account(&EVE);
    assert!(RawClient::try_login(port, &EVE).await.is_err());
    assert!(RawClient::try_login(port, &AMY).await.is_ok());
}

#[tokio::test]
async fn hostile_bytes_come_back_whole() {
    let mut world = World::prepare("").await;
    world.start_server().await;
    let mut eve = world.raw(&EVE).await;
    let long = "x".repeat(200 * 1024);
    let answer = eve.ask("get", MICHAEL.jid, &format!("<a xmlns='urn:test' b='{long}'/>")).await;
    assert_eq!(answer.attr("type"), Some("error"), "{}", String::from(&answer));
    eve.send(&format!("<message to='{}'><a xmlns='urn:test' b='{long}'/></message>", eve.jid())).await;
    let echo = eve.next_that(|stanza| stanza.name() == "message").await;
    assert_eq!(echo.children().next().and_then(|a: &Element| a.attr("b")), Some(long.as_str()));
}
