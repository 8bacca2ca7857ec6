//! Contact requests that a peer passes on, beside those of own people: the processor's time until they are matched.

use std::cell::Cell;

use anyhow::Result;
use itseme::model::{BareJid, Hash};
use serde_json::json;

use crate::build::{Build, Program, own_people};
use crate::link::Link;
use crate::measure::Finding;
use crate::population::{People, unknown};
use crate::processor;
use crate::questions::ask;
use crate::requests::HASHES;
use crate::stage::Stage;

/// The domain of the peer's people.
const THERE: &str = "peer.example";
/// The peer.
const PEER: &str = "itseme.peer.example";
/// Requests of a stanza: as many as the service sends together, if each has 100 hashes.
const TOGETHER: usize = 6;
/// Stanzas that wait for an answer: as many as the service handles at once of one sender.
const AT_ONCE: usize = 16;

/// Compares requests of a peer with those of the own people, which come after them.
pub async fn run(stage: &Stage) -> Result<()> {
    let requests = 300 * stage.scale.thousands;
    let own = &Cell::new(f64::NAN);
    let service = async |build: Build| {
        let peer = format!(
            r#"peers = [{{ jid = "{PEER}", vouches_for = ["{THERE}"], hashes_per_day = 4000000000 }}]"#
        );
        let data = build.data(stage.scale.usual).await?;
        let (itseme, mut link) = build.serve(&data, &(own_people() + &peer)).await?;
        Ok(async move || {
            let of_peer = passed_on(build.jid, requests)?;
            let of_own = asked_here(data.people, build.jid, requests)?;
            let seconds = take(&itseme, &mut link, &of_peer).await?;
            own.set(requests as f64 / take(&itseme, &mut link, &of_own).await?);
            Ok(requests as f64 / seconds)
        })
    };
    let what = "contact requests of a peer, 100 hashes, until matched";
    let finding = Finding::new(what, "/s of the processor").beside("those of own people").at_least(0.7);
    stage.compare(finding, service, async || Ok(async || Ok(own.get()))).await
}

/// Sends stanzas, and waits until all are answered and all requests in them matched. Returns the seconds of the processor's time that
/// it took.
async fn take(itseme: &Program, link: &mut Link, stanzas: &[String]) -> Result<f64> {
    let spent = || processor::spent(itseme.process.id(), "");
    let before = spent()?;
    ask(link, stanzas.iter().enumerate(), AT_ONCE, |_| "").await?;
    itseme.data().matched().await?;
    Ok((spent()? - before).as_secs_f64())
}

/// Requests that people make here, each in a stanza.
fn asked_here(people: People, to: &str, requests: usize) -> Result<Vec<String>> {
    let stanza = |id| {
        let asker = people.anybody()?.target;
        let contact = contact("it-se.me:contact", " scope='here'", &asker);
        Ok(format!("<iq type='set' id='{id}' from='{asker}/client' to='{to}'>{contact}</iq>"))
    };
    (0..requests).map(stanza).collect()
}

/// Requests that the peer's people have made there.
fn passed_on(to: &str, requests: usize) -> Result<Vec<String>> {
    let contact = |n: usize| {
        let asker = BareJid::new(&format!("person{n}@{THERE}"))?;
        Ok(contact("it-se.me:peer", &format!(" jid='{asker}'"), &asker))
    };
    let contacts = (0..requests).map(contact).collect::<Result<Vec<_>>>()?;
    let stanza = |(id, together): (usize, &[String])| {
        let together = together.concat();
        format!(
            "<iq type='set' id='{id}' from='{PEER}' to='{to}'><contacts xmlns='it-se.me:peer'>{together}</contacts></iq>"
        )
    };
    Ok(contacts.chunks(TOGETHER).enumerate().map(stanza).collect())
}

/// A request for hashes that nobody has.
fn contact(namespace: &str, attributes: &str, asker: &BareJid) -> String {
    let info = json!([{ "provider": "xmpp", "id": asker }]);
    let hash = |hash: Hash| format!("<hash>{hash}</hash>");
    let hashes: String = (0..HASHES).map(|_| hash(unknown())).collect();
    format!("<contact xmlns='{namespace}'{attributes}><info>{info}</info>{hashes}</contact>")
}
