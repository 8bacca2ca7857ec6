//! The port to people: what is said to them, and by which means.

mod bounces;
pub mod cleartext;
pub mod email;
pub mod oauth;
pub mod sign_in;
pub mod sms;
pub mod smtp;
pub mod text;

pub use self::bounces::{Bounces, Kind, Reason};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::model::{BareJid, Code, Hash, Identity, Provider};

/// A message to a person. It exists in memory and in sealed outbox boxes only.
#[derive(Clone, Serialize, Deserialize)]
pub enum Message {
    /// The code that proves an identity, sent to that identity.
    Code {
        /// What it proves.
        identity: Identity,
        /// The Jabber ID where it is sent, if it proves one that its server spells otherwise: an id has all domains in U-labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<BareJid>,
        /// The JID that asks.
        target: BareJid,
        /// What proves it.
        code: Code,
        /// How long the code is valid, in minutes.
        minutes: u64,
    },
    /// Somebody asks to be introduced (API document, 1.4.2).
    Introduction {
        /// Who is asked.
        to: BareJid,
        /// Who asks.
        from: BareJid,
        /// The asker's proven identities.
        details: Vec<Identity>,
    },
    /// Another JID proved an identity that was linked to this one.
    TakenOver {
        /// Whose link it was.
        to: BareJid,
        /// What was linked.
        hash: Hash,
        /// Where that identity lives.
        provider: Provider,
    },
    /// An identity was linked by signing in, in a browser.
    Linked {
        /// To whom.
        to: BareJid,
        /// What.
        hash: Hash,
        /// Where it lives.
        provider: Provider,
    },
    /// Nobody was there for days: what is linked to a JID has to be proven again, for it may be another's now.
    ProveAgain {
        /// Whose links they were.
        to: BareJid,
        /// For how long they are kept, in days.
        days: u64,
    },
    /// The code that confirms an erasure asked for over HTTP.
    ForgetCode {
        /// Whose links are to go.
        to: BareJid,
        /// What confirms it.
        code: Code,
        /// `true` if all links are to go or some.
        everything: bool,
    },
}

impl Message {
    /// The Jabber ID that it is sent to; `None` if it goes elsewhere.
    pub fn recipient(&self) -> Option<BareJid> {
        match self {
            Self::Code { to: Some(to), .. } => Some(to.clone()),
            Self::Code { identity, .. } if identity.provider == Provider::Xmpp => BareJid::new(&identity.id).ok(),
            Self::Code { .. } => None,
            Self::Linked { to, .. }
            | Self::Introduction { to, .. }
            | Self::TakenOver { to, .. }
            | Self::ProveAgain { to, .. }
            | Self::ForgetCode { to, .. } => Some(to.clone()),
        }
    }
}

/// A message as it waits in the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The same at every try, so that a client can tell a repetition.
    pub id: String,
    /// The language it is written in.
    #[serde(default)]
    pub language: Language,
    /// The id of the first letter with a code for the same registration, if this is not it.
    #[serde(default)]
    pub replaces: Option<String>,
    /// What its reader shows to be written to no more (mails only).
    #[serde(default)]
    pub stop: Option<String>,
    /// What is said, to whom.
    pub message: Message,
}

impl Letter {
    /// A letter that stands for no other.
    pub fn new(id: impl Into<String>, language: Language, message: Message) -> Self {
        Self {
            id: id.into(),
            language,
            replaces: None,
            stop: None,
            message,
        }
    }

    /// The id of the first letter with a code for the same registration.
    pub fn thread(&self) -> &str {
        self.replaces.as_deref().unwrap_or(&self.id)
    }
}

/// Why a message was not delivered. The reasons are logged, so they name causes and remedies, and never contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Not taken, and worth trying again.
    Retry(Trouble),
    /// Perhaps taken, and not to be sent twice: each is paid for.
    Unclear(String),
    /// Pointless to try again: the other side refused this message.
    Fail(String),
}

/// Why a message has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong, and what the admin can do about it.
    pub reason: String,
    /// What it has in common with the troubles of other messages: one cause is told once. Nothing if it is this message's alone.
    pub cause: Option<String>,
    /// `true` if the other side has read the message before it refused: it may have its price then.
    pub was_read: bool,
}

impl Trouble {
    /// Nobody is there to take any message. There are many signs of that, and they are one cause.
    pub fn down(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause: Some("down".into()),
            was_read: false,
        }
    }

    /// Whoever is there does not take messages from us as we are configured.
    pub fn refused(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            cause: Some(reason.clone()),
            reason,
            was_read: false,
        }
    }

    /// It concerns this message alone.
    pub fn of_message(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause: None,
            was_read: false,
        }
    }

    /// The same, of a message that was read before it was refused.
    #[must_use]
    pub fn after_reading(self) -> Self {
        Self { was_read: true, ..self }
    }
}

/// How many messages are sent at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// In all.
    pub all: usize,
    /// To one destination.
    pub each: usize,
}

/// Who has taken messages: a number that nobody else ever has.
pub type Holder = u64;

/// Nobody is there to send to; [`Channel::ready`] resolves when that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// What became of one message.
pub type Sent = Result<(), SendError>;

/// A way to deliver messages.
pub trait Channel: Send + Sync {
    /// Delivers one message after another; the answers are in the same order. `Ok` means that the other side has
    /// taken it: it need not be kept any more.
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>>;

    /// Resolves when it makes sense to send.
    fn ready(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    /// Returns `true` if many letters take hardly longer than one, so that [`Channel::send`] is best given all there are.
    fn is_by_the_batch(&self) -> bool {
        false
    }

    /// How many are sent at the same time, each by itself, where that takes time.
    fn places(&self) -> Places {
        Places { all: 8, each: 4 }
    }

    /// What the messages have in common that wait for the same thing at the other end: a mail domain, a block of numbers.
    fn destination(&self, _letter: &Letter) -> String {
        String::new()
    }

    /// What became of a message that was being sent when the service had to end.
    fn cut_off(&self) -> SendError {
        SendError::Retry(Trouble::of_message("the service was stopped"))
    }

    /// Who has what is sent now, if it can still lose that after it has taken it. Asked just before sending: whoever
    /// does not answer is not sent anything, and gets nothing twice.
    ///
    /// # Errors
    /// If nobody is there at the moment.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        std::future::ready(Ok(None)).boxed()
    }

    /// What was taken and may come back, where that happens. Whoever sends says there what is expected.
    fn bounces(&self) -> Option<&Bounces> {
        None
    }
}
