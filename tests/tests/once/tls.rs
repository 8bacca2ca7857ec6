//! Mail servers, gateways and providers that are reached over TLS.

use itseme_client::Session;
use itseme_tests::{
    AMY, Authority, Nginx, Reply, World, free_port, hash,
    oauth::{Rogue, USERS},
    until,
};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::Value;

/// Signs in with a browser, and sends the callback to the service. Returns `true` if that is a proof.
async fn is_proven_by_signing_in(world: &World, amy: &Session) -> bool {
    let goto = amy.register("rogue", USERS[0], true).await.unwrap().goto.unwrap();
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let sent_back = browser.get(goto).send().await.unwrap();
    let location = sent_back.headers()["location"].to_str().unwrap();
    let path = location.strip_prefix(world.http().base()).expect("back to the service");
    let request = world.http().request(Method::GET, path).header("accept", "application/json");
    Reply::to(request).await.json()["confirmed"] == Value::Bool(true)
}

#[tokio::test]
async fn nothing_is_said_to_whom_no_trusted_authority_has_certified() {
    let (authority, folder) = (Authority::make(), tempfile::tempdir().unwrap());
    let (http, gateway) = (free_port(), free_port());
    let rogue = Rogue::start(folder.path()).await;
    let certificate = authority.localhost();
    let provider = Nginx::start_tls(free_port(), rogue.provider().port(), &certificate).await;
    let wishes = format!(
        r#"
        [http]
        public_url = "http://127.0.0.1:{http}"

        [providers.email]
        smtp = "smtp://localhost:MAIL_PORT?tls=required"

        [providers.phone]
        api_url = "https://localhost:{gateway}"

        [providers.rogue]
        callback = "hash"
        client_id = "tests"
        client_secret = "secret"
        authorize_url = "{authorize}"
        token_url = "https://localhost:{provider}/token"
        userinfo_url = "https://localhost:{provider}/userinfo"
        username = "/login"
        "#,
        authorize = rogue.provider().authorize_url(),
        provider = provider.port(),
    );
    let mut world = World::prepare_on(http, &wishes).await;
    let _gateway = Nginx::start_tls(gateway, world.gateway.port(), &certificate).await;
    world.mail.starts_tls(&certificate).await;
    world.start_server().await;
    world.service.start().await;

    let amy = world.client(&AMY).await;
    amy.register("email", AMY.email, false).await.unwrap();
    amy.register("phone", AMY.phone, false).await.unwrap();
    let log = world.service.log();
    let probe = || (log.count("messages cannot be sent") == 2).then_some(());
    until("both to be refused", probe, || log.tail()).await;
    assert!(!is_proven_by_signing_in(&world, &amy).await);
    assert!(world.mail.take_now(AMY.email).is_none());
    assert_eq!(world.gateway.asked().await, 0);
    assert!(rogue.asked("/token").is_empty());
    drop(amy);

    world.service.terminate().await;
    world.service.trusts(&authority.certificate());
    world.service.start().await;
    let amy = world.client(&AMY).await;
    amy.register("email", AMY.email, true).await.unwrap();
    amy.register("phone", AMY.phone, true).await.unwrap();
    let (email, phone) = (world.mail.take(AMY.email).await, world.gateway.take(AMY.phone).await);
    assert!(amy.verify(&hash("email", AMY.email), &email.code()).await.unwrap());
    assert!(amy.verify(&hash("phone", AMY.phone), &phone.code()).await.unwrap());
    assert!(is_proven_by_signing_in(&world, &amy).await);
}
