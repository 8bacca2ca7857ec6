//! The configuration is read again at SIGHUP, while the service serves.

use itseme_client::minidom::Element;
use itseme_tests::{AMY, EVE, Gateway, MICHAEL, RawClient, SERVICE, World, free_port};
use rustix::process::Signal;
use serde_json::json;

const IN_EFFECT: &str = "is in effect";
const DISCO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/// The name that service discovery shows, and the providers.
async fn shown(client: &mut RawClient) -> (String, String) {
    let info = client.ask("get", SERVICE, DISCO).await;
    let text = String::from(&info);
    let name = text.split("category=\"directory\"").nth(1).unwrap_or(&text).to_owned();
    (name, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_providers_texts_and_admins_take_effect_at_once() {
    let other = tempfile::tempdir().unwrap();
    let other = Gateway::start(other.path()).await;
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    let mut raw = world.raw(&MICHAEL).await;
    let before = shown(&mut raw).await;
    assert!(!before.1.contains("Lighthouse") && before.1.contains("phone"), "{}", before.1);
    // Shows itself, to be told of news.
    let subscribe = format!("<presence to='{SERVICE}' type='subscribe'/>");
    raw.send(&subscribe).await;
    let caps = |presence: &Element| {
        let caps = presence.children().find(|child| child.name() == "c")?;
        caps.attr("ver").map(str::to_owned)
    };
    let first = raw.next_that(|element| element.name() == "presence" && caps(element).is_some()).await;

    let told = world
        .service
        .reload(&format!(
            "[service]\nname = \"Lighthouse\"\n[providers.phone]\napi_url = \"{}\"\nallowed_prefixes = [\"+44\"]\n[limits]\n\
             codes_per_day = 1\n[component]\nadmins = [\"{}\"]",
            other.url(),
            MICHAEL.jid
        ))
        .await;
    assert!(told.contains("INFO") && told.contains(IN_EFFECT), "{told}");
    // The text is another one: it is announced.
    let second = raw.next_that(|element| element.name() == "presence" && caps(element).is_some()).await;
    assert_ne!(caps(&first), caps(&second));
    let after = shown(&mut raw).await;
    assert!(after.1.contains("Lighthouse"), "{}", after.1);
    // The prefixes, and the gateway.
    let refused = amy.register("phone", "+493012345678", false).await.unwrap_err();
    assert!(refused.to_string().contains("number"), "{refused}");
    amy.register("phone", AMY.phone, false).await.unwrap();
    other.take(AMY.phone).await;
    assert_eq!(world.gateway.take_now(AMY.phone), None);
    // The limit.
    let limited = amy.register("phone", AMY.phone, true).await.unwrap_err();
    assert!(limited.to_string().contains("too often"), "{limited}");
    // The admin.
    let command = "<command xmlns='http://jabber.org/protocol/commands' node='statistics' action='execute'/>";
    let statistics = raw.ask("set", SERVICE, command).await;
    assert_eq!(statistics.attr("type"), Some("result"), "{statistics:?}");

    // A provider that is left out is offered no more. Messages that wait for it stay.
    let mut settings: toml::Table = std::fs::read_to_string(world.service.config()).unwrap().parse().unwrap();
    settings["providers"].as_table_mut().unwrap().remove("email");
    assert!(world.service.reload_text(&settings.to_string()).await.contains(IN_EFFECT));
    let refused = amy.register("email", AMY.email, false).await.unwrap_err();
    assert!(refused.to_string().contains("provider"), "{refused}");
    assert_eq!(world.service.connections(), 1);
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_need_a_restart_are_named() {
    let mut world = World::start().await;
    let port = free_port();
    let told =
        world.service.reload(&format!("[http]\nlisten = \"127.0.0.1:{port}\"\nrequire_token = true")).await;
    assert!(told.contains("WARN") && told.contains("keys=\"http.listen\""), "{told}");
    let told = world.service.reload("[component]\nsecret = \"another\"").await;
    assert!(told.contains("component.secret") && !told.contains("another"), "{told}");
    assert_eq!(world.http().get("/version").await.status, 200);
}

/// Nobody is told of a mailbox where nobody listens.
#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_comes_with_a_restart() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let mailbox = |address: &str| {
        let port = free_port();
        format!(
            "[providers.email.inbound]\naddress = \"{address}@itse.example\"\nlisten = \"127.0.0.1:{port}\"\ndns = [\"127.0.0.1:1\"]"
        )
    };
    let register = json!({"provider": "email", "id": AMY.email, "target": AMY.jid, "how": "send"});
    for (new, is_told) in [("verify", None), ("prove", Some("verify@itse.example"))] {
        let told = world.service.reload(&mailbox(new)).await;
        assert!(told.contains("WARN") && told.contains("keys=\"providers.email.inbound\""), "{told}");
        let answer = world.http().post("/v1/register", &register).await;
        match is_told {
            Some(address) => assert_eq!(answer.ok()["send"]["to"], address),
            None => assert_eq!(answer.status, 400),
        }
        assert!(world.service.terminate().await.success());
        world.start_service().await;
    }
    let answer = world.http().post("/v1/register", &register).await.ok();
    assert_eq!(answer["send"]["to"], "prove@itse.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_changes_nothing() {
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    for (wrong, key) in [("[limits]\ncodes_per_day = 0", "codes_per_day"), ("[limits]\nlots = 1", "lots")] {
        let good = std::fs::read_to_string(world.service.config()).unwrap();
        let told = world.service.reload(wrong).await;
        assert!(told.contains("ERROR") && told.contains("cannot be used") && told.contains(key), "{told}");
        world.service.reload_text(&good).await;
    }
    let long = format!("# {}", "x".repeat(2 * 1024 * 1024));
    for wrong in ["no = [", &long, "[log]\nfilter = \"inof\""] {
        let told = world.service.reload_text(wrong).await;
        assert!(told.contains("ERROR"), "{told}");
    }
    world.prove_phone(&amy, &AMY).await;
    assert_eq!(world.service.connections(), 1);
}

/// A code that waits is sent over the new channel, once.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_gateway_goes_to_the_next_one() {
    let mut world = World::with("[providers.phone]\napi_url = \"http://127.0.0.1:1\"").await;
    let amy = world.client(&AMY).await;
    let registered = amy.register("phone", AMY.phone, false).await.unwrap();
    world.service.says("messages cannot be sent").await;
    let url = world.gateway.url();
    world.service.reload(&format!("[providers.phone]\napi_url = \"{url}\"")).await;
    let code = world.gateway.take(AMY.phone).await.code();
    assert!(amy.verify(&registered.hash, &code).await.unwrap());
    world.service.has_sent_everything().await;
    assert_eq!(world.gateway.take_now(AMY.phone), None);
}

/// However long it takes, and whatever is exchanged meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_sent_meanwhile_is_sent_once() {
    let other = tempfile::tempdir().unwrap();
    let other = Gateway::start(other.path()).await;
    let mut world = World::start().await;
    let amy = world.client(&AMY).await;
    world.gateway.hang(true).await;
    let registered = amy.register("phone", AMY.phone, false).await.unwrap();
    world.gateway.is_waited_for().await;
    let told = world.service.reload(&format!("[providers.phone]\napi_url = \"{}\"", other.url())).await;
    assert!(told.contains(IN_EFFECT), "{told}");
    world.gateway.hang(false).await;
    let code = world.gateway.take(AMY.phone).await.code();
    assert!(amy.verify(&registered.hash, &code).await.unwrap());
    world.service.has_sent_everything().await;
    assert_eq!(other.take_now(AMY.phone), None);
}

