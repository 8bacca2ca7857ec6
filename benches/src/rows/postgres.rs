//! The service over PostgreSQL: beside itself over SQLite, beside the same statements by tokio-postgres alone, and two instances
//! beside one.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use futures::future::try_join_all;

use crate::build::Build;
use crate::http::load;
use crate::measure::Finding;
use crate::population::Data;
use crate::postgres::{self, Postgres};
use crate::processor;
use crate::rows::{confirm, contact, register};
use crate::stage::Stage;

pub async fn run(stage: &Stage) -> Result<()> {
    let (server, scale) = (&stage.postgres().await?, stage.scale);
    let service = async |build| confirm::service_of_one(build, scale).await;
    let bare = async |data| postgres::confirm(data, confirm::CLIENTS, scale.turn).await;
    compare(stage, server, "GET /v1/confirm", service, bare).await?;
    let service = async |build| confirm::service_of_many(build, scale).await;
    let bare = async |data| postgres::confirm_many(data, confirm::CLIENTS_OF_MANY, scale.turn).await;
    compare(stage, server, "POST /v1/confirm, 500 hashes", service, bare).await?;
    let service = async |build| contact::service(build, scale).await;
    let bare = async |data| postgres::contact(data, contact::CLIENTS, contact::burst(scale)).await;
    compare(stage, server, "POST /v1/contact, 100 hashes", service, bare).await?;
    let service = async |build| register::service(build, scale).await;
    let bare = async |data| postgres::register(data, register::CLIENTS, scale.turn).await;
    compare(stage, server, "register and verify", service, bare).await?;
    if stage.against.is_none() {
        two_instances(stage, server).await?;
    }
    server.tidy().await
}

/// Measures the service over PostgreSQL, over SQLite, and the bare statements, by turns.
async fn compare<S, B>(
    stage: &Stage,
    server: &Arc<Postgres>,
    what: &str,
    service: impl AsyncFn(Build) -> Result<S>,
    bare: impl AsyncFnOnce(Data) -> Result<B>,
) -> Result<()>
where
    S: AsyncFnMut() -> Result<f64>,
    B: AsyncFnMut() -> Result<f64>,
{
    let (build, links) = (&stage.build, stage.scale.usual);
    let finding = Finding::new(format!("{what}, PostgreSQL"), "/s");
    if stage.against.is_some() {
        let service = async |build: Build| service(build.over(server)).await;
        return stage.alone(finding, service).await;
    }
    let mut bare = bare(server.data(build, "bare", links).await?).await?;
    let (mut ours, mut over_sqlite) = (service(build.over(server)).await?, service(build.clone()).await?);
    stage.turns(finding.clone().beside("SQLite"), &mut ours, async || over_sqlite().await).await?;
    let finding = finding.beside("bare tokio-postgres").at_least(0.7);
    stage.turns(finding, ours, async || bare().await).await
}

/// `confirm` spread over two instances beside one, and the part of the processor's time that the database takes of what it and the
/// service take.
async fn two_instances(stage: &Stage, server: &Arc<Postgres>) -> Result<()> {
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
    let finding = Finding::new("GET /v1/confirm, two instances", "/s").beside("one").at_least(0.9);
    stage.turns(finding, two, one).await?;
    let shares = of_two.take().into_iter().zip(of_one.take()).skip(1).collect();
    let share = Finding::new("the database's part of the processor's time, two instances", "%");
    stage.report(&share.beside("one").found(shares));
    Ok(())
}

/// The ticks that all instances of the service have had, which are children of this process.
fn of_children() -> Result<u64> {
    let own = std::process::id();
    processor::ticks(|_, parent| parent == own)
}
