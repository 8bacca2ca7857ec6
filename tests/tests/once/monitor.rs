//! Health checks and metrics, as load balancers and Prometheus read them.

use std::sync::Mutex;

use itseme_client::Identity;
use itseme_tests::{AMY, EVE, Http, MICHAEL, Prometheus, World, free_port, introduction, until_async};
use reqwest::Method;

/// The settings of a monitor, and a client of it.
fn monitor() -> (String, Http, u16) {
    let port = free_port();
    (format!("[monitor]\nlisten = \"127.0.0.1:{port}\""), Http::new(port), port)
}

/// Waits until the metrics have a line.
async fn shows(monitor: &Http, line: &str) {
    let last = Mutex::default();
    let probe = async || {
        let metrics = monitor.get("/metrics").await.body;
        let found = metrics.lines().any(|found| found == line).then_some(());
        *last.lock().unwrap() = metrics;
        found
    };
    until_async(&format!("the metric {line}"), probe, || last.lock().unwrap().clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted_and_nobody_is_named() {
    let (settings, monitor, _) = monitor();
    let world = World::with(&settings).await;
    let (amy, michael) = (world.client(&AMY).await, world.client(&MICHAEL).await);
    world.prove(&amy, &AMY).await;
    world.prove(&michael, &MICHAEL).await;
    let details = [Identity::new("phone", MICHAEL.phone).unwrap()];
    michael.contact(&details, &[AMY.phone_hash()]).await.unwrap();
    introduction(&amy).await;
    assert!(michael.confirm(&AMY.bare_jid(), &[AMY.phone_hash()]).await.unwrap());
    let registered = michael.register("phone", EVE.phone, false).await.unwrap();
    let code = world.gateway.take(EVE.phone).await.code();
    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert!(!michael.verify(&registered.hash, wrong).await.unwrap_or(false));
    let path = format!("/v1/confirm/{}/{}", AMY.phone_hash(), AMY.jid);
    world.http().get(&path).await;

    for line in [
        "itseme_requests_total{side=\"native\",operation=\"contact\",result=\"ok\"} 1",
        "itseme_requests_total{side=\"native\",operation=\"confirm\",result=\"ok\"} 1",
        "itseme_requests_total{side=\"native\",operation=\"verify\",result=\"ok\"} 4",
        "itseme_requests_total{side=\"native\",operation=\"verify\",result=\"faulty_code\"} 1",
        "itseme_request_seconds_count{side=\"native\",operation=\"contact\"} 1",
        "itseme_wrong_guesses_total{side=\"native\"} 1",
        "itseme_codes_total{provider=\"phone\",result=\"sent\"} 3",
        "itseme_codes_total{provider=\"phone\",result=\"verified\"} 2",
        "itseme_codes_total{provider=\"email\",result=\"verified\"} 2",
        "itseme_sends_total{queue=\"email\",result=\"sent\"} 2",
        "itseme_xmpp_connected 1",
        "itseme_xmpp_connections_total 1",
    ] {
        shows(&monitor, line).await;
    }
    // What is asked for at intervals.
    shows(&monitor, "itseme_budget_used{budget=\"phone +\"} 3").await;
    shows(&monitor, "itseme_outbox_messages{queue=\"phone\"} 0").await;
    let metrics = monitor.get("/metrics").await;
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for name in [
        "itseme_database_bytes",
        "itseme_database_journal_bytes",
        "itseme_links",
        "itseme_xmpp_stanzas_total",
    ] {
        assert!(metrics.body.lines().any(|line| line.starts_with(name)), "{name} in\n{}", metrics.body);
    }
    let readiness = monitor.get("/readyz?verbose").await.body;
    let values: String = metrics.body.lines().filter(|line| !line.starts_with('#')).collect();
    for person in [AMY, MICHAEL, EVE] {
        let name = person.jid.split('@').next().unwrap();
        for personal in
            [name, &person.phone[1..], person.email, &person.phone_hash()[..16], &person.jid_hash()[..16]]
        {
            for text in [&values, &readiness] {
                assert!(!text.contains(personal), "{personal} in\n{text}");
            }
        }
    }
    assert!(!metrics.body.contains("127.0.0.1"), "{}", metrics.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_the_part_at_fault() {
    let (settings, monitor, port) = monitor();
    let mut world = World::prepare(&settings).await;
    world.start_server().await;
    world.start_service().await;
    assert_eq!((monitor.get("/livez").await.status, &*monitor.get("/readyz").await.body), (200, "ok\n"));
    let verbose = monitor.get("/readyz?verbose").await.body;
    for part in ["ok     xmpp: connected\n", "ok     database: changed ", "sending email: last success: none"]
    {
        assert!(verbose.contains(part), "{part} in\n{verbose}");
    }
    world.server.stop().await;
    let away = async || {
        let reply = monitor.get("/readyz").await;
        (reply.status == 503 && reply.body.starts_with("FAILED xmpp: not connected: ")).then_some(reply.body)
    };
    let reason = until_async("503 without the XMPP server", away, String::new).await;
    assert!(!reason.contains("database"), "{reason}");
    assert_eq!(monitor.get("/livez").await.status, 200);
    world.start_server().await;
    until_async("200", async || (monitor.get("/readyz").await.status == 200).then_some(()), String::new)
        .await;

    assert_eq!(monitor.get("/nothing").await.status, 404);
    for path in ["/livez", "/readyz", "/metrics"] {
        let status = async |method| monitor.request(method, path).send().await.unwrap().status().as_u16();
        assert_eq!(status(Method::HEAD).await, 200, "{path}");
        assert_eq!(status(Method::POST).await, 405, "{path}");
    }
    // Clients that send nothing whole are closed in time, and there are never many.
    let silent: Vec<_> =
        (0..200).filter_map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    // Over a connection of its own: that of before may be one that was closed for others.
    assert_eq!(Http::new(port).get("/livez").await.status, 200);
    assert!(world.service.process().unwrap().open_files() < 150);
    drop(silent);
    assert_eq!(Http::new(world.service.http_port()).get("/metrics").await.status, 404);
    let refused = world.service.reload("[monitor]\nlisten = \"0.0.0.0:9114\"").await;
    assert!(refused.contains("ERROR") && refused.contains("monitor.allow_remote"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_fire() {
    let checked = Prometheus::promtool(&["check", "rules", "itseme.rules.yml"]);
    assert!(checked.status.success(), "{checked:?}");
    let tested = Prometheus::promtool(&["test", "rules", "itseme.rules.test.yml"]);
    assert!(tested.status.success(), "{tested:?}");

    let (settings, _, port) = monitor();
    let mut world =
        World::prepare(&format!("{settings}\n[providers.phone]\nbudgets = {{ \"+\" = 1 }}")).await;
    world.start_server().await;
    world.start_service().await;
    // As long as in the rules, but in seconds.
    let hasten = [("for: 5m", "for: 1s"), ("for: 10m", "for: 1s"), ("> 900", "> 5")];
    let prometheus = Prometheus::start(port, &hasten).await;
    let amy = world.client(&AMY).await;
    amy.register("phone", AMY.phone, false).await.unwrap();
    world.mail.stop().await;
    amy.register("email", AMY.email, false).await.unwrap();
    let fails = prometheus.fires("ItsemeSendingFails").await;
    assert_eq!(fails["labels"]["queue"], "email");
    let old = prometheus.fires("ItsemeOutboxOld").await;
    assert_eq!(old["labels"]["queue"], "email");
    prometheus.fires("ItsemeBudgetNearlyUsedUp").await;
    // Of the dashboard, only what has not happened here has nothing to show.
    let not_here = [
        "Errors by code",
        "Above a limit",
        "Wrong codes in an hour",
        "Reports of gateways in an hour",
        "Messages that came to prove an identity, in an hour",
    ];
    let is_here = |panel: &String| not_here.iter().all(|title| !panel.contains(title));
    let no_panel = async || {
        let empty: Vec<_> = prometheus.empty_panels().await.into_iter().filter(is_here).collect();
        empty.is_empty().then_some(())
    };
    until_async("a dashboard without empty panels", no_panel, String::new).await;
    world.server.stop().await;
    prometheus.fires("ItsemeDisconnected").await;
    world.service.kill();
    prometheus.fires("ItsemeDown").await;
}
