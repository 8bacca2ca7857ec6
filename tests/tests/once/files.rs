//! The files that browsers, search engines and people who have found a hole look for by their names.

use itseme_tests::{Http, Reply, World};
use serde_json::json;

const SECURITY: &str = "/.well-known/security.txt";

async fn text(http: &Http, path: &str) -> String {
    let reply = http.get(path).await;
    let type_ = reply.header("content-type");
    assert_eq!((reply.status, type_), (200, Some("text/plain; charset=utf-8")), "{path}");
    assert_eq!(reply.header("cache-control"), Some("public, max-age=86400"), "{path}");
    reply.body
}

#[tokio::test]
async fn browsers_and_search_engines_find_theirs() {
    let world = World::start().await;
    let http = world.http();
    let icon = http.get("/favicon.ico").await;
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/png")));
    assert_eq!(icon.header("cache-control"), Some("public, max-age=86400"));
    assert_eq!(icon.header("x-content-type-options"), Some("nosniff"));
    assert!(icon.body.contains("PNG"));
    let robots = text(&http, "/robots.txt").await;
    assert!(robots.starts_with("User-agent: *\n") && robots.ends_with("\nDisallow: /\n"), "{robots}");
    for path in ["/favicon.ico", "/robots.txt"] {
        let reply: Reply = http.post(path, &json!({})).await;
        assert_eq!(reply.error(), (405, "method_not_allowed".into()));
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_to_tell_of_a_hole_is_there_when_the_admin_names_somebody() {
    let mut world = World::start().await;
    let http = world.http();
    assert_eq!(http.get(SECURITY).await.error(), (404, "not_found".into()));
    let told = "[service]\naddresses = { security = [\"mailto:security@example.org\", \"https://example.org/report\"] }";
    world.service.reload(told).await;
    let text = text(&http, SECURITY).await;
    let fields: Vec<(&str, &str)> = text.lines().map(|line| line.split_once(": ").unwrap()).collect();
    let [(_, mail), (_, page), (_, expires), (_, languages), (_, canonical)] = fields[..] else {
        panic!("{text}")
    };
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Contact", "Contact", "Expires", "Preferred-Languages", "Canonical"]);
    assert_eq!((mail, page), ("mailto:security@example.org", "https://example.org/report"));
    assert!(expires.ends_with("T00:00:00Z") && expires.len() == 20, "{expires}");
    assert_eq!(languages, "en, de, fr, es");
    assert_eq!(canonical, format!("{}{SECURITY}", http.base()));
}
