//! The port to people: what is said to them, and by which means.

pub mod email;
pub mod oauth;
pub mod sign_in;
pub mod sms;
pub mod text;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::model::{BareJid, Code, Hash, Identity, Provider};
use crate::store::Queue;

/// A message to a person. It exists in memory and in sealed outbox boxes only.
#[derive(Clone, Serialize, Deserialize)]
pub enum Message {
    /// The code that proves an identity, sent to that identity.
    Code {
        /// Where it is sent.
        identity: Identity,
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
    /// The code that confirms an erasure asked for over HTTP.
    ForgetCode {
        /// Whose links are to go.
        to: BareJid,
        /// What confirms it.
        code: Code,
        /// Whether all links are to go or some.
        everything: bool,
    },
}

impl Message {
    /// Which worker sends it; `None` if its identity takes no messages (OAuth).
    pub fn queue(&self) -> Option<Queue> {
        match self {
            Self::Code { identity, .. } => match identity.provider {
                Provider::Xmpp => Some(Queue::Xmpp),
                Provider::Email => Some(Queue::Email),
                Provider::Phone => Some(Queue::Phone),
                Provider::OAuth(_) => None,
            },
            Self::Introduction { .. } | Self::TakenOver { .. } | Self::Linked { .. } | Self::ForgetCode { .. } => {
                Some(Queue::Xmpp)
            }
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
    /// The id of the letter that this one stands for, if one was sent before.
    #[serde(default)]
    pub replaces: Option<String>,
    /// What its reader shows to be written to no more (mails only).
    #[serde(default)]
    pub stop: Option<String>,
    /// What is said, to whom.
    pub message: Message,
}

/// Why a message was not delivered. The reasons are logged, so they name causes and never contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Worth trying again: the other side is down, busy or slow.
    Retry(String),
    /// Pointless to try again: the other side refused this message.
    Fail(String),
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

    /// Whether many letters take hardly longer than one, so that [`Channel::send`] is best given all there are.
    fn is_by_the_batch(&self) -> bool {
        false
    }

    /// Who has what is sent now, if it can still lose that after it has taken it. Asked just before sending: whoever
    /// does not answer is not sent anything, and gets nothing twice.
    ///
    /// # Errors
    /// If nobody is there at the moment.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        std::future::ready(Ok(None)).boxed()
    }

    /// Whether whoever has taken the letter gave it back since. Says so once.
    fn was_returned(&self, _letter: &Letter) -> bool {
        false
    }
}
