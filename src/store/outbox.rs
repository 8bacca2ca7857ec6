//! Messages that wait.

use tokio::sync::watch;

use super::Result;
use crate::clock::Millis;
use crate::model::Mac;

/// Which worker takes a message. Whoever puts messages there, or takes them, names it; the store does not know which there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    number: u8,
    name: &'static str,
}

impl Queue {
    /// Contact requests whose hashes are still to be looked up.
    pub const REQUESTS: Self = Self::new(0, "requests");

    /// Contact requests for peers.
    pub const PEERS: Self = Self::new(4, "peers");

    /// The queue of that number, which is stored, and no other's; `name` is for logs.
    pub const fn new(number: u8, name: &'static str) -> Self {
        Self { number, name }
    }

    /// As it is stored.
    pub const fn number(self) -> u8 {
        self.number
    }

    /// A constant name for logs.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// For how long messages are claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The time.
    pub now: Millis,
    /// The time from which others may claim them.
    pub ends_at: Millis,
}

/// Claimed messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The messages, the longest due first.
    pub rows: Vec<Row>,
    /// Without a message, the time to try again: the next one is due then, or a lease ends. `None` if nothing waits.
    pub next: Option<Millis>,
}

/// Tells when messages are put into a queue.
pub struct Subscription(watch::Receiver<()>);

impl Subscription {
    /// Tells whenever the sender does.
    pub fn new(receiver: watch::Receiver<()>) -> Self {
        Self(receiver)
    }

    /// Resolves when a message was put into the queue since it last resolved, or since the subscription.
    pub async fn posted(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// A message that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Never used twice.
    pub id: i64,
    /// The MAC of its subject.
    pub about: Option<Mac>,
    /// Because of whom it waits, where that is counted.
    pub payer: Option<Mac>,
    /// The time from which it may be sent.
    pub due_at: Millis,
    /// The number of tries, without the first of a message that was handed over.
    pub tries: u32,
    /// The number of times that it came back.
    pub returned: u32,
    /// `true` if it was taken, and waits until it is due only because it may come back.
    pub is_taken: bool,
    /// The time from which it may not be sent any more.
    pub expires_at: Millis,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

/// Called with the number of a message. It must not block.
pub type Follow = Box<dyn FnOnce(i64) + Send>;

/// A message on its way into the outbox.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// The queue of the worker that takes it.
    pub queue: Queue,
    /// The MAC of its subject, to withdraw it by.
    pub about: Option<Mac>,
    /// Because of whom it waits, where that is counted.
    pub payer: Option<Mac>,
    /// The time from which it may be sent.
    pub due_at: Millis,
    /// The time from which it may not be sent any more.
    pub expires_at: Millis,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

impl Row {
    /// A new message before it has a number, and without its box.
    pub fn of(row: &NewRow) -> Self {
        Self {
            id: 0,
            about: row.about,
            payer: row.payer,
            due_at: row.due_at,
            tries: 0,
            returned: 0,
            is_taken: false,
            expires_at: row.expires_at,
            key: row.key,
            sealed: Vec::new(),
        }
    }
}

/// The messages of a queue that are still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The number of the queue.
    pub queue: u8,
    /// The number of messages.
    pub messages: u64,
    /// The lowest number of a message: that of the oldest one.
    pub oldest: i64,
    /// The highest number of a message.
    pub newest: i64,
}

/// Questions about messages.
pub trait ReadOutbox {
    /// Up to `limit` messages of `queue` with a number above `after`, due or not, in the order in which they were put there.
    fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>>;
    /// As [`ReadOutbox::messages`], of those alone that were taken and may come back.
    fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>>;
    /// A message, if it is still there.
    fn message(&self, row: i64) -> Result<Option<Row>>;
    /// The newest message about `about`, if there is one.
    fn message_about(&self, about: &Mac) -> Result<Option<Row>>;
    /// Returns the bytes in the boxes of the messages that wait because of `payer`.
    fn bytes_of(&self, payer: &Mac) -> Result<u64>;
    /// Returns the messages of each queue that are still to be sent: all but those that were taken, or came back. Reads every row.
    fn waiting(&self) -> Result<Vec<Waiting>>;
    /// Returns the time when the next message of `queue` is due.
    fn next_due(&self, queue: Queue) -> Result<Option<Millis>>;
}

/// Changes of messages. `remove`, `remove_all`, `retry`, `retry_all`, `expect_back` and `take_back` end the claim of the message when
/// they are durable. No message is due later than it expires: a later `due_at` becomes `expires_at`. Rows that were written before that rule
/// are due once they are.
pub trait WriteOutbox {
    /// Puts a message into the outbox.
    fn push(&self, row: &NewRow) -> Result<()>;
    /// The same, and calls `follow` with the number of the message when that is durable. Engines whose messages any instance may take need
    /// not call it.
    fn push_and(&self, row: &NewRow, follow: Follow) -> Result<()>;
    /// Removes a message. Returns `true` if it was still there.
    fn remove(&self, row: i64) -> Result<bool>;
    /// Removes messages. However many they are, it is one change.
    fn remove_all(&self, rows: &[i64]) -> Result<()>;
    /// Takes every message about `about` out of the outbox.
    fn withdraw(&self, about: &Mac) -> Result<()>;
    /// Takes up to `limit` messages of `payer` out of the outbox: first those that were taken and may come back, then those that
    /// came back, or were tried, most often, and none that was not tried, or came back, twice. Returns `true` if there was one.
    fn drop_most_tried(&self, payer: &Mac, limit: usize) -> Result<bool>;
    /// Tries a message again later: counts the try.
    fn retry(&self, row: i64, due_at: Millis) -> Result<()> {
        self.retry_all(&[row], due_at)
    }
    /// Tries messages again later: counts the try of each. However many they are, it is one change.
    fn retry_all(&self, rows: &[i64], due_at: Millis) -> Result<()>;
    /// Makes all messages of `queue` due that are still to be sent and that nobody holds, without those that came back. Returns
    /// their number.
    fn hasten(&self, queue: Queue, now: Millis) -> Result<usize>;
    /// A message was taken, and may come back until `until`: it is due then, as one that is taken.
    fn expect_back(&self, row: i64, until: Millis) -> Result<()>;
    /// A message came back, and is due again later: counts that.
    fn take_back(&self, row: i64, due_at: Millis) -> Result<()>;
}
