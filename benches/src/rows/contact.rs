//! `POST /v1/contact`: how fast it is answered, durably.

use anyhow::Result;
use itseme::model::{BareJid, Hash};
use serde_json::json;

use crate::baseline;
use crate::build::Build;
use crate::http::{Exchange, load, post};
use crate::measure::Finding;
use crate::population::{People, unknown};
use crate::stage::Stage;

/// How many ask at once.
pub const CLIENTS: usize = 64;
/// Different requests.
const REQUESTS: usize = 1000;

pub async fn run(stage: &Stage) -> Result<Finding> {
    // A burst: hashes are looked up within two seconds, which is not measured here.
    let time = stage.scale.turn / 3;
    let service = async |build: Build| {
        let data = build.data(stage.scale.usual).await?;
        let itseme = build.serve_http(&data).await?;
        let (reader, exchanges) = (baseline::reader(&data.database())?, questions(data.people, 100)?);
        Ok(async move || {
            let rate = load(itseme.http(), CLIENTS, &exchanges, time).await?;
            // So that the next turn has the machine for itself.
            baseline::matched(&reader).await?;
            Ok(rate)
        })
    };
    stage.alone(Finding::new("POST /v1/contact, 100 hashes, durable", "/s"), service).await
}

/// Contact requests of many people, each for so many hashes that nobody has: the work for known hashes is done later, and has a row
/// of its own.
pub fn questions(people: People, hashes: usize) -> Result<Vec<Exchange>> {
    let question = |_| Ok(ask(&people.anybody()?.target, (0..hashes).map(|_| unknown())));
    (0..REQUESTS).map(question).collect()
}

/// Somebody's contact request for these hashes.
pub fn ask(asker: &BareJid, hashes: impl IntoIterator<Item = Hash>) -> Exchange {
    let body = json!({
        "target": asker,
        "contact_info": [{ "provider": "xmpp", "id": asker }],
        "contacts": hashes.into_iter().map(|hash| hash.to_string()).collect::<Vec<_>>(),
    });
    Exchange { request: post("/v1/contact", &body), answer: r#"{"status":"requests_send"}"# }
}
