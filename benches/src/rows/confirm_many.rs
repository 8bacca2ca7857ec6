//! `POST /v1/confirm` with as many hashes as it may have.

use std::sync::Arc;

use anyhow::{Context, Result};
use itseme::model::Mac;
use serde_json::json;

use crate::baseline;
use crate::http::{Client, Exchange, load, post};
use crate::measure::{Aim, Finding, alternate};
use crate::population::{Data, People, unknown};
use crate::program::Program;
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "confirm-many",
    about: "POST /v1/confirm with 500 hashes beside 500 bare look-ups by rusqlite in one thread",
    run: |stage| row(run(stage)),
};

/// Connections that are kept.
pub const CLIENTS: usize = 8;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let itseme = stage.serve(&data).await?.only_http();
    let exchanges = questions(data.people)?;
    finds_the_one_that_is_wrong(&itseme, data.people).await?;
    let reader = baseline::reader(&data.database())?;
    let lists = lists(&data)?;
    let (time, rounds) = (stage.scale.turn, stage.scale.rounds);
    let ours = async || load(itseme.http, CLIENTS, &exchanges, time).await;
    let theirs = async || baseline::look_ups(&reader, &lists, time);
    Ok(vec![Finding {
        what: "POST /v1/confirm, 500 hashes".into(),
        compared_to: "500 bare look-ups".into(),
        unit: "/s",
        aim: Aim::AtLeast(0.8),
        rounds: alternate(rounds, ours, theirs).await?,
    }])
}

/// One for everybody who has so many links.
pub fn questions(people: People) -> Result<Arc<[Exchange]>> {
    let question = |which| {
        let (target, hashes) = people.one_with_many(which)?;
        let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
        let request = post("/v1/confirm", &json!({ "target": target, "hashes": hashes }));
        Ok(Exchange { request, answer: r#"{"confirmed":true}"# })
    };
    (0..people.rich()).map(question).collect()
}

/// What each of the questions has looked up.
pub fn lists(data: &Data) -> Result<Vec<Vec<Mac>>> {
    let keys = data.keys()?;
    let list = |which| {
        let (_, hashes) = data.people.one_with_many(which)?;
        Ok(hashes.iter().map(|hash| keys.id(hash)).collect())
    };
    (0..data.people.rich()).map(list).collect()
}

async fn finds_the_one_that_is_wrong(itseme: &Program, people: People) -> Result<()> {
    let (target, hashes) = people.one_with_many(0)?;
    let mut hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
    *hashes.last_mut().context("no hashes")? = unknown().to_string();
    let request = post("/v1/confirm", &json!({ "target": target, "hashes": hashes }));
    let exchange = Exchange { request, answer: r#"{"confirmed":false}"# };
    Client::connect(itseme.http).await?.exchange(&exchange).await
}
