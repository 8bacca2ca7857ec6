//! The bare route that the service's look-ups over HTTP are compared to: the same bytes from warp, and nothing else.

use std::net::Ipv4Addr;

use anyhow::Context;
use warp::Filter;
use warp::http::Response;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::args().nth(1).context("usage: bare PORT")?.parse()?;
    let confirm = warp::path!("v1" / "confirm" / String / String).map(|_hash, _target| {
        Response::builder()
            .header("content-type", "application/json")
            .header("cache-control", "no-store")
            .header("x-content-type-options", "nosniff")
            .body(r#"{"confirmed":true}"#)
    });
    warp::serve(confirm).run((Ipv4Addr::LOCALHOST, port)).await;
    Ok(())
}
