//! Crowds that want nothing but to be in the way, over HTTP and by a server that relays everything: everybody else is served, and
//! memory stays bounded.

use std::{net::Ipv4Addr, time::Duration};

use itseme_tests::{
    AMY, Component, ComponentListener, EVE, Http, MICHAEL, Reply, SERVICE, SlowClient, World, until,
};
use reqwest::Method;
use serde_json::json;

/// The defaults of `[http]`.
const CONNECTIONS: usize = 1000;
const PER_ADDRESS: usize = 100;

const GET: &str = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";

/// The n-th address that an attacker has.
fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(n).expect("few addresses"))
}

/// A client that asks once in every way in which one can be slow.
async fn slow(n: usize, address: Ipv4Addr, port: u16) -> SlowClient {
    let mut client = SlowClient::connect(address, port).await;
    let post = "POST /v1/confirm HTTP/1.1\r\nHost: x\r\nContent-Length: 131072\r\n\r\n";
    match n % 4 {
        0 => client.say(&format!("GET /version?{} HTTP/1.1\r\n", "x".repeat(60_000))).await,
        1 => client.say(&format!("{post}{}", "x".repeat(100_000))).await,
        2 => client.say(&GET.repeat(50)).await,
        _ => {
            client.say(GET).await;
            client.read_until(|text| text.contains("\"version\"")).await;
        }
    }
    client
}

#[tokio::test]
async fn a_thousand_idle_and_a_thousand_slow_connections() {
    let mut world = World::with("[http]\nrequest_timeout = '3s'").await;
    let port = world.service.http_port();
    let mut crowd = Vec::new();
    for n in 0..2 * CONNECTIONS {
        let address = address(n % 20);
        crowd.push(match n % 2 {
            0 => SlowClient::connect(address, port).await,
            _ => slow(n / 2, address, port).await,
        });
        if n % 50 == 0 {
            // Each time over a new connection.
            assert_eq!(Http::new(port).get("/version").await.status, 200, "beside {n} connections");
        }
    }
    let process = world.service.process().unwrap();
    let files = process.open_files();
    println!("{files} files are open");
    assert!(files < CONNECTIONS + 100, "{files} files are open");
    until("all of them to be let go", || (process.open_files() < 100).then_some(()), String::new).await;
    world.service.assert_memory();
}

