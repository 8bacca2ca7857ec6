//! Nobody makes the service pay without limit, and its admin hears of who tries.

use itseme_tests::{AMY, EVE, Gateway, Http, MICHAEL, Needle, Person, Reply, World};
use reqwest::Method;
use serde_json::json;

const BUDGETS: &str = r#"
[providers.phone]
budgets = { "+" = 1000, "+44770090" = 5 }
"#;

/// What the log says when nothing is left.
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

/// A request by a client of that address, as a proxy passes it on.
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
