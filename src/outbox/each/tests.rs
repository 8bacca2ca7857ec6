//! Sending each message by itself, over a real store.

#![allow(clippy::unwrap_used)]

mod together;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::flight::send_in_time;
use super::*;
use crate::channel::Places;
use crate::clock::Clock;
use crate::model::{BareJid, Code, Identity, Keys, Provider};
use crate::service::tests::asking::Ask;
use crate::service::{Budget, Settings};
use crate::store::Row;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// A gateway that lets messages to one number wait until it may go on, and says the same of all others.
struct SlowGateway {
    says: Mutex<Sent>,
    taken: Mutex<Vec<String>>,
    changed: Notify,
    /// How often it was asked to send.
    asked: AtomicUsize,
    slow: String,
    go_on: Semaphore,
}

impl SlowGateway {
    fn saying(sent: Sent) -> Arc<Self> {
        Arc::new(Self {
            says: Mutex::new(sent),
            taken: Mutex::default(),
            changed: Notify::new(),
            asked: AtomicUsize::default(),
            slow: number(0),
            go_on: Semaphore::new(0),
        })
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits until `enough` is so.
    async fn until(&self, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            self.changed.notified().await;
        }
    }

    fn answers(&self, sent: Sent) {
        *self.says.lock().unwrap() = sent;
    }
}

impl Channel for SlowGateway {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        async move {
            let Message::Code { identity, .. } = &letters[0].message else {
                unreachable!("only codes are sent here")
            };
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.changed.notify_one();
            if identity.id == self.slow {
                self.go_on.acquire().await.unwrap().forget();
            }
            let says = self.says.lock().unwrap().clone();
            if says.is_ok() {
                self.taken.lock().unwrap().push(identity.id.clone());
            }
            self.changed.notify_one();
            vec![says]
        }
        .boxed()
    }

    fn places(&self) -> Places {
        Places { all: 8, each: 8 }
    }

    fn cut_off(&self) -> SendError {
        SendError::Unclear("cut off".into())
    }
}

fn number(n: u32) -> String {
    format!("+447700900{n:03}")
}

struct Fixture {
    service: Service,
    clock: Clock,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new(texts_per_day: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = SqliteStore::open(&folder.path().join("test.db"), keys.check()).unwrap();
        let settings = Settings {
            providers: ["xmpp", "phone"].map(str::to_owned).into(),
            budgets: vec![Budget {
                provider: Provider::Phone,
                prefix: "+".into(),
                per_day: texts_per_day,
            }],
            own_domains: ["example.org".to_owned()].into(),
            ..Settings::default()
        };
        let clock = Clock::system();
        Self {
            service: Service::new(Store::new(store), keys, clock.clone(), settings, Default::default()),
            clock,
            stop: CancellationToken::new(),
            _folder: folder,
        }
    }

    async fn register(&self, n: u32) {
        let amy = BareJid::new("amy@example.org").unwrap();
        self.service
            .register_native(&amy, "phone", &number(n), false)
            .await
            .unwrap();
    }

    /// Asks for another code.
    async fn again(&self, n: u32) {
        let amy = BareJid::new("amy@example.org").unwrap();
        let asked = self.service.register_native(&amy, "phone", &number(n), true).await;
        asked.unwrap();
    }

    /// A worker that goes on until `stop`.
    fn work(&self, gateway: &Arc<SlowGateway>) -> tokio::task::JoinHandle<()> {
        let outbox = Outbox::new(self.service.clone(), self.stop.clone());
        tokio::spawn(outbox.deliver_each(Queue::PHONE, gateway.clone()))
    }

    /// Sends what is due, and waits for what becomes of it.
    async fn once(&self, gateway: &SlowGateway) {
        let mut dispatch = Dispatch::new(&self.service, Queue::PHONE, gateway);
        assert!(dispatch.read_new().await);
        while let Some(flight) = dispatch.next() {
            let landed = fly(&self.service, Queue::PHONE, gateway, flight).await;
            dispatch.land(landed);
        }
    }

    async fn waiting(&self) -> Vec<Row> {
        let due = self.service.messages(Queue::PHONE, 0, 100).await.unwrap();
        due.into_iter().map(|due| due.row).collect()
    }
}

