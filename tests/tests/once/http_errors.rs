//! Every row of the error table over HTTP, but those of OAuth.

use itseme_tests::{AMY, EVE, MICHAEL, Reply, World, hash};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn register() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    for (path, error) in [
        ("phone/+447700900123/eve@localhost", (401, "target_unconfirmed")),
        ("xmpp/amy@localhost/eve@localhost", (401, "target_unconfirmed")),
        ("github/eve/eve@localhost", (401, "target_unconfirmed")),
        ("github/amy/amy@localhost", (400, "unknown_provider")),
        ("phone/0123456789/amy@localhost", (400, "value_error")),
        ("phone/call%20me/amy@localhost", (400, "value_error")),
        ("email/amy/amy@localhost", (400, "value_error")),
        ("xmpp/a@b@c/amy@localhost", (400, "value_error")),
        ("phone/+447700900123/localhost", (400, "value_error")),
        ("phone/+447700900123/amy@localhost?resend=yes", (400, "value_error")),
        ("phone/+447700900123/amy@localhost?resend", (400, "value_error")),
    ] {
        assert_error(&http.get(&format!("/v1/register/{path}")).await, error, path);
    }
    let message = http.get("/v1/register/phone/+447700900123/eve@localhost").await.body;
    assert!(message.contains("eve@localhost") && !message.contains("900123"), "{message}");

    for (body, error) in [
        (json!({"id": AMY.phone, "target": AMY.jid}), (400, "key_error")),
        (json!({"provider": "phone", "target": AMY.jid}), (400, "key_error")),
        (json!({"provider": "phone", "id": AMY.phone}), (400, "key_error")),
        (json!({"provider": "phone", "id": 447700900123_u64, "target": AMY.jid}), (400, "value_error")),
        (json!([1]), (400, "value_error")),
        (json!({"provider": "phone", "id": EVE.phone, "target": EVE.jid}), (401, "target_unconfirmed")),
    ] {
        assert_error(&http.post("/v1/register", &body).await, error, &body.to_string());
    }
}

#[tokio::test]
async fn verify() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("phone", AMY.phone, false).await.unwrap();
    let (pending, unknown) = (AMY.phone_hash(), hash("phone", "+447700900001"));
    let code = world.gateway.take(AMY.phone).await.code();
    let wrong = if code == "0000" { "1111" } else { "0000" };
    for (path, error) in [
        (format!("{unknown}?code={code}"), (404, "not_found")),
        // Without a guess, nobody learns if a registration waits.
        (unknown.clone(), (400, "missing_code")),
        (format!("{unknown}?code="), (400, "missing_code")),
        ("nonsense".into(), (404, "not_found")),
        (format!("nonsense?code={code}"), (404, "not_found")),
        (pending.clone(), (400, "missing_code")),
        (format!("{pending}?code="), (400, "missing_code")),
        (format!("{pending}?code={wrong}"), (400, "faulty_code")),
    ] {
        let reply = http.get(&format!("/v1/verify/{path}")).await;
        assert_error(&reply, error, &path);
        assert_eq!(reply.json()["confirmed"], json!(false));
    }
    for (body, error) in [
        (json!({"code": code}), (400, "key_error")),
        (json!({"hash": pending}), (400, "missing_code")),
        (json!({"hash": unknown}), (400, "missing_code")),
        (json!({"hash": pending, "code": wrong}), (400, "faulty_code")),
        (json!({"hash": unknown, "code": code}), (404, "not_found")),
    ] {
        let reply = http.post("/v1/verify", &body).await;
        assert_error(&reply, error, &body.to_string());
        assert_eq!(reply.json()["confirmed"], json!(false));
    }

    // Strangers who guess cannot take the code from its owner.
    for _ in 0..10 {
        let status = http.get(&format!("/v1/verify/{pending}?code={wrong}")).await.status;
        assert!([400, 404, 429].contains(&status), "{status}");
    }
    assert_error(
        &http.get(&format!("/v1/verify/{pending}?code={code}")).await,
        (404, "not_found"),
        "used up",
    );
    assert!(amy.verify(&pending, &code).await.unwrap());
}

#[tokio::test]
async fn contact() {
    let world = World::start().await;
    let (michael, http) = (world.client(&MICHAEL).await, world.http());
    world.prove_phone(&michael, &MICHAEL).await;
    let info = json!([{"protocol": "phone", "id": MICHAEL.phone}]);
    let hashes = json!([AMY.phone_hash()]);
    let too_many: Vec<String> = (0..101).map(|n| hash("phone", &format!("+44770090{n:04}"))).collect();
    for (target, info, contacts, error) in [
        (json!(EVE.jid), info.clone(), hashes.clone(), (401, "target_unconfirmed")),
        (json!(7), info.clone(), hashes.clone(), (400, "value_error")),
        (json!("localhost"), info.clone(), hashes.clone(), (400, "value_error")),
        (json!(MICHAEL.jid), json!("phone"), hashes.clone(), (400, "value_error")),
        (json!(MICHAEL.jid), json!([1]), hashes.clone(), (400, "value_error")),
        (json!(MICHAEL.jid), json!([{"id": MICHAEL.phone}]), hashes.clone(), (400, "key_error")),
        (json!(MICHAEL.jid), json!([{"protocol": "phone"}]), hashes.clone(), (400, "key_error")),
        (json!(MICHAEL.jid), json!([]), hashes.clone(), (400, "insufficient_contact_info")),
        (
            json!(MICHAEL.jid),
            json!([{"protocol": "phone", "id": AMY.phone}]),
            hashes,
            (400, "insufficient_contact_info"),
        ),
        (json!(MICHAEL.jid), info.clone(), json!([]), (400, "value_error")),
        (json!(MICHAEL.jid), json!([]), json!([]), (400, "insufficient_contact_info")),
        (json!(MICHAEL.jid), info.clone(), json!([1]), (400, "value_error")),
        (json!(MICHAEL.jid), info, json!(too_many), (413, "too_many_requested")),
    ] {
        let body = json!({"target": target, "contact_info": info, "contacts": contacts});
        assert_error(&http.post("/v1/contact", &body).await, error, &body.to_string());
    }
    for key in ["target", "contact_info", "contacts"] {
        let mut body = json!({"target": MICHAEL.jid, "contact_info": [], "contacts": [AMY.phone_hash()]});
        body.as_object_mut().unwrap().remove(key);
        let reply = http.post("/v1/contact", &body).await;
        assert_error(&reply, (400, "key_error"), key);
        assert!(reply.body.contains(key), "the message says which: {}", reply.body);
    }
}

