//! `POST /v1/contact`: how fast it is answered, durably.

use std::time::Duration;

use anyhow::Result;
use itseme::model::{BareJid, Hash};
use serde_json::json;

use crate::build::Build;
use crate::cli::Scale;
use crate::http::{Exchange, load, post};
use crate::measure::Finding;
use crate::population::{People, unknown};
use crate::stage::Stage;

/// How many ask at once.
pub const CLIENTS: usize = 64;
/// Different requests.
const REQUESTS: usize = 1000;

pub async fn run(stage: &Stage) -> Result<()> {
    let finding = Finding::new("POST /v1/contact, 100 hashes, durable", "/s");
    stage.alone(finding, async |build| service(build, stage.scale).await).await
}

/// What measures it.
pub async fn service(build: Build, scale: Scale) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let data = build.data(scale.usual).await?;
    let itseme = build.serve_http(&data).await?;
    let exchanges = questions(data.people, 100)?;
    Ok(async move || {
        let rate = load(itseme.http(), CLIENTS, &exchanges, burst(scale)).await?;
        // So that the next turn has the machine for itself.
        data.matched().await?;
        Ok(rate)
    })
}

/// How long requests are sent: hashes are looked up within two seconds, which is not measured here.
pub fn burst(scale: Scale) -> Duration {
    scale.turn / 3
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
