//! How much memory the service takes, at the most.

use std::time::Duration;

use anyhow::Result;

use crate::baseline;
use crate::http::load;
use crate::iqs::Questions;
use crate::measure::{Aim, Finding, Round};
use crate::population::Data;
use crate::program::SERVICE;
use crate::rows::{confirm, confirm_many, contact};
use crate::stage::{Row, Served, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "memory",
    about: "the most memory that the service has had: idle, and while everything is asked of it at once",
    run: |stage| row(run(stage)),
};

/// What is still done after the start is done by then.
const SETTLED: Duration = Duration::from_secs(1);

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.most)?;
    let (mut idle, mut full) = (Vec::new(), Vec::new());
    for _ in 0..stage.scale.rounds {
        let served = stage.serve(&data).await?;
        tokio::time::sleep(SETTLED).await;
        idle.push(Round::alone(served.program.memory()));
        full.push(Round::alone(under_load(stage, &data, served).await?));
    }
    let links = stage.scale.most;
    Ok(vec![
        finding(format!("memory, idle, {links} links"), 20.0, idle),
        finding(format!("memory under full load, {links} links"), 150.0, full),
    ])
}

fn finding(what: String, aim: f64, rounds: Vec<Round>) -> Finding {
    Finding { what, compared_to: String::new(), unit: "MiB", aim: Aim::AtMost(aim), rounds }
}

async fn under_load(stage: &Stage, data: &Data, served: Served) -> Result<f64> {
    let Served { program, mut link } = served;
    let time = 2 * stage.scale.turn;
    let single = confirm::questions(data.people, confirm::ROUTE)?;
    let many = confirm_many::questions(data.people)?;
    let writes = contact::questions(data.people, contact::ROUTE, 100, 1000)?;
    let native = Questions::to_service(data.people, SERVICE)?;
    tokio::try_join!(
        load(program.http, confirm::CLIENTS, &single, time),
        load(program.http, confirm_many::CLIENTS, &many, time),
        load(program.http, contact::CLIENTS, &writes, time),
        native.ask(&mut link, time),
    )?;
    contact::is_done(&baseline::reader(&data.database())?).await?;
    Ok(program.memory())
}
