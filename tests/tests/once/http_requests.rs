//! Requests that are wrong before they are any operation's: bodies, paths, methods, origins, and bytes that are no HTTP.

use itseme_tests::{AMY, Http, Reply, World, within};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::http_errors::assert_error;

#[tokio::test]
async fn bad_bodies() {
    let world = World::start().await;
    let http = world.http();
    for path in ["/v1/register", "/v1/verify", "/v1/contact", "/v1/confirm", "/v1/forget"] {
        for body in [&b""[..], b"{", b"nothing", b"{\"target\": \"\xff\"}", b"\0"] {
            let reply = Reply::to(http.request(Method::POST, path).body(body)).await;
            assert_error(&reply, (400, "json_decode_error"), path);
        }
        let large = vec![b' '; 128 * 1024 + 1];
        let reply = Reply::to(http.request(Method::POST, path).body(large)).await;
        assert_error(&reply, (413, "too_many_requested"), path);
    }
    // Whatever the Content-Type says, it is JSON.
    let body = json!({"target": AMY.jid, "hashes": ["ab"]}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let request =
            http.request(Method::POST, "/v1/confirm").header("content-type", kind).body(body.clone());
        assert_eq!(Reply::to(request).await.ok(), json!({"confirmed": false}));
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let world = World::start().await;
    let http = world.http();
    for path in [
        "/index.html",
        "/web/nothing.js",
        "/v1",
        "/v1/nothing",
        "/v2/confirm",
        "/v1/register/phone",
        "/%00",
        "/v1/register/phone/%FF/amy@localhost",
        "/v1/confirm/a/b/c/d",
    ] {
        let reply = http.get(path).await;
        assert_eq!(reply.error().0, 404, "{path}: {reply:?}");
    }
    for (method, path) in [
        (Method::GET, "/v1/contact"),
        (Method::DELETE, "/v1/confirm"),
        (Method::POST, "/version"),
        (Method::PUT, "/v1/register"),
        (Method::GET, "/v1/forget"),
    ] {
        let reply = Reply::to(http.request(method.clone(), path)).await;
        assert_eq!(reply.error().0, 405, "{method} {path}: {reply:?}");
    }
}

#[tokio::test]
async fn who_tries_a_method_that_is_not_taken_is_told_which_are() {
    let world = World::start().await;
    let http = world.http();
    let hash = AMY.phone_hash();
    for path in [
        "/version".to_owned(),
        "/v1/register".to_owned(),
        format!("/v1/register/phone/{}/{}", AMY.phone, AMY.jid),
        format!("/v1/verify/{hash}"),
        "/v1/verify/".to_owned(),
        "/v1/callback".to_owned(),
        "/v1/contact".to_owned(),
        "/v1/confirm".to_owned(),
        format!("/v1/confirm/{hash}/{}", AMY.jid),
        "/v1/forget".to_owned(),
        format!("/verify/{hash}"),
        "/stop/nonsense".to_owned(),
    ] {
        let refused = Reply::to(http.request(Method::DELETE, &path)).await;
        assert_eq!(refused.error().0, 405, "{path}");
        let allowed: Vec<&str> = refused.header("allow").expect("Allow").split(", ").collect();
        let options = Reply::to(http.request(Method::OPTIONS, &path)).await;
        assert_eq!((options.status, options.header("allow")), (204, refused.header("allow")), "{path}");
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::OPTIONS];
        for method in methods {
            let reply = Reply::to(http.request(method.clone(), &path)).await;
            assert_eq!(reply.status != 405, allowed.contains(&method.as_str()), "{method} {path}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn options_are_told_of_the_server_and_of_every_path() {
    let world = World::start().await;
    let http = world.http();
    for (path, allowed) in
        [("/v1/forget", "POST, OPTIONS"), ("/v1/nothing", "GET, HEAD, OPTIONS"), ("/", "GET, HEAD, OPTIONS")]
    {
        let reply = Reply::to(http.request(Method::OPTIONS, path)).await;
        assert_eq!(
            (reply.status, reply.header("allow"), reply.body.as_str()),
            (204, Some(allowed), ""),
            "{path}"
        );
        assert_eq!(reply.header("access-control-allow-methods"), None);
    }
    // No client library sends this.
    let mut stream = TcpStream::connect(("127.0.0.1", world.service.http_port())).await.unwrap();
    stream.write_all(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("allow: GET, HEAD, POST, OPTIONS\r\n"), "{answer}");
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let world = World::start().await;
    let http = world.http();
    for path in
        ["/version", "/v1/nothing", "/v1/verify/ab", &format!("/verify/{}?code=1234", AMY.email_hash())]
    {
        let get = http.get(path).await;
        let head = Reply::to(http.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert!(!get.body.is_empty());
        let without_date = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(without_date(&head), without_date(&get), "{path}");
    }
}

#[tokio::test]
async fn web_pages_may_ask() {
    let world = World::start().await;
    let http = world.http();
    let preflight = http
        .request(Method::OPTIONS, "/v1/contact")
        .header("origin", "https://app.example.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let reply = Reply::to(preflight).await;
    assert!((200..300).contains(&reply.status), "{reply:?}");
    assert_allows_app(&reply);
    let methods = reply.header("access-control-allow-methods").unwrap_or_default();
    assert!(methods.contains("POST"), "{methods}");

    // Errors are for them to read as well.
    let request =
        http.request(Method::GET, "/v1/verify/ab?code=1").header("origin", "https://app.example.org");
    let reply = Reply::to(request).await;
    assert_error(&reply, (404, "not_found"), "with an origin");
    assert_allows_app(&reply);
}

#[tokio::test]
async fn only_the_named_origins_may_ask_but_every_browser_may_press_the_button() {
    let world = World::with("[http]\ncors_origins = ['https://app.example.org']").await;
    let http = world.http();
    let from = |method, path: &str, origin: &str| http.request(method, path).header("origin", origin);
    let reply = Reply::to(from(Method::GET, "/version", "https://app.example.org")).await;
    assert_eq!(reply.status, 200);
    assert_allows_app(&reply);
    let reply = Reply::to(from(Method::GET, "/version", "https://evil.example")).await;
    assert_error(&reply, (403, "foreign_origin"), "a foreign page");

    // A page without a referrer sends its forms with this origin.
    let button =
        from(Method::POST, &format!("/verify/{}", AMY.email_hash()), "null").form(&[("code", "123456")]);
    let reply = Reply::to(button).await;
    assert_eq!(reply.status, 404, "nothing waits, and nobody was refused: {reply:?}");
    assert!(reply.body.contains("No registration waits for this code"), "{reply:?}");
}

fn assert_allows_app(reply: &Reply) {
    let allowed = reply.header("access-control-allow-origin");
    assert!(matches!(allowed, Some("*" | "https://app.example.org")), "{reply:?}");
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let world = World::with("[http]\nrequest_timeout = '2s'").await;
    for half in [
        "GET /version HTTP/1.1\r\nHost: x\r\n",
        "POST /v1/confirm HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"target\":",
        "",
    ] {
        let answer = answer_to_half(&world.http(), half).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{half:?}: {answer}");
    }
    assert_eq!(world.http().get("/version").await.status, 200);
}

/// Sends the beginning of a request and waits until the service has enough of it.
async fn answer_to_half(http: &Http, half: &str) -> String {
    let address = http.base().trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(half.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    within("the end of a slow connection", connection.read_to_end(&mut answer)).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_no_http_hurts_nobody() {
    let world = World::start().await;
    for bytes in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET /version HTTP/9.9\r\n\r\n",
        "POST /v1/confirm HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n",
    ] {
        answer_to_half(&world.http(), bytes).await;
    }
    assert_eq!(world.http().get("/version").await.status, 200);
    assert_eq!(world.service.log().count("panicked"), 0);
}
