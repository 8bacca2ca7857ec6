//! Whether look-ups stay as fast when there are many links.

use anyhow::Result;

use crate::http::load;
use crate::measure::{Aim, Finding, Round, alternate};
use crate::program::Program;
use crate::rows::{confirm, confirm_many};
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "size",
    about: "the same look-ups in databases of different sizes",
    run: |stage| row(run(stage)),
};

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let scale = stage.scale;
    let mut larger = vec![scale.usual, scale.most];
    larger.dedup();
    let mut findings = Vec::new();
    for links in larger {
        findings.push(compare(stage, "GET /v1/confirm", links, async |side| side.single(stage).await).await?);
        findings.push(
            compare(stage, "POST /v1/confirm, 500 hashes", links, async |side| side.many(stage).await)
                .await?,
        );
    }
    Ok(findings)
}

/// The service over a database of some size.
struct Side {
    itseme: Program,
    single: std::sync::Arc<[crate::http::Exchange]>,
    many: std::sync::Arc<[crate::http::Exchange]>,
}

impl Side {
    async fn with(stage: &Stage, links: u64) -> Result<Self> {
        let data = stage.data(links)?;
        Ok(Self {
            itseme: stage.serve(&data).await?.only_http(),
            single: confirm::questions(data.people)?,
            many: confirm_many::questions(data.people)?,
        })
    }

    async fn single(&self, stage: &Stage) -> Result<f64> {
        load(self.itseme.http, confirm::CLIENTS, &self.single, stage.scale.turn).await
    }

    async fn many(&self, stage: &Stage) -> Result<f64> {
        load(self.itseme.http, confirm_many::CLIENTS, &self.many, stage.scale.turn).await
    }
}

async fn compare(
    stage: &Stage,
    what: &str,
    links: u64,
    turn: impl AsyncFn(&Side) -> Result<f64>,
) -> Result<Finding> {
    let few = stage.scale.few;
    let (large, small) = (Side::with(stage, links).await?, Side::with(stage, few).await?);
    let rates =
        alternate(stage.scale.rounds, async || turn(&large).await, async || turn(&small).await).await?;
    let micros = |rate: f64| 1e6 / rate;
    let rounds = rates
        .into_iter()
        .map(|Round { ours, theirs }| Round { ours: micros(ours), theirs: theirs.map(micros) });
    Ok(Finding {
        what: format!("{what}, {links} links"),
        compared_to: format!("{few} links"),
        unit: "µs",
        aim: Aim::AtMost(1.25),
        rounds: rounds.collect(),
    })
}
