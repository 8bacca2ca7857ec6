//! `/v1/confirm` with one hash and with as many as a request may have, `POST /v1/contact`, and look-ups in databases of different sizes.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::baseline;
use crate::cli::Scale;
use crate::http::Client;
use crate::measure::Finding;
use crate::population::{People, TOGETHER};
use crate::requests::{Requests, asked};
use crate::stage::Stage;

/// One hash beside the bare route.
pub async fn confirm(stage: &Stage) -> Result<()> {
    let (usual, time) = (stage.scale.usual, stage.scale.turn);
    let service = async |build| asked(build, usual, Requests::confirm, time).await;
    let route = async || {
        let ((route, address), requests) = (stage.route().await?, Requests::confirm(People::new(usual))?);
        look_alike(stage, address).await?;
        Ok(async move || {
            let _runs = &route;
            requests.again(&[address], time).await
        })
    };
    let finding = Finding::new("GET /v1/confirm", "/s").beside("a bare warp route").at_least(0.8);
    stage.compare(finding, service, route).await
}

/// Checks that the bare route sends the same as the service, to the byte, but for the date.
async fn look_alike(stage: &Stage, route: SocketAddr) -> Result<()> {
    let itseme = stage.build.serve_http(&stage.build.data(stage.scale.few).await?).await?;
    let exchange = &Requests::confirm(itseme.data().people)?.exchanges[0];
    let headers = async |address| {
        let mut client = Client::connect(address).await?;
        client.exchange(exchange).await?;
        anyhow::Ok(client.headers())
    };
    let (ours, theirs) = (headers(itseme.http()).await?, headers(route).await?);
    ensure!(ours == theirs, "the bare route sends something else: {theirs:?} instead of {ours:?}");
    Ok(())
}

/// Many hashes beside look-ups of as many.
pub async fn confirm_many(stage: &Stage) -> Result<()> {
    let (usual, time) = (stage.scale.usual, stage.scale.turn);
    let service = async |build| asked(build, usual, Requests::confirm_many, time).await;
    let look_ups = async || {
        let data = stage.build.data(usual).await?;
        let lists = data.ids(data.people.rich().map(|person| Ok(person?.1)))?;
        let reader = baseline::reader(&data.database())?;
        let is_whole = |found| {
            ensure!(found == TOGETHER as usize, "a link was not found");
            Ok(())
        };
        Ok(async move || baseline::look_ups(&reader, "proof", &lists, time, is_whole))
    };
    let finding = Finding::new("POST /v1/confirm, 500 hashes", "/s").beside("500 bare look-ups");
    stage.compare(finding.at_least(0.8), service, look_ups).await
}

/// Contact requests, in bursts: hashes are looked up within two seconds, which is not measured here.
pub async fn contact(stage: &Stage) -> Result<()> {
    let (usual, time) = (stage.scale.usual, stage.scale.turn / 3);
    let service = async |build| asked(build, usual, Requests::contact_unknown, time).await;
    stage.alone(Finding::new("POST /v1/contact, 100 hashes, durable", "/s"), service).await
}

/// Look-ups in larger databases beside the smallest.
pub async fn sizes(stage: &Stage) -> Result<()> {
    let Scale { few, usual, most, turn, .. } = stage.scale;
    for links in BTreeSet::from([usual, most]) {
        let finding =
            |what| Finding::new(format!("{what}, {links} links"), "µs").beside(format!("{few} links"));
        let rows = [
            (finding("GET /v1/confirm").at_most(1.25), Requests::confirm as fn(_) -> _),
            (finding("POST /v1/confirm, 500 hashes"), Requests::confirm_many),
        ];
        for (finding, requests) in rows {
            let microseconds = async |build, links| {
                let mut rate = asked(build, links, requests, turn).await?;
                Ok(async move || Ok(1e6 / rate().await?))
            };
            let service = async |build| microseconds(build, links).await;
            stage.compare(finding, service, async || microseconds(stage.build.clone(), few).await).await?;
        }
    }
    Ok(())
}
