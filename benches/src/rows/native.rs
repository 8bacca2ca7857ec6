//! `confirm` by XMPP, over a direct connection: we play the server.

use anyhow::Result;

use crate::iqs::Questions;
use crate::link::Listener;
use crate::measure::{Aim, Finding, alternate};
use crate::program::{ECHO, Program, SERVICE};
use crate::stage::{Row, Served, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "native",
    about: "confirm by XMPP beside the smallest echo component that can be written with tokio-xmpp",
    run: |stage| row(run(stage)),
};

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let Served { program: _itseme, link: mut to_service } = stage.serve(&data).await?;
    let listener = Listener::bind().await?;
    let _echo = Program::echo(&stage.folder()?, listener.port()?)?;
    let mut to_echo = listener.accept().await?;
    let service = Questions::to_service(data.people, SERVICE)?;
    let echo = Questions::to_echo(data.people, ECHO)?;
    let (time, rounds) = (stage.scale.turn, stage.scale.rounds);
    let ours = async || service.ask(&mut to_service, time).await;
    let theirs = async || echo.ask(&mut to_echo, time).await;
    Ok(vec![Finding {
        what: "confirm by XMPP, direct".into(),
        compared_to: "an echo component".into(),
        unit: "/s",
        aim: Aim::AtLeast(0.8),
        rounds: alternate(rounds, ours, theirs).await?,
    }])
}
