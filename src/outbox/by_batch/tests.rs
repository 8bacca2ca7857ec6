//! The workers, over a real store and channels that do as they are told.

#![allow(clippy::unwrap_used)]

mod handed;
mod returned;

use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use tokio_util::sync::CancellationToken;

use super::super::missed;
use super::*;
use crate::channel::{Away, Message, Reason};
use crate::clock::Clock;
use crate::model::{BareJid, Identity, Keys};
use crate::service::tests::asking::Ask;
use crate::service::{Contact, Settings};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// Takes everything, and remembers who asked whom.
struct Taken {
    asked: Mutex<Vec<(String, String)>>,
    ids: Mutex<Vec<String>>,
    holder: Mutex<Result<Option<Holder>, Away>>,
    bounces: Bounces,
}

impl Taken {
    fn by(holder: Option<Holder>) -> Self {
        Self {
            asked: Mutex::default(),
            ids: Mutex::default(),
            holder: Mutex::new(Ok(holder)),
            bounces: Bounces::default(),
        }
    }

    fn is_now(&self, holder: Result<Option<Holder>, Away>) {
        *self.holder.lock().unwrap() = holder;
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Gives back what it has taken last, in the name of `from`.
    fn gives_back(&self, from: &str) -> bool {
        let id = self.ids.lock().unwrap().last().unwrap().clone();
        self.gives_back_as(&id, from, BounceKind::Unclear)
    }

    fn gives_back_as(&self, id: &str, from: &str, kind: BounceKind) -> bool {
        let from = BareJid::new(from).unwrap();
        let domain = from.domain().to_string();
        self.bounces.take(id, &from, || Reason {
            kind,
            condition: "gone".into(),
            domain,
        })
    }
}

impl Channel for Taken {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        for letter in letters {
            if let Message::Introduction { to, from, .. } = &letter.message {
                self.asked.lock().unwrap().push((from.to_string(), to.to_string()));
                self.ids.lock().unwrap().push(letter.id.clone());
            }
        }
        async { vec![Ok(()); letters.len()] }.boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        std::future::ready(*self.holder.lock().unwrap()).boxed()
    }

    fn bounces(&self) -> Option<&Bounces> {
        Some(&self.bounces)
    }
}

fn service(folder: &tempfile::TempDir, clock: Clock) -> Service {
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
    let settings = Settings {
        providers: ["xmpp".to_owned()].into(),
        own_domains: ["example.org".to_owned()].into(),
        ..Settings::default()
    };
    Service::new(Store::new(store), keys, clock, settings, Default::default())
}

/// Has every asker ask for contact with everybody who is asked.
async fn ask(service: &Service, askers: &[&BareJid], asked: &[&BareJid]) {
    for jid in askers.iter().chain(asked) {
        service.register_native(jid, "xmpp", jid.as_str(), false).await.unwrap();
    }
    for &asker in askers {
        let request = Contact {
            target: asker.clone(),
            details: vec![("xmpp".into(), asker.to_string())],
            contacts: asked.iter().map(|jid| Some(Identity::of_jid(jid).hash())).collect(),
            scope: crate::service::Scope::Peers,
        };
        service.contact_native(request).await.unwrap();
    }
    // Hashes are looked up a moment later.
    service.clock().advance(Duration::from_secs(60));
    let rows = waiting(service, Queue::REQUESTS).await;
    let failed = service
        .introduce(rows.iter().map(|due| due.row.clone()).collect())
        .await;
    assert!(failed.is_empty());
}

fn jid(name: &str) -> BareJid {
    BareJid::new(&format!("{name}@example.org")).unwrap()
}

/// What is in the outbox, due or not.
async fn kept(service: &Service) -> Vec<Row> {
    let due = service.messages(Queue::XMPP, 0, 100).await.unwrap();
    due.into_iter().map(|due| due.row).collect()
}

/// The messages that are due and nobody holds.
async fn waiting(service: &Service, queue: Queue) -> Vec<Due> {
    let due = service.claim(queue, 100).await.unwrap().0;
    service.release(due.iter().map(|due| due.row.id).collect()).await;
    due
}

/// A worker, and the channel over which it sends.
struct Worker {
    batches: Batches,
    channel: Arc<Taken>,
}

impl Worker {
    fn new(service: &Service, holder: Option<Holder>) -> Self {
        let channel = Arc::new(Taken::by(holder));
        let batches = Batches::new(service.clone(), Queue::XMPP, channel.clone(), Missed::default());
        Self { batches, channel }
    }

    /// Does the work that is due.
    async fn work(&mut self) {
        self.batches.part_with_held().await;
        let due = self.batches.service.claim(Queue::XMPP, 100).await.unwrap().0;
        self.batches.send(due).await;
    }

    fn times(&self) -> usize {
        self.channel.times()
    }

    /// Ends, as in a crash, and begins anew with a connection to `holder`.
    async fn crash(&mut self, holder: Holder) {
        let service = self.batches.service.clone();
        let rows = kept(&service).await;
        service.release(rows.iter().map(|row| row.id).collect()).await;
        *self = Self::new(&service, Some(holder));
        assert!(self.batches.expect_again().await);
    }
}

