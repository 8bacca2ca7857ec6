//! The port to what is remembered. Whoever implements [`Backend`] is held to the tests in `contract.rs`.
//!
//! Nothing that passes here says anything about a person: identities, targets and codes are MACs, everything that
//! must be read again is in a sealed box. A box opens in its own row alone; so a row that somebody changed who has no key is of use
//! to nobody.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::clock::{Millis, Reading};
use crate::model::{Mac, OwnAddresses, TokenHash};

#[cfg(test)]
pub mod contract;
pub mod sqlite;

/// The store cannot do it: the disk is full, the database is locked or damaged, or it is shutting down.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// What became of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A proven identity, or an alias of one: another form in which people have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What is proven.
    pub id: Mac,
    /// The id of the link whose alias it is; `None` for a link.
    pub alias_of: Option<Mac>,
    /// Whose it is: only to list somebody's links by.
    pub owner: Mac,
    /// Shows that it is the owner's ([`Keys::proof`](crate::model::Keys::proof)).
    pub proof: Mac,
    /// Target and hash, sealed.
    pub sealed: Vec<u8>,
    /// When it was proven, in days since the Unix epoch: no finer, so that it tells nothing of who did what when.
    pub verified_on: u32,
}

/// A registration that waits for its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is to be proven.
    pub id: Mac,
    /// For whom.
    pub owner: Mac,
    /// The code that proves it.
    pub code: Mac,
    /// Wrong guesses by the target itself.
    pub native_guesses: u32,
    /// Wrong guesses over HTTP, by anybody.
    pub http_guesses: u32,
    /// From when on it is as if it had never been.
    pub expires_at: Millis,
    /// What is needed to make the link, sealed.
    pub sealed: Vec<u8>,
}

/// How often something was done since a window began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// When counting starts anew.
    pub resets_at: Millis,
    /// How often so far.
    pub used: u32,
}

/// Which worker takes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Queue {
    /// Contact requests whose hashes are still to be looked up.
    Requests = 0,
    /// Messages by XMPP.
    Xmpp = 1,
    /// E-mails.
    Email = 2,
    /// Text messages.
    Phone = 3,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 4] = [Self::Requests, Self::Xmpp, Self::Email, Self::Phone];

    /// A constant name for logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Xmpp => "xmpp",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// A message that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Never used twice.
    pub id: i64,
    /// What it is about.
    pub about: Option<Mac>,
    /// When it may be sent.
    pub due_at: Millis,
    /// How often sending was tried.
    pub tries: u32,
    /// How often it came back.
    pub returned: u32,
    /// Whether it was taken, and waits until it is due only because it may come back.
    pub is_taken: bool,
    /// From when on it may not be sent any more.
    pub expires_at: Millis,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

/// A message on its way into the outbox, due at once.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// Which worker takes it.
    pub queue: Queue,
    /// What it is about, to withdraw it by.
    pub about: Option<Mac>,
    /// Because of whom it waits, where that is counted.
    pub payer: Option<Mac>,
    /// When it may be sent.
    pub due_at: Millis,
    /// From when on it may not be sent any more.
    pub expires_at: Millis,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

/// Somebody who has the service in a contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Who.
    pub owner: Mac,
    /// Of which server, where that is counted.
    pub server: Option<Mac>,
    /// Which addresses of the service they have there.
    pub addresses: OwnAddresses,
    /// Which of these have asked to be in theirs in return.
    pub asked: OwnAddresses,
    /// The JID, sealed.
    pub sealed: Vec<u8>,
    /// The day on which they were last seen, as the time it began: no finer, so that it tells nothing of who did what when.
    pub seen_at: Millis,
}

/// Somebody whose contact requests a recipient does not want to get, or everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Who does not want to.
    pub owner: Mac,
    /// Whose: of the pair of both, so that it is another for each owner.
    pub muted: Mac,
    /// Both JIDs, sealed.
    pub sealed: Vec<u8>,
    /// From when on it is as if it had never been, if it ends at all.
    pub expires_at: Option<Millis>,
}

/// What lets somebody ask over HTTP in another's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is found by.
    pub hash: TokenHash,
    /// In whose name.
    pub owner: Mac,
    /// The owner's JID, sealed.
    pub sealed: Vec<u8>,
    /// From when on it is as if it had never been.
    pub expires_at: Millis,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Links, without aliases.
    pub links: u64,
    /// Owners of links.
    pub owners: u64,
    /// Registrations that wait for a code.
    pub pending: u64,
    /// Messages in the outbox.
    pub outbox: u64,
    /// Subscribers.
    pub subscribers: u64,
    /// Whom or what people have muted.
    pub mutes: u64,
    /// Tokens.
    pub tokens: u64,
    /// Addresses and numbers that are never written to.
    pub suppressions: u64,
    /// Counters.
    pub counters: u64,
    /// The size of the database, in bytes, journals not counted.
    pub bytes: u64,
}

