//! Whether look-ups stay as fast when there are many links.

use std::sync::Arc;

use anyhow::Result;
use itseme::model::Mac;
use itseme::own_thread::cores;
use rusqlite::Connection;

use crate::baseline;
use crate::http::{Exchange, load};
use crate::measure::{Aim, Finding, Round, alternate, with_bare};
use crate::program::Program;
use crate::rows::{confirm, confirm_many};
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "size",
    about: "the same look-ups in databases of different sizes; a bare program: what those by rusqlite take longer, on all cores, \
            added to what the service takes in the smallest one",
    run: |stage| row(run(stage)),
};

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let scale = stage.scale;
    let mut larger = vec![scale.usual, scale.most];
    larger.dedup();
    let mut findings = Vec::new();
    for links in larger {
        let sides = (Side::with(stage, links).await?, Side::with(stage, scale.few).await?);
        let bare = compare(stage, &sides, async |side| side.bare(stage)).await?;
        let single = compare(stage, &sides, async |side| side.single(stage).await).await?;
        let many = compare(stage, &sides, async |side| side.many(stage).await).await?;
        let finding = |what: &str, rounds| Finding {
            what: format!("{what}, {links} links"),
            compared_to: format!("{} links", scale.few),
            unit: "µs",
            aim: Aim::AtMost(1.25),
            rounds,
        };
        findings.push(finding("GET /v1/confirm", single));
        // As much longer as the bare look-ups do alone, shared by all cores.
        let longer = bare.iter().map(|bare| Some((bare.ours - bare.theirs?) / cores() as f64));
        let bare: Vec<f64> = many
            .iter()
            .zip(longer)
            .filter_map(|(many, longer)| Some((many.theirs? + longer?) / many.theirs?))
            .collect();
        findings.push(finding("POST /v1/confirm, 500 hashes", with_bare(many, bare)));
    }
    Ok(findings)
}

/// The service over a database of some size.
struct Side {
    itseme: Program,
    single: Arc<[Exchange]>,
    many: Arc<[Exchange]>,
    reader: Connection,
    lists: Vec<Vec<Mac>>,
}

impl Side {
    async fn with(stage: &Stage, links: u64) -> Result<Self> {
        let data = stage.data(links)?;
        Ok(Self {
            itseme: stage.serve(&data).await?.only_http(),
            single: confirm::questions(data.people, confirm::ROUTE)?,
            many: confirm_many::questions(data.people)?,
            reader: baseline::reader(&data.database())?,
            lists: confirm_many::lists(&data)?,
        })
    }

    async fn single(&self, stage: &Stage) -> Result<f64> {
        load(self.itseme.http, confirm::CLIENTS, &self.single, stage.scale.turn).await
    }

    async fn many(&self, stage: &Stage) -> Result<f64> {
        load(self.itseme.http, confirm_many::CLIENTS, &self.many, stage.scale.turn).await
    }

    fn bare(&self, stage: &Stage) -> Result<f64> {
        baseline::look_ups(&self.reader, &self.lists, stage.scale.turn)
    }
}

/// How many microseconds each takes on the larger and on the smaller side.
async fn compare(
    stage: &Stage,
    (large, small): &(Side, Side),
    turn: impl AsyncFn(&Side) -> Result<f64>,
) -> Result<Vec<Round>> {
    let micros = async |side| anyhow::Ok(1e6 / turn(side).await?);
    alternate(stage.scale.rounds, async || micros(large).await, async || micros(small).await).await
}