fn is_unsent(landed: &Landed) -> bool {
    landed
        .arrivals
        .iter()
        .all(|arrival| arrival.sent.is_none() && arrival.due_at.is_none())
}

#[tokio::test]
async fn one_that_takes_long_holds_up_nobody_and_is_not_sent_again_meanwhile() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Ok(()));
    it.register(0).await;
    let worker = it.work(&gateway);
    gateway.until(|gateway| gateway.asked() == 1).await;
    for n in 1..5 {
        it.register(n).await;
    }
    gateway.until(|gateway| gateway.taken().len() == 4).await;
    assert!(!gateway.taken().contains(&number(0)));
    // Much later it still is the same try. A stop waits for it.
    it.clock.advance(Duration::from_secs(120));
    it.register(5).await;
    gateway.until(|gateway| gateway.taken().len() == 5).await;
    it.stop.cancel();
    gateway.go_on.add_permits(9);
    worker.await.unwrap();
    assert_eq!((gateway.taken().len(), gateway.asked()), (6, 6));
    assert!(it.waiting().await.is_empty());
}

#[tokio::test]
async fn what_is_being_sent_at_the_end_is_not_sent_again_if_it_may_have_been_taken() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Ok(()));
    it.register(0).await;
    it.register(1).await;
    let mut dispatch = Dispatch::new(&it.service, Queue::PHONE, &*gateway);
    dispatch.read_new().await;
    let flight = dispatch.next().unwrap();
    let row = flight.rows[0];
    let sending = fly(&it.service, Queue::PHONE, &*gateway, flight);
    assert!(tokio::time::timeout(Duration::from_millis(100), sending).await.is_err());
    dispatch.cut_off().await;
    // The other was never begun, and waits for the next start.
    let waiting: Vec<i64> = it.waiting().await.iter().map(|row| row.id).collect();
    assert_eq!(waiting.len(), 1);
    assert_ne!(waiting[0], row);
}

#[tokio::test]
async fn what_a_gateway_wants_later_is_not_sent_before_even_if_others_are() {
    let it = Fixture::new(100);
    let pause = Duration::from_secs(77);
    let busy = Trouble {
        again: Some(pause),
        ..Trouble::refused("busy").after_reading()
    };
    let gateway = SlowGateway::saying(Err(SendError::Retry(busy)));
    let mut dispatch = Dispatch::new(&it.service, Queue::PHONE, &*gateway);
    let fly_all = async |dispatch: &mut Dispatch<'_>| {
        dispatch.read_new().await;
        while let Some(flight) = dispatch.next() {
            dispatch.land(fly(&it.service, Queue::PHONE, &*gateway, flight).await);
        }
    };
    it.register(1).await;
    fly_all(&mut dispatch).await;
    // The end of the outage hastens what waits without such a wish.
    gateway.answers(Ok(()));
    it.register(2).await;
    fly_all(&mut dispatch).await;
    it.clock.advance(pause - Duration::from_secs(1));
    fly_all(&mut dispatch).await;
    assert_eq!(gateway.taken(), [number(2)]);
    it.clock.advance(Duration::from_secs(1));
    fly_all(&mut dispatch).await;
    assert_eq!(gateway.taken(), [number(2), number(1)]);
}

#[tokio::test]
async fn what_was_withdrawn_or_has_expired_is_not_sent() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Ok(()));
    it.register(1).await;
    let mut dispatch = Dispatch::new(&it.service, Queue::PHONE, &*gateway);
    dispatch.read_new().await;
    let amy = BareJid::new("amy@example.org").unwrap();
    it.service.forget_native(&amy, &[]).await.unwrap();
    let flight = dispatch.next().unwrap();
    let landed = fly(&it.service, Queue::PHONE, &*gateway, flight).await;
    assert!(is_unsent(&landed));

    it.register(2).await;
    dispatch.read_new().await;
    it.clock.advance(Duration::from_secs(10 * 60));
    let flight = dispatch.next().unwrap();
    let landed = fly(&it.service, Queue::PHONE, &*gateway, flight).await;
    assert!(is_unsent(&landed));
    assert_eq!(gateway.asked(), 0);
    assert!(it.waiting().await.is_empty());
}

