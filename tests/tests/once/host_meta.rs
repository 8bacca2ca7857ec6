//! Programs that know a web address find the service (RFC 6415).

use itseme_tests::{Element, Reply, SERVICE, World};
use reqwest::Method;
use serde_json::json;

const XRD: &str = "/.well-known/host-meta";
const JRD: &str = "/.well-known/host-meta.json";

#[tokio::test]
async fn it_names_the_api_and_the_component() {
    let world = World::start().await;
    let http = world.http();
    let (base, component) = (http.base(), format!("xmpp:{SERVICE}"));
    let xrd = http.get(XRD).await;
    assert_eq!((xrd.status, xrd.header("content-type")), (200, Some("application/xrd+xml")));
    let xrd: Element = xrd.body.parse().unwrap();
    assert!(xrd.is("XRD", "http://docs.oasis-open.org/ns/xri/xrd-1.0"));
    let links: Vec<_> =
        xrd.children().map(|link| (link.name(), link.attr("rel"), link.attr("href"))).collect();
    let expected = [("it-se.me:http", base), ("it-se.me:xmpp", component.as_str())];
    assert_eq!(links, expected.map(|(rel, href)| ("Link", Some(rel), Some(href))));

    let expected = expected.map(|(rel, href)| json!({"rel": rel, "href": href}));
    assert_eq!(http.get(JRD).await.ok(), json!({ "links": expected }));
}

#[tokio::test]
async fn pages_of_every_origin_read_it() {
    let world = World::with("[http]\ncors_origins = ['https://app.example.org']").await;
    let http = world.http();
    let elsewhere = "https://elsewhere.example";
    let from = |method, path| http.request(method, path).header("origin", elsewhere);
    for path in [XRD, JRD] {
        let reply = Reply::to(from(Method::GET, path)).await;
        assert_eq!(
            (reply.status, reply.header("access-control-allow-origin")),
            (200, Some(elsewhere)),
            "{path}"
        );
        let preflight = from(Method::OPTIONS, path).header("access-control-request-method", "GET");
        assert_eq!(Reply::to(preflight).await.status, 200, "{path}");
    }
    let refused = Reply::to(from(Method::GET, "/version")).await;
    assert_eq!(refused.error(), (403, "foreign_origin".into()));
}

#[tokio::test]
async fn nothing_else_is_there() {
    let world = World::start().await;
    let http = world.http();
    for path in [XRD, JRD] {
        assert_eq!(http.get(&format!("{path}/")).await.status, 200, "{path}");
        let reply = http.post(path, &json!({})).await;
        assert_eq!(reply.error(), (405, "method_not_allowed".into()));
        assert_eq!(reply.header("allow"), Some("GET, HEAD, OPTIONS"));
    }
    for path in ["/.well-known", "/.well-known/security.txt", "/.well-known/host-meta/more"] {
        assert_eq!(http.get(path).await.error(), (404, "not_found".into()), "{path}");
    }
}
