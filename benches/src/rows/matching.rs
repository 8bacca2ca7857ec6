//! The worker that looks up the hashes of contact requests: the service's own code, in this process, with nothing else to do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use itseme::clock::Clock;
use itseme::model::{BareJid, Hash, Mac};
use itseme::outbox::Outbox;
use itseme::own_thread::OwnThread;
use itseme::service::{Caller, Contact, Register, Service, Settings};
use itseme::store::Store;
use itseme::store::sqlite::SqliteStore;
use rusqlite::Connection;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::baseline::{self, Columns};
use crate::measure::{Aim, Finding, alternate};
use crate::population::{Data, servers, unknown};
use crate::program::until;
use crate::stage::{Row, Stage, row};

/// The row.
pub const ROW: Row = Row {
    name: "matching",
    about: "the worker matching 100 hashes beside 100 bare look-ups, and the same plus 100 inserts",
    run: |stage| row(run(stage)),
};

/// Hashes of a request.
pub const HASHES: usize = 100;
/// A moment after which every request is due.
const LATER: Duration = Duration::from_secs(10);

async fn run(stage: &Stage) -> Result<Vec<Finding>> {
    Ok(vec![none_known(stage).await?, all_known(stage).await?])
}

async fn none_known(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let requests = 100 * stage.scale.thousands.div_ceil(2);
    let reader = baseline::reader(&data.database())?;
    let theirs = async || {
        let lists = ids(&data, &lists(requests, || Ok(unknown()))?)?;
        let began = Instant::now();
        for ids in &lists {
            ensure!(baseline::look_up_together(&reader, Columns::All, ids)? == 0, "somebody has that hash");
        }
        Ok(requests as f64 / began.elapsed().as_secs_f64())
    };
    let ours = async || matched(&data, lists(requests, || Ok(unknown()))?, 0).await;
    Ok(Finding {
        what: "matching 100 hashes, none known".into(),
        compared_to: "100 bare look-ups".into(),
        unit: "/s",
        aim: Aim::AtLeast(0.8),
        rounds: alternate(stage.scale.rounds, ours, theirs).await?,
    })
}

async fn all_known(stage: &Stage) -> Result<Finding> {
    let data = stage.data(stage.scale.usual)?;
    let requests = 20 * stage.scale.thousands.div_ceil(2);
    let any = || Ok(data.people.anybody()?.hash);
    let writer = baseline::writer(&data.database())?;
    let bytes = letter(&data).await?;
    let theirs = async || {
        let lists = ids(&data, &lists(requests, any)?)?;
        let began = Instant::now();
        for ids in &lists {
            look_up_and_insert(&writer, ids, &bytes)?;
        }
        let rate = requests as f64 / began.elapsed().as_secs_f64();
        baseline::clear(&writer)?;
        Ok(rate)
    };
    let ours = async || matched(&data, lists(requests, any)?, HASHES * 99 / 100).await;
    Ok(Finding {
        what: "matching 100 hashes, all known".into(),
        compared_to: format!("100 look-ups and 100 inserts of {} bytes in one transaction", bytes.len()),
        unit: "/s",
        aim: Aim::AtLeast(0.5),
        rounds: alternate(stage.scale.rounds, ours, theirs).await?,
    })
}

fn look_up_and_insert(writer: &Connection, ids: &[Mac], bytes: &[u8]) -> Result<()> {
    let transaction = writer.unchecked_transaction()?;
    ensure!(baseline::look_up(&transaction, Columns::All, ids)? == ids.len(), "a link was not found");
    baseline::push(&transaction, bytes, ids.len())?;
    Ok(transaction.commit()?)
}

/// So many lists of hashes.
fn lists(count: usize, hash: impl Fn() -> Result<Hash>) -> Result<Vec<Vec<Hash>>> {
    let list = |_| (0..HASHES).map(|_| hash()).collect();
    (0..count).map(list).collect()
}

fn ids(data: &Data, lists: &[Vec<Hash>]) -> Result<Vec<Vec<Mac>>> {
    let keys = data.keys()?;
    Ok(lists.iter().map(|list| list.iter().map(|hash| keys.id(hash)).collect()).collect())
}

