//! `POST /v1/contact`: how fast it is answered, durably.

use std::cell::RefCell;

use anyhow::Result;
use rusqlite::Connection;
use serde_json::json;

use crate::baseline;
use crate::http::{Exchange, Exchanges, load, post};
use crate::measure::{Finding, alternate};
use crate::population::{People, unknown};
use crate::program::until;
use crate::stage::Stage;

/// How many ask at once, and how many rows are inserted in one transaction.
pub const CLIENTS: usize = 64;
/// Different requests.
const REQUESTS: usize = 1000;

pub async fn run(stage: &Stage) -> Result<Finding> {
    let (data, few) = (stage.data(stage.scale.usual)?, stage.fresh(stage.scale.few)?);
    let itseme = stage.serve_http(&data).await?;
    let exchanges = questions(data.people, 100)?;
    let (reader, writer) = (baseline::reader(&data.database())?, baseline::writer(&few.database())?);
    let stored = RefCell::new(Vec::new());
    // A burst: hashes are looked up within two seconds, which is not measured here.
    let time = stage.scale.turn / 3;
    let ours = async || {
        let rate = load(itseme.http, CLIENTS, &exchanges, time).await?;
        *stored.borrow_mut() = baseline::like_those_waiting(&reader)?;
        is_done(&reader).await?;
        Ok(rate)
    };
    let theirs = async || baseline::inserts(&writer, &stored.borrow(), CLIENTS, time);
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    let other = format!("the same {} bytes inserted, 64 to a transaction", stored.take().len());
    Ok(Finding::new("POST /v1/contact, 100 hashes, durable", "/s", rounds).beside(other))
}

/// Contact requests of many people, each for so many hashes that nobody has: the work for known hashes is done later, and has a row
/// of its own.
pub fn questions(people: People, hashes: usize) -> Result<Exchanges> {
    let question = |_| {
        let asker = people.anybody()?.target;
        let body = json!({
            "target": asker,
            "contact_info": [{ "provider": "xmpp", "id": asker }],
            "contacts": (0..hashes).map(|_| unknown().to_string()).collect::<Vec<_>>(),
        });
        Ok(Exchange { request: post("/v1/contact", &body), answer: r#"{"status":"requests_send"}"# })
    };
    (0..REQUESTS).map(question).collect()
}

/// Waits until every request was worked on, so that the next round has the machine for itself.
pub async fn is_done(reader: &Connection) -> Result<()> {
    until(async || baseline::waiting(reader).is_ok_and(|waiting| waiting == 0)).await
}
