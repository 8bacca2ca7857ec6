//! The workers, over a real store and channels that do as they are told.

#![allow(clippy::unwrap_used)]
use std::sync::Mutex;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;
use crate::channel::{Away, Holder, Letter, Message, Reason, Sent};
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
    let failed = service.introduce(rows.iter().map(|due| due.row.id).collect()).await;
    assert!(failed.is_empty());
}

fn jid(name: &str) -> BareJid {
    BareJid::new(&format!("{name}@example.org")).unwrap()
}

async fn waiting(service: &Service, queue: Queue) -> Vec<Due> {
    service.due(queue, 100).await.unwrap().0
}

async fn work(service: &Service, channel: &Taken, held: &mut Held) {
    send(service, Queue::XMPP, channel, waiting(service, Queue::XMPP).await, held).await;
}

async fn back(service: &Service, channel: &Taken, held: &mut Held) -> Vec<BareJid> {
    take_back(service, Queue::XMPP, channel, held, &mut Told::default()).await
}

/// A message from Eve to Amy, taken by a server.
async fn with_a_server(folder: &tempfile::TempDir) -> (Service, Clock, Taken, Held) {
    to(folder, &jid("amy")).await
}

/// A message from Eve to somebody, taken by a server for long enough to be safe with it.
async fn to(folder: &tempfile::TempDir, whom: &BareJid) -> (Service, Clock, Taken, Held) {
    let clock = Clock::system();
    let service = service(folder, clock.clone());
    ask(&service, &[&jid("eve")], &[whom]).await;
    let (channel, mut held) = (Taken::by(Some(1)), Held::default());
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
    clock.advance(HELD);
    assert_eq!(waiting(&service, Queue::XMPP).await.len(), 1);
    (service, clock, channel, held)
}

/// Nothing is sent once more, and nothing waits, when the server has lived with what it has.
async fn assert_is_safe_soon(service: &Service, channel: &Taken, held: &mut Held) {
    let times = channel.times();
    service.clock().advance(HELD);
    work(service, channel, held).await;
    assert_eq!(channel.times(), times);
    assert!(waiting(service, Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn what_a_server_has_lived_with_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = with_a_server(&folder).await;
    work(&service, &channel, &mut held).await;
    clock.advance(HELD);
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn what_a_server_gives_back_is_sent_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = with_a_server(&folder).await;
    assert!(channel.gives_back("amy@example.org"));
    back(&service, &channel, &mut held).await;
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::XMPP).await.is_empty());

    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 2);
    assert_is_safe_soon(&service, &channel, &mut held).await;
}

#[tokio::test]
async fn what_servers_may_have_lost_is_sent_until_one_has_lived_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = with_a_server(&folder).await;
    // Nobody answers: nothing is sent, and no try is counted.
    channel.is_now(Err(Away));
    work(&service, &channel, &mut held).await;
    assert_eq!(waiting(&service, Queue::XMPP).await[0].row.tries, 1);
    for (server, times) in [(2, 2), (3, 3), (3, 3)] {
        channel.is_now(Ok(Some(server)));
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), times);
        clock.advance(HELD);
    }
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn after_a_restart_nobody_knows_and_it_is_sent_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, channel, _) = with_a_server(&folder).await;
    let mut held = Held::default();
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 2);
    assert_is_safe_soon(&service, &channel, &mut held).await;
}

#[tokio::test]
async fn what_a_server_has_when_the_service_ends_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, channel, held) = with_a_server(&folder).await;
    let_go(&service, held, &channel).await;
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
}

#[tokio::test]
async fn what_waits_is_not_sent_to_who_has_muted_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder, Clock::system());
    let [amy, bob, eve, michael] = ["amy", "bob", "eve", "michael"].map(jid);
    ask(&service, &[&eve, &michael], &[&amy, &bob]).await;
    service.mute(&amy, &[eve.to_string()]).await.unwrap();

    let channel = Taken::by(None);
    let due = waiting(&service, Queue::XMPP).await;
    assert_eq!(due.len(), 4);
    send(&service, Queue::XMPP, &channel, due, &mut Held::default()).await;
    let pair = |from: &BareJid, to: &BareJid| (from.to_string(), to.to_string());
    let expected = [pair(&eve, &bob), pair(&michael, &amy), pair(&michael, &bob)];
    let mut asked = channel.asked.lock().unwrap().clone();
    // Requests are looked up at random moments, so they come in any order.
    asked.sort();
    assert_eq!(asked, expected);
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
}

fn others() -> BareJid {
    BareJid::new("amy@example.net").unwrap()
}

/// What is in the outbox, due or not.
async fn kept(service: &Service) -> Vec<Row> {
    let due = service.messages(Queue::XMPP, 0, 100).await.unwrap();
    due.into_iter().map(|due| due.row).collect()
}

