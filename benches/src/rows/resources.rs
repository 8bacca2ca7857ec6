//! What the service takes: time to start, memory, disk.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::baseline;
use crate::build::{Build, Program};
use crate::link::Link;
use crate::measure::Finding;
use crate::processor;
use crate::questions::Questions;
use crate::requests::Requests;
use crate::stage::Stage;

/// The time until the service is connected and serves, beside that without links, and by itself.
pub async fn start(stage: &Stage) -> Result<()> {
    let links = stage.scale.most;
    let finding = || Finding::new(format!("start with {links} links, until connected and serving"), "s");
    let with = async |build: Build| started(build, links).await;
    let without = async || started(stage.build.clone(), 0).await;
    let beside = finding().beside("none").at_most(1.5);
    stage.compare(beside, with, without).await?;
    stage.alone(finding().at_most(0.3), with).await
}

async fn started(build: Build, links: u64) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let data = build.data(links).await?;
    Ok(async move || {
        let began = Instant::now();
        let mut program = build.serve_http(&data).await?;
        let time = began.elapsed().as_secs_f64();
        program.process.terminate().await;
        Ok(time)
    })
}

/// The most memory that the service has had: idle, and while everything is asked of it at once.
pub async fn memory(stage: &Stage) -> Result<()> {
    let (links, time) = (stage.scale.most, 2 * stage.scale.turn);
    let peak = async |build: Build, under_load: bool| {
        let data = build.data(links).await?;
        Ok(async move || {
            let (itseme, link) = build.serve(&data, "").await?;
            processor::rests(itseme.process.id()).await?;
            if under_load {
                ask_everything(&itseme, link, Questions::new(data.people, build.jid)?, time).await?;
            }
            Ok(itseme.process.peak_memory() as f64)
        })
    };
    let idle = Finding::new(format!("memory, idle, {links} links"), "MiB").at_most(20.0);
    let full = format!("memory under full load, {links} links");
    let full = Finding::new(full, "MiB").at_most(150.0);
    stage.alone(idle, async |build| peak(build, false).await).await?;
    stage.alone(full, async |build| peak(build, true).await).await
}

async fn ask_everything(itseme: &Program, mut link: Link, native: Questions, time: Duration) -> Result<()> {
    let (http, people) = ([itseme.http()], itseme.data().people);
    let (one, many) = (Requests::confirm(people)?, Requests::confirm_many(people)?);
    let writes = Requests::contact_unknown(people)?;
    tokio::try_join!(
        one.again(&http, time),
        many.again(&http, time),
        writes.again(&http, time),
        native.ask(&mut link, time),
    )?;
    itseme.data().matched().await
}

/// The disk that a link takes beside the bytes of its columns.
pub async fn disk(stage: &Stage) -> Result<()> {
    let links = stage.scale.most;
    let file = async |build: Build| {
        let size = async |links| anyhow::Ok(fs::metadata(build.kept(links).await?.database())?.len());
        let bytes = (size(links).await? - size(0).await?) as f64 / links as f64;
        Ok(async move || Ok(bytes))
    };
    let columns = async || {
        // SQLite takes two bytes for a day of these decades.
        let columns =
            "SELECT avg(length(id_mac) + length(owner_mac) + length(proof) + length(box) + 2) FROM links";
        let reader = baseline::reader(&stage.build.kept(links).await?.database())?;
        let bytes = reader.query_row(columns, [], |row| row.get(0))?;
        Ok(async move || Ok(bytes))
    };
    let finding = Finding::new(format!("disk per link, {links} links"), "bytes");
    stage.compare(finding.beside("the bytes of its columns").at_most(1.6), file, columns).await
}