#[tokio::test]
async fn confirm_and_forget() {
    let world = World::start().await;
    let http = world.http();
    let many = vec![AMY.phone_hash(); 501];
    for (path, body, error) in [
        ("/v1/confirm", json!({"hashes": ["ab"]}), (400, "key_error")),
        ("/v1/confirm", json!({"target": AMY.jid, "hashes": "ab"}), (400, "value_error")),
        ("/v1/confirm", json!({"target": AMY.jid, "hashes": many}), (413, "too_many_requested")),
        ("/v1/forget", json!({}), (400, "key_error")),
        ("/v1/forget", json!({"target": EVE.jid}), (401, "target_unconfirmed")),
        ("/v1/forget", json!({"target": "localhost"}), (400, "value_error")),
    ] {
        assert_error(&http.post(path, &body).await, error, &format!("{path} {error:?}"));
    }
    for nothing in [json!({"target": AMY.jid}), json!({"target": AMY.jid, "hashes": []})] {
        let answer = http.post("/v1/confirm", &nothing).await.ok();
        assert_eq!(answer, json!({"confirmed": false}), "confirming has no errors of its own: {nothing}");
    }
    let answer = http.get(&format!("/v1/confirm?target={}", AMY.jid)).await.ok();
    assert_eq!(answer, json!({"confirmed": false}));
    let amy = world.client(&AMY).await;
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let code = json!({"target": AMY.jid, "code": "3991"});
    assert_error(&http.post("/v1/forget", &code).await, (404, "not_found"), "nothing was asked for");
}

#[tokio::test]
async fn limits_say_when_to_come_back() {
    let world = World::with("[limits]\nresend_after = '30s'").await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let path = format!("/v1/register/phone/{}/{}?resend=1", AMY.phone, AMY.jid);
    assert_eq!(http.get(&path).await.status, 200);
    let reply = http.get(&path).await;
    assert_error(&reply, (429, "request_limit_reached"), "a second SMS at once");
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    assert_eq!(reply.json()["error"]["limit"], "resend");
}

#[tokio::test]
async fn requests_are_counted_by_client_address() {
    let limits = "[limits]\nrequests_per_second = 2\n[http]\ntrusted_proxies = ['127.0.0.1/32']";
    let world = World::with(limits).await;
    let http = world.http();
    let as_client = async |address: String| {
        let request = http.request(Method::GET, "/version").header("x-forwarded-for", address);
        Reply::to(request).await
    };
    for network in 0..40 {
        let reply = as_client(format!("2001:db8:0:{network:x}::1")).await;
        assert_eq!(reply.status, 200, "every network has its own share");
    }
    let mut refused = Vec::new();
    for host in 0..40 {
        let reply = as_client(format!("2001:db8:1:1::{host:x}")).await;
        refused.extend((reply.status != 200).then_some(reply));
    }
    let reply = refused.first().expect("all of a /64 share one");
    assert_error(reply, (429, "request_limit_reached"), "one network");
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn only_trusted_proxies_are_believed() {
    let world = World::with("[limits]\nrequests_per_second = 2\n[http]\ntrusted_proxies = []").await;
    let http = world.http();
    let mut limited = 0;
    for host in 0..40 {
        let request =
            http.request(Method::GET, "/version").header("x-forwarded-for", format!("192.0.2.{host}"));
        limited += usize::from(Reply::to(request).await.status == 429);
    }
    assert!(limited > 0, "an address that anybody can make up is not believed");
}

#[tokio::test]
async fn a_broken_database() {
    let world = World::start().await;
    let http = world.http();
    world.service.break_database();
    // Before it writes, the service need not notice what others do to its database.
    for path in [
        format!("/v1/register/xmpp/{}/{}", AMY.jid, AMY.jid),
        format!("/v1/confirm/{}/{}", AMY.phone_hash(), AMY.jid),
    ] {
        assert_error(&http.get(&path).await, (500, "internal_server_error"), &path);
    }
    assert_eq!(http.get("/version").await.status, 200);
    assert_eq!(world.service.log().count("panicked"), 0);
}

#[track_caller]
pub(crate) fn assert_error(reply: &Reply, (status, code): (u16, &str), request: &str) {
    let shown: String = request.chars().take(300).collect();
    assert_eq!(reply.error(), (status, code.to_owned()), "{shown}: {}", reply.body);
    let Value::Object(error) = &reply.json()["error"] else { panic!("{}", reply.body) };
    // Only a limit has a third member: its name.
    assert_eq!(error.len(), if status == 429 { 3 } else { 2 }, "{}", reply.body);
}
