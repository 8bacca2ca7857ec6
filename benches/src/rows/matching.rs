//! The worker that looks up the hashes of contact requests: the service's own code, in this process, with nothing else to do.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
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
use crate::measure::{Aim, Finding, Round, alternate};
use crate::population::{Data, People, servers, unknown};
use crate::program::until;
use crate::stage::Stage;

/// Hashes of a request.
pub const HASHES: usize = 100;
/// A moment after which every request is due.
const LATER: Duration = Duration::from_secs(10);

/// Hashes that nobody has, beside look-ups of as many.
pub async fn none_known(stage: &Stage) -> Result<Finding> {
    let requests = 100 * stage.scale.thousands.div_ceil(2);
    let (rounds, _) = matching(stage, requests, 0, |_| Ok(unknown())).await?;
    let finding = Finding::new("matching 100 hashes, none known", "/s", rounds);
    Ok(finding.beside("100 bare look-ups").aiming(Aim::AtLeast(0.8)))
}

/// Hashes of known people, beside look-ups of as many, and inserts.
pub async fn all_known(stage: &Stage) -> Result<Finding> {
    let requests = 20 * stage.scale.thousands.div_ceil(2);
    let (rounds, bytes) = matching(stage, requests, HASHES, |people| Ok(people.anybody()?.hash)).await?;
    let finding = Finding::new("matching 100 hashes, all known", "/s", rounds);
    let other = format!("100 look-ups and 100 inserts of {bytes} bytes in one transaction");
    Ok(finding.beside(other).aiming(Aim::AtLeast(0.5)))
}

/// Matches requests for hashes of which so many are known, beside look-ups, and inserts of as many bytes as an introduction has, in
/// one transaction for each request. Returns that number, too.
async fn matching(
    stage: &Stage,
    requests: usize,
    known: usize,
    hash: impl Fn(People) -> Result<Hash>,
) -> Result<(Vec<Round>, usize)> {
    let data = stage.data(stage.scale.usual)?;
    let (keys, writer) = (data.keys()?, baseline::writer(&data.database())?);
    let lists = || -> Result<Vec<Vec<Hash>>> {
        let list = |_| (0..HASHES).map(|_| hash(data.people)).collect();
        (0..requests).map(list).collect()
    };
    let letter = RefCell::new(Vec::new());
    let ours = async || {
        let worker = Worker::start(&data)?;
        worker.ask(&data, &lists()?).await?;
        let began = Instant::now();
        worker.work(&writer).await?;
        let rate = requests as f64 / began.elapsed().as_secs_f64();
        drop(worker);
        let waiting = baseline::waiting(&writer)?;
        // Some may have asked about themselves, or twice about somebody.
        ensure!(waiting >= requests * known * 99 / 100, "only {waiting} introductions were made");
        if known > 0 {
            *letter.borrow_mut() = baseline::like_those_waiting(&writer)?;
        }
        baseline::clear(&writer)?;
        Ok(rate)
    };
    let theirs = async || {
        let ids = |list: Vec<Hash>| list.iter().map(|hash| keys.id(hash)).collect();
        let lists: Vec<Vec<Mac>> = lists()?.into_iter().map(ids).collect();
        let began = Instant::now();
        for ids in &lists {
            let transaction = writer.unchecked_transaction()?;
            let found = baseline::look_up(&transaction, Columns::All, ids)?;
            ensure!(found == known, "{found} links were found");
            baseline::insert(&transaction, &letter.borrow(), known)?;
            transaction.commit()?;
        }
        let rate = requests as f64 / began.elapsed().as_secs_f64();
        baseline::clear(&writer)?;
        Ok(rate)
    };
    Ok((alternate(stage.scale.rounds, ours, theirs).await?, letter.take().len()))
}

/// The service without its connections.
pub struct Worker {
    service: Service,
    clock: Clock,
}

impl Worker {
    /// Over `data`, with limits lifted.
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
