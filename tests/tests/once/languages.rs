//! Mails and pages are in the language of whoever asks.

use itseme_tests::{AMY, Http, Reply, World};
use reqwest::Method;
use serde_json::{Value, json};

/// `POST` by a client that likes `languages`.
async fn post(http: &Http, languages: &str, path: &str, body: &Value) -> Reply {
    let request = http.request(Method::POST, path).header("accept-language", languages);
    Reply::to(request.json(body)).await
}

#[tokio::test]
async fn over_http_mails_and_pages_are_in_an_accepted_language() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    let registration = json!({"provider": "email", "id": AMY.email, "target": AMY.jid});
    post(&http, "it, de-AT;q=0.8, en;q=0.3", "/v1/register", &registration).await.ok();
    let mail = world.mail.take(AMY.email).await;
    assert!(mail.subject.contains("ist dein Code"), "{mail:?}");
    assert!(mail.text.starts_with("Hallo"), "{mail:?}");
    assert!(mail.html.contains("lang=\"de\""), "{mail:?}");

    let path = format!("/verify/{}?code={}", AMY.email_hash(), mail.code());
    for (languages, expected) in [("fr", "fr"), ("pt, es", "es"), ("*", "en"), ("äöü", "en"), ("", "en")] {
        let page = http.request(Method::GET, &path).header("accept-language", languages.as_bytes());
        let page = Reply::to(page).await;
        assert!(page.body.contains(&format!("<html lang=\"{expected}\">")), "{languages}: {page:?}");
    }
    // So is the message of an error; its code stays as it is.
    let refused = post(&http, "de", "/v1/verify", &json!({"hash": AMY.email_hash(), "code": "1"})).await;
    assert!(refused.body.contains("Dieser Code ist falsch"), "{refused:?}");
    assert_eq!(refused.error(), (400, "faulty_code".into()));
}

#[tokio::test]
async fn without_a_word_it_is_the_configured_one() {
    let world = World::with("[service]\nlanguage = \"fr\"").await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    http.post("/v1/register", &json!({"provider": "email", "id": AMY.email, "target": AMY.jid})).await.ok();
    let mail = world.mail.take(AMY.email).await;
    assert!(mail.html.contains("lang=\"fr\""), "{mail:?}");
}
