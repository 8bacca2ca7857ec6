//! `GET /v1/confirm/<hash>/<target>`.

use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::http::{Client, Exchange, get, load};
use crate::measure::{Aim, Finding, Round, alternate, with_bare};
use crate::population::{People, unknown};
use crate::program::Program;
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "confirm",
    about: "GET /v1/confirm beside a bare warp route that returns the same bytes; a bare program: that after a bare look-up",
    run: |stage| row(run(stage)),
};

/// The service's.
pub const ROUTE: &str = "/v1/confirm";
/// Connections that are kept.
pub const CLIENTS: usize = 32;
/// Different requests: many more than fit into SQLite's cache.
const REQUESTS: usize = 20_000;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let itseme = stage.serve(&data).await?.only_http();
    let (route, bare) = (Program::bare(&data).await?, Program::bare_on_own_threads(&data).await?);
    let exchanges = questions(data.people, ROUTE)?;
    let look_ups = questions(data.people, "/v1/look-up")?;
    looks_alike(&itseme, &route, &exchanges[0]).await?;
    tells_strangers_apart(&itseme, data.people).await?;
    let turn =
        async |program: &Program, exchanges| load(program.http, CLIENTS, exchanges, stage.scale.turn).await;
    let theirs = async || turn(&route, &exchanges).await;
    let rounds = alternate(stage.scale.rounds, async || turn(&itseme, &exchanges).await, theirs).await?;
    let bare = alternate(stage.scale.rounds, async || turn(&bare, &look_ups).await, theirs).await?;
    Ok(vec![Finding {
        what: "GET /v1/confirm".into(),
        compared_to: "a bare warp route".into(),
        unit: "/s",
        aim: Aim::AtLeast(0.8),
        rounds: with_bare(rounds, bare.iter().map(Round::value)),
    }])
}

/// Look-ups of links all over the database, by that route.
pub fn questions(people: People, route: &str) -> Result<Arc<[Exchange]>> {
    let question = |_| {
        let link = people.any()?;
        let request = get(&format!("{route}/{}/{}", link.hash, link.target));
        Ok(Exchange { request, answer: r#"{"confirmed":true}"# })
    };
    (0..REQUESTS).map(question).collect()
}

/// Both send the same, to the byte, but for the date.
async fn looks_alike(itseme: &Program, bare: &Program, exchange: &Exchange) -> Result<()> {
    let (mut ours, mut theirs) = (Client::connect(itseme.http).await?, Client::connect(bare.http).await?);
    ours.exchange(exchange).await?;
    theirs.exchange(exchange).await?;
    let (ours, theirs) = (ours.headers(), theirs.headers());
    ensure!(ours == theirs, "the bare route sends something else: {theirs:?} instead of {ours:?}");
    Ok(())
}

/// The service does not just say yes.
async fn tells_strangers_apart(itseme: &Program, people: People) -> Result<()> {
    let mut client = Client::connect(itseme.http).await?;
    for _ in 0..100 {
        let (link, other) = (people.anybody()?, people.anybody()?);
        let answer =
            if link.target == other.target { r#"{"confirmed":true}"# } else { r#"{"confirmed":false}"# };
        let request = get(&format!("/v1/confirm/{}/{}", link.hash, other.target));
        client.exchange(&Exchange { request, answer }).await?;
        let request = get(&format!("/v1/confirm/{}/{}", unknown(), link.target));
        client.exchange(&Exchange { request, answer: r#"{"confirmed":false}"# }).await?;
    }
    Ok(())
}
