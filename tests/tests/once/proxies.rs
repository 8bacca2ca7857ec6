//! Behind a real proxy, each client has limits of its own. An admin who forgot to configure it is warned.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use itseme_tests::{AMY, DOCUMENTED, Documented, Http, Nginx, Reply, World};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn clients_are_told_apart() {
    let world = world("['127.0.0.1/32']").await;
    let forms = ["$proxy_add_x_forwarded_for", "$remote_addr:$remote_port", "$remote_addr, 127.0.0.1:443"];
    for (network, forwarded) in (1..).zip(forms) {
        let nginx = Nginx::start(world.service.http_port(), forwarded).await;
        assert_eq!(refused(&nginx, network).await, 0, "{forwarded}");
    }
    assert_eq!(world.service.log().count("X-Forwarded-For"), 0, "nothing is wrong");
}

#[tokio::test]
async fn who_forgets_the_proxy_is_told_once() {
    let mut world = world("[]").await;
    let nginx = Nginx::start(world.service.http_port(), "$proxy_add_x_forwarded_for").await;
    assert!(refused(&nginx, 1).await > 0, "all share the limits of one");
    let told = world.service.says("X-Forwarded-For").await;
    assert!(told.contains("WARN") && told.contains("http.trusted_proxies"), "{told}");
    assert!(!told.contains("127.0.0"), "no address is logged: {told}");
    assert_eq!(world.service.log().count("X-Forwarded-For"), 1);
}

#[tokio::test]
async fn who_has_a_proxy_that_cannot_be_read_is_told_once() {
    let mut world = world("['127.0.0.1/32']").await;
    let nginx = Nginx::start(world.service.http_port(), "unknown").await;
    assert!(refused(&nginx, 1).await > 0, "all share the limits of one");
    let told = world.service.says("X-Forwarded-For").await;
    assert!(told.contains("WARN") && told.contains("cannot be read"), "{told}");
    assert_eq!(world.service.log().count("X-Forwarded-For"), 1);
}

/// Paths with ids of all kinds, encoded as clients must: each stands for one address, and its hash is in the answer.
fn paths() -> Vec<String> {
    let ids = [
        "amy%2Bx",
        "amy+y",
        "a%2Fb",
        "a%2525b",
        "a%25b",
        "a%3Bb",
        "a%3Fb",
        "a%23b",
        "%C3%A4my",
        "a%26b%3Dc",
        "a%27b",
    ];
    let mails = ids.map(|id| format!("/v1/register/email/{id}%40itse.example/amy%40localhost"));
    let others = [
        "/v1/register/phone/%2B447700900123/amy%40localhost",
        "/v1/register/phone/+447700900123/amy@localhost",
        "/v1/register/email/a%20b/amy%40localhost",
        "/v1/register/email/..%2F..%2Fversion/amy%40localhost",
        "/v1/register/email/%2e%2e/amy%40localhost",
        "/v1//register/email/amy/amy",
        "/v1/verify/private-hash?code=75318642&next=https%3A%2F%2Fapp.itse.example%2F",
        "/v1/nothing/%2B447700900123",
        "/version",
    ];
    mails.into_iter().chain(others.map(str::to_owned)).collect()
}

/// What must not be in the logs of a proxy: parts of the ids and codes of [`paths`].
const PRIVATE: [&str; 7] =
    ["7700900123", "itse.example", "amy%40", "amy@", "a%2Fb", "private-hash", "75318642"];

/// What an answer says: its status, and the hash or the error.
async fn says(http: &Http, path: &str) -> (u16, Value) {
    let reply = http.get(path).await;
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let part = |name: &str| body.get(name).cloned().unwrap_or_default();
    (reply.status, [part("hash"), part("error"), part("version")].into_iter().collect())
}

#[tokio::test]
async fn the_documented_proxies_pass_on_what_clients_ask_for_and_log_none_of_it() {
    let world = World::with("[http]\ntrusted_proxies = ['127.0.0.1/32']").await;
    // Answers have the hash of an id only if the target is confirmed.
    let amy = world.client(&AMY).await;
    world.prove(&amy, &AMY).await;
    let direct = world.http();
    let mut right = Vec::new();
    for path in paths() {
        right.push(says(&direct, &path).await);
    }
    assert!(right.iter().filter(|(status, _)| *status == 200).count() >= 12, "{right:?}");
    let hashes: BTreeSet<_> = right.iter().map(|(_, said)| said.to_string()).collect();
    assert!(hashes.len() >= 12, "{hashes:?}");
    for heading in DOCUMENTED {
        let proxy = Documented::start(heading, world.service.http_port()).await;
        let through = Http::new(proxy.port());
        for (path, right) in paths().iter().zip(&right) {
            assert_eq!(says(&through, path).await, *right, "{heading}: {path}");
        }
        for method in [Method::OPTIONS, Method::DELETE, Method::HEAD] {
            let [through, direct] =
                [&through, &direct].map(|http| http.request(method.clone(), "/v1/confirm"));
            let (through, direct) = (Reply::to(through).await, Reply::to(direct).await);
            assert_eq!(
                (through.status, through.header("allow")),
                (direct.status, direct.header("allow")),
                "{heading} {method}"
            );
        }
        assert_private(heading, &proxy.end().await);
    }
}

