//! `confirm` by XMPP: over a direct connection, through real servers, and how long it takes while others write.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::build::Build;
use crate::link::Link;
use crate::measure::{Finding, percentile};
use crate::population::People;
use crate::process::Process;
use crate::questions::{OneByOne, Questions};
use crate::requests::Requests;
use crate::server::{ASKERS, Kind, OTHER, TYPISTS};
use crate::stage::Stage;

/// Between two stanzas that need no answer.
const PAUSE: Duration = Duration::from_millis(15);
/// Writers begin so long before others are asked, and end as long after.
const AROUND: Duration = Duration::from_millis(100);

/// Over a direct connection beside an echo component.
pub async fn direct(stage: &Stage) -> Result<()> {
    let service = async |build: Build| {
        let (itseme, link) = build.serve(&build.data(stage.scale.usual).await?, "").await?;
        asking(stage, itseme.process, Rc::new(Mutex::new(link)), build.jid)
    };
    let echo = async || {
        let (echo, link) = Link::accept(|port| stage.echo(port)).await?;
        asking(stage, echo, Rc::new(Mutex::new(link)), OTHER)
    };
    let finding = Finding::new("confirm by XMPP, direct", "/s").beside("an echo component");
    stage.compare(finding.at_least(0.8), service, echo).await
}

/// Through a server beside an echo component there. Those who ask are a component as well, so that the server does the least it can.
pub async fn through(stage: &Stage, kind: Kind) -> Result<()> {
    let server = stage.server(kind).await?;
    let link = Rc::new(Mutex::new(Link::attach(ASKERS, server.port).await?));
    let service = async |build: Build| {
        let itseme = build.attach(&build.data(stage.scale.usual).await?, &server).await?;
        asking(stage, itseme.process, link.clone(), build.jid)
    };
    let echo = async || asking(stage, stage.attach_echo(&server).await?, link.clone(), OTHER);
    let finding = Finding::new(format!("confirm by XMPP through {}", kind.name()), "/s");
    stage.compare(finding.beside("an echo component there").at_least(0.95), service, echo).await
}

/// Asks the component `jid`, which runs for as long.
fn asking(
    stage: &Stage,
    component: Process,
    link: Rc<Mutex<Link>>,
    jid: &'static str,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (questions, time) = (Questions::new(People::new(stage.scale.usual), jid)?, stage.scale.turn);
    Ok(async move || {
        let _runs = &component;
        questions.ask(&mut *link.lock().await, time).await
    })
}

/// Through Prosody while others send what needs no answer: chat states, here. By Nagle's algorithm, which is on in Prosody, what it
/// writes waits until what it wrote before is acknowledged.
pub async fn prompt(stage: &Stage) -> Result<()> {
    while_others_type(stage, Kind::Prosody).await?;
    while_others_type(stage, Kind::PromptProsody).await
}

async fn while_others_type(stage: &Stage, kind: Kind) -> Result<()> {
    let time = 2 * stage.scale.turn;
    let server = &stage.server(kind).await?;
    let asker = &OneByOne::new(Link::attach(ASKERS, server.port).await?).await?;
    let others = &Mutex::new(Link::attach(TYPISTS, server.port).await?);
    let median = &Cell::new(f64::NAN);
    let service = async |build: Build| {
        let itseme = build.attach(&build.data(stage.scale.usual).await?, server).await?;
        let questions = Questions::new(itseme.data().people, build.jid)?;
        Ok(async move || {
            let (_runs, mut others) = (&itseme, others.lock().await);
            let mut times = tokio::select! {
                times = asker.ask(&questions, time) => times?,
                Err(error) = type_on(&mut others, build.jid) => return Err(error),
            };
            median.set(percentile(&mut times, 0.5));
            Ok(percentile(&mut times, 0.99))
        })
    };
    let what = format!("99th percentile of a confirm by XMPP through {}, others typing", kind.name());
    let finding = Finding::new(what, "ms").beside("the median").at_most(10.0);
    stage.compare(finding, service, async || Ok(async || Ok(median.get()))).await
}

/// Many who are typing to `to`, without end.
async fn type_on(link: &mut Link, to: &str) -> Result<Infallible> {
    for n in (0..1000).cycle() {
        let stanza = format!(
            "<message type='chat' id='{n}' from='person{n}@{TYPISTS}/client' to='{to}'>\
             <composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
        );
        link.write(stanza.as_bytes()).await?;
        sleep(PAUSE).await;
    }
    unreachable!("the cycle does not end")
}

/// Over a direct connection while others write.
pub async fn while_others_write(stage: &Stage) -> Result<()> {
    let time = 2 * stage.scale.turn;
    let service = async |build: Build| {
        let (itseme, link) = build.serve(&build.data(stage.scale.usual).await?, "").await?;
        let people = itseme.data().people;
        let (asker, questions) = (OneByOne::new(link).await?, Questions::new(people, build.jid)?);
        let writes = Requests::contact(people, 1000, 0, 1)?;
        Ok(async move || {
            let asked = async {
                sleep(AROUND).await;
                asker.ask(&questions, time).await
            };
            let http = [itseme.http()];
            let written = writes.again(&http, time + 2 * AROUND);
            let (_, mut times) = tokio::try_join!(written, asked)?;
            itseme.data().matched().await?;
            Ok(percentile(&mut times, 0.99))
        })
    };
    stage.alone(Finding::new("99th percentile of a confirm by XMPP, 64 clients writing", "ms"), service).await
}
