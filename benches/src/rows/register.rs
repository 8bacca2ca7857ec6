//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::baseline;
use crate::http::{Client, post, repeat};
use crate::link::PATIENCE;
use crate::measure::{Finding, alternate};
use crate::program::ASKERS;
use crate::stage::Stage;
use crate::stanzas::{attribute, text};

/// How many do so at once.
const CLIENTS: usize = 64;

pub async fn run(stage: &Stage) -> Result<Finding> {
    let (data, few) = (stage.data(stage.scale.usual)?, stage.fresh(stage.scale.few)?);
    let (itseme, link) = stage.serve(&data).await?;
    let codes = Codes::default();
    let coming = codes.clone();
    tokio::spawn(link.serve(move |stanza| coming.hand_over(stanza)));
    let writer = baseline::writer(&few.database())?;
    let bytes: [u8; 136] = std::array::from_fn(|_| rand::random());
    let time = stage.scale.turn;
    let ours = async || {
        let codes = codes.clone();
        repeat(itseme.http, CLIENTS, time, move |client| newcomer(client, codes.clone())).await
    };
    let theirs = async || baseline::inserts(&writer, &bytes, 1, time);
    let rounds = alternate(stage.scale.rounds, ours, theirs).await?;
    Ok(Finding::new("register and verify, durable", "/s", rounds).beside("one durable insert at a time"))
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
async fn newcomer(mut client: Client, codes: Codes) -> Result<Client> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let code = codes.of(&jid);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = timeout(PATIENCE, code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(client)
}
