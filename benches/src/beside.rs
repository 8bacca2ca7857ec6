//! The programs that the service is compared to: the least that answers the same.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Component, Stanza};
use warp::Filter;
use warp::http::Response;
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;

use crate::questions::{answer, is_right};
use crate::server::{OTHER, SECRET};

/// `GET /v1/confirm/<hash>/<target>` as warp serves it by itself: sends the same bytes as the service, and looks nothing up.
pub async fn route() -> Result<()> {
    let confirm = warp::path!("v1" / "confirm" / String / String).map(|_hash, _target| {
        Response::builder()
            .header("content-type", "application/json")
            .header("cache-control", "no-store")
            .header("x-content-type-options", "nosniff")
            .body(r#"{"confirmed":true}"#)
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on {}", listener.local_addr()?);
    warp::serve(confirm).incoming(listener).run().await;
    Ok(())
}

/// The smallest component that can be written with tokio-xmpp. It answers each [question](crate::questions) as the service does, and
/// looks nothing up. A message makes it write as many copies as its thread says, each to another user of the
/// sender's domain.
pub async fn echo(server: &str) -> Result<()> {
    let mut component =
        Component::new_plaintext(OTHER, SECRET, DnsConfig::addr(server), Timeouts::tight()).await?;
    println!("connected");
    let answers: [Element; 2] = [answer(0).parse()?, answer(1).parse()?];
    while let Some(stanza) = component.next().await {
        match stanza {
            Stanza::Iq(Iq::Get { from, to, id, .. }) => {
                let payload = Some(answers[usize::from(is_right(id.parse()?))].clone());
                component.send(Iq::Result { from: to, to: from, id, payload }.into()).await?;
            }
            Stanza::Message(message) => {
                for copy in copies(&message)? {
                    component.send(copy.into()).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn copies(message: &Message) -> Result<impl Iterator<Item = Message>> {
    let count: usize = message.thread.as_ref().context("no thread")?.id.parse()?;
    let domain = message.from.as_ref().context("no sender")?.domain().to_owned();
    let copy = Message { from: message.to.clone(), thread: None, ..message.clone() };
    Ok((0..count).filter_map(move |n| {
        let to = Jid::new(&format!("person{n}@{domain}")).ok()?;
        Some(Message { to: Some(to), ..copy.clone() })
    }))
}
