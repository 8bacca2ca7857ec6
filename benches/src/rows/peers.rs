//! Contact requests that a peer passes on, beside those of own people: the processor's time until they are matched.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use itseme::model::{BareJid, Hash};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::build::{Build, Program, own_people};
use crate::link::Link;
use crate::measure::Finding;
use crate::population::{Data, unknown};
use crate::processor;
use crate::requests::HASHES;
use crate::stage::Stage;
use crate::stanzas::attribute;
use crate::wait::PATIENCE;

/// The domain of the peer's people.
const THERE: &str = "peer.example";
/// The peer.
const PEER: &str = "itseme.peer.example";
/// Requests of a stanza: as many as the service sends together, if each has 100 hashes.
const TOGETHER: usize = 6;
/// Stanzas that wait for an answer: as many as the service handles at once of one sender.
const AT_ONCE: usize = 16;

/// Compares requests of a peer with those of the own people.
pub async fn run(stage: &Stage) -> Result<()> {
    let requests = 300 * stage.scale.thousands;
    let what = "contact requests of a peer, 100 hashes, until matched";
    let finding = Finding::new(what, "/s of the processor").at_least(0.7);
    let of_peer = async |build: Build| {
        let service = Rc::new(Mutex::new(Service::start(&build, stage.scale.usual).await?));
        Ok(measure(service, requests, passed_on))
    };
    if stage.against.is_some() {
        return stage.alone(finding, of_peer).await;
    }
    let service = Rc::new(Mutex::new(Service::start(&stage.build, stage.scale.usual).await?));
    let beside = async || Ok(measure(service.clone(), requests, asked_here));
    let of_peer = async |_| Ok(measure(service.clone(), requests, passed_on));
    stage.compare(finding.beside("those of own people"), of_peer, beside).await
}

/// A service that has a peer, and this end of its connection.
struct Service {
    program: Program,
    link: Link,
    data: Data,
    jid: &'static str,
}

impl Service {
    async fn start(build: &Build, links: u64) -> Result<Self> {
        let data = build.data(links).await?;
        let peer = format!(
            r#"peers = [{{ jid = "{PEER}", vouches_for = ["{THERE}"], hashes_per_day = 4000000000 }}]"#
        );
        let (program, link) = build.serve(&data, &(own_people() + &peer)).await?;
        Ok(Self { program, link, data, jid: build.jid })
    }

    /// Sends stanzas, and waits until all are answered and all requests in them matched. Returns the seconds of the processor's time
    /// that it took.
    async fn take(&mut self, stanzas: &[String]) -> Result<f64> {
        let before = self.spent()?;
        let (mut unsent, mut open) = (stanzas.iter().enumerate(), HashSet::new());
        loop {
            let mut batch = String::new();
            for (id, stanza) in unsent.by_ref().take(AT_ONCE - open.len()) {
                open.insert(id.to_string());
                batch += &stanza.replacen("id=''", &format!("id='{id}'"), 1);
            }
            if open.is_empty() {
                break;
            }
            self.link.write(batch.as_bytes()).await?;
            let read = self.link.read(|stanza| {
                let id = attribute(stanza, "id").context("no id")?;
                let is_taken = attribute(stanza, "type") == Some("result");
                ensure!(is_taken && open.remove(id), "a request was refused");
                Ok(())
            });
            timeout(PATIENCE, read).await.context("a request was not answered")??;
        }
        self.data.matched().await?;
        Ok((self.spent()? - before).as_secs_f64())
    }

    fn spent(&self) -> Result<Duration> {
        processor::spent(self.program.process.id(), "")
    }
}

/// Measures requests of the kind that `stanzas` makes.
fn measure(
    service: Rc<Mutex<Service>>,
    requests: usize,
    stanzas: impl Fn(&Service, usize) -> Result<Vec<String>>,
) -> impl AsyncFnMut() -> Result<f64> {
    async move || {
        let mut service = service.lock().await;
        let stanzas = stanzas(&service, requests)?;
        Ok(requests as f64 / service.take(&stanzas).await?)
    }
}

/// Requests that people make here, each in a stanza.
fn asked_here(service: &Service, requests: usize) -> Result<Vec<String>> {
    let stanza = |_| {
        let asker = service.data.people.anybody()?.target;
        let contact = contact("it-se.me:contact", " scope='here'", &asker);
        let jid = service.jid;
        Ok(format!("<iq type='set' id='' from='{asker}/client' to='{jid}'>{contact}</iq>"))
    };
    (0..requests).map(stanza).collect()
}

/// Requests that the peer's people have made there.
fn passed_on(service: &Service, requests: usize) -> Result<Vec<String>> {
    let contact = |n: usize| {
        let asker = BareJid::new(&format!("person{n}@{THERE}"))?;
        Ok(contact("it-se.me:peer", &format!(" jid='{asker}'"), &asker))
    };
    let contacts = (0..requests).map(contact).collect::<Result<Vec<_>>>()?;
    let stanzas = contacts.chunks(TOGETHER).map(|together| {
        let (together, jid) = (together.concat(), service.jid);
        format!(
            "<iq type='set' id='' from='{PEER}' to='{jid}'><contacts xmlns='it-se.me:peer'>{together}</contacts></iq>"
        )
    });
    Ok(stanzas.collect())
}

/// A request for hashes that nobody has.
fn contact(namespace: &str, attributes: &str, asker: &BareJid) -> String {
    let info = json!([{ "provider": "xmpp", "id": asker }]);
    let hash = |hash: Hash| format!("<hash>{hash}</hash>");
    let hashes: String = (0..HASHES).map(|_| hash(unknown())).collect();
    format!("<contact xmlns='{namespace}'{attributes}><info>{info}</info>{hashes}</contact>")
}
