//! `confirm` by XMPP: over a direct connection, through real servers, and how long it takes while others write.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::baseline;
use crate::http::load;
use crate::link::Link;
use crate::measure::{Aim, Finding, Round, alternate, percentile};
use crate::program::{ASKERS, ECHO, SERVICE};
use crate::questions::{OneByOne, Questions};
use crate::rows::contact::{self, is_done};
use crate::server::Kind;
use crate::stage::Stage;

/// Between two stanzas that need no answer.
const PAUSE: Duration = Duration::from_millis(15);
/// Writers begin so long before others are asked, and end as long after.
const AROUND: Duration = Duration::from_millis(100);

/// Over a direct connection beside an echo component.
pub async fn direct(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let (_itseme, mut to_service) = stage.serve(&data).await?;
    let (_echo, mut to_echo) = stage.echo().await?;
    let (service, echo) = (Questions::new(data.people, SERVICE)?, Questions::new(data.people, ECHO)?);
    let ours = async || service.ask(&mut to_service, stage.scale.turn).await;
    let theirs = async || echo.ask(&mut to_echo, stage.scale.turn).await;
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    let finding = Finding::new("confirm by XMPP, direct", "/s", rounds);
    Ok(finding.beside("an echo component").aiming(Aim::AtLeast(0.8)))
}

/// Through a server beside an echo component there. Those who ask are a component as well, so that the server does the least it can.
pub async fn through(stage: &Stage, kind: Kind) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let server = stage.server(kind).await?;
    let (_itseme, _echo) = (stage.attach(&data, &server).await?, stage.attach_echo(&server).await?);
    let link = Mutex::new(Link::attach(ASKERS, server.port).await?);
    let (service, echo) = (Questions::new(data.people, SERVICE)?, Questions::new(data.people, ECHO)?);
    let ours = async || service.ask(&mut *link.lock().await, stage.scale.turn).await;
    let theirs = async || echo.ask(&mut *link.lock().await, stage.scale.turn).await;
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    let finding = Finding::new(format!("confirm by XMPP through {}", kind.name()), "/s", rounds);
    Ok(finding.beside("an echo component there").aiming(Aim::AtLeast(0.95)))
}

/// Through Prosody while others send what needs no answer: chat states, here. By Nagle's algorithm, which is on in Prosody, what it
/// writes waits until what it wrote before is acknowledged.
pub async fn prompt(stage: &Stage, kind: Kind) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let server = stage.server(kind).await?;
    let _itseme = stage.attach(&data, &server).await?;
    let link = Link::attach(ASKERS, server.port).await?;
    let asker = OneByOne::new(Questions::new(data.people, SERVICE)?, link).await?;
    let mut others = Link::attach(ECHO, server.port).await?;
    let mut rounds = Vec::new();
    for _ in 0..stage.scale.rounds {
        let mut times = tokio::select! {
            times = asker.ask(2 * stage.scale.turn) => times?,
            Err(error) = type_on(&mut others) => return Err(error),
        };
        let (ours, theirs) = (percentile(&mut times, 0.99), Some(percentile(&mut times, 0.5)));
        rounds.push(Round { ours, theirs });
    }
    let what = format!("99th percentile of a confirm by XMPP through {}, others typing", kind.name());
    Ok(Finding::new(what, "ms", rounds).beside("the median").aiming(Aim::AtMost(10.0)))
}

/// Many who are typing, without end.
async fn type_on(link: &mut Link) -> Result<Infallible> {
    let mut people = (0..1000).cycle();
    loop {
        let n = people.next().unwrap_or_default();
        let stanza = format!(
            "<message type='chat' id='{n}' from='person{n}@{ECHO}/client' to='{SERVICE}'>\
             <composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
        );
        link.write(stanza.as_bytes()).await?;
        sleep(PAUSE).await;
    }
}

/// Over a direct connection while others write, beside that while nobody does.
pub async fn while_others_write(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let (itseme, link) = stage.serve(&data).await?;
    let asker = OneByOne::new(Questions::new(data.people, SERVICE)?, link).await?;
    let (reader, writes) = (baseline::reader(&data.database())?, contact::questions(data.people, 1)?);
    let time = 2 * stage.scale.turn;
    let alone = async || Ok(percentile(&mut asker.ask(time).await?, 0.99));
    let writing = async || {
        let asking = async {
            sleep(AROUND).await;
            alone().await
        };
        let writers = load(itseme.http, contact::CLIENTS, &writes, time + 2 * AROUND);
        let (_, percentile) = tokio::try_join!(writers, asking)?;
        is_done(&reader).await?;
        Ok(percentile)
    };
    let rounds = alternate(stage.scale.rounds, writing, alone).await?;
    let what = "99th percentile of a confirm by XMPP, 64 clients writing";
    Ok(Finding::new(what, "ms", rounds).beside("nobody writing"))
}
