//! The component that the service's answers by XMPP are compared to: the smallest that can be written with tokio-xmpp.
//! It answers each question with what the service says of what is confirmed, and looks at nothing. A message makes it write so
//! many copies as its thread says, each to another user of the sender's domain.

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use itseme_benches::confirmed;
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Component, Stanza};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [jid, secret, server] = arguments.as_slice() else {
        bail!("usage: echo JID SECRET SERVER:PORT");
    };
    let mut component =
        Component::new_plaintext(jid, secret, DnsConfig::addr(server), Timeouts::tight()).await?;
    println!("connected");
    let answer: Element = confirmed(true).parse()?;
    while let Some(stanza) = component.next().await {
        match stanza {
            Stanza::Iq(Iq::Get { from, to, id, .. }) => {
                let payload = Some(answer.clone());
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
    let mut copy = message.clone();
    (copy.from, copy.thread) = (message.to.clone(), None);
    Ok((0..count).filter_map(move |n| {
        let to = Jid::new(&format!("person{n}@{domain}")).ok()?;
        Some(Message { to: Some(to), ..copy.clone() })
    }))
}
