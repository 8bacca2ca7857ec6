//! The operations: all that `xmpp` and `http` call, each in a file of its own.
//!
//! Everything an operation does is done here: the adapters parse, call and encode.

mod absence;
mod budget;
mod caller;
mod chances;
mod code_limits;
mod codes;
mod confirm;
mod contact;
mod due;
pub mod error;
mod find;
mod forget;
mod frame;
mod growth;
mod guesses;
mod handover;
mod how;
mod intact;
mod introduce;
mod letters;
mod limits;
mod link;
mod mute;
mod operation;
mod outbox;
mod peer;
mod peer_contact;
mod pending;
mod proven;
mod pumping;
mod register;
mod rekey;
mod relay;
mod report;
mod request;
mod settings;
mod sign_in;
mod spelling;
mod spent;
mod statistics;
mod subscribers;
mod suppression;
#[cfg(test)]
pub(crate) mod tests;
mod texts;
mod times;
mod token;
mod transaction;
mod typed;
mod verify;
mod waiting;
mod writing;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use rand::rngs::SysRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub use self::budget::Budget;
pub use self::caller::{Caller, Who};
pub use self::confirm::{Confirm, Confirmed};
pub use self::contact::{Contact, Scope};
pub(crate) use self::due::{Due, Opened};
pub use self::error::{Error, Excess, Limit, OAuthFailure, Result};
pub use self::find::{Find, Found, Subject};
pub use self::forget::{Forget, ForgetHash, ForgetJid, Forgetting, Linked, Links};
use self::frame::Frame;
pub(crate) use self::handover::{HANDED, Handed};
pub use self::how::How;
pub use self::limits::{HASHES_PER_CONFIRM, HASHES_PER_CONTACT, Limits, Requester};
pub use self::mute::{MUTED_AT_ONCE, Mute, Muted, MutedBy, Mutes, MutesOf, Unmute, Unmuted};
pub use self::operation::{Effort, Operation, Rights};
pub use self::peer::Peer;
pub use self::peer_contact::{CONTACTS_OF_PEER, PeerContact, PeerContacts};
pub use self::register::{IsRegistered, Register, Registered, Status};
pub use self::rekey::Renewed;
pub use self::report::TakeReport;
pub use self::settings::{About, Served, Settings};
pub use self::sign_in::{Callback, FinishSignIn, SignedIn};
pub use self::spent::{ListBudgets, ResetBudgets, Spent};
pub use self::statistics::{Count, Statistics};
pub use self::subscribers::{AskBack, Pages, SeeSubscriber, Subscribe, Unsubscribe};
pub use self::suppression::{IsSuppressed, Recipient, Suppress, Unsuppress};
pub use self::texts::TakeText;
use self::transaction::{Tx, locked, settle};
pub use self::verify::{Meant, Verified, Verify, VerifyAny};
pub use self::waiting::{DropExpired, Hasten, ListWaiting};
pub use self::writing::{ToWrite, Written};
use crate::channel::peers::Peers;
use crate::channel::sign_in::SignIn;
use crate::clock::{Clock, Millis, millis};
use crate::health::Health;
use crate::language::Language;
use crate::meters;
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Keyring, Keys, SystemRandom};
pub use crate::provider::{CodeRule, CodeRules, Inbox};
use crate::store::{Guesser, Purged, Store, StoreError};

/// Returns `true` if something that is `true` or `1`, `false` or `0` (as in XML Schema), or not there, is set. `place` tells
/// where it stands, as the client calls that.
///
/// # Errors
/// `value_error` if it is anything else.
pub fn is_set(place: &str, value: Option<&str>) -> Result<bool> {
    match value.map(str::trim) {
        Some("1" | "true") => Ok(true),
        None | Some("0" | "false") => Ok(false),
        Some(_) => Err(Error::Value(
            format!("{place} must be true or 1, or else false or 0.").into(),
        )),
    }
}

/// Reads hashes; `None` where something else stands.
pub fn read_hashes(texts: &[impl AsRef<str>]) -> Vec<Option<Hash>> {
    texts.iter().map(|text| Hash::parse(text.as_ref())).collect()
}

