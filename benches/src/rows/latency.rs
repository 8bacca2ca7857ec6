//! How long a `confirm` by XMPP takes while many write.

use std::time::Duration;

use anyhow::Result;

use crate::baseline;
use crate::http::load;
use crate::iqs::Questions;
use crate::measure::{Aim, Finding, alternate, percentile};
use crate::one_by_one::OneByOne;
use crate::program::SERVICE;
use crate::rows::contact::{self, is_done};
use crate::stage::{Row, Served, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "latency",
    about: "the 99th percentile of a confirm by XMPP while 64 clients write, beside that while nobody does",
    run: |stage| row(run(stage)),
};

/// Writers have begun for so long before it is looked how long others take, and go on for as long after.
const AROUND: Duration = Duration::from_millis(100);
/// Different requests of the writers.
const REQUESTS: usize = 1000;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let Served { program: itseme, link } = stage.serve(&data).await?;
    let (questions, writes) =
        (Questions::to_service(data.people, SERVICE)?, contact::questions(data.people, 1, REQUESTS)?);
    let (reader, link) = (baseline::reader(&data.database())?, link.into_blocking()?);
    let asker = OneByOne::new(questions, link);
    let time = 2 * stage.scale.turn;
    let ours = async || {
        let writers = load(itseme.http, contact::CLIENTS, &writes, time + 2 * AROUND);
        let asked = async {
            tokio::time::sleep(AROUND).await;
            asker.ask(time).await
        };
        let (_, mut times) = tokio::try_join!(writers, asked)?;
        is_done(&reader).await?;
        Ok(percentile(&mut times, 0.99))
    };
    let theirs = async || Ok(percentile(&mut asker.ask(time).await?, 0.99));
    Ok(vec![Finding {
        what: "99th percentile of a confirm by XMPP, 64 clients writing".into(),
        compared_to: "nobody writing".into(),
        unit: "ms",
        aim: Aim::AtMost(2.0),
        rounds: alternate(stage.scale.rounds, ours, theirs).await?,
    }])
}
