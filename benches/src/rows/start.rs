//! How long it takes until the service is connected and serves.

use std::time::Instant;

use anyhow::Result;

use crate::measure::{Aim, Finding, Round, alternate};
use crate::population::Data;
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "start",
    about: "the time from the start of the program until it is connected and serves, beside that without links",
    run: |stage| row(run(stage)),
};

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let links = stage.scale.most;
    let (data, empty) = (stage.data(links)?, stage.data(0)?);
    let rounds = alternate(
        stage.scale.rounds,
        async || start(stage, &data).await,
        async || start(stage, &empty).await,
    )
    .await?;
    let alone = rounds.iter().map(|round| Round::alone(round.ours)).collect();
    let what = format!("start with {links} links, until connected and serving");
    Ok(vec![
        Finding { what: what.clone(), compared_to: "none".into(), unit: "s", aim: Aim::AtMost(1.5), rounds },
        Finding { what, compared_to: String::new(), unit: "s", aim: Aim::AtMost(0.3), rounds: alone },
    ])
}

async fn start(stage: &Stage, data: &Data) -> Result<f64> {
    let began = Instant::now();
    let served = stage.serve(data).await?;
    let time = began.elapsed().as_secs_f64();
    served.only_http().terminate().await;
    Ok(time)
}
