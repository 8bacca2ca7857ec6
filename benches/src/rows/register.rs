//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::baseline;
use crate::http::{Client, post};
use crate::measure::{Aim, Finding, alternate};
use crate::program::ASKERS;
use crate::stage::{Row, Served, Stage, row};
use crate::stanzas::{attribute, text};

/// The row.
pub const ROW: Row = Row {
    name: "register",
    about: "register and verify a Jabber ID, 64 clients, beside one durable insert at a time by rusqlite",
    run: |stage| row(run(stage)),
};

/// How many do so at once.
const CLIENTS: usize = 64;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let Served { program: itseme, link } = stage.serve(&data).await?;
    let codes = Codes::default();
    let (time, rounds) = (stage.scale.turn, stage.scale.rounds);
    let handed = codes.clone();
    tokio::spawn(link.serve(move |stanza| handed.hand_over(stanza)));
    let writer = baseline::writer(&stage.fresh(stage.scale.few)?.database())?;
    let bytes: [u8; 136] = std::array::from_fn(|_| rand::random());
    let ours = async || newcomers(itseme.http, &codes, time).await;
    let theirs = async || baseline::insert(&writer, &bytes, 1, time);
    Ok(vec![Finding {
        what: "register and verify, durable".into(),
        compared_to: "one durable insert at a time".into(),
        unit: "/s",
        aim: Aim::AtLeast(10.0),
        rounds: alternate(rounds, ours, theirs).await?,
    }])
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

    fn hand_over(&self, message: &[u8]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = attribute(message, "to").and_then(|to| waiting.remove(to));
        if let Some((whose, code)) = whose.zip(text(message, "code")) {
            let _ = whose.send(code.to_owned());
        }
    }
}

/// Has so many clients register one new Jabber ID after the other; tells how many were verified in a second.
async fn newcomers(http: std::net::SocketAddr, codes: &Codes, time: Duration) -> Result<f64> {
    let (began, mut tasks) = (Instant::now(), JoinSet::new());
    for _ in 0..CLIENTS {
        let (mut client, codes) = (Client::connect(http).await?, codes.clone());
        tasks.spawn(async move {
            let mut done = 0;
            while began.elapsed() < time {
                newcomer(&mut client, &codes).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(result) = tasks.join_next().await {
        done += result??;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}

async fn newcomer(client: &mut Client, codes: &Codes) -> Result<()> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let code = codes.of(&jid);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = tokio::time::timeout(Duration::from_secs(10), code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(())
}
