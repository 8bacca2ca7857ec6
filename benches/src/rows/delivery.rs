//! Delivering many contact messages that have been waiting, through Prosody.

use std::collections::HashSet;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use itseme::model::{BareJid, Hash, Identity};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::baseline;
use crate::link::{Link, PATIENCE};
use crate::measure::{Aim, Finding, alternate};
use crate::population::Data;
use crate::program::{ASKERS, ECHO};
use crate::rows::matching::{HASHES, Worker};
use crate::server::Kind;
use crate::stage::Stage;
use crate::stanzas::attribute;

pub async fn run(stage: &Stage) -> Result<Finding> {
    let count = 1000 * stage.scale.thousands;
    let queued = queued(stage, count).await?;
    let server = stage.server(Kind::Prosody).await?;
    let _echo = stage.attach_echo(&server).await?;
    let (link, sample) = (Mutex::new(Link::attach(ASKERS, server.port).await?), Mutex::new(String::new()));
    let ours = async || {
        let data = queued.copy(&stage.folder()?)?;
        let mut itseme = stage.start(&data, &server)?;
        let arrived = arrivals(&mut *link.lock().await, count).await?;
        itseme.process.terminate().await;
        *sample.lock().await = arrived.sample;
        Ok(arrived.rate)
    };
    let theirs = async || {
        let (order, mut link) = (order(&sample.lock().await, count)?, link.lock().await);
        link.write(order.as_bytes()).await?;
        Ok(arrivals(&mut link, count).await?.rate)
    };
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    let finding = Finding::new(format!("delivering {count} contact messages through Prosody"), "/s", rounds);
    Ok(finding.beside("an echo component writing as many there").aiming(Aim::AtLeast(0.5)))
}

/// A database in which so many introductions wait.
async fn queued(stage: &Stage, count: usize) -> Result<Data> {
    let data = stage.fresh(stage.scale.few)?;
    let worker = Worker::start(&data)?;
    let recipients: Vec<BareJid> =
        (0..count).map(|n| Ok(BareJid::new(&format!("person{n}@{ASKERS}"))?)).collect::<Result<_>>()?;
    worker.register(&recipients).await?;
    let hashes: Vec<Hash> = recipients.iter().map(|jid| Identity::of_jid(jid).hash()).collect();
    let reader = baseline::reader(&data.database())?;
    worker.ask(&data, &hashes.chunks(HASHES).map(<[Hash]>::to_vec).collect::<Vec<_>>()).await?;
    worker.work(&reader).await?;
    ensure!(baseline::waiting(&reader)? == count, "not every introduction was made");
    Ok(data)
}

/// How many messages came in a second, from the first to the last, and what they are like.
struct Arrived {
    rate: f64,
    sample: String,
}

/// Waits until each of so many people has had a message.
async fn arrivals(link: &mut Link, count: usize) -> Result<Arrived> {
    let (mut people, mut sample, mut first) = (HashSet::new(), None, None);
    while people.len() < count {
        let read = link.read(|message| {
            first.get_or_insert_with(Instant::now);
            let to = attribute(message, "to").context("no recipient")?;
            let text = String::from_utf8_lossy(message);
            ensure!(text.contains("it-se.me:contact"), "no contact message: {text}");
            ensure!(people.insert(to.to_owned()), "{to} has it twice");
            sample.get_or_insert_with(|| text.into_owned());
            Ok(())
        });
        timeout(PATIENCE, read).await.context("messages are missing")??;
    }
    let time = first.context("no message")?.elapsed().as_secs_f64();
    Ok(Arrived { rate: count as f64 / time, sample: sample.context("no message")? })
}

/// What makes the echo component write so many messages like `sample`.
fn order(sample: &str, count: usize) -> Result<String> {
    let parts = sample.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</message>"));
    let (content, _) = parts.ok_or_else(|| anyhow!("no message: {sample}"))?;
    Ok(format!(
        "<message type='chat' id='order' from='somebody@{ASKERS}' to='{ECHO}'><thread>{count}</thread>{content}</message>"
    ))
}