/// Reads the hash of a registration.
///
/// # Errors
/// `not_found` if it is none: nothing can be registered under it.
pub fn read_hash(text: &str) -> Result<Hash> {
    Hash::parse(text).ok_or(Error::NotRegistered)
}

/// Links belong to people, not to servers.
fn require_account(sender: &BareJid) -> Result<()> {
    sender.node().map(|_| ()).ok_or(Error::NotAnAccount)
}

/// Boxes that hold JIDs hold a multiple of so many bytes.
const PADDED_TO: usize = 32;

/// The number of expired rows of each kind that are removed in one transaction.
const PURGED_TOGETHER: usize = 500;

/// The time for which a notice may wait for its delivery.
const NOTICE_LIVES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The requester, if a server or a token vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The target itself: its server vouches for it, or it shows what only the target can have.
    Target,
    /// Anybody, in the name of the target. What they use up is counted apart from what the target does.
    Anybody,
}

impl By {
    /// As the store counts guesses.
    fn guesser(self) -> Guesser {
        match self {
            Self::Target => Guesser::Target,
            Self::Anybody => Guesser::Anybody,
        }
    }
}

/// The service. Clones are the same service.
#[derive(Clone)]
pub struct Service(Arc<ServiceParts>);

/// The parts of a service. Each request has a clone of it, so they are counted together.
pub struct ServiceParts {
    /// Locked as long as a transaction looks, so that none looks under keys of before (see `rekey`). Transactions have a pointer to it,
    /// and none to the store: the thread of the store, which drops them, would wait for itself.
    core: Arc<RwLock<Core>>,
    /// That of `core`.
    frame: ArcSwap<Frame>,
    clock: Clock,
    health: Arc<Health>,
    /// Tells that messages are to be tried at once.
    hastened: watch::Sender<()>,
    store: Store,
    /// The peers, while they can be reached.
    peers: ArcSwapOption<Arc<dyn Peers>>,
    /// The questions to them.
    questions: limits::Questions,
    /// The browsers that come back from a provider at the moment.
    returning: sign_in::Returning,
    keys_from: OnceLock<Arc<KeySource>>,
    /// Held while the database gets other keys and `core` does not have them yet.
    exchange: tokio::sync::Mutex<()>,
}

impl Deref for Service {
    type Target = ServiceParts;

    fn deref(&self) -> &ServiceParts {
        &self.0
    }
}

/// Returns the keys that the database is under, or the reason why they are not there.
type KeySource = dyn Fn() -> std::result::Result<Keyring, String> + Send + Sync;

/// The parts that operations need within a transaction.
struct Core {
    keys: Keys,
    /// The same under the former keys, while they are changed.
    former: Option<Box<Core>>,
    frame: Arc<Frame>,
}

impl Deref for Core {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

/// The providers where people sign in, by name.
pub type SignIns = HashMap<String, Arc<dyn SignIn>>;

impl Service {
    /// Serves over `store`, which is under `keys`; identities of `sign_ins` are proven by signing in there.
    pub fn new(store: Store, keys: impl Into<Keyring>, clock: Clock, settings: Settings, sign_ins: SignIns) -> Self {
        let frame = Frame::new(clock.clone(), settings, sign_ins, Arc::default(), Arc::default());
        let keyring = keys.into();
        let core = Core {
            keys: keyring.current.clone(),
            former: None,
            frame: frame.clone(),
        };
        Self(Arc::new(ServiceParts {
            core: Arc::new(RwLock::new(core.under_ring(keyring))),
            frame: ArcSwap::new(frame),
            clock,
            health: Arc::default(),
            hastened: watch::Sender::default(),
            store,
            peers: ArcSwapOption::default(),
            questions: limits::Questions::new(),
            returning: sign_in::Returning::default(),
            keys_from: OnceLock::new(),
            exchange: tokio::sync::Mutex::default(),
        }))
    }