/// How many rows had expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Registrations that nobody finished.
    pub pending: usize,
    /// Messages that could not be delivered in time; not those that were taken.
    pub outbox: usize,
    /// Counters whose window is over.
    pub quota: usize,
    /// Tokens that were not renewed.
    pub tokens: usize,
    /// Mutes of somebody without a link.
    pub mutes: usize,
    /// Subscribers that were not seen for long.
    pub subscribers: usize,
}

impl Purged {
    /// Whether there may be more of something of which at most `limit` were removed.
    pub fn may_be_more(&self, limit: usize) -> bool {
        let Self {
            pending,
            outbox,
            quota,
            tokens,
            mutes,
            subscribers,
        } = *self;
        [pending, outbox, quota, tokens, mutes, subscribers].contains(&limit)
    }

    /// Adds what was removed by another purge.
    pub fn add(&mut self, more: &Self) {
        self.pending += more.pending;
        self.outbox += more.outbox;
        self.quota += more.quota;
        self.tokens += more.tokens;
        self.mutes += more.mutes;
        self.subscribers += more.subscribers;
    }
}

/// What can be asked, all of it as of one moment.
pub trait Read {
    /// What shows whose it is that `id` stands for.
    fn proof(&self, id: &Mac) -> Result<Option<Mac>>;
    /// The link of `id`, or the alias.
    fn link(&self, id: &Mac) -> Result<Option<Link>>;
    /// Whether `owner` has a link.
    fn has_links(&self, owner: &Mac) -> Result<bool>;
    /// All links of `owner`, oldest first, without aliases.
    fn links_of(&self, owner: &Mac) -> Result<Vec<Link>>;
    /// How many that is.
    fn count_links_of(&self, owner: &Mac) -> Result<usize>;
    /// The registration of `id` for `owner`, expired or not.
    fn pending(&self, id: &Mac, owner: &Mac) -> Result<Option<Pending>>;
    /// Every registration of `id`, whoever it is for.
    fn pendings(&self, id: &Mac) -> Result<Vec<Pending>>;
    /// Every registration for `owner`.
    fn pendings_of(&self, owner: &Mac) -> Result<Vec<Pending>>;
    /// A counter.
    fn quota(&self, key: &Mac) -> Result<Option<Quota>>;
    /// Up to `limit` messages of `queue` that are due, the longest due first.
    fn due(&self, queue: Queue, now: Millis, limit: usize) -> Result<Vec<Row>>;
    /// Up to `limit` messages of `queue` with a number above `after`, due or not, in the order in which they were put there.
    fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>>;
    /// As [`Read::messages`], of those alone that were taken and may come back.
    fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Row>>;
    /// A message, if it is still there.
    fn message(&self, row: i64) -> Result<Option<Row>>;
    /// How many bytes are in the boxes of the messages that wait because of `payer`.
    fn bytes_of(&self, payer: &Mac) -> Result<u64>;
    /// When the next message of `queue` is due.
    fn next_due(&self, queue: Queue) -> Result<Option<Millis>>;
    /// Whether `owner` is a subscriber.
    fn is_subscriber(&self, owner: &Mac) -> Result<bool>;
    /// The subscriber `owner`.
    fn subscriber(&self, owner: &Mac) -> Result<Option<Subscriber>>;
    /// How many subscribers `server` has.
    fn subscribers_of(&self, server: &Mac) -> Result<usize>;
    /// Up to `limit` subscribers behind `after`, in an order of the store's own.
    fn subscribers(&self, after: Option<&Mac>, limit: usize) -> Result<Vec<Subscriber>>;
    /// Whether `owner` has muted `muted`.
    fn is_muted(&self, owner: &Mac, muted: &Mac) -> Result<bool>;
    /// All that `owner` has muted, in an order of the store's own.
    fn mutes_of(&self, owner: &Mac) -> Result<Vec<Mute>>;
    /// How much that is, and how many bytes are in the boxes.
    fn count_mutes_of(&self, owner: &Mac) -> Result<(usize, usize)>;
    /// The token of that hash, expired or not.
    fn token(&self, hash: &TokenHash) -> Result<Option<Token>>;
    /// How many subscribers there are.
    fn subscriber_count(&self) -> Result<usize>;
    /// Whether `mac` stands for somebody who is never written to.
    fn is_suppressed(&self, mac: &Mac) -> Result<bool>;
    /// The box with the keys that made these MACs before the one of today, if there were others.
    fn former_suppression_keys(&self) -> Result<Option<Vec<u8>>>;
    /// What the clocks said when that was last noted.
    fn last_time(&self) -> Result<Option<Reading>>;
    /// How much there is. Counts every row: not for every day.
    fn counts(&self) -> Result<Counts>;
}

