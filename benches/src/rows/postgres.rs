//! The service over PostgreSQL: beside itself over SQLite, look-ups beside the same by tokio-postgres alone, and two instances beside
//! one.

use std::cell::RefCell;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use itseme::model::Mac;

use crate::build::{Build, Program};
use crate::cli::Scale;
use crate::measure::Finding;
use crate::postgres::Postgres;
use crate::processor;
use crate::requests::{Requests, asked};
use crate::rows::register::registering;
use crate::stage::Stage;

/// Different look-ups of one hash.
const LOOK_UPS: usize = 20_000;

pub async fn run(stage: &Stage) -> Result<()> {
    let (sqlite, scale, stage) = (&stage.build, stage.scale, &stage.over_postgres().await?);
    let data = stage.build.data(scale.usual).await?;
    let server = data.postgres.as_ref().context("no server")?;

    let Scale { usual, turn, .. } = scale;
    let one = async |build| asked(build, usual, Requests::confirm, turn).await;
    let ids = data.ids(LOOK_UPS)?.into_iter().map(|id| vec![id]).collect();
    beside_sqlite(stage, sqlite, "GET /v1/confirm", one).await?;
    beside_bare(stage, server, "GET /v1/confirm", one, ids).await?;

    let many = async |build| asked(build, usual, Requests::confirm_many, turn).await;
    beside_sqlite(stage, sqlite, "POST /v1/confirm, 500 hashes", many).await?;
    beside_bare(stage, server, "POST /v1/confirm, 500 hashes", many, data.ids_together()?).await?;

    let contact = async |build| asked(build, usual, Requests::contact_unknown, turn / 3).await;
    beside_sqlite(stage, sqlite, "POST /v1/contact, 100 hashes", contact).await?;
    let register = async |build| registering(build, usual, turn).await;
    beside_sqlite(stage, sqlite, "register and verify", register).await?;
    match stage.against {
        Some(_) => Ok(()),
        None => two_instances(stage, server).await,
    }
}

async fn beside_sqlite<S: AsyncFnMut() -> Result<f64>>(
    stage: &Stage,
    sqlite: &Build,
    what: &str,
    service: impl AsyncFn(Build) -> Result<S>,
) -> Result<()> {
    let finding = Finding::new(format!("{what}, PostgreSQL"), "/s").beside("SQLite");
    stage.compare(finding, &service, async || service(sqlite.clone()).await).await
}

/// Look-ups beside those of as many ids.
async fn beside_bare<S: AsyncFnMut() -> Result<f64>>(
    stage: &Stage,
    server: &Postgres,
    what: &str,
    service: impl AsyncFn(Build) -> Result<S>,
    ids: Vec<Vec<Mac>>,
) -> Result<()> {
    // The other build was measured already.
    if stage.against.is_some() {
        return Ok(());
    }
    let finding = Finding::new(format!("{what}, PostgreSQL"), "/s").beside("bare tokio-postgres");
    let bare = async || server.look_ups(ids, stage.scale.turn).await;
    stage.compare(finding.at_least(0.7), service, bare).await
}

/// `confirm` spread over two instances beside one, and the part of the processor's time that the database takes of what it and the
/// service take.
async fn two_instances(stage: &Stage, server: &Postgres) -> Result<()> {
    let data = stage.build.data(stage.scale.usual).await?;
    let (leads, stands_by) = (stage.build.serve_http(&data).await?, stage.build.stand_by(&data).await?);
    let requests = &Requests::confirm(data.people)?;
    let spent = || {
        let of = |instance: &Program| processor::spent(instance.process.id(), "");
        anyhow::Ok((server.spent()?, of(&leads)? + of(&stands_by)?))
    };
    let ask = async |instances: &[SocketAddr], shares: &RefCell<Vec<f64>>| {
        let before = spent()?;
        let rate = requests.again(instances, stage.scale.turn).await?;
        let after = spent()?;
        let (database, service) = (after.0.saturating_sub(before.0), after.1 - before.1);
        shares.borrow_mut().push(100.0 * database.div_duration_f64(database + service));
        Ok(rate)
    };
    let (of_two, of_one) = (&RefCell::default(), &RefCell::default());
    let two = async || ask(&[leads.http(), stands_by.http()], of_two).await;
    let one = async || ask(&[leads.http()], of_one).await;
    let finding = Finding::new("GET /v1/confirm, two instances", "/s").beside("one").at_least(0.9);
    stage.turns(finding, two, one).await?;
    let shares = of_two.take().into_iter().zip(of_one.take()).skip(1).collect();
    let share = Finding::new("the database's part of the processor's time, two instances", "%");
    stage.report(&share.beside("one").found(shares));
    Ok(())
}
