//! Where the admin requires tokens, nobody asks over HTTP in another's name.

use itseme_client::{Event, Session};
use itseme_tests::{
    AMY, EVE, Http, MICHAEL, Needle, Person, Reply, World, code_in, find, introduction, next_event, shapes,
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn nobody_asks_in_anothers_name() {
    let world = World::with("[http]\nrequire_token = true").await;
    let (amy, michael, http) = (world.client(&AMY).await, world.client(&MICHAEL).await, world.http());
    let tokens = [prove(&http, &amy, &AMY, "POST").await, prove(&http, &michael, &MICHAEL, "GET").await];
    let [amys, michaels] = [&tokens[0], &tokens[1]].map(String::as_str);

    let unconfirmed = ask_all(&http, &EVE, None).await;
    let without = ask_all(&http, &AMY, None).await;
    let with_anothers = ask_all(&http, &AMY, Some(michaels)).await;
    for (refused, challenge) in [
        (unconfirmed, "Bearer realm=\"it-se.me\""),
        (without, "Bearer realm=\"it-se.me\""),
        (with_anothers, "Bearer realm=\"it-se.me\", error=\"invalid_token\""),
    ] {
        for reply in refused {
            assert_eq!(reply.error(), (401, "target_unconfirmed".into()));
            assert_eq!(reply.header("www-authenticate"), Some(challenge));
        }
    }

    prove_phone(&world, &http, &AMY, amys).await;
    prove_phone(&world, &http, &MICHAEL, michaels).await;
    for reply in ask_all(&http, &MICHAEL, Some(michaels)).await {
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    shapes::assert_introduction(&introduction(&amy).await, &AMY, &MICHAEL, &[("phone", MICHAEL.phone)]);

    let needles = tokens.each_ref().map(|token| Needle::text("a token", token));
    assert_eq!(find(&world.service.data(), &needles), Vec::<String>::new());
    let log = world.service.log().text();
    assert!(!needles.iter().any(|needle| needle.is_in(log.as_bytes())));
    forget(&http, &amy).await;
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    for reply in ask_all(&http, &AMY, Some(amys)).await {
        assert_eq!(reply.status, 401, "a token goes with what it was for");
    }
}

#[tokio::test]
async fn web_pages_may_show_tokens_and_other_calls_need_none() {
    let world = World::with("[http]\nrequire_token = true").await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    let preflight = http
        .request(Method::OPTIONS, "/v1/contact")
        .header("origin", "https://app.example.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type");
    let allowed = Reply::to(preflight).await;
    assert_eq!(allowed.status, 200);
    assert!(
        allowed
            .header("access-control-allow-headers")
            .is_some_and(|headers| headers.contains("authorization"))
    );

    // Natively, nothing is different; and what came natively is verified on the page without a token.
    amy.register("email", AMY.email, false).await.unwrap();
    let code = world.mail.take(AMY.email).await.code();
    let page = format!("/verify/{}", AMY.email_hash());
    let done = Reply::to(http.request(Method::POST, &page).form(&[("code", code)])).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let confirmed = http.get(&format!("/v1/confirm/{}/{}", AMY.email_hash(), AMY.jid)).await.ok();
    assert_eq!(confirmed, json!({"confirmed": true}));
}

#[tokio::test]
async fn unless_the_admin_wants_them_there_are_none() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    assert_eq!(prove_itself(&http, &amy, &AMY, "POST").await.ok(), json!({"confirmed": true}));
    let plain = json!({"provider": "phone", "id": AMY.phone, "target": AMY.jid});
    assert_eq!(http.post("/v1/register", &plain).await.ok()["status"], "pending");
}

/// Registers over HTTP in all ways, and asks to be introduced to Amy, in the name of `person`.
async fn ask_all(http: &Http, person: &Person, token: Option<&str>) -> [Reply; 3] {
    let register = json!({"provider": "email", "id": person.email, "target": person.jid});
    let contact = json!({
        "target": person.jid,
        "contact_info": [{"provider": "phone", "id": person.phone}],
        "contacts": [AMY.phone_hash()],
    });
    let path = format!("/v1/register/email/{}/{}", person.email, person.jid);
    [
        ask(http.request(Method::GET, &path), token).await,
        ask(http.request(Method::POST, "/v1/register").json(&register), token).await,
        ask(http.request(Method::POST, "/v1/contact").json(&contact), token).await,
    ]
}

async fn ask(request: reqwest::RequestBuilder, token: Option<&str>) -> Reply {
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    Reply::to(request).await
}

/// The token that proving the JID itself gives.
async fn prove(http: &Http, client: &Session, person: &Person, verify: &str) -> String {
    let reply = prove_itself(http, client, person, verify).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let answer = reply.ok();
    assert_eq!(answer["confirmed"], true);
    answer["token"].as_str().expect("a token").to_owned()
}

async fn prove_itself(http: &Http, client: &Session, person: &Person, verify: &str) -> Reply {
    let path = format!("/v1/register/xmpp/{}/{}", person.jid, person.jid);
    assert_eq!(http.get(&path).await.ok()["status"], "pending");
    let code = next_event(client, |event| match event {
        Event::Code { raw, .. } => Some(raw),
        _ => None,
    });
    let code = shapes::assert_code_for_jid(&code.await, person);
    match verify {
        "GET" => http.get(&format!("/v1/verify/{}?code={code}", person.jid_hash())).await,
        _ => http.post("/v1/verify", &json!({"hash": person.jid_hash(), "code": code})).await,
    }
}

async fn prove_phone(world: &World, http: &Http, person: &Person, token: &str) {
    let register = json!({"provider": "phone", "id": person.phone, "target": person.jid});
    let asked = http.request(Method::POST, "/v1/register").json(&register).bearer_auth(token);
    assert_eq!(Reply::to(asked).await.ok()["status"], "pending");
    let code = world.gateway.take(person.phone).await.code();
    let verify = json!({"hash": person.phone_hash(), "code": code});
    assert_eq!(http.post("/v1/verify", &verify).await.ok(), json!({"confirmed": true}));
}

/// Proven by a code, and so without a token.
async fn forget(http: &Http, client: &Session) {
    let mut request = json!({"target": AMY.jid});
    assert_eq!(http.post("/v1/forget", &request).await.ok(), json!({"status": "pending"}));
    let body = next_event(client, |event| match event {
        Event::Notice { body, .. } | Event::Code { body, .. } => Some(body),
        _ => None,
    });
    request["code"] = Value::from(code_in(&body.await).expect("a code to forget with"));
    assert_eq!(http.post("/v1/forget", &request).await.ok(), json!({"status": "forgotten"}));
}