/// The proof of a link whose proof was taken away. It proves nothing.
pub const NO_PROOF: Mac = Mac([0; 16]);

/// What can be changed, all of it or nothing.
pub trait Write: Read {
    /// Makes a link or an alias, in the place of any other of that id. The aliases that a link had go.
    fn put_link(&self, link: &Link) -> Result<()>;
    /// Removes the link of `id`, if `owner` has it, and its aliases, if `owner` has them. Returns true if there was the link.
    fn delete_link(&self, id: &Mac, owner: &Mac) -> Result<bool>;
    /// Removes every link of `owner` and its aliases. Returns the number of links.
    fn delete_links_of(&self, owner: &Mac) -> Result<usize>;
    /// Takes the proofs of every link of `owner` and of its aliases away: each is [`NO_PROOF`] then.
    fn doubt_links_of(&self, owner: &Mac) -> Result<()>;
    /// Removes every link of `owner` whose proof was taken away, and its aliases.
    fn delete_doubted_links_of(&self, owner: &Mac) -> Result<()>;
    /// Makes or replaces a registration.
    fn put_pending(&self, pending: &Pending) -> Result<()>;
    /// Removes a registration; tells whether there was one.
    fn delete_pending(&self, id: &Mac, owner: &Mac) -> Result<bool>;
    /// Sets a counter.
    fn put_quota(&self, key: &Mac, quota: Quota) -> Result<()>;
    /// Puts a message into the outbox.
    fn push(&self, row: &NewRow) -> Result<()>;
    /// Takes a message out of the outbox; tells whether it still was there.
    fn remove(&self, row: i64) -> Result<bool>;
    /// Takes every message about `about` out of the outbox.
    fn withdraw(&self, about: &Mac) -> Result<()>;
    /// Takes up to `limit` messages of `payer` out of the outbox: first those that were taken and may come back, then those that
    /// came back, or were tried, most often, and none that was not tried twice. Returns true if there was one.
    fn drop_most_tried(&self, payer: &Mac, limit: usize) -> Result<bool>;
    /// Tries a message again later: counts the try.
    fn retry(&self, row: i64, due_at: Millis) -> Result<()>;
    /// A message was taken, and may come back until `until`: it is due then, as one that is taken.
    fn expect_back(&self, row: i64, until: Millis) -> Result<()>;
    /// A message came back, and is due again later: counts that.
    fn take_back(&self, row: i64, due_at: Millis) -> Result<()>;
    /// Makes a subscriber.
    fn put_subscriber(&self, subscriber: &Subscriber) -> Result<()>;
    /// Removes a subscriber; tells whether there was one.
    fn delete_subscriber(&self, owner: &Mac) -> Result<bool>;
    /// Removes the subscriber of `server` that was not seen for the longest, of those that were not seen since `since` and have
    /// no link; tells whether there was one.
    fn drop_quietest_subscriber(&self, server: &Mac, since: Millis) -> Result<bool>;
    /// Mutes somebody.
    fn put_mute(&self, mute: &Mute) -> Result<()>;
    /// Ends that; tells whether it was so.
    fn delete_mute(&self, owner: &Mac, muted: &Mac) -> Result<bool>;
    /// What `owner` has muted does not expire any more.
    fn keep_mutes(&self, owner: &Mac) -> Result<()>;
    /// Removes all that `owner` has muted; tells how much it was.
    fn delete_mutes_of(&self, owner: &Mac) -> Result<usize>;
    /// Adds a token, and removes the oldest of its owner beyond `most`.
    fn put_token(&self, token: &Token, most: usize) -> Result<()>;
    /// Removes every token of `owner`; tells how many there were.
    fn delete_tokens_of(&self, owner: &Mac) -> Result<usize>;
    /// Remembers that whoever `mac` stands for is never written to.
    fn put_suppression(&self, mac: &Mac) -> Result<()>;
    /// Forgets that; tells whether it was so.
    fn delete_suppression(&self, mac: &Mac) -> Result<bool>;
    /// Notes what the clocks say.
    fn note_time(&self, now: Reading) -> Result<()>;
    /// Moves every point in time by so many milliseconds: expiries, ends of windows, and when messages are due.
    fn move_times(&self, by: i64) -> Result<()>;
    /// Removes what has expired, and subscribers that were not seen since `unseen_since` and have no link: of each at most
    /// `limit`.
    fn purge(&self, now: Millis, unseen_since: Millis, limit: usize) -> Result<Purged>;
    /// Begins to copy the links to where those of the key that `to` tells are made ready, or goes on with that; tells whether it
    /// did. If not, links of a former key, or of one that the change was begun to and given up, are to be wiped first.
    fn begin_reseal(&self, to: &Mac) -> Result<bool>;
    /// Copies up to `limit` of the links that are new or changed since they were copied; tells how many are left.
    fn reseal_links(&self, by: &dyn Reseal, limit: usize) -> Result<u64>;
    /// Puts everything under the key that `to` tells: the copied links in the place of those there are, the rest resealed
    /// here and now. Counters begin anew but for those that `by` names, if it names any.
    fn switch_keys(&self, to: &Mac, by: &dyn Reseal) -> Result<Switched>;
    /// Wipes up to `limit` links of another key than that of today; tells whether there may be more.
    fn wipe_former(&self, limit: usize) -> Result<bool>;
}