/// Requests that a proxy refuses, or not, each with something of [`PRIVATE`].
fn unreadable() -> Vec<String> {
    let request = |line: &str, headers: &str| format!("{line}\r\n{headers}Connection: close\r\n\r\n");
    let get = |path: &str, headers: &str| request(&format!("GET {path} HTTP/1.1"), headers);
    let (host, path) = ("Host: 127.0.0.1\r\n", "/v1/verify/private-hash?code=75318642");
    let long = "x".repeat(40_000);
    vec![
        get("/v1/register/email/private-hash%00/amy%40localhost", host),
        get("/v1/register/email/..%2F..%2F..%2F..%2F..%2F..%2F..%2Fprivate-hash/amy%40localhost", host),
        get("/v1/register/email/private-hash%/amy%40localhost", host),
        get(&format!("{path}&next={long}"), host),
        get(path, ""),
        get(path, &format!("{host}Host: other.example\r\n")),
        get(path, "Host: 127.0.0.1/private-hash\r\n"),
        get(path, "Host: other.example\r\n"),
        get(path, &format!("{host}Cookie: {long}\r\n")),
        get(path, &format!("{host}X-{long}: 1\r\n")),
        get(path, &format!("{host}Content-Length: private-hash\r\n")),
        get(path, &format!("{host}private-hash amy@localhost\r\n")),
        request(&format!("GET {path} HTTP/9.9"), host),
        request(&format!("GET {path} private-hash HTTP/1.1"), host),
        request(&format!("PRIVATE {path} HTTP/1.1"), host),
        request(&format!("GET http://other.example{path} HTTP/1.1"), host),
        // The client goes away in the middle.
        format!("GET {path} HTTP/1.1\r\n{host}"),
        format!("GET {path}"),
    ]
}

/// Sends bytes, and goes away if that is no whole request. Returns the status; `None` if there is none.
async fn status_of(port: u16, request: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut answer = Vec::new();
    // A proxy that refuses a long request closes the connection before it has read all of it.
    let _ = stream.write_all(request.as_bytes()).await;
    if !request.ends_with("\r\n\r\n") {
        let _ = stream.shutdown().await;
    }
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

#[tokio::test]
async fn the_documented_proxies_log_nothing_private_of_what_they_refuse() {
    let ends = ends().await;
    for heading in DOCUMENTED {
        let proxy = Documented::start(heading, ends).await;
        let mut refused = 0;
        for request in unreadable() {
            let status = status_of(proxy.port(), &request).await;
            refused += usize::from(status.is_some_and(|status| (400..500).contains(&status)));
        }
        assert!(refused >= 4, "{heading} refuses {refused} itself");
        assert_private(heading, &proxy.end().await);
    }
}

/// Returns the port of a service that ends in the middle of each request.
async fn ends() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move { stream.read(&mut [0; 1024]).await });
        }
    });
    port
}

/// The service is down, or ends in the middle of a request: then proxies write most into their logs.
#[tokio::test]
async fn the_documented_proxies_log_nothing_private_when_the_service_fails() {
    let ends = ends().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for heading in DOCUMENTED {
        for to in [free, ends] {
            let proxy = Documented::start(heading, to).await;
            // Over a connection that is used again, Apache closes it instead of answering.
            let through = || Http::new(proxy.port());
            // HAProxy tries each for three seconds.
            for path in paths().iter().filter(|path| path.contains("7700900123") || path.contains("75318642"))
            {
                let status = through().get(path).await.status;
                assert!(status >= 400, "{heading}: {status} {path}");
            }
            let page = "https://x.example/verify/private-hash";
            Reply::to(through().request(Method::GET, &paths()[0]).header("referer", page)).await;
            assert_private(heading, &proxy.end().await);
        }
    }
}

