//! Behind a real proxy, each client has limits of its own. An admin who forgot to configure it is warned.

use std::net::Ipv4Addr;

use itseme_tests::{Http, Nginx, World};

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