/// How many requests a second the worker matches, each of which has to lead to at least so many introductions.
async fn matched(data: &Data, lists: Vec<Vec<Hash>>, introductions: usize) -> Result<f64> {
    let (requests, reader) = (lists.len(), baseline::reader(&data.database())?);
    let worker = Worker::start(data)?;
    worker.ask(data, &lists).await?;
    let began = Instant::now();
    worker.work(&reader).await?;
    let rate = requests as f64 / began.elapsed().as_secs_f64();
    let waiting = baseline::waiting(&reader)?;
    ensure!(waiting >= (requests * introductions) as u64, "only {waiting} introductions were made");
    drop(worker);
    baseline::clear(&baseline::writer(&data.database())?)?;
    Ok(rate)
}

/// An introduction, as it waits in the outbox.
async fn letter(data: &Data) -> Result<Vec<u8>> {
    let worker = Worker::start(data)?;
    let reader = baseline::reader(&data.database())?;
    worker.ask(data, &lists(1, || Ok(data.people.anybody()?.hash))?).await?;
    worker.work(&reader).await?;
    let letter = reader.query_row("SELECT box FROM outbox WHERE queue = 1 LIMIT 1", [], |row| row.get(0));
    baseline::clear(&baseline::writer(&data.database())?)?;
    letter.context("an introduction")
}

/// The service without its connections.
pub struct Worker {
    service: Service,
    clock: Clock,
}

impl Worker {
    /// Over `data`, with limits lifted.
    ///
    /// # Errors
    /// If the database cannot be opened.
    pub fn start(data: &Data) -> Result<Self> {
        let (keys, clock) = (data.keys()?, Clock::system());
        let store = Store::new(SqliteStore::open(&data.database(), keys.check())?);
        let limits =
            json!({ "hashes_per_day": u32::MAX, "repeat_contact_after": "0s", "new_jids_per_day": u32::MAX });
        let settings = Settings {
            providers: ["xmpp".to_owned()].into(),
            limits: serde_json::from_value(limits)?,
            // Of other servers' introductions only so many may wait, and nobody takes these away.
            own_domains: servers().collect(),
            ..Settings::default()
        };
        Ok(Self { service: Service::new(store, keys, clock.clone(), settings, Default::default()), clock })
    }

    /// Links Jabber IDs to themselves.
    ///
    /// # Errors
    /// If that is refused.
    pub async fn register(&self, people: &[BareJid]) -> Result<()> {
        let registered = people.iter().map(|jid| async {
            let register = Register::own(jid.clone(), "xmpp", jid.as_str(), false);
            let done = self.service.call(&Caller::native(jid.clone(), None), register).await;
            done.map_err(|error| anyhow!("{error}"))
        });
        futures::future::try_join_all(registered).await?;
        Ok(())
    }

    /// Has somebody ask for each list of hashes.
    ///
    /// # Errors
    /// If that is refused.
    pub async fn ask(&self, data: &Data, lists: &[Vec<Hash>]) -> Result<()> {
        let service = &self.service;
        let asked = lists.iter().map(|hashes| async move {
            let asker: BareJid = data.people.anybody()?.target;
            let caller = Caller::native(asker.clone(), None);
            let contact = Contact {
                details: vec![("xmpp".to_owned(), asker.to_string())],
                target: asker,
                contacts: hashes.iter().copied().map(Some).collect(),
            };
            service.call(&caller, contact).await.map_err(|error| anyhow!("{error}"))
        });
        futures::future::try_join_all(asked).await?;
        Ok(())
    }

    /// Matches all there is, however long it would wait otherwise.
    ///
    /// # Errors
    /// If it never ends.
    pub async fn work(&self, reader: &Connection) -> Result<()> {
        self.clock.advance(LATER);
        let stop = CancellationToken::new();
        let thread = OwnThread::start("itseme-match")?;
        let worker = thread.tasks().spawn(Outbox::new(self.service.clone(), stop.clone()).match_requests());
        let left = || reader.query_row("SELECT count(*) FROM outbox WHERE queue = 0", [], |row| row.get(0));
        until(async || left().is_ok_and(|left: u64| left == 0)).await?;
        stop.cancel();
        Ok(worker.await?)
    }
}
