//! HTTP requests that no client would make.

use itseme_tests::{World, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::{goes_on, still_works};

/// Connections that stay open are ended soon.
const PATIENCE: &str = "[http]\nrequest_timeout = '2s'";

#[tokio::test]
async fn what_is_wrong_is_refused_and_hurts_nobody() {
    let world = World::with(PATIENCE).await;
    let port = world.service.http_port();
    let mut answers = JoinSet::new();
    for (request, expected) in refused().into_iter().chain(served()) {
        answers.spawn(async move {
            let statuses = statuses(port, request.as_bytes()).await;
            let shown: String = request.chars().take(200).collect();
            (shown, expected, statuses)
        });
    }
    for (request, expected, statuses) in answers.join_all().await {
        // To end the connection is an answer as well, where no request can be made out.
        let is_refused = statuses.is_empty() && expected >= 400;
        assert!(is_refused || statuses == [expected], "{statuses:?} instead of {expected}: {request:?}");
    }
    still_works(&world).await;
}

/// Where a proxy and the service could disagree where a request ends, nothing after it is taken for another.
#[tokio::test]
async fn no_request_is_smuggled() {
    let world = World::with(PATIENCE).await;
    let smuggled = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity, chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\u{b}chunked",
        " Transfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: 5 5",
    ] {
        let request = format!("POST /v1/confirm HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n0\r\n\r\n{smuggled}");
        let statuses = statuses(world.service.http_port(), request.as_bytes()).await;
        assert!(statuses.len() <= 1 && !statuses.contains(&200), "{headers:?}: {statuses:?}");
    }
    goes_on(&world).await;
}

#[tokio::test]
async fn requests_in_one_go_are_all_answered_in_order() {
    let world = World::with(PATIENCE).await;
    let one = "GET /version HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    let statuses = statuses(world.service.http_port(), one.repeat(200).as_bytes()).await;
    assert_eq!(statuses, [200, 404].repeat(200));
    goes_on(&world).await;
}

/// Requests, and the status that refuses each.
fn refused() -> Vec<(String, u16)> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let with = |headers: &str| format!("GET /version HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n");
    let chunked = |body: &str| {
        format!("POST /v1/confirm HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    let long = "x".repeat(100_000);
    let many: String = (0..2000).map(|number| format!("X-{number}: y\r\n")).collect();
    let nested = |open: &str, close: &str| post(&format!("{}{}", open.repeat(20_000), close.repeat(20_000)));
    vec![
        ("GET /version\r\n\r\n".to_owned(), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".to_owned(), 400),
        ("GET /ver\0sion HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        ("GET  HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 400),
        ("CONNECT localhost:25 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        (get("/version%00"), 404),
        (get("/%76ersion/"), 404),
        (get("//version"), 404),
        (get("/v1/../version"), 404),
        (get("/v1/confirm/%ff/amy@example.org"), 404),
        (get(&format!("/{long}")), 414),
        (get(&format!("/version?{}", "a=b&".repeat(40_000))), 414),
        (with("X: \0"), 400),
        (with("X Y: z"), 400),
        (with(&format!("X: {}", "x".repeat(1 << 20))), 431),
        (with(&many), 431),
        (chunked("ffffffffffffffffff\r\nx"), 400),
        (chunked("-1\r\nx\r\n0\r\n\r\n"), 400),
        (chunked("5\r\nx\r\n0\r\n\r\n"), 400),
        (chunked(&format!("1;{long}\r\nx\r\n0\r\n\r\n")), 400),
        (post(""), 400),
        (post("\u{feff}{}"), 400),
        (post("{\"target\": \"a@b\", \"hashes\": [1e999]}"), 400),
        (post("{\"target\": \"a@b\", \"hashes\": [\"\\ud800\"]}"), 400),
        (post(&format!("{{\"target\": {}, \"hashes\": [\"x\"]}}", "9".repeat(50_000))), 400),
        (nested("[", "]"), 400),
        (nested("{\"\":", "}"), 400),
        (post(&"x".repeat(200_000)), 413),
    ]
}

/// Odd as well, but right.
fn served() -> Vec<(String, u16)> {
    let get = |path: &str| (format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    vec![
        // RFC 9112, 3.2.2: as to a proxy.
        get("http://evil.example/version"),
        get("/v1/confirm/%00/%00"),
        get("/v1/confirm/a%2fb/..%2f..%2f"),
        get("/v1/confirm/%E2%80%AE/%0d%0aSet-Cookie:%20a=b"),
        get("/version?%00=%ff&&&=&a"),
        get("/v1/confirm?target=%ff%00&hashes"),
        // The last of two keys counts.
        (post("{\"target\": 1, \"target\": \"a@b\", \"hashes\": [\"x\"]}"), 200),
        ("GET /version HTTP/1.0\n\n".to_owned(), 200),
    ]
}

fn post(body: &str) -> String {
    format!("POST /v1/confirm HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The statuses that come back until the service ends the connection.
async fn statuses(port: u16, request: &[u8]) -> Vec<u16> {
    let connection = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let (mut read, mut write) = connection.into_split();
    let mut answer = Vec::new();
    // Refused early, the rest need not be taken.
    let both = async { tokio::join!(write.write_all(request), read.read_to_end(&mut answer)) };
    let _ = within("the end of the connection", both).await;
    let answer = String::from_utf8_lossy(&answer);
    let heads = answer.split("HTTP/1.").skip(1);
    let statuses: Vec<u16> = heads.filter_map(|head| head.get(2..5)?.parse().ok()).collect();
    assert!(statuses.iter().all(|status| *status < 500), "{answer}");
    assert!(!answer.contains("Set-Cookie"), "{answer}");
    statuses
}
