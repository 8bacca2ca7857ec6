//! What else an admin and a client rely on: discovery, `check`, a quiet line.

use itseme_client::Error;
use itseme_tests::{ACCOUNT, AMY, ComponentListener, Element, Refusal, SERVICE, World};
use tokio::time::{Duration, sleep};

const FEATURES: [&str; 8] = [
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/disco#items",
    "urn:xmpp:ping",
    "jabber:iq:version",
    "it-se.me:register",
    "it-se.me:verify",
    "it-se.me:contact",
    "it-se.me:confirm",
];

#[tokio::test]
async fn it_can_be_discovered() {
    let world = World::start().await;
    let amy = world.client(&AMY).await;
    let service = amy.discover().await.unwrap();
    let kinds: Vec<_> = service.identities.iter().map(|i| (i.category.as_str(), i.type_.as_str())).collect();
    // One in each language.
    assert_eq!(kinds, [("directory", "user"); 4]);
    for feature in FEATURES {
        assert!(service.features.iter().any(|offered| offered == feature), "{feature}");
    }

    let ask = async |xml: &str| amy.ask_service(xml.parse::<Element>().unwrap(), false).await;
    assert!(ask("<ping xmlns='urn:xmpp:ping'/>").await.unwrap().is_none());
    let version = ask("<query xmlns='jabber:iq:version'/>").await.unwrap().unwrap();
    let name = version.get_child("name", "jabber:iq:version").unwrap().text();
    assert_eq!(name, "it-se.me");
    let number = version.get_child("version", "jabber:iq:version").unwrap().text();
    let printed = String::from_utf8(world.service.run(&["--version"]).stdout).unwrap();
    assert_eq!(printed, format!("itseme {number}\n"));
    let items = ask("<query xmlns='http://jabber.org/protocol/disco#items'/>").await.unwrap().unwrap();
    let nodes: Vec<_> = items.children().filter_map(|item| item.attr("node")).collect();
    assert_eq!(nodes, ["http://jabber.org/protocol/commands"]);
    let jids: Vec<_> = items.children().filter_map(|item| item.attr("jid")).collect();
    assert_eq!(jids, [ACCOUNT, SERVICE]);

    let condition = |result: Result<_, Error>| match result {
        Err(Error::Service { condition, .. }) => condition,
        other => panic!("{other:?}"),
    };
    let unknown = ask("<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>").await;
    assert_eq!(condition(unknown), "item-not-found");
    assert_eq!(condition(ask("<query xmlns='jabber:iq:time'/>").await), "service-unavailable");
    let elsewhere = format!("nobody@{SERVICE}").parse().unwrap();
    let ping = "<ping xmlns='urn:xmpp:ping'/>".parse().unwrap();
    assert_eq!(condition(amy.iq_raw(ping, false, elsewhere).await), "item-not-found");
}

#[tokio::test]
async fn a_quiet_line_is_kept() {
    let world = World::with("[component]\nping_after = '1s'").await;
    // Several times the silence after which the server is asked; nothing is measured.
    sleep(Duration::from_secs(4)).await;
    let amy = world.client(&AMY).await;
    assert!(amy.links().await.unwrap().is_empty());
    assert_eq!(world.service.connections(), 1);
}

#[tokio::test]
async fn check_tells_what_answers_and_what_does_not() {
    let mut world = World::start().await;
    let good = world.service.run(&["check"]);
    let told = String::from_utf8_lossy(&good.stdout).into_owned();
    assert!(good.status.success(), "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("ok")).count(), 5, "{told}");

    world.gateway.stop().await;
    world.mail.stop().await;
    let refusal = world.server.refusal_of_strangers();
    let stranger = ["check", "--set", "component.jid=unknown.localhost"];
    let bad = world.service.run(&stranger);
    let told = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert_eq!(bad.status.code(), Some(1), "{told}");
    for wrong in ["e-mail: ", "text messages: "] {
        assert!(told.contains(&format!("WRONG   {wrong}")), "{told}");
    }
    let refused_before_login = refusal.is_some_and(|refusal| refusal.before_login);
    assert_eq!(told.contains("WRONG   XMPP server: "), refused_before_login, "{told}");

    let login = |arguments: &[&str]| {
        let output = world.service.run(&[arguments, &["--login"]].concat());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        told.lines().find(|line| line.contains("XMPP server: ")).expect(&told).to_owned()
    };
    let as_stranger = login(&stranger);
    match refusal {
        Some(Refusal { condition, .. }) => {
            assert!(as_stranger.starts_with("WRONG") && as_stranger.contains(condition), "{as_stranger}");
        }
        None => assert!(as_stranger.starts_with("ok"), "{as_stranger}"),
    }
    let with_wrong_secret = login(&["check", "--set", "component.secret=wrong"]);
    assert!(
        with_wrong_secret.starts_with("WRONG") && with_wrong_secret.contains("not-authorized"),
        "{with_wrong_secret}"
    );
    assert_eq!(world.service.connections(), 1, "checking disturbs nobody");
}

#[tokio::test]
async fn a_login_is_well_only_if_stanzas_come() {
    let mut world = World::prepare("").await;
    world.start_server().await;
    let line = "XMPP server: ";
    let well = world.service.spawn_command(&["check", "--login"]).says(line).await;
    assert!(well.contains("ok") && well.contains("relays stanzas"), "{well}");

    let listener = ComponentListener::listen().await;
    let server = format!("component.server=127.0.0.1:{}", listener.port());
    let mut check = world.service.spawn_command(&["check", "--login", "--set", &server]);
    listener.accept().await.send("<message xmlns='urn:of.another'/>").await;
    let bad = check.says(line).await;
    assert!(bad.contains("WRONG") && bad.contains("no stanza"), "{bad}");
}
