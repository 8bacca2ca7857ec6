//! The service over PostgreSQL: beside itself over SQLite, look-ups beside the same by tokio-postgres alone, and two instances beside
//! one.

use std::cell::RefCell;
use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::build::Program;
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
    let (sqlite, stage) = (&stage.build, &stage.over_postgres().await?);
    let Scale { usual, turn, .. } = stage.scale;
    let data = stage.build.data(usual).await?;
    let server = data.postgres.as_ref().context("no server")?;

    let over_sqlite = |what| Finding::new(format!("{what}, PostgreSQL"), "/s").beside("SQLite");

    let one = data.ids((0..LOOK_UPS).map(|_| data.people.hashes(1, 0)))?;
    let many = data.ids(data.people.rich().map(|person| Ok(person?.1)))?;
    let look_ups = [
        ("GET /v1/confirm", Requests::confirm as fn(_) -> _, one),
        ("POST /v1/confirm, 500 hashes", Requests::confirm_many, many),
    ];
    for (what, requests, ids) in look_ups {
        let service = async |build| asked(build, usual, requests, turn).await;
        stage.compare(over_sqlite(what), service, async || service(sqlite.clone()).await).await?;
        if stage.against.is_none() {
            let finding = Finding::new(format!("{what}, PostgreSQL"), "/s").beside("bare tokio-postgres");
            stage.compare(finding.at_least(0.7), service, async || server.look_ups(ids, turn).await).await?;
        }
    }
    let contact = async |build| asked(build, usual, Requests::contact_unknown, turn / 3).await;
    let finding = over_sqlite("POST /v1/contact, 100 hashes");
    stage.compare(finding, contact, async || contact(sqlite.clone()).await).await?;
    let register = async |build| registering(build, usual, turn).await;
    let finding = over_sqlite("register and verify");
    stage.compare(finding, register, async || register(sqlite.clone()).await).await?;
    match stage.against {
        Some(_) => Ok(()),
        None => two_instances(stage, server).await,
    }
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
    let shares: Vec<_> = of_two.take().into_iter().zip(of_one.take()).skip(1).collect();
    let share = Finding::new("the database's part of the processor's time, two instances", "%");
    stage.report(&share.beside("one"), &shares);
    Ok(())
}