#[tokio::test]
async fn behind_the_documented_proxies_clients_are_told_apart() {
    let world = world("['127.0.0.1/32']").await;
    for (network, heading) in (1..).zip(DOCUMENTED) {
        let proxy = Documented::start(heading, world.service.http_port()).await;
        let mut refused = 0;
        for n in 0..40 {
            let client = Http::from_address(Ipv4Addr::new(127, 0, network, n), proxy.port());
            refused += usize::from(client.get("/version").await.status == 429);
        }
        assert_eq!(refused, 0, "{heading}");
        // Nobody gets other limits by a header of their own.
        let client = Http::from_address(Ipv4Addr::new(127, 0, network, 100), proxy.port());
        let mut refused = 0;
        for n in 0..40 {
            let request =
                client.request(Method::GET, "/version").header("x-forwarded-for", format!("192.0.2.{n}"));
            refused += usize::from(Reply::to(request).await.status == 429);
        }
        assert!(refused > 0, "{heading}");
    }
    assert_eq!(world.service.log().count("X-Forwarded-For"), 0, "nothing is wrong");
}

/// A service at a Unix socket in `folder`, which everybody may connect to.
async fn at_a_socket(folder: &Path, trusted: &str) -> World {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let path = folder.join("http.sock");
    let mut world = World::prepare(&format!(
        "[limits]\nrequests_per_second = 2\n[http]\nlisten = 'unix:{}'\nsocket_mode = '0666'\ntrusted_proxies = {trusted}",
        path.display()
    ))
    .await;
    world.start_server().await;
    world.service.spawn();
    world.service.connected(1).await;
    world
}

#[tokio::test]
async fn the_documented_proxies_reach_a_unix_socket_and_tell_clients_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let mut world = at_a_socket(folder.path(), "['unix']").await;
    for (network, heading) in (1..).zip(DOCUMENTED) {
        let proxy = Documented::over_socket(heading, &path).await;
        for n in 0..40 {
            let client = Http::from_address(Ipv4Addr::new(127, 0, network, n), proxy.port());
            assert_eq!(client.get("/version").await.status, 200, "{heading}");
        }
    }
    let checked = world.service.run(&["check"]);
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("the service answers at unix:/"), "{told}");
    // A second one does not take the socket away from the first.
    let second = world.service.run(&["run"]);
    assert!(!second.status.success() && path.exists());
    // What a killed one leaves is replaced; what one leaves that ends in order is nothing.
    world.service.kill();
    assert!(path.exists());
    let checked = world.service.run(&["check"]);
    assert!(String::from_utf8(checked.stdout).unwrap().contains("http.sock is free"));
    world.service.spawn();
    world.service.connected(1).await;
    assert_eq!(of_socket(&path).get("http://localhost/version").send().await.unwrap().status(), 200);
    assert!(world.service.terminate().await.success());
    assert!(!path.exists());
}

#[tokio::test]
async fn who_is_not_trusted_at_a_unix_socket_names_no_client() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = at_a_socket(folder.path(), "[]").await;
    let client = of_socket(&folder.path().join("http.sock"));
    let mut refused = 0;
    for n in 0..40 {
        let request =
            client.get("http://localhost/version").header("x-forwarded-for", format!("192.0.2.{n}"));
        refused += usize::from(request.send().await.unwrap().status() == 429);
    }
    assert!(refused > 0, "all share the limits of one");
    let told = world.service.says("X-Forwarded-For").await;
    assert!(told.contains("unix"), "{told}");
}

#[tokio::test]
async fn systemd_may_pass_on_the_socket() {
    let mut world = World::prepare("[http]\nlisten = 'systemd'").await;
    world.start_server().await;
    let without = world.service.run(&["run"]);
    let told = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(!without.status.success() && told.contains("itseme.socket"), "{told}");
    world.service.start_with_socket().await;
    assert_eq!(world.http().get("/version").await.status, 200);
    assert!(world.service.terminate().await.success());
}

fn of_socket(path: &Path) -> reqwest::Client {
    reqwest::Client::builder().unix_socket(path).build().unwrap()
}

fn assert_private(heading: &str, logs: &str) {
    for private in PRIVATE {
        let line = logs.lines().find(|line| line.contains(private));
        assert_eq!(line, None, "{heading} logs {private}");
    }
}

async fn world(trusted: &str) -> World {
    let settings = format!("[limits]\nrequests_per_second = 2\n[http]\ntrusted_proxies = {trusted}");
    World::with(&settings).await
}

/// Returns the number of refused requests among one each of forty clients of a network.
async fn refused(nginx: &Nginx, network: u8) -> usize {
    let mut refused = 0;
    for n in 0..40 {
        let client = Http::from_address(Ipv4Addr::new(127, 0, network, n), nginx.port());
        refused += usize::from(client.get("/version").await.status == 429);
    }
    refused
}
