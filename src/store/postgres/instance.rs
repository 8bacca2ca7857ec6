//! This instance among those that use the database: it shows that it lives, hears of messages, and leads or stands by.
//!
//! All of that is done over one connection, on a thread of its own. Advisory locks end with the connection, whatever an
//! instance dies of. The server ends the connection of an instance that hangs; an instance whose server hangs takes itself
//! to have lost its locks before that.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::address::Address;
use super::error;
use super::locks::{LEAD, LIVE, MINE, RESIGN, VANISHED};
use super::posts::Posts;
use super::vanished::Vanished;
use crate::store::{Result, StoreError};

/// The pause between two signs of life, and between two tries to lead.
const TICK: Duration = Duration::from_millis(500);
/// The time limit for the answer to one. It is less than the time after which the server lets others lead.
const ANSWER: Duration = Duration::from_secs(3);
/// The pause before another try to connect.
const AGAIN: Duration = Duration::from_millis(300);
/// The time in which others are told together of messages.
const TOGETHER: Duration = Duration::from_millis(5);

/// The settings of the connection: the server ends it if nothing comes for ten seconds.
const SETTINGS: &str = "SET statement_timeout = '3s'; SET idle_session_timeout = '10s'; SET synchronous_commit = on;
    SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '8s'; SET client_min_messages = error; LISTEN itseme";

