//! How long a `confirm` by XMPP takes through Prosody while others send what needs no answer: chat states, here.
//!
//! By Nagle's algorithm, which is on in Prosody, what it writes waits until what it wrote before is acknowledged.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;

use crate::iqs::Questions;
use crate::link::Link;
use crate::measure::{Aim, Finding, Round, percentile};
use crate::one_by_one::OneByOne;
use crate::program::{ASKERS, ECHO, Program, SERVICE};
use crate::server::{Kind, Server};
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "prompt",
    about: "the 99th percentile of a confirm by XMPP through Prosody, beside the median, while others send what needs no answer; \
            at Prosody's defaults, and with nagle = false",
    run: |stage| row(run(stage)),
};

/// Between two stanzas that need no answer.
const PAUSE: Duration = Duration::from_millis(15);

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    Ok(vec![through(stage, Kind::Prosody).await?, through(stage, Kind::PromptProsody).await?])
}

async fn through(stage: &Stage, kind: Kind) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let server = Server::start(kind, &stage.folder()?).await?;
    let mut service = Program::itseme(stage.itseme(), &data, server.port)?;
    service.says("component connected").await;
    service.serves().await?;
    let link = Link::attach(ASKERS, server.port).await?.into_blocking()?;
    let asker = OneByOne::new(Questions::to_service(data.people, SERVICE)?, link);
    let mut others = Link::attach(ECHO, server.port).await?;
    let mut rounds = Vec::new();
    for _ in 0..stage.scale.rounds {
        let mut times = tokio::select! {
            times = asker.ask(2 * stage.scale.turn) => times?,
            Err(error) = type_on(&mut others) => return Err(error),
        };
        let (slow, usual) = (percentile(&mut times, 0.99), percentile(&mut times, 0.5));
        rounds.push(Round { ours: slow, theirs: Some(usual), bare: None });
    }
    Ok(Finding {
        what: format!("99th percentile of a confirm by XMPP through {}, others typing", kind.name()),
        compared_to: "the median".into(),
        unit: "ms",
        aim: Aim::AtMost(10.0),
        rounds,
    })
}

/// Many who are typing, without end.
async fn type_on(link: &mut Link) -> Result<Infallible> {
    let mut n = 0;
    loop {
        let stanza = format!(
            "<message type='chat' id='{n}' from='person{}@{ECHO}/client' to='{SERVICE}'>\
             <composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            n % 1000
        );
        link.write(stanza.as_bytes()).await?;
        tokio::time::sleep(PAUSE).await;
        n += 1;
    }
}