/// The listener goes on, and so do its rules.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_section_http_stays_as_it_is() {
    let mut world = World::with("[http]\nrequire_token = true").await;
    let amy = world.client(&AMY).await;
    world.prove_phone(&amy, &AMY).await;
    let mut settings: toml::Table = std::fs::read_to_string(world.service.config()).unwrap().parse().unwrap();
    settings.remove("http");
    let told = world.service.reload_text(&settings.to_string()).await;
    assert!(told.contains("http.listen"), "{told}");
    let path = format!("/v1/register/phone/{}/{}", EVE.phone, AMY.jid);
    assert_eq!(world.http().get(&path).await.status, 401);
}

/// As on a disk that is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_read_to_its_end_does_not_hinder_a_stop() {
    let mut world = World::start().await;
    let config = world.service.config();
    std::fs::remove_file(&config).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&config).status().unwrap();
    assert!(made.success());
    world.service.signal(Signal::HUP);
    // It goes on, and stops when it is to.
    assert_eq!(world.http().get("/version").await.status, 200);
    assert!(world.service.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_signals_are_understood() {
    let mut world = World::start().await;
    for signal in [Signal::USR1, Signal::USR2] {
        let before = world.service.log().count("the state since the start");
        world.service.signal(signal);
        let log = world.service.log();
        let probe = || (log.count("the state since the start") > before).then_some(());
        itseme_tests::until("the state", probe, || log.tail()).await;
    }
    world.service.signal(Signal::QUIT);
    world.service.says("stopped").await;
    assert!(world.service.process().unwrap().ended().await.success());
}