/// How rows look under another key: told by whoever can open them. What is nothing cannot be taken along.
pub trait Reseal {
    /// A link.
    fn link(&self, link: &Link) -> Option<Link>;
    /// A registration.
    fn pending(&self, pending: &Pending) -> Option<Pending>;
    /// A message's box, and the MACs beside it.
    fn message(&self, queue: Queue, row: &Row) -> Option<Resealed>;
    /// A subscriber.
    fn subscriber(&self, subscriber: &Subscriber) -> Option<Subscriber>;
    /// A mute.
    fn mute(&self, mute: &Mute) -> Option<Mute>;
    /// A token.
    fn token(&self, token: &Token) -> Option<Token>;
    /// Who is never written to.
    fn suppression(&self, mac: &Mac) -> Option<Mac>;
    /// The box with the keys that made those MACs, if it is another.
    fn former_suppression_keys(&self) -> Option<Vec<u8>>;
    /// Counters that go on: their names under the former key and under the new one. All do if there is no list.
    fn counters(&self, pendings: &[Pending]) -> Option<Vec<(Mac, Mac)>>;
}

/// A message under another key.
pub struct Resealed {
    /// What it is about.
    pub about: Option<Mac>,
    /// Because of whom it waits.
    pub payer: Option<Mac>,
    /// The message, sealed.
    pub sealed: Vec<u8>,
}

/// What became of rows when the key was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// Taken along, links not counted.
    pub kept: usize,
    /// Could not be taken along.
    pub lost: usize,
}

/// Reads within one snapshot.
pub type ReadJob = Box<dyn FnOnce(&dyn Read) + Send>;
/// Writes within one transaction, which an error rolls back.
pub type WriteJob = Box<dyn FnOnce(&dyn Write) -> Result<()> + Send>;

/// Runs a transaction, and returns when it is durable or rolled back.
pub type Transact<'a> = dyn FnMut(&mut dyn FnMut(&dyn Write) -> Result<()>) -> Result<()> + 'a;
/// Transactions, one after the other, with nothing in between.
pub type LoneJob = Box<dyn FnOnce(&mut Transact<'_>) -> Result<()> + Send>;

/// What a store must be able to do.
pub trait Backend: Send + Sync {
    /// Runs `job`.
    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<()>>;
    /// Runs `job`; resolves when its changes are durable, or with the error that rolled it back.
    fn write(&self, job: WriteJob) -> BoxFuture<'_, Result<()>>;
    /// Runs `job` while nobody else writes.
    fn alone(&self, job: LoneJob) -> BoxFuture<'_, Result<()>>;
    /// Leaves nothing of deleted rows in journals, unless another process reads them: nobody waits for that, and it is to be
    /// tried again. Called when the outbox has drained.
    fn settle(&self) -> BoxFuture<'_, Result<()>>;
}

/// A handle to the store.
#[derive(Clone)]
pub struct Store(Arc<dyn Backend>);

impl Store {
    /// Uses `backend`.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self(Arc::new(backend))
    }

    /// What `question` answers.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Read) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .read(Box::new(move |read| {
                let _ = answer.send(question(read));
            }))
            .await?;
        result.await.unwrap_or_else(|_| Err(gone()))
    }

    /// What `change` answers, once it is durable.
    ///
    /// # Errors
    /// As [`StoreError`] says; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&dyn Write) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .write(Box::new(move |write| {
                let _ = answer.send(change(write)?);
                Ok(())
            }))
            .await?;
        result.await.map_err(|_| gone())
    }

    /// See [`Backend::alone`].
    ///
    /// # Errors
    /// As [`StoreError`] says, and those of `job`.
    pub async fn alone<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Transact<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        self.0
            .alone(Box::new(move |transact| {
                let _ = answer.send(job(transact)?);
                Ok(())
            }))
            .await?;
        result.await.map_err(|_| gone())
    }

    /// See [`Backend::settle`].
    ///
    /// # Errors
    /// As [`StoreError`] says.
    pub async fn settle(&self) -> Result<()> {
        self.0.settle().await
    }
}

fn gone() -> StoreError {
    StoreError("the store ended before it answered".into())
}
