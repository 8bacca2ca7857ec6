//! Nobody makes the service pay without limit, and its admin learns who tries.

use itseme_tests::{
    AMY, Component, ComponentListener, EVE, Gateway, Http, MICHAEL, Needle, Person, Reply, SERVICE, World,
};
use reqwest::Method;
use serde_json::json;

const BUDGETS: &str = r#"
[providers.phone]
budgets = { "+" = 1000, "+44770090" = 5 }
"#;

/// The log line when a budget is used up.
const ALARM: &str = "a budget is used up";

/// A number of that budget.
fn number(n: usize) -> String {
    format!("+4477009011{n:02}")
}

#[tokio::test]
async fn a_prefix_has_a_budget_with_an_alarm_that_names_no_number() {
    let mut world = World::with(BUDGETS).await;
    let amy = world.client(&AMY).await;
    // The first of them is one that the gateway refuses: it counts, too.
    amy.register("phone", Gateway::REFUSED, false).await.unwrap();
    for n in 0..3 {
        amy.register("phone", &number(n), false).await.unwrap();
    }
    world.service.says("a budget is nearly used up").await;
    assert_eq!(world.service.log().count(ALARM), 0);
    amy.register("phone", &number(3), false).await.unwrap();
    let alarm = world.service.says(ALARM).await;
    assert!(alarm.contains("ERROR") && alarm.contains("+44770090") && alarm.contains("budget=5"), "{alarm}");
    world.gateway.take(&number(3)).await;

    // Over a restart, nothing is left of it, and the alarm is given once.
    assert!(world.service.terminate().await.success());
    let before = world.service.log();
    world.service.start().await;
    let amy = world.client(&AMY).await;
    for n in 4..7 {
        let refused = amy.register("phone", &number(n), false).await.unwrap_err();
        assert!(refused.to_string().contains("That was too often"), "{refused}");
        assert_eq!(world.gateway.take_now(&number(n)), None);
    }
    amy.register("phone", "+43 664 1234567", false).await.unwrap();
    world.gateway.take("+436641234567").await;
    assert_eq!(before.count(ALARM), 1);
    for n in 0..7 {
        let needle = Needle::text("a number", number(n).trim_start_matches('+'));
        assert!(!needle.is_in(before.text().as_bytes()), "{needle:?} in the log");
    }
}

/// Sends a request by a client of that address, as a proxy does.
async fn register(http: &Http, address: &str, person: &Person) -> Reply {
    let body = json!({"provider": "xmpp", "id": person.jid, "target": person.jid});
    let request = http.request(Method::POST, "/v1/register").header("x-forwarded-for", address);
    Reply::to(request.json(&body)).await
}

#[tokio::test]
async fn a_client_address_can_ask_for_so_many_codes() {
    let wishes = "[limits]\ncodes_per_address_per_day = 2\n[http]\ntrusted_proxies = [\"127.0.0.1\"]";
    let world = World::with(wishes).await;
    let http = world.http();
    register(&http, "2001:db8::1", &AMY).await.ok();
    register(&http, "2001:db8::2", &MICHAEL).await.ok();
    // All of a /64 is one client.
    let refused = register(&http, "2001:db8::3", &EVE).await;
    assert_eq!(refused.error(), (429, "request_limit_reached".into()));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=24 * 60 * 60).contains(&seconds), "{seconds}");
    // One that waits already is no new one, and other addresses are others.
    register(&http, "2001:db8::3", &AMY).await.ok();
    register(&http, "2001:db8:0:1::3", &EVE).await.ok();
}

/// The service, attached to a server that the test plays.
async fn attached(wishes: &str) -> (World, Component) {
    let mut world = World::prepare(wishes).await;
    world.service.spawn();
    let server = ComponentListener::on(world.server.component_port()).await.accept().await;
    (world, server)
}

#[tokio::test]
async fn one_server_does_not_spend_what_others_need() {
    let wishes = "[limits]\nbudget_percent_per_server = 20\nbudget_percent_of_others = 50\n\
                  [providers.phone]\nbudgets = { '+' = 20 }";
    let (world, mut server) = attached(wishes).await;
    let mut register = async |from: &str, n: usize| {
        let register = format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", number(n));
        server.ask(from, "set", &register).await.attr("type") == Some("result")
    };
    let mut sent = 0;
    for n in 0..20 {
        sent += usize::from(register(&format!("eve{n}@sub{n}.evil.example/x"), n).await);
    }
    assert_eq!(sent, 4);
    assert!(register("michael@example.net/x", 30).await);
    assert!(register(AMY.jid, 31).await);
    world.gateway.take(&number(31)).await;
}

#[tokio::test]
async fn accounts_of_other_servers_register_where_they_are_served() {
    let (mut world, mut server) = attached("[access]\nregister = 'own server'").await;
    let evil = "eve@evil.example";
    let requests = [
        ("set", format!("<register xmlns='it-se.me:register' provider='xmpp' id='{evil}'/>")),
        ("set", format!("<register xmlns='it-se.me:register' provider='phone' id='{}'/>", number(1))),
        ("get", "<query xmlns='jabber:iq:register'/>".into()),
        ("set", "<query xmlns='jabber:iq:register'/>".into()),
        ("set", "<command xmlns='http://jabber.org/protocol/commands' node='link'/>".into()),
    ];
    for (kind, request) in &requests {
        let answer = String::from(&server.ask(&format!("{evil}/x"), kind, request).await);
        assert!(
            answer.contains("<forbidden") && answer.contains("<domain-not-served"),
            "{request}: {answer}"
        );
        let answer = server.ask(AMY.jid, kind, &request.replace(evil, AMY.jid)).await;
        assert_eq!(answer.attr("type"), Some("result"), "{request}: {}", String::from(&answer));
    }
    let link = format!("<body>link phone {}</body>", number(2));
    server.send(&format!("<message type='chat' from='{evil}/x' to='{SERVICE}'>{link}</message>")).await;
    let said = server.next_that(|stanza| stanza.attr("to") == Some(&format!("{evil}/x"))).await;
    assert!(
        String::from(&said).contains("does not register accounts of that server"),
        "{}",
        String::from(&said)
    );
    let http = world.http();
    let body = json!({"provider": "xmpp", "id": evil, "target": evil});
    let reply = Reply::to(http.request(Method::POST, "/v1/register").json(&body)).await;
    assert_eq!(reply.error(), (403, "domain_not_served".into()));
    assert!(world.service.terminate().await.success());
}
