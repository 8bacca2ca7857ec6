//! Bodies and headers as strangers write them.

use std::future::poll_fn;
use std::net::IpAddr;

use bytes::Bytes;
use hyper::body::Body;
use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue};
use warp::reply::Response;

use super::filters::HttpCaller;
use super::forwarded::{Proxies, address};
use super::handlers;
use crate::fuzzing::World;
use crate::service::{Caller, Who};

/// Bodies of requests, handled by a service.
pub struct Bodies(World);

impl Bodies {
    /// Starts with a service of its own.
    #[expect(clippy::new_without_default, reason = "it opens a database")]
    pub fn new() -> Self {
        Self(World::new())
    }

    /// Sends a body to the call that its first byte selects, and checks that the answer is JSON and known to the
    /// protocol.
    pub fn run(&mut self, input: &[u8]) {
        let Some((choice, body)) = input.split_first() else {
            return;
        };
        if self.0.has_aged() {
            self.0 = World::new();
        }
        let asker = Ok(HttpCaller {
            service: self.0.service.clone(),
            caller: Caller {
                who: Who::Http {
                    address: IpAddr::from([192, 0, 2, 1]),
                    token: None,
                },
                language: None,
            },
        });
        let body = Ok(Bytes::copy_from_slice(body));
        self.0.runtime.block_on(async {
            let response = match choice % 5 {
                0 => handlers::contact(asker, body).await,
                1 => handlers::confirm_many(asker, body).await,
                2 => handlers::register_post(asker, body).await,
                3 => handlers::verify_post(asker, body).await,
                _ => handlers::forget(asker, body).await,
            };
            check(response).await;
        });
    }
}

async fn check(response: Response) {
    let status = response.status();
    assert!(
        status.is_success() || status.is_client_error(),
        "{status} is nobody's fault but ours"
    );
    let (mut text, mut body) = (Vec::new(), std::pin::pin!(response.into_body()));
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        text.extend(frame.expect("a frame").into_data().expect("data"));
    }
    let answer: Value = serde_json::from_slice(&text).expect("JSON");
    assert!(answer.is_object());
    assert_eq!(answer.get("error").is_some(), status.is_client_error(), "{answer}");
}

/// Finds the client of a request by its X-Forwarded-For headers, one a line. Checks that an untrusted peer stays the
/// client, and that the client is the peer or an address in the headers.
pub fn forwarded(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("x-forwarded-for", value);
        }
    }
    let trusted = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().expect("a network"));
    let proxies = Proxies::new(trusted.into());
    let client = |peer: &str| {
        let peer: IpAddr = peer.parse().expect("an address");
        (peer, proxies.client(peer, &headers))
    };
    for stranger in ["192.0.2.1", "2001:db9::1", "::ffff:192.0.2.1", "::"] {
        let (peer, client) = client(stranger);
        assert_eq!(client, peer);
    }
    for proxy in ["127.0.0.1", "::ffff:10.1.2.3", "2001:db8::1"] {
        let (peer, client) = client(proxy);
        let named = headers.get_all("x-forwarded-for").iter().any(|value| {
            let value = value.to_str().unwrap_or_default();
            value.split(',').any(|hop| address(hop) == Some(client))
        });
        assert!(client == peer || named, "{client} came from nowhere");
    }
}
