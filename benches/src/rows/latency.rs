//! How long a `confirm` by XMPP takes while many write.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::baseline;
use crate::http::{Exchange, load};
use crate::iqs::Questions;
use crate::link::Listener;
use crate::measure::{Aim, Finding, Round, alternate, percentile, with_bare};
use crate::one_by_one::OneByOne;
use crate::program::{ECHO, Program, SERVICE};
use crate::rows::contact::{self, CLIENTS, KEEP, ROUTE, is_done};
use crate::stage::{Row, Served, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "latency",
    about: "the 99th percentile of a confirm by XMPP while 64 clients write, beside that while nobody does; a bare program: \
            the echo component while 64 clients write over a bare route, beside the service while nobody does",
    run: |stage| row(run(stage)),
};

/// Writers have begun for so long before it is looked how long others take, and go on for as long after.
const AROUND: Duration = Duration::from_millis(100);
/// Different requests of the writers.
const REQUESTS: usize = 1000;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let (ours, echo) = (service(stage).await?, echo(stage).await?);
    // In the service's own terms: an echo that nobody disturbs answers sooner, so its own ratio would say less.
    let bare: Vec<f64> =
        echo.iter().zip(&ours).filter_map(|(echo, ours)| Some(echo.ours / ours.theirs?)).collect();
    Ok(vec![Finding {
        what: "99th percentile of a confirm by XMPP, 64 clients writing".into(),
        compared_to: "nobody writing".into(),
        unit: "ms",
        aim: Aim::AtMost(2.0),
        rounds: with_bare(ours, bare),
    }])
}

async fn service(stage: &Stage) -> Result<Vec<Round>> {
    let data = stage.data(stage.scale.usual)?;
    let Served { program: itseme, link } = stage.serve(&data).await?;
    let reader = baseline::reader(&data.database())?;
    let asked = Asked {
        asker: OneByOne::new(Questions::to_service(data.people, SERVICE)?, link.into_blocking()?),
        http: itseme.http,
        writes: contact::questions(data.people, ROUTE, 1, REQUESTS)?,
        time: 2 * stage.scale.turn,
    };
    asked.rounds(stage, async || is_done(&reader).await).await
}

async fn echo(stage: &Stage) -> Result<Vec<Round>> {
    let (data, listener) = (stage.fresh(stage.scale.few)?, Listener::bind().await?);
    let _echo = Program::echo(&stage.folder()?, listener.port()?)?;
    let link = listener.accept().await?;
    let bare = Program::bare_on_own_threads(&data).await?;
    let writer = baseline::writer(&data.database())?;
    let asked = Asked {
        asker: OneByOne::new(Questions::to_echo(data.people, ECHO)?, link.into_blocking()?),
        http: bare.http,
        writes: contact::questions(data.people, KEEP, 1, REQUESTS)?,
        time: 2 * stage.scale.turn,
    };
    asked.rounds(stage, async || baseline::clear(&writer)).await
}

/// Somebody who is asked, and those who write to it meanwhile.
struct Asked {
    asker: OneByOne,
    http: SocketAddr,
    writes: Arc<[Exchange]>,
    time: Duration,
}

impl Asked {
    /// Beside writers, after whom `tidy` waits or clears up, and without.
    async fn rounds(&self, stage: &Stage, tidy: impl AsyncFn() -> Result<()>) -> Result<Vec<Round>> {
        let writing = async || {
            let percentile = self.while_others_write().await?;
            tidy().await?;
            Ok(percentile)
        };
        alternate(stage.scale.rounds, writing, async || self.alone().await).await
    }

    async fn alone(&self) -> Result<f64> {
        Ok(percentile(&mut self.asker.ask(self.time).await?, 0.99))
    }

    async fn while_others_write(&self) -> Result<f64> {
        let writers = load(self.http, CLIENTS, &self.writes, self.time + 2 * AROUND);
        let asked = async {
            tokio::time::sleep(AROUND).await;
            self.alone().await
        };
        Ok(tokio::try_join!(writers, asked)?.1)
    }
}
