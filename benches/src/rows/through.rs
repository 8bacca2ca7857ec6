//! `confirm` by XMPP through real servers. Those who ask are a component as well, so that the server does the least it can.

use anyhow::Result;

use crate::iqs::Questions;
use crate::link::Link;
use crate::measure::{Aim, Finding, alternate};
use crate::program::{ASKERS, ECHO, Program, SERVICE};
use crate::server::{Kind, Server};
use crate::stage::{Row, Stage, row};

/// The row with Prosody.
pub const PROSODY: Row = Row {
    name: "prosody",
    about: "confirm by XMPP through Prosody, beside the echo component there",
    run: |stage| row(run(stage, Kind::Prosody)),
};

/// The row with ejabberd.
pub const EJABBERD: Row = Row {
    name: "ejabberd",
    about: "confirm by XMPP through ejabberd, beside the echo component there",
    run: |stage| row(run(stage, Kind::Ejabberd)),
};

async fn run(stage: &Stage, kind: Kind) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let server = Server::start(kind, &stage.folder()?).await?;
    let _programs = attach(stage, &data, server.port).await?;
    let link = tokio::sync::Mutex::new(Link::attach(ASKERS, server.port).await?);
    let service = Questions::to_service(data.people, SERVICE)?;
    let echo = Questions::to_echo(data.people, ECHO)?;
    let (time, rounds) = (stage.scale.turn, stage.scale.rounds);
    let ours = async || service.ask(&mut *link.lock().await, time).await;
    let theirs = async || echo.ask(&mut *link.lock().await, time).await;
    Ok(vec![Finding {
        what: format!("confirm by XMPP through {}", kind.name()),
        compared_to: "an echo component there".into(),
        unit: "/s",
        aim: Aim::AtLeast(0.95),
        rounds: alternate(rounds, ours, theirs).await?,
    }])
}

/// The service and the echo component, both attached to the server.
async fn attach(stage: &Stage, data: &crate::population::Data, port: u16) -> Result<(Program, Program)> {
    let mut service = Program::itseme(stage.itseme(), data, port)?;
    let mut echo = Program::echo(&stage.folder()?, port)?;
    service.says("component connected").await;
    service.serves().await?;
    echo.says("connected").await;
    Ok((service, echo))
}