/// The thread of this instance.
pub struct Instance {
    shared: Arc<InstanceParts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct InstanceParts {
    address: Address,
    number: i64,
    posts: Arc<Posts>,
    /// `true` if this instance would lead.
    wants: watch::Sender<bool>,
    /// The number of times that it has begun to lead, while it does.
    leads: watch::Sender<Option<u64>>,
    led: AtomicU64,
    /// `true` as long as others can see that this instance lives.
    is_seen: watch::Sender<bool>,
    next_key: Mutex<Option<Vec<u8>>>,
}

impl Instance {
    /// Starts, and returns when all others can see that this instance lives.
    ///
    /// # Errors
    /// If it cannot connect.
    pub fn start(address: &Address, number: i64, posts: &Arc<Posts>) -> Result<Self> {
        let shared = Arc::new(InstanceParts {
            address: address.clone(),
            number,
            posts: posts.clone(),
            wants: watch::Sender::default(),
            leads: watch::Sender::default(),
            led: AtomicU64::default(),
            is_seen: watch::Sender::default(),
            next_key: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let told = |error: std::io::Error| StoreError::Unavailable(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(told)?;
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new().name("itseme-instance".into());
        let thread = thread
            .spawn(move || runtime.block_on(of_thread.live(begun, stopped)))
            .map_err(told)?;
        let instance = Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        };
        let failed = |_| StoreError::Unavailable("the thread of the instance has ended".into());
        has_begun.recv().map_err(failed)??;
        Ok(instance)
    }

    /// Tells if others can see that this instance lives. If not, its connection is lost, or the server does not answer.
    pub fn is_seen(&self) -> watch::Receiver<bool> {
        self.shared.is_seen.subscribe()
    }

    /// Stands by, and resolves when this instance leads: until that is lost, or `resign`.
    pub async fn lead(&self) -> u64 {
        self.shared.wants.send_replace(true);
        let mut leads = self.shared.leads.subscribe();
        let since = leads.wait_for(Option::is_some).await;
        since.ok().and_then(|since| *since).unwrap_or_default()
    }

    /// Resolves when this instance does not lead any more, as it has since [`Instance::lead`] has returned that number.
    pub fn lost(&self, since: u64) -> impl Future<Output = ()> + Send + 'static {
        let mut leads = self.shared.leads.subscribe();
        async move {
            let _ = leads.wait_for(|leads| *leads != Some(since)).await;
        }
    }

    /// Lets another instance lead.
    pub fn resign(&self) {
        self.shared.wants.send_replace(false);
    }

    /// Tells others that this instance has the next key that is known by `next`.
    pub fn declare(&self, next: Option<Vec<u8>>) {
        *self.shared.next_key.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Begun = std::sync::mpsc::Sender<Result<()>>;

impl InstanceParts {
    /// Keeps a connection until `stopped`.
    async fn live(&self, begun: Begun, stopped: oneshot::Receiver<()>) {
        let life = async {
            match self.connect().await {
                Ok(connected) => {
                    let _ = begun.send(Ok(()));
                    self.serve(connected).await;
                }
                Err(error) => _ = begun.send(Err(error)),
            }
            loop {
                sleep(AGAIN).await;
                if let Ok(connected) = self.connect().await {
                    tracing::info!("this instance is seen by the others again");
                    // What others have told meanwhile was not heard.
                    self.posts.wake_all();
                    self.serve(connected).await;
                }
            }
        };
        tokio::select! {
            () = life => {}
            _ = stopped => self.leave().await,
        }
    }

    async fn connect(&self) -> Result<Connected> {
        let (told, news) = mpsc::unbounded_channel();
        let client = self.address.connect(told).await?;
        let shown = async {
            client.batch_execute(SETTINGS).await?;
            client.execute(MINE, &[&self.number]).await?;
            client.batch_execute(LIVE).await?;
            self.enlist(&client).await
        };
        // The server ends what takes longer than an answer may.
        match timeout(ANSWER * 2, shown).await {
            Ok(Ok(_)) => Ok((client, news)),
            Ok(Err(error)) if error.code() == Some(&SqlState::QUERY_CANCELED) => Err(StoreError::Unavailable(
                "`itseme move` uses the database, or a start brings it up to date: wait for its end".into(),
            )),
            Ok(Err(error)) => Err(error::of(&error)),
            Err(_elapsed) => Err(StoreError::Unavailable("PostgreSQL does not answer".into())),
        }
    }

    /// Puts this instance on the list, with the next key that it has.
    async fn enlist(&self, client: &Client) -> std::result::Result<u64, tokio_postgres::Error> {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let next = self.next_key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sql = "INSERT INTO instances (number, name, version, next_key) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (number) DO UPDATE SET next_key = $4";
        client
            .execute(sql, &[&self.number, &name, &env!("CARGO_PKG_VERSION"), &next])
            .await
    }

    /// Returns when the connection is lost.
    async fn serve(&self, (client, mut news): Connected) {
        let client = &client;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut wants = self.wants.subscribe();
        let mut vanished = Vanished::default();
        let mut declared = None;
        self.is_seen.send_replace(true);
        loop {
            let done = tokio::select! {
                _ = ticks.tick() => async {
                    self.show_life(client, &mut declared).await?;
                    self.look_for_vanished(client, &mut vanished).await
                }.await,
                Ok(()) = wants.changed() => self.settle_lead(client).await,
                payload = news.recv() => match payload.map(|payload| self.told(&payload)) {
                    Some(News::Posted(queue)) => {
                        self.posts.wake(&BTreeSet::from([queue]));
                        Ok(())
                    }
                    Some(News::LeadIsFree) => self.settle_lead(client).await,
                    Some(News::Own) => Ok(()),
                    None => Err("it was closed".into()),
                },
                queues = self.posts.untold() => {
                    sleep(TOGETHER).await;
                    self.tell(client, queues).await
                }
            };
            if let Err(reason) = done {
                self.leads.send_replace(None);
                self.is_seen.send_replace(false);
                tracing::warn!(
                    reason,
                    "the connection that shows that this instance lives is lost; trying again"
                );
                return;
            }
        }
    }

    /// Reads a notification: the number of an instance and that of a queue, or anything else when nobody leads.
    fn told(&self, payload: &str) -> News {
        let posted = payload
            .split_once(' ')
            .and_then(|(from, queue)| Some((from.parse::<i64>().ok()?, queue.parse().ok()?)));
        match posted {
            Some((from, _)) if self.number == from => News::Own,
            Some((_, queue)) => News::Posted(queue),
            None => News::LeadIsFree,
        }
    }

    /// A statement in time.
    async fn ask(&self, asked: impl Future<Output = std::result::Result<u64, tokio_postgres::Error>>) -> Done<u64> {
        match timeout(ANSWER, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error::of(&error).to_string()),
            Err(_elapsed) => Err("PostgreSQL does not answer".into()),
        }
    }

    async fn show_life(&self, client: &Client, declared: &mut Option<Vec<u8>>) -> Done<()> {
        let next = self.next_key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Others may have taken this one to be gone.
        let is_listed = "SELECT FROM instances WHERE number = $1";
        if next != *declared || self.ask(client.execute(is_listed, &[&self.number])).await? == 0 {
            self.ask(self.enlist(client)).await?;
            *declared = next;
        }
        self.settle_lead(client).await
    }

    /// Leads if it would and can; lets others if it would not.
    async fn settle_lead(&self, client: &Client) -> Done<()> {
        let (wants, leads) = (*self.wants.borrow(), self.leads.borrow().is_some());
        match (wants, leads) {
            (true, false) => {
                let held = async {
                    client
                        .query_one(LEAD, &[])
                        .await
                        .map(|row| u64::from(row.get::<_, bool>("is_held")))
                };
                if self.ask(held).await? > 0 {
                    let number = self.led.fetch_add(1, Ordering::Relaxed);
                    self.leads.send_replace(Some(number));
                }
            }
            (false, true) => {
                self.leads.send_replace(None);
                self.ask(client.execute(RESIGN, &[])).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Tells other instances of messages in these queues.
    async fn tell(&self, client: &Client, queues: BTreeSet<u8>) -> Done<()> {
        let payloads: Vec<String> = queues.iter().map(|queue| format!("{} {queue}", self.number)).collect();
        let sql = "SELECT pg_notify('itseme', payload) FROM unnest($1::text[]) AS payload";
        let told = self.ask(client.execute(sql, &[&payloads])).await.map(drop);
        told.inspect_err(|_| self.posts.tell_later(queues))
    }

    /// Frees the messages of instances that have not been there for long.
    async fn look_for_vanished(&self, client: &Client, vanished: &mut Vanished) -> Done<()> {
        if !vanished.is_time() {
            return Ok(());
        }
        let mut found = Vec::new();
        let look = async {
            found = client.query(VANISHED, &[]).await?;
            Ok(0)
        };
        self.ask(look).await?;
        let numbers: BTreeSet<i64> = found.iter().filter_map(|row| row.try_get("number").ok()).collect();
        for number in vanished.for_long(&numbers) {
            let freed = self.free(client, number).await?;
            tracing::warn!(
                queues = freed.len(),
                "an instance is gone: the messages that it had taken are sent by others"
            );
            self.posts.wake(&freed);
            self.posts.tell_later(freed);
        }
        Ok(())
    }

    /// Frees the messages of an instance, and takes it off the list. Returns the queues of the messages.
    async fn free(&self, client: &Client, number: i64) -> Done<BTreeSet<u8>> {
        let mut freed = Vec::new();
        let free = async {
            let sql = "UPDATE outbox SET holder = 0 WHERE holder = $1 AND holder <> 0 RETURNING queue";
            freed = client.query(sql, &[&number]).await?;
            client
                .execute("DELETE FROM instances WHERE number = $1", &[&number])
                .await
        };
        self.ask(free).await?;
        let queue = |row: &tokio_postgres::Row| row.try_get::<_, i64>("queue").ok()?.try_into().ok();
        Ok(freed.iter().filter_map(queue).collect())
    }

    /// At the end, leaves nothing behind that others would wait for.
    async fn leave(&self) {
        self.leads.send_replace(None);
        let left = async {
            let (told, _) = mpsc::unbounded_channel();
            let client = self.address.connect(told).await.map_err(|error| error.to_string())?;
            self.free(&client, self.number).await?;
            self.ask(client.execute("SELECT pg_notify('itseme', 'lead')", &[]))
                .await
        };
        if let Ok(Err(reason)) = timeout(ANSWER, left).await {
            tracing::debug!(reason, "this instance could not take leave of the others");
        }
    }
}

/// A notification.
enum News {
    /// Messages were put into the queue of that number.
    Posted(u8),
    /// An instance leads no more.
    LeadIsFree,
    /// By this instance itself.
    Own,
}

/// A connection, and the notifications that come over it; they end with it.
type Connected = (Client, mpsc::UnboundedReceiver<String>);

type Done<T> = std::result::Result<T, String>;
