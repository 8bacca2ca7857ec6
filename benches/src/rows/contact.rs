//! `POST /v1/contact`: how fast it is answered, durably.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::json;

use crate::baseline::{self, STORED};
use crate::http::{Client, Exchange, load, post};
use crate::measure::{Aim, Finding, Round, alternate, with_bare};
use crate::population::{People, unknown};
use crate::program::{Program, until};
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "contact",
    about: "the answer to POST /v1/contact with 100 hashes, 64 clients, beside the same bytes inserted by rusqlite; a bare program: \
            a bare route that inserts them",
    run: |stage| row(run(stage)),
};

/// The service's.
pub const ROUTE: &str = "/v1/contact";
/// That of the bare route which keeps what it is sent.
pub const KEEP: &str = "/v1/keep";
/// What either answers.
pub const ANSWER: &str = r#"{"status":"requests_send"}"#;
/// How many ask at once, and how many rows are inserted in one transaction.
pub const CLIENTS: usize = 64;
/// Different requests.
const REQUESTS: usize = 1000;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let itseme = stage.serve(&data).await?.only_http();
    let exchanges = questions(data.people, ROUTE, 100, REQUESTS)?;
    let kept = questions(data.people, KEEP, 100, REQUESTS)?;
    let reader = baseline::reader(&data.database())?;
    let few = stage.fresh(stage.scale.few)?;
    let (bare, writer) = (Program::bare_on_own_threads(&few).await?, baseline::writer(&few.database())?);
    let bytes = stored(&itseme, &reader, &exchanges[0]).await?;
    ensure!(
        bytes.len().abs_diff(STORED) <= 32,
        "the bare route stores {STORED} bytes and the service {}",
        bytes.len()
    );
    // A burst: hashes are looked up within two seconds, which is not what is measured here.
    let (time, count) = (stage.scale.turn / 3, stage.scale.rounds);
    let ours = async || {
        let rate = load(itseme.http, CLIENTS, &exchanges, time).await?;
        is_done(&reader).await?;
        Ok(rate)
    };
    let theirs = async || baseline::insert(&writer, &bytes, CLIENTS, time);
    let keep = async || {
        let rate = load(bare.http, CLIENTS, &kept, time).await?;
        baseline::clear(&writer)?;
        Ok(rate)
    };
    let rounds = alternate(count, ours, &theirs).await?;
    let bare = alternate(count, keep, &theirs).await?;
    Ok(vec![Finding {
        what: "POST /v1/contact, 100 hashes, durable".into(),
        compared_to: format!("the same {} bytes inserted, 64 to a transaction", bytes.len()),
        unit: "/s",
        aim: Aim::AtLeast(0.8),
        rounds: with_bare(rounds, bare.iter().map(Round::value)),
    }])
}

/// Contact requests of many people, by that route, for so many hashes that nobody has: what is done for those that are known
/// comes later, and has a row of its own.
pub fn questions(people: People, route: &str, hashes: usize, count: usize) -> Result<Arc<[Exchange]>> {
    let question = |_| {
        let asker = people.anybody()?;
        let body = json!({
            "target": asker.target,
            "contact_info": [{ "provider": "xmpp", "id": asker.target }],
            "contacts": (0..hashes).map(|_| unknown().to_string()).collect::<Vec<_>>(),
        });
        Ok(Exchange { request: post(route, &body), answer: ANSWER })
    };
    (0..count).map(question).collect()
}

/// What the service keeps of a request until it looks its hashes up.
async fn stored(itseme: &Program, reader: &Connection, exchange: &Exchange) -> Result<Vec<u8>> {
    let mut client = Client::connect(itseme.http).await?;
    for _ in 0..100 {
        client.exchange(exchange).await?;
    }
    let row = "SELECT box FROM outbox WHERE queue = 0 LIMIT 1";
    let bytes = reader.query_row(row, [], |row| row.get(0)).context("a contact request that waits")?;
    is_done(reader).await?;
    Ok(bytes)
}

/// Waits until every request was worked on, so that the next round has the machine for itself.
pub async fn is_done(reader: &Connection) -> Result<()> {
    until(async || baseline::waiting(reader).is_ok_and(|waiting| waiting == 0)).await
}
