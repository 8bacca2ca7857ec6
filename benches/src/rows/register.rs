//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::{Build, Program};
use crate::http::{Client, connect, each, post};
use crate::measure::{Finding, again};
use crate::population::Data;
use crate::requests::WRITERS;
use crate::server::ASKERS;
use crate::stage::Stage;
use crate::stanzas::{attribute, text};
use crate::wait::PATIENCE;

pub async fn run(stage: &Stage) -> Result<()> {
    let finding = Finding::new("register and verify, durable", "/s");
    stage.alone(finding, async |build| registering(build, stage.scale.usual, stage.scale.turn).await).await
}

/// A build with which people register for some time.
pub async fn registering(
    build: Build,
    links: u64,
    time: Duration,
) -> Result<impl AsyncFnMut() -> Result<f64>> {
    let (itseme, codes) = serve(&build, &build.data(links).await?, "").await?;
    Ok(async move || {
        let clients = connect(&[itseme.http()], WRITERS).await?;
        again(clients, time, async |client| codes.register(client).await).await
    })
}

/// Starts the service with a server that hands over the codes that it sends, and drops the rest.
pub async fn serve(build: &Build, data: &Data, more: &str) -> Result<(Program, Codes)> {
    let (itseme, link) = build.serve(data, more).await?;
    let codes = Codes::default();
    let waiting = codes.clone();
    link.serve(move |message| {
        let whose = attribute(message, "to").and_then(|to| waiting.all().remove(to));
        if let Some((whose, code)) = whose.zip(text(message, "code")) {
            let _ = whose.send(code.to_owned());
        }
        Ok(())
    });
    Ok((itseme, codes))
}

/// Who waits for a code, by Jabber ID.
#[derive(Clone, Debug, Default)]
pub struct Codes(Arc<Mutex<HashMap<String, oneshot::Sender<String>>>>);

impl Codes {
    fn all(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers and verifies a new Jabber ID.
    async fn register(&self, client: &mut Client) -> Result<()> {
        let jid = format!("new{:016x}@{ASKERS}", rand::random::<u64>());
        let (whose, code) = oneshot::channel();
        self.all().insert(jid.clone(), whose);
        let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
        let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
        ensure!(registered["status"] == "pending", "wrong answer: {registered}");
        let code = timeout(PATIENCE, code).await.context("no code came")??;
        let body = json!({ "hash": registered["hash"], "code": code });
        let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
        ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
        Ok(())
    }

    /// The same with so many.
    pub async fn register_all(&self, address: SocketAddr, count: usize) -> Result<()> {
        let clients = connect(&[address], WRITERS).await?;
        each(clients, &vec![(); count], async |client, ()| self.register(client).await).await
    }
}