    /// Sets where the keys come from when another instance has changed them. To be called before the service is used.
    #[must_use]
    pub fn with_keys_from(
        self,
        source: impl Fn() -> std::result::Result<Keyring, String> + Send + Sync + 'static,
    ) -> Self {
        let _first = self.keys_from.set(Arc::new(source));
        self
    }

    /// Asks the peers by `peers` from now on; `None`: they cannot be reached.
    pub fn reach_peers(&self, peers: Option<Arc<dyn Peers>>) {
        self.peers.store(peers.map(Arc::new));
    }

    /// Has mails and text messages tried now that wait for another try.
    pub fn hasten(&self) {
        self.hastened.send_replace(());
    }

    /// Returns a receiver that is told by [`Service::hasten`].
    pub(crate) fn hastened(&self) -> watch::Receiver<()> {
        self.hastened.subscribe()
    }

    /// Returns the language for people whose language is not known.
    pub fn language(&self) -> Language {
        self.frame.load().settings.language
    }

    /// Returns the settings of the admin, as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.frame.load().settings.clone()
    }

    /// Returns `true` if `jid` is an admin.
    pub fn is_admin(&self, jid: &BareJid) -> bool {
        self.frame.load().settings.admins.contains(jid)
    }

    /// Returns the state of all parts, which these report there.
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Returns the time for which the service has been running.
    pub fn uptime(&self) -> Duration {
        self.clock.age()
    }

    /// Counts a request of `requester`.
    ///
    /// # Errors
    /// `request_limit_reached`.
    pub fn admit(&self, requester: Requester<'_>) -> Result<()> {
        let admitted = self.frame.load().requests.admit(requester);
        admitted.inspect_err(|_| meters::limit_reached(Limit::Requests.name()))
    }

    /// Removes what has expired, bit by bit: others write in between.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn purge(&self) -> Result<Purged> {
        let mut purged = Purged::default();
        loop {
            let some = self.change(|core, tx| {
                let now = core.clock.now();
                // While the key is changed, a subscriber may have a link under the other one.
                let unseen_since = match core.former {
                    Some(_) => 0,
                    None => now.saturating_sub(millis(subscribers::UNSEEN)),
                };
                Ok(tx.purge(now, unseen_since, PURGED_TOGETHER)?)
            });
            let some = some.await?;
            meters::expired(some.pending, some.outbox);
            purged.add(&some);
            if !some.may_be_more(PURGED_TOGETHER) {
                return Ok(purged);
            }
        }
    }

    /// Returns `true` if `domain` is one of the server whose admin runs the service.
    pub fn is_own_domain(&self, domain: &str) -> bool {
        self.frame.load().settings.own_domains.contains(domain)
    }

    /// Returns the store of the waiting messages.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The time the service goes by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Core {
    /// Returns the source of all random values.
    fn rng(&self) -> SystemRandom {
        rand::rand_core::UnwrapErr(SysRng)
    }

    fn today(&self) -> u32 {
        // As people read it: by the system's clock.
        u32::try_from(self.clock.reading().system / millis(limits::DAY)).unwrap_or(u32::MAX)
    }

    fn notice_expires_at(&self) -> Millis {
        self.clock.now() + millis(NOTICE_LIVES)
    }

    fn seal(&self, purpose: Purpose<'_>, value: &impl Serialize) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(value).map_err(Self::broken)?;
        Ok(self.keys.seal(purpose, &plain, &mut self.rng()))
    }

    /// Returns the content of a box of `table`, sealed with the key of that number; `None` if it does not open.
    fn open<T: DeserializeOwned>(
        &self,
        table: &'static str,
        key: u32,
        purpose: Purpose<'_>,
        sealed: &[u8],
    ) -> Option<T> {
        let open = || {
            let plain = self.under(key)?.keys.open(purpose, sealed).map_err(Self::broken)?;
            // serde_json's own words may quote the value.
            serde_json::from_slice(&plain).map_err(|_| Self::broken("a sealed box holds something else than expected"))
        };
        self.intact(table, open())
    }

    /// The database has something that this service did not put there.
    fn broken(cause: impl std::fmt::Display) -> Error {
        Error::Internal(StoreError::Corrupt(cause.to_string()))
    }
}
