//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::build::Build;
use crate::http::{Client, post, repeat};
use crate::link::Link;
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
        let (itseme, mut link) = build.serve(&build.data(stage.scale.usual).await?).await?;
        Ok(async move || {
            let waiting = Waiting::default();
            let newcomers =
                repeat(itseme.http(), CLIENTS, time, async |client| newcomer(client, &waiting).await);
            tokio::select! {
                rate = newcomers => rate,
                Err(error) = hand_over(&mut link, &waiting) => Err(error),
            }
        })
    };
    stage.alone(Finding::new("register and verify, durable", "/s"), service).await
}

/// Who waits for a code, by Jabber ID.
type Waiting = RefCell<HashMap<String, oneshot::Sender<String>>>;

/// Hands each code that comes to whoever waits for it.
async fn hand_over(link: &mut Link, waiting: &Waiting) -> Result<Infallible> {
    loop {
        let take = |message: &[u8]| {
            let whose = attribute(message, "to").and_then(|to| waiting.borrow_mut().remove(to));
            if let Some((whose, code)) = whose.zip(text(message, "code")) {
                let _ = whose.send(code.to_owned());
            }
            Ok(())
        };
        link.read(take).await?;
    }
}

/// Registers and verifies a new Jabber ID.
async fn newcomer(client: &mut Client, waiting: &Waiting) -> Result<()> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let (whose, code) = oneshot::channel();
    waiting.borrow_mut().insert(jid.clone(), whose);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = timeout(PATIENCE, code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(())
}