/// A message from Eve to Amy, taken by a server.
async fn with_a_server(folder: &tempfile::TempDir) -> (Service, Clock, Worker) {
    to(folder, &jid("amy")).await
}

/// The time after which an accepted message is safe, or sent again.
const LONG: Duration = HELD.saturating_add(Duration::from_secs(2));

/// A message from Eve to somebody, taken by a server for long enough to be safe with it.
async fn to(folder: &tempfile::TempDir, whom: &BareJid) -> (Service, Clock, Worker) {
    let clock = Clock::system();
    let service = service(folder, clock.clone());
    ask(&service, &[&jid("eve")], &[whom]).await;
    let mut worker = Worker::new(&service, Some(1));
    worker.work().await;
    assert_eq!(worker.times(), 1);
    // Until it is safe, it is held.
    clock.advance(HELD.saturating_sub(Duration::from_secs(1)));
    worker.work().await;
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
    assert!(!kept(&service).await[0].is_taken);
    clock.advance(LONG);
    (service, clock, worker)
}

/// Nothing is sent once more, and nothing waits, when the server has lived with what it has.
async fn assert_is_safe_soon(service: &Service, worker: &mut Worker) {
    let times = worker.times();
    service.clock().advance(LONG);
    worker.work().await;
    assert_eq!((worker.times(), kept(service).await.len()), (times, 0));
}

#[tokio::test]
async fn what_a_server_has_lived_with_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = with_a_server(&folder).await;
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await.len()), (1, 0));
    assert!(!worker.channel.gives_back("amy@example.org"));
}

#[tokio::test]
async fn what_a_server_gives_back_is_sent_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = with_a_server(&folder).await;
    assert!(worker.channel.gives_back("amy@example.org"));
    worker.batches.take_back().await;
    worker.work().await;
    assert_eq!(worker.times(), 1);
    assert!(waiting(&service, Queue::XMPP).await.is_empty());

    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    worker.work().await;
    assert_eq!(worker.times(), 2);
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn what_servers_may_have_lost_is_sent_until_one_has_lived_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = with_a_server(&folder).await;
    // Nobody answers: nothing is sent, and no try is counted.
    worker.channel.is_now(Err(Away));
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await[0].tries), (1, 1));
    for (server, times) in [(2, 2), (3, 3), (3, 3)] {
        worker.channel.is_now(Ok(Some(server)));
        worker.work().await;
        assert_eq!(worker.times(), times);
        clock.advance(LONG);
    }
    assert!(kept(&service).await.is_empty());
}

#[tokio::test]
async fn what_expires_while_a_server_has_it_waits_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let service = service(&folder, clock.clone());
    ask(&service, &[&jid("eve")], &[&jid("amy")]).await;
    let left = kept(&service).await[0].expires_at - clock.now();
    let last_second = Duration::from_secs(1);
    clock.advance(Duration::from_millis(left) - last_second);
    let mut worker = Worker::new(&service, Some(1));
    worker.work().await;
    clock.advance(last_second);
    worker.work().await;
    assert_eq!((worker.times(), kept(&service).await.len()), (1, 0));
}

/// A server that does not answer for longer than a claim lasts has lost it, or has it still.
#[tokio::test]
async fn what_was_held_for_longer_than_its_claim_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, mut worker) = with_a_server(&folder).await;
    clock.advance(Duration::from_secs(60 * 60));
    worker.channel.is_now(Ok(Some(2)));
    worker.work().await;
    worker.work().await;
    assert_eq!(worker.times(), 2);
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn after_a_crash_nobody_knows_and_it_is_sent_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, mut worker) = with_a_server(&folder).await;
    worker.crash(1).await;
    worker.work().await;
    assert_eq!(worker.times(), 1);
    assert_is_safe_soon(&service, &mut worker).await;
}

#[tokio::test]
async fn what_a_server_has_when_the_service_ends_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, worker) = with_a_server(&folder).await;
    worker.batches.end().await;
    assert!(kept(&service).await.is_empty());
}

#[tokio::test]
async fn what_waits_is_not_sent_to_who_has_muted_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder, Clock::system());
    let [amy, bob, eve, michael] = ["amy", "bob", "eve", "michael"].map(jid);
    ask(&service, &[&eve, &michael], &[&amy, &bob]).await;
    service.mute(&amy, &[eve.to_string()]).await.unwrap();

    assert_eq!(waiting(&service, Queue::XMPP).await.len(), 4);
    let mut worker = Worker::new(&service, None);
    worker.work().await;
    let pair = |from: &BareJid, to: &BareJid| (from.to_string(), to.to_string());
    let expected = [pair(&eve, &bob), pair(&michael, &amy), pair(&michael, &bob)];
    let mut asked = worker.channel.asked.lock().unwrap().clone();
    // Requests are looked up at random moments, so they come in any order.
    asked.sort();
    assert_eq!(asked, expected);
    assert!(kept(&service).await.is_empty());
}
