//! People whose browser goes to an address of the API read errors on a page. Programs, and scripts of pages, get JSON.

use itseme_tests::{
    AMY, Http, Reply, World,
    oauth::{Browser, Consent},
};
use reqwest::Method;
use serde_json::json;

/// Browsers that show the answer: one that says so, and one that does not.
const NAVIGATE: [&[(&str, &str)]; 2] = [
    &[
        ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("accept-language", "de,en;q=0.5"),
    ],
    &[
        ("accept", "text/html,*/*;q=0.8"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:60.0)"),
        ("accept-language", "de"),
    ],
];
/// Scripts of pages, and programs.
const CALLS: [&[(&str, &str)]; 4] = [
    &[("accept", "*/*"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
    &[
        ("accept", "*/*"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:60.0)"),
        ("x-requested-with", "XMLHttpRequest"),
    ],
    &[("accept", "application/json"), ("accept-language", "de")],
    &[],
];

async fn get(http: &Http, path: &str, headers: &[(&str, &str)]) -> Reply {
    let request = http.request(Method::GET, path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Reply::to(request).await
}

#[track_caller]
fn assert_page(reply: &Reply, status: u16, words: &str, home: &str) {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (status, Some("text/html; charset=utf-8")),
        "{reply:?}"
    );
    assert!(reply.body.contains("<html lang=\"de\">") && reply.body.contains(words), "{}", reply.body);
    assert!(reply.body.contains(&format!("<a href=\"{home}\">")), "{}", reply.body);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(reply.header("vary"), Some("accept, accept-language, sec-fetch-mode"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn errors_are_pages_for_people_and_json_for_programs() {
    let world = World::start().await;
    let (amy, http) = (world.client(&AMY).await, world.http());
    amy.register("xmpp", AMY.jid, false).await.unwrap();
    for (path, status, code, words) in [
        ("/nothing/here", 404, "not_found", "Unter diesem Pfad gibt es nichts"),
        ("/v1/nothing", 404, "not_found", "Unter diesem Pfad gibt es nichts"),
        ("/v1/contact", 405, "method_not_allowed", "Methode"),
        ("/v1/register/phone/12/amy@localhost", 400, "value_error", "Telefonnummer"),
        ("/v1/register/phone/+447700900123/eve@localhost", 401, "target_unconfirmed", "eve@localhost"),
        (&format!("/v1/verify/{}", AMY.phone_hash()), 400, "missing_code", "Code"),
    ] {
        for headers in NAVIGATE {
            let reply = get(&http, path, headers).await;
            assert_page(&reply, status, words, "/");
            assert_eq!(reply.header("allow").is_some(), status == 405, "{path}");
        }
        for headers in CALLS {
            assert_eq!(get(&http, path, headers).await.error(), (status, code.into()), "{path} {headers:?}");
        }
    }
    // What succeeds is JSON for everybody.
    for headers in NAVIGATE.iter().chain(&CALLS) {
        let confirmed = get(&http, &format!("/v1/confirm/{}/{}", AMY.jid_hash(), AMY.jid), headers).await;
        assert_eq!(confirmed.ok(), json!({"confirmed": true}));
    }
}

#[tokio::test]
async fn errors_are_in_the_language_that_is_asked_for() {
    let world = World::start().await;
    let path = format!("/v1/verify/{}", AMY.phone_hash());
    for (headers, words) in [
        (&[][..], "Please enter the code"),
        (&[("accept-language", "tlh")], "Please enter the code"),
        (&[("accept-language", "de-AT, en;q=0.5")], "Bitte gib den Code ein"),
        (
            &[
                ("accept-language", "fr"),
                ("origin", "https://app.example.org"),
                ("sec-fetch-mode", "cors"),
                ("sec-fetch-dest", "empty"),
            ],
            "code",
        ),
    ] {
        let reply = get(&world.http(), &path, headers).await;
        assert_eq!(reply.error(), (400, "missing_code".into()), "{headers:?}");
        let answer = reply.json();
        assert_eq!(answer["confirmed"], false);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{headers:?}: {message}");
        let is_of_a_page = headers.iter().any(|(name, _)| *name == "origin");
        assert_eq!(reply.header("access-control-allow-origin").is_some(), is_of_a_page);
    }
}

#[tokio::test]
async fn the_page_says_when_to_come_back_and_where_the_start_page_is() {
    let world = World::with(
        "[limits]\nrequests_per_second = 1\nrequest_burst = 1\n[http]\npublic_url = \"https://example.org/itseme\"",
    )
    .await;
    let http = world.http();
    let replies = [get(&http, "/version", NAVIGATE[0]).await, get(&http, "/version", NAVIGATE[0]).await];
    let refused = replies.iter().find(|reply| reply.status != 200).expect("one is refused");
    assert_page(refused, 429, "zu oft", "/itseme/");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_browser_shows_the_page() {
    let world = World::start().await;
    let browser = Browser::start().await;
    let base = world.http().base().to_owned();
    for (path, status) in [("/nothing", 404), ("/v1/contact", 405)] {
        let page = browser.sign_in(&format!("{base}{path}"), "nobody", Consent::Allow, "fr").await;
        assert_eq!((page.status, page.lang.as_str()), (status, "fr"), "{page:?}");
        assert!(page.text.contains("page d’accueil"), "{page:?}");
    }
}
