//! `/v1/confirm`: one hash, as many as a request may have, and both in databases of different sizes.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use itseme::model::{BareJid, Hash};
use serde_json::json;

use crate::baseline::{self, Columns};
use crate::build::{Build, Program};
use crate::cli::Scale;
use crate::http::{Client, Exchange, get, load, post};
use crate::measure::Finding;
use crate::population::{People, TOGETHER, unknown};
use crate::stage::Stage;

/// Connections that ask about one hash.
pub const CLIENTS: usize = 32;
/// Connections that ask about many.
pub const CLIENTS_OF_MANY: usize = 8;
/// Different requests: many more than fit into SQLite's cache.
const REQUESTS: usize = 20_000;

const YES: &str = r#"{"confirmed":true}"#;
const NO: &str = r#"{"confirmed":false}"#;

/// One hash beside the bare route.
pub async fn one(stage: &Stage) -> Result<()> {
    let (usual, time) = (stage.scale.usual, stage.scale.turn);
    let address = &Cell::new(None);
    let service = async |build: Build| {
        let (itseme, people) = serve(&build, usual).await?;
        address.set(Some(itseme.http()));
        Ok(asking(itseme, CLIENTS, questions(people)?, time))
    };
    let route = async || {
        let (route, exchanges) = (stage.route().await?, questions(People::new(usual))?);
        looks_alike(address.get().context("no service")?, route.http(), &exchanges[0]).await?;
        Ok(asking(route, CLIENTS, exchanges, time))
    };
    let finding = Finding::new("GET /v1/confirm", "/s").beside("a bare warp route").at_least(0.8);
    stage.compare(finding, service, route).await
}

/// What measures one hash.
pub async fn service_of_one(build: Build, scale: Scale) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (itseme, people) = serve(&build, scale.usual).await?;
    Ok(asking(itseme, CLIENTS, questions(people)?, scale.turn))
}

/// What measures many hashes.
pub async fn service_of_many(build: Build, scale: Scale) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (itseme, people) = serve(&build, scale.usual).await?;
    Ok(asking(itseme, CLIENTS_OF_MANY, questions_of_many(people)?, scale.turn))
}

/// Many hashes beside look-ups of as many.
pub async fn many(stage: &Stage) -> Result<()> {
    let (usual, time) = (stage.scale.usual, stage.scale.turn);
    let service = async |build| service_of_many(build, stage.scale).await;
    let look_ups = async || {
        let data = stage.build.data(usual).await?;
        let (reader, lists) = (baseline::reader(&data.database())?, data.ids_together()?);
        Ok(baseline::look_ups(reader, Columns::Proof, lists, time, |_, found| {
            ensure!(found == TOGETHER as usize, "a link was not found");
            Ok(())
        }))
    };
    let finding = Finding::new("POST /v1/confirm, 500 hashes", "/s").beside("500 bare look-ups");
    stage.compare(finding.at_least(0.8), service, look_ups).await
}

/// Both in larger databases beside the smallest.
pub async fn sizes(stage: &Stage) -> Result<()> {
    let Scale { few, usual, most, .. } = stage.scale;
    for links in BTreeSet::from([usual, most]) {
        let finding =
            |what| Finding::new(format!("{what}, {links} links"), "µs").beside(format!("{few} links"));
        let one = finding("GET /v1/confirm").at_most(1.25);
        compare(stage, one, links, CLIENTS, questions).await?;
        let many = finding("POST /v1/confirm, 500 hashes");
        compare(stage, many, links, CLIENTS_OF_MANY, questions_of_many).await?;
    }
    Ok(())
}

/// How many microseconds an answer takes among so many links and among few.
async fn compare(
    stage: &Stage,
    finding: Finding,
    links: u64,
    clients: usize,
    questions: fn(People) -> Result<Vec<Exchange>>,
) -> Result<()> {
    let side = async |build: Build, links| {
        let (itseme, people) = serve(&build, links).await?;
        let mut rate = asking(itseme, clients, questions(people)?, stage.scale.turn);
        Ok(async move || Ok(1e6 / rate().await?))
    };
    let few = async || side(stage.build.clone(), stage.scale.few).await;
    stage.compare(finding, async |build| side(build, links).await, few).await
}

/// The service over so many links.
async fn serve(build: &Build, links: u64) -> Result<(Program, People)> {
    let data = build.data(links).await?;
    let itseme = build.serve_http(&data).await?;
    tells_strangers_apart(&itseme, data.people).await?;
    Ok((itseme, data.people))
}

/// So many clients that ask all of that for some time.
fn asking(
    program: Program,
    clients: usize,
    exchanges: Vec<Exchange>,
    time: Duration,
) -> impl AsyncFnMut() -> Result<f64> {
    async move || load(program.http(), clients, &exchanges, time).await
}

/// Questions about links all over the database.
pub fn questions(people: People) -> Result<Vec<Exchange>> {
    let question = |_| people.any().map(|link| ask(&link.hash, &link.target, YES));
    (0..REQUESTS).map(question).collect()
}

fn ask(hash: &Hash, target: &BareJid, answer: &'static str) -> Exchange {
    Exchange { request: get(&format!("/v1/confirm/{hash}/{target}")), answer }
}

/// A question for everybody who has so many links.
pub fn questions_of_many(people: People) -> Result<Vec<Exchange>> {
    let question = |which| {
        let (target, hashes) = people.one_with_many(which)?;
        Ok(ask_many(&hashes, &target, YES))
    };
    (0..people.rich()).map(question).collect()
}

fn ask_many(hashes: &[Hash], target: &BareJid, answer: &'static str) -> Exchange {
    let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
    Exchange { request: post("/v1/confirm", &json!({ "target": target, "hashes": hashes })), answer }
}

/// Checks that both send the same, to the byte, but for the date.
async fn looks_alike(ours: SocketAddr, theirs: SocketAddr, exchange: &Exchange) -> Result<()> {
    let (mut ours, mut theirs) = (Client::connect(ours).await?, Client::connect(theirs).await?);
    ours.exchange(exchange).await?;
    theirs.exchange(exchange).await?;
    let (ours, theirs) = (ours.headers(), theirs.headers());
    ensure!(ours == theirs, "the bare route sends something else: {theirs:?} instead of {ours:?}");
    Ok(())
}

/// Checks that the service does not just confirm.
async fn tells_strangers_apart(itseme: &Program, people: People) -> Result<()> {
    let mut client = Client::connect(itseme.http()).await?;
    for which in 0..people.rich() {
        let (target, mut hashes) = people.one_with_many(which)?;
        for other in [unknown(), people.anybody()?.hash] {
            *hashes.last_mut().context("no hashes")? = other;
            client.exchange(&ask_many(&hashes, &target, NO)).await?;
            client.exchange(&ask(&other, &target, NO)).await?;
        }
    }
    Ok(())
}
