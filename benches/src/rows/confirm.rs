//! `/v1/confirm`: one hash, as many as a request may have, and both in databases of different sizes.

use anyhow::{Context, Result, ensure};
use itseme::model::{BareJid, Hash, Mac};
use serde_json::json;

use crate::baseline;
use crate::http::{Client, Exchange, Exchanges, get, load, post};
use crate::measure::{Aim, Finding, Round, alternate};
use crate::population::{Data, People, unknown};
use crate::program::Program;
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
pub async fn one(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let itseme = stage.serve_http(&data).await?;
    let route = Program::route(&stage.folder()?).await?;
    let exchanges = questions(data.people)?;
    looks_alike(&itseme, &route, &exchanges[0]).await?;
    tells_strangers_apart(&itseme, data.people).await?;
    let turn = async |program: &Program| load(program.http, CLIENTS, &exchanges, stage.scale.turn).await;
    let rounds =
        alternate(stage.scale.rounds, async || turn(&itseme).await, async || turn(&route).await).await?;
    Ok(Finding::new("GET /v1/confirm", "/s", rounds).beside("a bare warp route").aiming(Aim::AtLeast(0.8)))
}

/// Many hashes beside look-ups of as many.
pub async fn many(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let itseme = stage.serve_http(&data).await?;
    let exchanges = questions_of_many(data.people)?;
    tells_strangers_apart(&itseme, data.people).await?;
    let (reader, lists) = (baseline::reader(&data.database())?, lists(&data)?);
    let ours = async || load(itseme.http, CLIENTS_OF_MANY, &exchanges, stage.scale.turn).await;
    let theirs = async || baseline::look_ups(&reader, &lists, stage.scale.turn);
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    let finding = Finding::new("POST /v1/confirm, 500 hashes", "/s", rounds);
    Ok(finding.beside("500 bare look-ups").aiming(Aim::AtLeast(0.8)))
}

/// Both in larger databases beside the smallest.
pub async fn sizes(stage: &Stage) -> Result<Vec<Finding>> {
    let scale = stage.scale;
    let mut larger = vec![scale.usual, scale.most];
    larger.dedup();
    let mut findings = Vec::new();
    for links in larger {
        let finding = |what: &str, rounds| {
            Finding::new(format!("{what}, {links} links"), "µs", rounds)
                .beside(format!("{} links", scale.few))
        };
        let (one, many) = (
            compare(stage, links, CLIENTS, questions).await?,
            compare(stage, links, CLIENTS_OF_MANY, questions_of_many).await?,
        );
        findings.push(finding("GET /v1/confirm", one).aiming(Aim::AtMost(1.25)));
        findings.push(finding("POST /v1/confirm, 500 hashes", many));
    }
    Ok(findings)
}

/// How many microseconds an answer takes among so many links and among few.
async fn compare(
    stage: &Stage,
    links: u64,
    clients: usize,
    questions: fn(People) -> Result<Exchanges>,
) -> Result<Vec<Round>> {
    let side = async |links| {
        let data = stage.data(links)?;
        anyhow::Ok((stage.serve_http(&data).await?, questions(data.people)?))
    };
    let (large, small) = (side(links).await?, side(stage.scale.few).await?);
    let micros = async |(itseme, exchanges): &(Program, Exchanges)| {
        Ok(1e6 / load(itseme.http, clients, exchanges, stage.scale.turn).await?)
    };
    alternate(stage.scale.rounds, async || micros(&large).await, async || micros(&small).await).await
}

/// Questions about links all over the database.
pub fn questions(people: People) -> Result<Exchanges> {
    let question = |_| people.any().map(|link| ask(&link.hash, &link.target, YES));
    (0..REQUESTS).map(question).collect()
}

fn ask(hash: &Hash, target: &BareJid, answer: &'static str) -> Exchange {
    Exchange { request: get(&format!("/v1/confirm/{hash}/{target}")), answer }
}

/// A question for everybody who has so many links.
pub fn questions_of_many(people: People) -> Result<Exchanges> {
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

/// The ids that each of the questions has looked up.
fn lists(data: &Data) -> Result<Vec<Vec<Mac>>> {
    let keys = data.keys()?;
    let list = |which| {
        let (_, hashes) = data.people.one_with_many(which)?;
        Ok(hashes.iter().map(|hash| keys.id(hash)).collect())
    };
    (0..data.people.rich()).map(list).collect()
}

/// Checks that both send the same, to the byte, but for the date.
async fn looks_alike(itseme: &Program, route: &Program, exchange: &Exchange) -> Result<()> {
    let (mut ours, mut theirs) = (Client::connect(itseme.http).await?, Client::connect(route.http).await?);
    futures::future::try_join(ours.exchange(exchange), theirs.exchange(exchange)).await?;
    let (ours, theirs) = (ours.headers(), theirs.headers());
    ensure!(ours == theirs, "the bare route sends something else: {theirs:?} instead of {ours:?}");
    Ok(())
}

/// Checks that the service does not just confirm.
async fn tells_strangers_apart(itseme: &Program, people: People) -> Result<()> {
    let mut client = Client::connect(itseme.http).await?;
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
