//! Delivering many contact messages that have been waiting, through Prosody.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::baseline;
use crate::build::Build;
use crate::link::Link;
use crate::measure::Finding;
use crate::population::{Data, People};
use crate::requests::Requests;
use crate::server::{ASKERS, Kind, OTHER};
use crate::stage::Stage;
use crate::stanzas::attribute;
use crate::wait::PATIENCE;

pub async fn run(stage: &Stage) -> Result<()> {
    let count = 1000 * stage.scale.thousands;
    let server = &stage.server(Kind::Prosody).await?;
    let link = &Mutex::new(Link::attach(ASKERS, server.port).await?);
    let sample = &RefCell::new(String::new());
    let service = async |build: Build| {
        let queued = queued(&build, count).await?;
        Ok(async move || {
            let mut itseme = build.start(&queued.copy(build.folder()?)?, server.port, "")?;
            let (rate, first) = arrivals(&mut *link.lock().await, count).await?;
            itseme.process.terminate().await;
            sample.replace(first);
            Ok(rate)
        })
    };
    let echo = async || {
        let echo = stage.attach_echo(server).await?;
        Ok(async move || {
            let (_runs, mut link) = (&echo, link.lock().await);
            let order = order(&sample.borrow(), count)?;
            link.write(order.as_bytes()).await?;
            Ok(arrivals(&mut link, count).await?.0)
        })
    };
    let finding = Finding::new(format!("delivering {count} contact messages through Prosody"), "/s");
    let finding = finding.beside("an echo component writing as many there").at_least(0.5);
    stage.compare(finding, service, echo).await
}

/// A database in which so many introductions wait.
async fn queued(build: &Build, count: usize) -> Result<Data> {
    let people = People::askers(count as u64 + 1);
    let (data, asker) = (build.populated(people).await?, people.link(count as u64)?.target);
    let mut itseme = build.alone(&data).await?;
    let hashes = (0..count).map(|n| Ok(people.link(n as u64)?.hash)).collect::<Result<Vec<_>>>()?;
    Requests::contact_all(&asker, &hashes).once(itseme.http()).await?;
    data.matched().await?;
    itseme.process.terminate().await;
    let (introductions, _) = baseline::waiting(&baseline::reader(&data.database())?)?;
    ensure!(introductions == count, "not every introduction was made");
    Ok(data)
}

/// Waits until each of so many people has had a message; returns how many came in a second, from the first to the last, and the
/// first.
async fn arrivals(link: &mut Link, count: usize) -> Result<(f64, String)> {
    let (mut people, mut first) = (HashSet::new(), None);
    while people.len() < count {
        let read = link.read(|message| {
            let text = String::from_utf8_lossy(message);
            let to = attribute(message, "to").context("no recipient")?;
            ensure!(text.contains("it-se.me:contact"), "no contact message: {text}");
            ensure!(people.insert(to.to_owned()), "{to} has it twice");
            first.get_or_insert_with(|| (Instant::now(), text.into_owned()));
            Ok(())
        });
        timeout(PATIENCE, read).await.context("messages are missing")??;
    }
    let (began, first) = first.context("no message")?;
    Ok((count as f64 / began.elapsed().as_secs_f64(), first))
}

/// What makes the echo component write so many messages like `sample`.
fn order(sample: &str, count: usize) -> Result<String> {
    let parts = sample.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</message>"));
    let (content, _) = parts.with_context(|| format!("no message: {sample}"))?;
    Ok(format!(
        "<message type='chat' id='order' from='somebody@{ASKERS}' to='{OTHER}'><thread>{count}</thread>{content}</message>"
    ))
}
