//! Registering a Jabber ID and verifying it with the code that comes by XMPP, durably.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::baseline;
use crate::http::{Client, Exchange, load, post, repeat};
use crate::measure::{Aim, Finding, Round, alternate, with_bare};
use crate::program::{ASKERS, Program};
use crate::rows::contact::{ANSWER, KEEP};
use crate::stage::{Row, Served, Stage, row};
use crate::stanzas::{attribute, text};

/// The row.
pub const ROW: Row = Row {
    name: "register",
    about: "register and verify a Jabber ID, 64 clients, beside one durable insert at a time by rusqlite; a bare program: two \
            bare requests that insert something",
    run: |stage| row(run(stage)),
};

/// How many do so at once.
const CLIENTS: usize = 64;

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    let data = stage.data(stage.scale.usual)?;
    let Served { program: itseme, link } = stage.serve(&data).await?;
    let codes = Codes::default();
    let (time, count) = (stage.scale.turn, stage.scale.rounds);
    let handed = codes.clone();
    tokio::spawn(link.serve(move |stanza| handed.hand_over(stanza)));
    let few = stage.fresh(stage.scale.few)?;
    let (bare, writer) = (Program::bare_on_own_threads(&few).await?, baseline::writer(&few.database())?);
    let bytes: [u8; 136] = std::array::from_fn(|_| rand::random());
    let ours = async || {
        let codes = codes.clone();
        repeat(itseme.http, CLIENTS, time, move |client| newcomer(client, codes.clone())).await
    };
    let theirs = async || baseline::insert(&writer, &bytes, 1, time);
    // Whoever registers and verifies asks twice.
    let kept: Arc<[Exchange]> = Arc::new([keep(bytes.len())]);
    let keep = async || {
        let rate = load(bare.http, CLIENTS, &kept, time).await? / 2.0;
        baseline::clear(&writer)?;
        Ok(rate)
    };
    let rounds = alternate(count, ours, &theirs).await?;
    let bare = alternate(count, keep, &theirs).await?;
    Ok(vec![Finding {
        what: "register and verify, durable".into(),
        compared_to: "one durable insert at a time".into(),
        unit: "/s",
        aim: Aim::AtLeast(10.0),
        rounds: with_bare(rounds, bare.iter().map(Round::value)),
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

/// A body of `length` bytes, which is as much as the other side inserts: a string between its quotes.
fn keep(length: usize) -> Exchange {
    Exchange { request: post(KEEP, &json!("x".repeat(length - 2))), answer: ANSWER }
}

/// A new Jabber ID is registered and verified.
async fn newcomer(mut client: Client, codes: Codes) -> Result<Client> {
    let jid = format!("new{:016x}@{ASKERS}", rand::rng().random::<u64>());
    let code = codes.of(&jid);
    let body = json!({ "provider": "xmpp", "id": jid, "target": jid });
    let registered: Value = serde_json::from_slice(client.call(&post("/v1/register", &body)).await?)?;
    ensure!(registered["status"] == "pending", "wrong answer: {registered}");
    let code = tokio::time::timeout(Duration::from_secs(10), code).await.context("no code came")??;
    let body = json!({ "hash": registered["hash"], "code": code });
    let verified: Value = serde_json::from_slice(client.call(&post("/v1/verify", &body)).await?)?;
    ensure!(verified["confirmed"] == true, "wrong answer: {verified}");
    Ok(client)
}