/// A message to another server's people, with which ours has lived long enough.
async fn awaited(folder: &tempfile::TempDir) -> (Service, Clock, Taken, Held) {
    let (service, clock, channel, mut held) = to(folder, &others()).await;
    work(&service, &channel, &mut held).await;
    assert!(waiting(&service, Queue::XMPP).await.is_empty());
    assert!(kept(&service).await[0].is_taken);
    (service, clock, channel, held)
}

#[tokio::test]
async fn what_comes_back_late_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = awaited(&folder).await;
    clock.advance(AWAITED - 2 * HELD);
    assert!(!channel.gives_back("eve@example.net"));
    assert!(channel.gives_back("amy@example.net"));
    back(&service, &channel, &mut held).await;
    work(&service, &channel, &mut held).await;
    assert_eq!((channel.times(), kept(&service).await[0].returned), (1, 1));
    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 2);
    // And once more.
    clock.advance(HELD);
    work(&service, &channel, &mut held).await;
    assert!(channel.gives_back("example.net"));
    back(&service, &channel, &mut held).await;
    assert_eq!(kept(&service).await[0].returned, 2);
}

#[tokio::test]
async fn what_comes_back_no_more_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = awaited(&folder).await;
    clock.advance(AWAITED);
    work(&service, &channel, &mut held).await;
    assert!(kept(&service).await.is_empty());
    assert_eq!(channel.times(), 1);
    assert!(!channel.gives_back("amy@example.net"));
}

#[tokio::test]
async fn what_may_come_back_is_not_sent_again_after_a_restart_unless_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, _, _) = awaited(&folder).await;
    let (channel, mut held) = (Taken::by(Some(9)), Held::default());
    let outbox = Outbox::new(service.clone(), CancellationToken::new());
    outbox.expect_again(Queue::XMPP, &channel).await;
    clock.advance(HELD);
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 0);
    let letter = match service.messages(Queue::XMPP, 0, 1).await.unwrap().remove(0).letter {
        Opened::Letter(letter) => letter,
        _ => unreachable!("it opens"),
    };
    assert!(channel.gives_back_as(&letter.id, "amy@example.net", BounceKind::Unclear));
    back(&service, &channel, &mut held).await;
    clock.advance(pause(BounceKind::Unclear, 1).unwrap());
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 1);
}

#[tokio::test]
async fn what_may_come_back_waits_on_when_the_service_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, held) = to(&folder, &others()).await;
    let_go(&service, held, &channel).await;
    assert!(kept(&service).await[0].is_taken);
    // As long as the link is down, nothing is sent; afterwards it is done with.
    clock.advance(AWAITED);
    work(&service, &channel, &mut Held::default()).await;
    assert_eq!((channel.times(), kept(&service).await.len()), (1, 0));
}

#[tokio::test]
async fn what_was_withdrawn_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, channel, mut held) = awaited(&folder).await;
    service.forget_native(&jid("eve"), &[]).await.unwrap();
    assert!(channel.gives_back("amy@example.net"));
    back(&service, &channel, &mut held).await;
    assert!(kept(&service).await.is_empty());
}

#[tokio::test]
async fn what_nobody_takes_is_tried_a_few_times_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = awaited(&folder).await;
    for nth in 1..=4 {
        let id = channel.ids.lock().unwrap().last().unwrap().clone();
        assert!(channel.gives_back_as(&id, "amy@example.net", BounceKind::Nobody));
        back(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), nth);
        if let Some(pause) = pause(BounceKind::Nobody, u32::try_from(nth).unwrap()) {
            clock.advance(pause - Duration::from_secs(1));
            assert!(waiting(&service, Queue::XMPP).await.is_empty());
            clock.advance(Duration::from_secs(1));
            work(&service, &channel, &mut held).await;
        }
    }
    assert!(kept(&service).await.is_empty());
}

/// The time of an answer would else tell that the message before it came back from somebody with links.
#[tokio::test]
async fn who_is_missed_is_stored_later_whoever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _, channel, mut held) = awaited(&folder).await;
    let changes = async || service.store().read(|read| read.counts()).await.unwrap().counters;
    let before = changes().await;
    let id = channel.ids.lock().unwrap().last().unwrap().clone();
    assert!(channel.gives_back_as(&id, "amy@example.net", BounceKind::Nobody));
    let missed = back(&service, &channel, &mut held).await;
    assert_eq!(missed, [others()]);
    assert_eq!(changes().await, before);
    let outbox = Outbox::new(service.clone(), CancellationToken::new());
    // By the worker that has the connection, which ends for itself.
    let worker = outbox.clone().until(CancellationToken::new());
    worker.missed.add(vec![others(); 2 * missed::MOST]);
    assert_eq!(outbox.missed.len(), missed::MOST);
    outbox.missed.store(&service).await;
    assert_eq!(changes().await, before + 2);
}
