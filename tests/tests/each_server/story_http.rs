//! The whole story over HTTP, as the API document tells it. The clients only listen here.

use itseme_client::{Event, Session};
use itseme_tests::{
    AMY, Element, Form, Http, MICHAEL, Person, Reply, World, code_in, hash, introduction, next_event, shapes,
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn amy_and_michael_find_each_other() {
    let world = World::start().await;
    let (amy, michael, http) = (world.client(&AMY).await, world.client(&MICHAEL).await, world.http());

    prove_jid(&http, &amy, &AMY).await;
    prove_jid(&http, &michael, &MICHAEL).await;
    prove_phone_with_get(&world, &http, &AMY, "+447700900123").await;
    prove_phone_with_get(&world, &http, &MICHAEL, "%2B44%207700%20900-456").await;
    prove_email_with_post(&world, &http, &AMY).await;
    prove_email_in_a_browser(&world, &http, &MICHAEL).await;

    let request = json!({
        "target": MICHAEL.jid,
        "contact_info": [
            {"protocol": "phone", "id": "+44 7700 900456"},
            {"provider": "email", "id": "Michael@Example.org"},
            {"protocol": "phone", "id": AMY.phone},
            {"protocol": "phone", "id": "no number"},
        ],
        "contacts": [AMY.phone_hash(), hash("phone", "+447700900001")],
    });
    assert_eq!(http.post("/v1/contact/", &request).await.ok(), json!({"status": "requests_send"}));
    let proven = [("phone", MICHAEL.phone), ("email", MICHAEL.email)];
    shapes::assert_introduction(&introduction(&amy).await, &AMY, &MICHAEL, &proven);

    confirms_in_all_ways(&http).await;
    forgets(&http, &amy).await;
}

/// Registered by anybody, proven with the code that the JID is sent by XMPP.
async fn prove_jid(http: &Http, client: &Session, person: &Person) {
    let path = format!("/v1/register/xmpp/{}/{}", person.jid.replace('@', "%40"), person.jid);
    let pending = json!({"status": "pending", "hash": person.jid_hash()});
    assert_eq!(http.get(&path).await.ok(), pending);
    let code = shapes::assert_code_for_jid(&code_message(client).await, person);
    let verify = format!("/v1/verify/{}?code={code}", person.jid_hash());
    assert_eq!(http.get(&verify).await.ok()["confirmed"], json!(true));
}

async fn prove_phone_with_get(world: &World, http: &Http, person: &Person, in_path: &str) {
    let path = format!("/v1/register/phone/{in_path}/{}/", person.jid);
    let pending = json!({"status": "pending", "hash": person.phone_hash()});
    assert_eq!(http.get(&path).await.ok(), pending);
    let code = world.gateway.take(person.phone).await.code();
    let verify = format!("/v1/verify/{}/?code={code}", person.phone_hash().to_uppercase());
    assert_eq!(http.get(&verify).await.ok()["confirmed"], json!(true));
}

async fn prove_email_with_post(world: &World, http: &Http, person: &Person) {
    register_email(http, person).await;
    let code = world.mail.take(person.email).await.code();
    let verify = json!({"hash": person.email_hash(), "code": code});
    assert_eq!(http.post("/v1/verify", &verify).await.ok()["confirmed"], json!(true));
}

/// The mail has a link, to a page that changes nothing until its button is pressed.
async fn prove_email_in_a_browser(world: &World, http: &Http, person: &Person) {
    register_email(http, person).await;
    let mail = world.mail.take(person.email).await;
    let path = link_in(&mail.text, http);
    // No hash in it: filters do not like long numbers.
    assert!(mail.html.contains(&path) && !mail.html.contains(&person.email_hash()), "{}", mail.html);

    let page = http.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert!(!is_confirmed(http, person, &person.email_hash()).await, "the GET was inert");

    // Pressed twice, and opened again later, it says the same.
    for _ in 0..2 {
        let done = press(http, &path, &Form::on(&page.body)).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert!(done.body.contains(person.jid), "{}", done.body);
        assert!(is_confirmed(http, person, &person.email_hash()).await);
    }
    let code = Form::on(&page.body).fields.iter().find(|(name, _)| name == "code").unwrap().1.clone();
    let again = json!({"hash": person.email_hash(), "code": code});
    assert_eq!(http.post("/v1/verify", &again).await.error(), (404, "not_found".into()));
}

async fn register_email(http: &Http, person: &Person) {
    let request = json!({"provider": "email", "id": person.email, "target": person.jid});
    let pending = json!({"status": "pending", "hash": person.email_hash()});
    assert_eq!(http.post("/v1/register", &request).await.ok(), pending);
}

/// The path of the one link in the mail that verifies, which begins with the configured public URL.
fn link_in(text: &str, http: &Http) -> String {
    let links: Vec<&str> =
        text.split_whitespace().filter_map(|word| word.strip_prefix(http.base())).collect();
    let verifying: Vec<_> = links.iter().filter(|link| link.starts_with("/verify/")).collect();
    assert_eq!((links.len(), verifying.len()), (2, 1), "{text}");
    (*verifying[0]).to_owned()
}

async fn press(http: &Http, page: &str, form: &Form) -> Reply {
    assert_eq!(form.method, "post");
    let page = reqwest::Url::parse(&format!("{}{page}", http.base())).unwrap();
    let action = page.join(&form.action).unwrap();
    let path = action.as_str().strip_prefix(http.base()).expect("a form of this service");
    let request = http.request(Method::POST, path).header("accept", "text/html").form(&form.fields);
    Reply::to(request).await
}

async fn confirms_in_all_ways(http: &Http) {
    let (phone, email, jid) = (AMY.phone_hash(), AMY.email_hash(), AMY.jid);
    assert!(is_confirmed(http, &AMY, &phone.to_uppercase()).await);
    assert!(!is_confirmed(http, &MICHAEL, &phone).await);
    assert!(!is_confirmed(http, &AMY, "nonsense").await);

    let both = json!({"target": jid, "hashes": [phone, email]});
    let mixed = json!({"target": jid, "hashes": [phone, MICHAEL.phone_hash()]});
    for (request, expected) in [(both, true), (mixed, false)] {
        assert_eq!(http.post("/v1/confirm", &request).await.ok(), json!({"confirmed": expected}));
        assert_eq!(http.post("/v1/confirm/", &request).await.ok(), json!({"confirmed": expected}));
    }
    let query = format!("/v1/confirm?target={jid}&hashes={phone}&hashes={email}");
    assert_eq!(http.get(&query).await.ok(), json!({"confirmed": true}));
    let query = format!("/v1/confirm?target={jid}&hashes={phone}&hashes={}", MICHAEL.phone_hash());
    assert_eq!(http.get(&query).await.ok(), json!({"confirmed": false}));
}

/// Without an XMPP client, but proven by a code that comes by XMPP.
async fn forgets(http: &Http, client: &Session) {
    let mut request = json!({"target": AMY.jid, "hashes": [AMY.phone_hash()]});
    assert_eq!(http.post("/v1/forget", &request).await.ok(), json!({"status": "pending"}));
    request["code"] = forget_code(client).await;
    assert_eq!(http.post("/v1/forget", &request).await.ok(), json!({"status": "forgotten"}));
    assert!(!is_confirmed(http, &AMY, &AMY.phone_hash()).await);
    assert!(is_confirmed(http, &AMY, &AMY.email_hash()).await);

    let mut request = json!({"target": AMY.jid});
    assert_eq!(http.post("/v1/forget/", &request).await.ok(), json!({"status": "pending"}));
    request["code"] = forget_code(client).await;
    assert_eq!(http.post("/v1/forget/", &request).await.ok(), json!({"status": "forgotten"}));
    assert!(!is_confirmed(http, &AMY, &AMY.email_hash()).await);
    assert!(!is_confirmed(http, &AMY, &AMY.jid_hash()).await);
}

#[tokio::test]
async fn a_code_is_sent_again_only_on_request() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    let path = format!("/v1/register/xmpp/{}/{}", AMY.jid, AMY.jid);
    let first = http.get(&path).await.ok();
    assert_eq!(http.get(&path).await.ok(), first, "the same answer");
    assert_eq!(http.get(&format!("{path}?resend=1")).await.ok(), first);

    // Two messages, not three: the second one is the one asked for, and so the one that counts.
    let old = shapes::assert_code_for_jid(&code_message(&amy).await, &AMY);
    let new = shapes::assert_code_for_jid(&code_message(&amy).await, &AMY);
    if old != new {
        let verify = format!("/v1/verify/{}?code={old}", AMY.jid_hash());
        assert_eq!(http.get(&verify).await.error(), (400, "faulty_code".into()));
    }
    let verify = format!("/v1/verify/{}?code={new}", AMY.jid_hash());
    assert_eq!(http.get(&verify).await.ok()["confirmed"], json!(true));
}

#[tokio::test]
async fn the_version_is_there() {
    let world = World::start().await;
    for path in ["/version", "/version/"] {
        let version = world.http().get(path).await.ok();
        assert!(version["version"].as_str().is_some_and(|version| !version.is_empty()), "{version}");
    }
}

async fn is_confirmed(http: &Http, person: &Person, hash: &str) -> bool {
    let answer = http.get(&format!("/v1/confirm/{hash}/{}", person.jid)).await.ok();
    let slashed = http.get(&format!("/v1/confirm/{hash}/{}/", person.jid.replace('@', "%40"))).await.ok();
    assert_eq!(answer, slashed);
    assert_eq!(answer, json!({"confirmed": answer["confirmed"].as_bool().unwrap()}));
    answer["confirmed"] == json!(true)
}

async fn code_message(client: &Session) -> Element {
    next_event(client, |event| match event {
        Event::Code { raw, .. } => Some(raw),
        _ => None,
    })
    .await
}

async fn forget_code(client: &Session) -> Value {
    let body = next_event(client, |event| match event {
        Event::Notice { body, .. } | Event::Code { body, .. } => Some(body),
        _ => None,
    });
    code_in(&body.await).expect("a code to forget with").into()
}
