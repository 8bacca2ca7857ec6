//! The workers, over a real store and channels that do as they are told.

#![allow(clippy::unwrap_used)]
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;

use super::*;
use crate::channel::{Away, Letter, Message, Sent};
use crate::clock::Clock;
use crate::model::{BareJid, Identity, Keys};
use crate::service::{ContactRequest, Settings};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// Takes everything, and remembers who asked whom.
struct Taken {
    asked: Mutex<Vec<(String, String)>>,
    holder: Mutex<Result<Option<Holder>, Away>>,
    /// Whether it gives back what it took.
    returns: AtomicBool,
}

impl Taken {
    fn by(holder: Option<Holder>) -> Self {
        Self {
            asked: Mutex::default(),
            holder: Mutex::new(Ok(holder)),
            returns: AtomicBool::default(),
        }
    }

    fn is_now(&self, holder: Result<Option<Holder>, Away>) {
        *self.holder.lock().unwrap() = holder;
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Channel for Taken {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        for letter in letters {
            if let Message::Introduction { to, from, .. } = &letter.message {
                self.asked.lock().unwrap().push((from.to_string(), to.to_string()));
            }
        }
        async { vec![Ok(()); letters.len()] }.boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        std::future::ready(*self.holder.lock().unwrap()).boxed()
    }

    fn was_returned(&self, _letter: &Letter) -> bool {
        self.returns.load(Ordering::Relaxed)
    }
}

fn service(folder: &tempfile::TempDir, clock: Clock) -> Service {
    let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
    let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
    let settings = Settings {
        providers: ["xmpp".to_owned()].into(),
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
        let request = ContactRequest {
            target: asker.clone(),
            details: vec![("xmpp".into(), asker.to_string())],
            contacts: asked.iter().map(|jid| Some(Identity::of_jid(jid).hash())).collect(),
        };
        service.contact_native(request).await.unwrap();
    }
    // Hashes are looked up a moment later.
    service.clock().advance(Duration::from_secs(60));
    let rows = waiting(service, Queue::Requests).await;
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
    send(service, Queue::Xmpp, channel, waiting(service, Queue::Xmpp).await, held).await;
}

/// A message from Eve to Amy, taken by a server.
async fn with_a_server(folder: &tempfile::TempDir) -> (Service, Clock, Taken, Held) {
    let clock = Clock::system();
    let service = service(folder, clock.clone());
    ask(&service, &[&jid("eve")], &[&jid("amy")]).await;
    let (channel, mut held) = (Taken::by(Some(1)), Held::default());
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());
    clock.advance(HELD);
    assert_eq!(waiting(&service, Queue::Xmpp).await.len(), 1);
    (service, clock, channel, held)
}

/// Nothing is sent once more, and nothing waits, when the server has lived with what it has.
async fn assert_is_safe_soon(service: &Service, channel: &Taken, held: &mut Held) {
    let times = channel.times();
    service.clock().advance(HELD);
    work(service, channel, held).await;
    assert_eq!(channel.times(), times);
    assert!(waiting(service, Queue::Xmpp).await.is_empty());
}

#[tokio::test]
async fn what_a_server_has_lived_with_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = with_a_server(&folder).await;
    work(&service, &channel, &mut held).await;
    clock.advance(HELD);
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());
}

#[tokio::test]
async fn what_a_server_gives_back_is_sent_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let (service, clock, channel, mut held) = with_a_server(&folder).await;
    channel.returns.store(true, Ordering::Relaxed);
    work(&service, &channel, &mut held).await;
    assert_eq!(channel.times(), 1);
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());

    channel.returns.store(false, Ordering::Relaxed);
    clock.advance(BACKOFF[1]);
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
    assert_eq!(waiting(&service, Queue::Xmpp).await[0].row.tries, 1);
    for (server, times) in [(2, 2), (3, 3), (3, 3)] {
        channel.is_now(Ok(Some(server)));
        work(&service, &channel, &mut held).await;
        assert_eq!(channel.times(), times);
        clock.advance(HELD);
    }
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());
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
    held.let_go(&service, &channel).await;
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());
}

#[tokio::test]
async fn what_waits_is_not_sent_to_who_has_muted_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder, Clock::system());
    let [amy, bob, eve, michael] = ["amy", "bob", "eve", "michael"].map(jid);
    ask(&service, &[&eve, &michael], &[&amy, &bob]).await;
    service.mute(&amy, &[eve.to_string()]).await.unwrap();

    let channel = Taken::by(None);
    let due = waiting(&service, Queue::Xmpp).await;
    assert_eq!(due.len(), 4);
    send(&service, Queue::Xmpp, &channel, due, &mut Held::default()).await;
    let pair = |from: &BareJid, to: &BareJid| (from.to_string(), to.to_string());
    let expected = [pair(&eve, &bob), pair(&michael, &amy), pair(&michael, &bob)];
    let mut asked = channel.asked.lock().unwrap().clone();
    // Requests are looked up at random moments, so they come in any order.
    asked.sort();
    assert_eq!(asked, expected);
    assert!(waiting(&service, Queue::Xmpp).await.is_empty());
}
