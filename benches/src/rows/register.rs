//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::Build;
use crate::cli::Scale;
use crate::http::{Client, post, repeat};
use crate::measure::Finding;
use crate::server::ASKERS;
use crate::stage::Stage;
use crate::stanzas::{attribute, text};
use crate::wait::PATIENCE;

/// How many do so at once.
pub const CLIENTS: usize = 64;

pub async fn run(stage: &Stage) -> Result<()> {
    let finding = Finding::new("register and verify, durable", "/s");
    stage.alone(finding, async |build| service(build, stage.scale).await).await
}

/// What measures it.
pub async fn service(build: Build, scale: Scale) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (itseme, link) = build.serve(&build.data(scale.usual).await?).await?;
    let waiting = Waiting::default();
    // Between two turns, too: the service asks the server if it is there.
    tokio::spawn(link.serve(hand_over(waiting.clone())));
    Ok(async move || {
        repeat(itseme.http(), CLIENTS, scale.turn, async |client| newcomer(client, &waiting).await).await
    })
}

/// Who waits for a code, by Jabber ID.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>);

impl Waiting {
    fn all(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands each code that comes to whoever waits for it.
pub fn hand_over(waiting: Waiting) -> impl FnMut(&[u8]) -> Result<()> {
    move |message| {
        let whose = attribute(message, "to").and_then(|to| waiting.all().remove(to));
        if let Some((whose, code)) = whose.zip(text(message, "code")) {
            let _ = whose.send(code.to_owned());
        }
        Ok(())
    }
}

/// Registers and verifies a new Jabber ID.
pub async fn newcomer(client: &mut Client, waiting: &Waiting) -> Result<()> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let (whose, code) = oneshot::channel();
    waiting.all().insert(jid.clone(), whose);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = timeout(PATIENCE, code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(())
}
