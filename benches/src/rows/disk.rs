//! How much disk a link takes.

use std::fs;

use anyhow::Result;

use crate::baseline;
use crate::measure::{Aim, Finding, Round};
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "disk",
    about: "the disk that a link takes beside the bytes of its columns",
    run: |stage| row(run(stage)),
};

/// It is the same every time, so one round is enough.
async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let links = stage.scale.most;
    let (data, empty) = (stage.kept(links)?, stage.kept(0)?);
    // SQLite takes two bytes for a day of these decades.
    let columns =
        "SELECT avg(length(id_mac) + length(owner_mac) + length(proof) + length(box) + 2) FROM links";
    let columns: f64 = baseline::reader(&data.database())?.query_row(columns, [], |row| row.get(0))?;
    let file = fs::metadata(data.database())?.len() - fs::metadata(empty.database())?.len();
    Ok(vec![Finding {
        what: format!("disk per link, {links} links"),
        compared_to: "the bytes of its columns".into(),
        unit: "bytes",
        aim: Aim::AtMost(1.6),
        rounds: vec![Round { ours: file as f64 / links as f64, theirs: Some(columns), bare: None }],
    }])
}