#[tokio::test]
async fn one_address_keeps_no_other_connection_out() {
    // Nobody is let go for being slow.
    let mut world = World::with("[http]\nrequest_timeout = '10m'").await;
    let port = world.service.http_port();
    let mut honest = SlowClient::connect(Ipv4Addr::LOCALHOST, port).await;
    let mut crowd = Vec::new();
    for n in 0..5 * PER_ADDRESS {
        crowd.push(SlowClient::connect(address(1), port).await);
        if n % 50 == 0 {
            honest.say(GET).await;
            let answer = honest.read_until(|text| text.contains("\"version\"")).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }
    let process = world.service.process().unwrap();
    let probe = || (process.open_files() < 2 * PER_ADDRESS).then_some(());
    until("the connections of one address to be few", probe, String::new).await;
    // It is the oldest that have gone.
    let mut last = crowd.pop().unwrap();
    last.say(GET).await;
    assert!(last.read_until(|text| text.contains("\"version\"")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_does_not_read_is_given_up() {
    let world = World::with("[http]\nrequest_timeout = '1s'").await;
    let mut client = SlowClient::connect(address(1), world.service.http_port()).await;
    // As long as something can be said, the service still reads. A page is longer than what was said for it.
    let page = format!("GET /verify/{}?code=1 HTTP/1.1\r\nHost: x\r\n\r\n", AMY.phone_hash());
    let probe = || client.say_until_blocked(&page.repeat(10)).then_some(());
    until("the end of a connection that is not read", probe, || world.service.log().tail()).await;
    assert_eq!(world.http().get("/version").await.status, 200);
}

#[tokio::test]
async fn many_requests_on_one_connection_are_counted_one_by_one() {
    const REQUESTS: usize = 1000;
    let world = World::with("[limits]\nrequests_per_second = 10").await;
    let port = world.service.http_port();
    let mut client = SlowClient::connect(address(1), port).await;
    let (mut asked, mut answers) = (0, String::new());
    while asked < REQUESTS {
        client.say(&GET.repeat(50)).await;
        asked += 50;
        answers += &client.read_until(|text| text.matches("HTTP/1.1").count() >= 50).await;
    }
    let count = |status: &str| answers.matches(&format!("HTTP/1.1 {status}")).count();
    let (served, refused) = (count("200"), count("429"));
    assert_eq!(served + refused, REQUESTS, "{served} served, {refused} refused");
    assert!(served >= 10 && refused > 0, "{served} served, {refused} refused");
    assert_eq!(answers.matches("\"request_limit_reached\"").count(), refused);
    assert_eq!(answers.matches("retry-after:").count(), refused);
    assert_eq!(world.http().get("/version").await.status, 200, "another address is another matter");
    world.service.assert_memory();
}

#[tokio::test]
async fn a_64_is_one_client_and_a_thousand_are_as_many() {
    let world =
        World::with("[limits]\nrequests_per_second = 10\n[http]\ntrusted_proxies = ['127.0.0.1']").await;
    let http = world.http();
    let mut refused = 0;
    for host in 0..200 {
        let reply = from(&http, &format!("2001:db8:1:2::{host:x}")).await;
        if reply.status != 200 {
            refused += 1;
            assert_eq!(reply.error(), (429, "request_limit_reached".into()));
            let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            assert!(seconds >= 1);
        }
    }
    assert!(refused > 0, "200 requests of one /64 were all served");
    assert_eq!(from(&http, "2001:db8:1:3::1").await.status, 200);
    for site in 0..1000 {
        let reply = from(&http, &format!("2001:db8:2:{site:x}::1")).await;
        // A few share a bucket with another: far from ten.
        assert_eq!(reply.status, 200, "site {site}");
    }
    world.service.assert_memory();
}

/// A request as the proxy hands it on from `address`.
async fn from(http: &Http, address: &str) -> Reply {
    Reply::to(http.request(Method::GET, "/version").header("x-forwarded-for", address)).await
}

/// The service, attached to a server that the test plays; `wishes` begin within `[component]`.
async fn attached(wishes: &str) -> (World, ComponentListener, Component) {
    let listener = ComponentListener::listen().await;
    let port = listener.port();
    let mut world = World::prepare(&format!("[component]\nserver = '127.0.0.1:{port}'\n{wishes}")).await;
    world.service.spawn();
    let server = listener.accept().await;
    (world, listener, server)
}

/// All that somebody can ask, an answer to each.
const QUESTIONS: [&str; 12] = [
    "<vCard xmlns='vcard-temp'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info' node='https://it-se.me#x'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>",
    "<ping xmlns='urn:xmpp:ping'/>",
    "<query xmlns='jabber:iq:version'/>",
    "<query xmlns='jabber:iq:last'/>",
    "<query xmlns='jabber:iq:register'/>",
    "<query xmlns='jabber:iq:search'/>",
    "<links xmlns='it-se.me:register'/>",
    "<unknown xmlns='urn:test'/>",
    "",
];

#[tokio::test]
async fn whatever_somebody_asks_it_counts() {
    const EACH: usize = 1000;
    let (world, _listener, mut server) = attached("[limits]\nrequests_per_second = 10").await;
    // One account for each kind of question, as others are counted apart; the last two are called oddly, and a server.
    let senders = (0..QUESTIONS.len()).map(|n| (format!("u{n}@evil.example/x"), QUESTIONS[n]));
    let odd = [("Amy@localhost", QUESTIONS[4]), ("evil.example", QUESTIONS[4])]
        .map(|(who, what)| (who.to_owned(), what));
    for (sender, question) in senders.chain(odd) {
        let mut refused = 0;
        let flood: String = (0..EACH)
            .map(|n| format!("<iq type='get' id='{n}' from='{sender}' to='{SERVICE}'>{question}</iq>"))
            .collect();
        server.send(&flood).await;
        for _ in 0..EACH {
            let answer = server.next_that(|stanza| stanza.name() == "iq").await;
            assert_eq!(answer.attr("to"), Some(sender.as_str()));
            let error = answer.children().find(|child| child.name() == "error");
            let is_refused = error
                .is_some_and(|error| error.children().any(|child| child.name() == "request-limit-reached"));
            refused += usize::from(is_refused);
        }
        assert!((1..EACH).contains(&refused), "{refused} of {question} of {sender}");
    }
    // The own server asks whether the service is there, as often as it likes.
    for _ in 0..EACH {
        let answer = server.ask("localhost", "get", QUESTIONS[4]).await;
        assert_eq!(answer.attr("type"), Some("result"));
    }
    assert_eq!(world.service.connections(), 1);
    world.service.assert_memory();
}

#[tokio::test]
async fn messages_and_presences_count_like_questions_and_are_not_answered_when_they_are_too_many() {
    const EACH: usize = 1000;
    let (_world, _listener, mut server) = attached("[limits]\nrequests_per_second = 10").await;
    let verify = "<verify xmlns='it-se.me:verify'><code>1</code><hash>1</hash></verify>";
    for stanza in [
        format!("<presence type='probe' from='{}' to='{SERVICE}'/>", EVE.jid),
        format!("<message from='{}' to='{SERVICE}'>{verify}</message>", MICHAEL.jid),
    ] {
        server.send(&stanza.repeat(EACH)).await;
        let mut answers = 0;
        while tokio::time::timeout(Duration::from_secs(2), server.next()).await.is_ok() {
            answers += 1;
        }
        assert!((1..EACH / 2).contains(&answers), "{answers} answers to {stanza}");
    }
}

/// Each of the stanzas has something written to disk, so that they are in hand for long.
#[tokio::test]
async fn one_account_with_thousands_of_stanzas_in_hand_keeps_no_other_out() {
    let (_world, _listener, mut server) = attached("").await;
    let register = |n: usize| {
        let payload = format!("<register xmlns='it-se.me:register' provider='xmpp' id='u{n}@localhost'/>");
        format!("<iq type='set' id='{n}' from='{}/x' to='{SERVICE}'>{payload}</iq>", EVE.jid)
    };
    let flood: String = (0..3000).map(register).collect();
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let asked = format!("<iq type='get' id='amy' from='{}/x' to='{SERVICE}'>{ping}</iq>", AMY.jid);
    server.send(&(flood + &asked)).await;
    let answer = loop {
        let stanza = server.next().await;
        if stanza.attr("id") == Some("amy") {
            break stanza;
        }
    };
    assert_eq!(answer.attr("type"), Some("result"), "{}", String::from(&answer));
}

/// As after a time in which the service could not read.
#[tokio::test]
async fn presences_of_a_thousand_accounts_at_once_are_all_answered() {
    let (_world, _listener, mut server) = attached("").await;
    let probe = |n| format!("<presence type='probe' from='u{n}@localhost' to='{SERVICE}'/>");
    server.send(&(0..1000).map(probe).collect::<String>()).await;
    for _ in 0..1000 {
        let answer = server.next().await;
        assert_eq!((answer.name(), answer.attr("type")), ("presence", None), "{}", String::from(&answer));
    }
}

#[tokio::test]
async fn a_server_that_stops_reading() {
    let wishes = "ping_after = '3s'\nping_timeout = '3s'\n[limits]\nrequests_per_second = 10000";
    let (mut world, listener, mut server) = attached(wishes).await;
    world.service.serves_http().await;
    // The id comes back in each answer: a gigabyte of them, if all were kept.
    let long = "x".repeat(100_000);
    for n in 0..10_000 {
        let ping = "<ping xmlns='urn:xmpp:ping'/>";
        let from = format!("u{}@localhost/x", n % 100);
        server
            .send(&format!("<iq type='get' id='{n}-{long}' from='{from}' to='{SERVICE}'>{ping}</iq>"))
            .await;
    }
    let register = json!({"provider": "xmpp", "id": AMY.jid, "target": AMY.jid});
    let reply = world.http().post("/v1/register", &register).await;
    assert_eq!(reply.ok(), json!({"status": "pending", "hash": AMY.jid_hash()}));
    server.is_let_go().await;

    let mut server = listener.accept().await;
    let code = server.next().await;
    assert_eq!((code.name(), code.attr("to")), ("message", Some(AMY.jid)), "{}", String::from(&code));
    world.service.assert_memory();
}
