//! What the service takes: time to start, memory, disk.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::time::sleep;

use crate::baseline;
use crate::http::load;
use crate::link::Link;
use crate::measure::{Aim, Finding, Round, alternate};
use crate::population::Data;
use crate::program::{Program, SERVICE};
use crate::questions::Questions;
use crate::rows::{confirm, contact};
use crate::stage::Stage;

/// Everything that is still done after the start is done by then.
const SETTLED: Duration = Duration::from_secs(1);

/// The time until the service is connected and serves, beside that without links, and by itself.
pub async fn start(stage: &Stage) -> Result<Vec<Finding>> {
    let links = stage.scale.most;
    let (data, empty) = (stage.data(links)?, stage.data(0)?);
    let ours = async || started(stage, &data).await;
    let rounds = alternate(stage.scale.rounds, ours, async || started(stage, &empty).await).await?;
    let alone = rounds.iter().map(|round| Round { theirs: None, ..*round }).collect();
    let what = format!("start with {links} links, until connected and serving");
    Ok(vec![
        Finding::new(&what, "s", rounds).beside("none").aiming(Aim::AtMost(1.5)),
        Finding::new(what, "s", alone).aiming(Aim::AtMost(0.3)),
    ])
}

async fn started(stage: &Stage, data: &Data) -> Result<f64> {
    let began = Instant::now();
    let mut program = stage.serve_http(data).await?;
    let time = began.elapsed().as_secs_f64();
    program.process.terminate().await;
    Ok(time)
}

/// The most memory that the service has had: idle, and while everything is asked of it at once.
pub async fn memory(stage: &Stage) -> Result<Vec<Finding>> {
    let (data, links) = (stage.data(stage.scale.most)?, stage.scale.most);
    let (mut idle, mut full) = (Vec::new(), Vec::new());
    for _ in 0..stage.scale.rounds {
        let (itseme, link) = stage.serve(&data).await?;
        let memory = || Round { ours: itseme.process.peak_memory() as f64, theirs: None };
        sleep(SETTLED).await;
        idle.push(memory());
        ask_everything(stage, &data, &itseme, link).await?;
        full.push(memory());
    }
    Ok(vec![
        Finding::new(format!("memory, idle, {links} links"), "MiB", idle).aiming(Aim::AtMost(20.0)),
        Finding::new(format!("memory under full load, {links} links"), "MiB", full)
            .aiming(Aim::AtMost(150.0)),
    ])
}

async fn ask_everything(stage: &Stage, data: &Data, itseme: &Program, mut link: Link) -> Result<()> {
    let (people, time) = (data.people, 2 * stage.scale.turn);
    let (one, many) = (confirm::questions(people)?, confirm::questions_of_many(people)?);
    let (writes, native) = (contact::questions(people, 100)?, Questions::new(people, SERVICE)?);
    tokio::try_join!(
        load(itseme.http, confirm::CLIENTS, &one, time),
        load(itseme.http, confirm::CLIENTS_OF_MANY, &many, time),
        load(itseme.http, contact::CLIENTS, &writes, time),
        native.ask(&mut link, time),
    )?;
    contact::is_done(&baseline::reader(&data.database())?).await
}

/// The disk that a link takes beside the bytes of its columns. It is the same every time, so one round is enough.
pub fn disk(stage: &Stage) -> Result<Finding> {
    let links = stage.scale.most;
    let (data, empty) = (stage.kept(links)?, stage.kept(0)?);
    // SQLite takes two bytes for a day of these decades.
    let columns =
        "SELECT avg(length(id_mac) + length(owner_mac) + length(proof) + length(box) + 2) FROM links";
    let columns = baseline::reader(&data.database())?.query_row(columns, [], |row| row.get(0))?;
    let file = fs::metadata(data.database())?.len() - fs::metadata(empty.database())?.len();
    let rounds = vec![Round { ours: file as f64 / links as f64, theirs: Some(columns) }];
    let finding = Finding::new(format!("disk per link, {links} links"), "bytes", rounds);
    Ok(finding.beside("the bytes of its columns").aiming(Aim::AtMost(1.6)))
}