#[tokio::test]
async fn what_may_have_been_taken_is_not_sent_again() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Err(SendError::Unclear("late".into())));
    it.register(1).await;
    it.once(&gateway).await;
    it.clock.advance(Duration::from_secs(60));
    it.once(&gateway).await;
    assert_eq!(gateway.asked(), 1);
    assert!(it.waiting().await.is_empty());
}

#[tokio::test]
async fn each_try_that_may_have_its_price_counts() {
    let it = Fixture::new(3);
    let read = Trouble::refused("no credit").after_reading();
    let gateway = SlowGateway::saying(Err(SendError::Retry(read)));
    it.register(1).await;
    for _ in 0..5 {
        it.once(&gateway).await;
        it.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(gateway.asked(), 3);
    assert!(it.waiting().await.is_empty());
    let amy = BareJid::new("amy@example.org").unwrap();
    let refused = it.service.register_native(&amy, "phone", &number(2), false).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn tries_that_nobody_heard_of_cost_nothing_and_are_made_until_it_expires() {
    let it = Fixture::new(2);
    let gateway = SlowGateway::saying(Err(SendError::Retry(Trouble::down("away"))));
    it.register(1).await;
    for _ in 0..4 {
        it.once(&gateway).await;
        it.clock.advance(Duration::from_secs(60));
    }
    assert_eq!((gateway.asked(), it.waiting().await.len()), (4, 1));
    gateway.answers(Ok(()));
    it.clock.advance(Duration::from_secs(5 * 60));
    it.once(&gateway).await;
    assert_eq!(gateway.taken(), [number(1)]);
    it.register(2).await;
}

#[tokio::test]
async fn when_an_outage_ends_all_are_due_at_once() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Err(SendError::Retry(Trouble::down("away"))));
    it.register(1).await;
    it.register(2).await;
    let mut dispatch = Dispatch::new(&it.service, Queue::PHONE, &*gateway);
    dispatch.read_new().await;
    let (first, second) = (dispatch.next().unwrap(), dispatch.next().unwrap());
    let its_row = first.rows.clone();
    let landed = fly(&it.service, Queue::PHONE, &*gateway, first).await;
    dispatch.land(landed);
    assert!(dispatch.next().is_none());
    gateway.answers(Ok(()));
    let landed = fly(&it.service, Queue::PHONE, &*gateway, second).await;
    dispatch.land(landed);
    assert_eq!(dispatch.next().unwrap().rows, its_row);
}

/// Greylisting counts from the first try, so a person who asks for another code must not begin anew.
#[tokio::test]
async fn a_letter_goes_on_with_the_pauses_of_the_one_that_it_replaces() {
    let it = Fixture::new(100);
    let gateway = SlowGateway::saying(Err(SendError::Retry(Trouble::of_message("greylisted"))));
    it.register(1).await;
    let began = it.clock.now();
    // In tens of seconds, because the test itself takes time.
    let after = |row: &Row| (row.due_at - began) / 10_000;
    let pass = |until: Millis| {
        let now = it.clock.now();
        it.clock.advance(Duration::from_millis(until.saturating_sub(now)));
    };
    let due = async || it.waiting().await.into_iter().next().unwrap();
    // At 0, 5, 20 and 80 seconds, and then at 380.
    for tens in [0, 2, 8] {
        it.once(&gateway).await;
        assert_eq!(after(&due().await), tens);
        if tens < 8 {
            pass(due().await.due_at);
        }
    }
    for asked in [40, 75] {
        pass(began + asked * 1000);
        it.again(1).await;
        it.once(&gateway).await;
        // The new letter was tried at once.
        assert_eq!((due().await.tries, after(&due().await)), (1, 8), "{asked}");
    }
    pass(due().await.due_at);
    it.once(&gateway).await;
    assert_eq!(after(&due().await), 38);
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_not_sent_any_more_when_it_expires_on_the_way() {
    let gateway = SlowGateway::saying(Ok(()));
    let message = Message::Code {
        identity: Identity::parse(Provider::Phone, &number(0)).unwrap(),
        to: None,
        target: BareJid::new("amy@example.org").unwrap(),
        code: Code::typed("1"),
        minutes: 1,
    };
    let letter = Letter::new("1", Default::default(), message);
    assert_eq!(send_in_time(&*gateway, &[letter], Duration::from_secs(1)).await, None);
    assert_eq!((gateway.asked(), gateway.taken().len()), (1, 0));
}
