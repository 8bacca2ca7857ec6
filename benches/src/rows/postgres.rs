//! The service over PostgreSQL: beside itself over SQLite, beside the same statements by tokio-postgres alone, and two instances
//! beside one.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use futures::future::try_join_all;

use crate::build::Build;
use crate::http::load;
use crate::measure::{Aim, Finding, alternate};
use crate::population::Data;
use crate::postgres::{self, Postgres};
use crate::processor;
use crate::rows::{confirm, contact, register};
use crate::stage::Stage;

pub async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let (server, scale) = (&stage.postgres().await?, stage.scale);
    let service = async |build| confirm::service_of_one(build, scale).await;
    let bare = async |data| postgres::confirm(data, confirm::CLIENTS, scale.turn).await;
    let mut findings = compare(stage, server, "GET /v1/confirm", service, bare).await?;
    let service = async |build| confirm::service_of_many(build, scale).await;
    let bare = async |data| postgres::confirm_many(data, confirm::CLIENTS_OF_MANY, scale.turn).await;
    findings.extend(compare(stage, server, "POST /v1/confirm, 500 hashes", service, bare).await?);
    let service = async |build| contact::service(build, scale).await;
    let bare = async |data| postgres::contact(data, contact::CLIENTS, contact::burst(scale)).await;
    findings.extend(compare(stage, server, "POST /v1/contact, 100 hashes", service, bare).await?);
    let service = async |build| register::service(build, scale).await;
    let bare = async |data| postgres::register(data, register::CLIENTS, scale.turn).await;
    findings.extend(compare(stage, server, "register and verify", service, bare).await?);
    if stage.against.is_none() {
        findings.extend(two_instances(stage, server).await?);
    }
    server.tidy().await?;
    Ok(findings)
}

/// Measures the service over PostgreSQL, over SQLite, and the bare statements, by turns.
async fn compare<S, B>(
    stage: &Stage,
    server: &Arc<Postgres>,
    what: &str,
    service: impl AsyncFn(Build) -> Result<S>,
    bare: impl AsyncFnOnce(Data) -> Result<B>,
) -> Result<Vec<Finding>>
where
    S: AsyncFnMut() -> Result<f64>,
    B: AsyncFnMut() -> Result<f64>,
{
    let (build, links) = (&stage.build, stage.scale.usual);
    let finding = Finding::new(format!("{what}, PostgreSQL"), "/s");
    if stage.against.is_some() {
        let service = async |build: Build| service(build.over(server)).await;
        return Ok(vec![stage.alone(finding, service).await?]);
    }
    let mut bare = bare(server.data(build, "bare", links).await?).await?;
    let (ours, mut over_sqlite) = (service(build.over(server)).await?, service(build.clone()).await?);
    let mut bare_rates = Vec::new();
    let theirs = async || {
        bare_rates.push(bare().await?);
        over_sqlite().await
    };
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    // The first turn does not count.
    let beside_bare = rounds.iter().zip(&bare_rates[1..]).map(|((ours, _), bare)| (*ours, Some(*bare)));
    let beside_bare = beside_bare.collect();
    Ok(vec![
        finding.clone().beside("SQLite").found(rounds),
        finding.beside("bare tokio-postgres").aiming(Aim::AtLeast(0.7)).found(beside_bare),
    ])
}

/// `confirm` spread over two instances beside one, and the part of the processor's time that the database takes of what it and the
/// service take.
async fn two_instances(stage: &Stage, server: &Arc<Postgres>) -> Result<Vec<Finding>> {
    let build = stage.build.over(server);
    let data = build.data(stage.scale.usual).await?;
    let (leads, stands_by) = (build.serve_http(&data).await?, build.stand_by(&data).await?);
    let exchanges = &confirm::questions(data.people)?;
    let ask = async |instances: &[SocketAddr], shares: &RefCell<Vec<f64>>| {
        let (database, service) = (server.ticks()?, of_children()?);
        let clients = confirm::CLIENTS / instances.len();
        let asks = instances.iter().map(|http| load(*http, clients, exchanges, stage.scale.turn));
        let rate = try_join_all(asks).await?.iter().sum();
        let database = (server.ticks()? - database) as f64;
        let service = (of_children()? - service) as f64;
        shares.borrow_mut().push(100.0 * database / (database + service));
        Ok(rate)
    };
    let (of_two, of_one) = (&RefCell::default(), &RefCell::default());
    let two = async || ask(&[leads.http(), stands_by.http()], of_two).await;
    let one = async || ask(&[leads.http()], of_one).await;
    let rounds = alternate(stage.scale.rounds, two, one).await?;
    let shares = of_two.take().into_iter().zip(of_one.take()).skip(1);
    let finding = Finding::new("GET /v1/confirm, two instances", "/s").beside("one");
    let share = Finding::new("the database's part of the processor's time, two instances", "%");
    Ok(vec![
        finding.aiming(Aim::AtLeast(0.9)).found(rounds),
        share.beside("one").found(shares.map(|(two, one)| (two, Some(one))).collect()),
    ])
}

/// The ticks that all instances of the service have had, which are children of this process.
fn of_children() -> Result<u64> {
    let own = std::process::id();
    processor::ticks(|_, parent| parent == own)
}
