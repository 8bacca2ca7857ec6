//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::baseline;
use crate::build::Build;
use crate::http::{Client, post, repeat};
use crate::measure::Finding;
use crate::server::ASKERS;
use crate::stage::Stage;
use crate::stanzas::{attribute, text};
use crate::wait::PATIENCE;

/// How many do so at once.
const CLIENTS: usize = 64;

pub async fn run(stage: &Stage) -> Result<Finding> {
    let time = stage.scale.turn;
    let service = async |build: Build| {
        let (itseme, link) = build.serve(&build.data(stage.scale.usual).await?).await?;
        let codes = Codes::default();
        let coming = codes.clone();
        tokio::spawn(link.serve(move |stanza| coming.hand_over(stanza)));
        let act = async move |client: &mut Client| newcomer(client, &codes).await;
        Ok(async move || repeat(itseme.http(), CLIENTS, time, &act).await)
    };
    let inserts = async || {
        let writer = baseline::writer(&stage.build.fresh(stage.scale.few).await?.database())?;
        let bytes: [u8; 136] = std::array::from_fn(|_| rand::random());
        Ok(async move || {
            let rate = baseline::transactions(&writer, time, |writer| baseline::insert(writer, &bytes, 1))?;
            baseline::clear(&writer)?;
            Ok(rate)
        })
    };
    let finding = Finding::new("register and verify, durable", "/s").beside("one durable insert at a time");
    stage.compare(finding, service, inserts).await
}

/// Who waits for a code, by Jabber ID.
#[derive(Clone, Default)]
struct Codes(Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>);

impl Codes {
    /// The code that comes for `jid`.
    fn of(&self, jid: &str) -> oneshot::Receiver<String> {
        let (code, coming) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(jid.to_owned(), code);
        coming
    }

    fn hand_over(&self, message: &[u8]) -> Result<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = attribute(message, "to").and_then(|to| waiting.remove(to));
        if let Some((whose, code)) = whose.zip(text(message, "code")) {
            let _ = whose.send(code.to_owned());
        }
        Ok(())
    }
}

/// Registers and verifies a new Jabber ID.
async fn newcomer(client: &mut Client, codes: &Codes) -> Result<()> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let code = codes.of(&jid);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = timeout(PATIENCE, code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(())
}
