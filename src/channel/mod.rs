//! The port to people: the messages to them, and the channels that deliver these.

mod bounces;
pub mod cleartext;
pub mod dkim;
pub mod email;
pub mod oauth;
pub mod peers;
mod report;
pub mod sign_in;
pub mod sms;
pub mod smtp;
pub mod text;

use std::time::Duration;

pub use self::bounces::{BounceKind, Bounces, Reason};
pub use self::report::{Fate, GatewayCall, Report, Reporters, TextMessage};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::language::Language;
use crate::model::{BareJid, Code, Hash, Identity, Provider};

/// A message to a person, or to a peer. It exists in memory and in sealed outbox boxes only.
#[derive(Clone, Serialize, Deserialize)]
pub enum Message {
    /// The code that proves an identity, sent to that identity.
    Code {
        /// The identity that it proves.
        identity: Identity,
        /// The Jabber ID where it is sent, if the identity is a Jabber ID in another spelling: an id has all domains in
        /// U-labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<BareJid>,
        /// The JID that asks.
        target: BareJid,
        /// The code that proves it.
        code: Code,
        /// The time for which the code is valid, in minutes.
        minutes: u64,
    },
    /// A request to be introduced (API document, 1.4.2).
    Introduction {
        /// The recipient.
        to: BareJid,
        /// The requester.
        from: BareJid,
        /// The requester's proven identities.
        details: Vec<Identity>,
        /// The peer where they have asked, which vouches for all of that; `None` if they have asked here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<BareJid>,
    },
    /// A request to be introduced, for a peer.
    ToPeer {
        /// The peer.
        to: BareJid,
        /// The requester.
        from: BareJid,
        /// `true` if anybody may have asked, in the requester's name.
        #[serde(default)]
        by_anybody: bool,
        /// The requester's proven identities.
        details: Vec<Identity>,
        /// The hashes of the people that the requester wants to be introduced to.
        hashes: Vec<Hash>,
    },
    /// Another JID proved an identity that was linked to this one.
    TakenOver {
        /// The former owner of the link.
        to: BareJid,
        /// The hash that was linked.
        hash: Hash,
        /// The provider of the identity.
        provider: Provider,
    },
    /// An identity was linked elsewhere: in a browser, or by a message from it.
    Linked {
        /// The target of the link.
        to: BareJid,
        /// The linked hash.
        hash: Hash,
        /// The provider of the identity.
        provider: Provider,
    },
    /// The account did not exist for days. The links of the JID must be proven again, because it may belong to another
    /// person now.
    ProveAgain {
        /// The owner of the links.
        to: BareJid,
        /// The time for which they are kept, in days.
        days: u64,
    },
    /// The code that confirms an erasure asked for over HTTP.
    ForgetCode {
        /// The owner of the links to remove.
        to: BareJid,
        /// The code that confirms it.
        code: Code,
        /// `true` if all links are to go or some.
        everything: bool,
    },
}

impl Message {
    /// Returns the Jabber ID that it is sent to; `None` if it is sent by another channel.
    pub fn recipient(&self) -> Option<BareJid> {
        match self {
            Self::Code { to: Some(to), .. } => Some(to.clone()),
            Self::Code { identity, .. } if identity.provider == Provider::Xmpp => BareJid::new(&identity.id).ok(),
            Self::Code { .. } | Self::ToPeer { .. } => None,
            Self::Linked { to, .. }
            | Self::Introduction { to, .. }
            | Self::TakenOver { to, .. }
            | Self::ProveAgain { to, .. }
            | Self::ForgetCode { to, .. } => Some(to.clone()),
        }
    }
}

/// The tries of a letter that another one replaces. That one goes on with its pauses: a server that puts mails off for some minutes
/// (greylisting, RFC 6647) counts from the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Their number, without the last one: the first try of the new letter, which is at once, stands for that.
    pub times: u32,
    /// The time when there would have been the next.
    pub again_at: Option<Millis>,
}

/// The pauses before the second, third … try; the last is repeated until the message expires.
pub const PAUSES: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
];

/// A message as it waits in the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// The id. It is the same at every try, so that a client recognises a repetition.
    pub id: String,
    /// The language it is written in.
    #[serde(default)]
    pub language: Language,
    /// The id of the first letter with a code for the same registration, if this is not it.
    #[serde(default)]
    pub replaces: Option<String>,
    /// The tries of the letter that it replaces.
    #[serde(default)]
    pub tried: Tried,
    /// The word by which its link leads to the registration, as long as the code is valid (mails only). Letters of former versions have
    /// the hash in their link instead.
    #[serde(default)]
    pub link: Option<String>,
    /// The word by which reports of the gateway lead to the registration, as long as the code is valid (text messages only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// `true` if its code is read out in a call (text messages only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_call: bool,
    /// `true` if its code counts among those that people of its range of numbers should enter (text messages only).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts_in_range: bool,
    /// The token by which its reader refuses further mail (mails only).
    #[serde(default)]
    pub stop: Option<String>,
    /// The message and its recipient.
    pub message: Message,
}

impl Letter {
    /// Returns a letter that replaces no other.
    pub fn new(id: impl Into<String>, language: Language, message: Message) -> Self {
        Self {
            id: id.into(),
            language,
            replaces: None,
            tried: Tried::default(),
            link: None,
            report: None,
            by_call: false,
            counts_in_range: false,
            stop: None,
            message,
        }
    }

    /// Returns the id of the first letter with a code for the same registration.
    pub fn thread(&self) -> &str {
        self.replaces.as_deref().unwrap_or(&self.id)
    }
}

/// The reason why a message was not delivered. The reasons are logged, so they name causes and remedies, and never contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The message was not accepted, and can be tried again.
    Retry(Trouble),
    /// The message may have been accepted. It is not sent twice, because each message costs money.
    Unclear(String),
    /// The other side refused this message for good.
    Fail(String),
}

/// The reason why a message has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The fault, and its remedy for the admin.
    pub reason: String,
    /// The common cause with the troubles of other messages, which is logged once. `None` if it concerns this message alone.
    pub cause: Option<String>,
    /// `true` if the other side has read the message before it refused: it may charge for it then.
    pub was_read: bool,
    /// Has effects on other messages that go together, or to the same destination.
    pub extent: Extent,
    /// The pause until the next try, if the other side has asked for one.
    pub again: Option<Duration>,
}

/// The messages that a trouble may concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Each of those that were sent together by itself.
    Each,
    /// All to the destination, which is away. When it takes one, the others are due.
    Destination,
    /// One of those that were sent together, and it is not known which. They are sent alone.
    OneOfThem,
}

impl Trouble {
    /// Returns the trouble that the other side cannot be reached. It shows in many ways, but is one cause.
    pub fn down(reason: impl Into<String>) -> Self {
        Self {
            cause: Some("down".into()),
            ..Self::of_message(reason)
        }
    }

    /// Returns the trouble that the other side does not accept our messages, because of our configuration.
    pub fn refused(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            cause: Some(reason.clone()),
            ..Self::of_message(reason)
        }
    }

    /// Returns a trouble of this message alone.
    pub fn of_message(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            cause: None,
            was_read: false,
            extent: Extent::Each,
            again: None,
        }
    }

    /// Returns the same trouble with another extent.
    #[must_use]
    pub fn of(self, extent: Extent) -> Self {
        Self { extent, ..self }
    }

    /// Returns the same trouble, of a message that was read before it was refused.
    #[must_use]
    pub fn after_reading(self) -> Self {
        Self { was_read: true, ..self }
    }
}

/// The number of messages that are sent at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// In all.
    pub all: usize,
    /// To one destination.
    pub each: usize,
}

/// The connection that has taken messages: a number that is never used again.
pub type Holder = u64;

/// The other side cannot be reached; [`Channel::ready`] resolves when that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// The result of sending one message.
pub type Sent = Result<(), SendError>;

/// A way to deliver messages.
pub trait Channel: Send + Sync {
    /// Delivers one message after another; the results are in the same order. `Ok` means that the other side has
    /// accepted the message: the outbox need not keep it.
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>>;

    /// Resolves when it makes sense to send.
    fn ready(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    /// Returns `true` if many letters take hardly longer than one. Then [`Channel::send`] gets all that wait.
    fn is_by_the_batch(&self) -> bool {
        false
    }

    /// Returns the number of messages that are sent at the same time, each by itself, if sending takes time.
    fn places(&self) -> Places {
        Places { all: 8, each: 4 }
    }

    /// Returns the largest number of messages to one destination that [`Channel::send`] gets together.
    fn together(&self) -> usize {
        1
    }

    /// Returns the pauses before the second, third … try; the last is repeated until the message expires.
    fn pauses(&self) -> &'static [Duration] {
        PAUSES
    }

    /// Returns the common destination of messages that wait for the same thing: a mail domain, a block of numbers.
    fn destination(&self, _letter: &Letter) -> String {
        String::new()
    }

    /// Returns the result of a message that was being sent when the service had to end.
    fn cut_off(&self) -> SendError {
        SendError::Retry(Trouble::of_message("the service was stopped"))
    }

    /// Returns the holder of the messages that are sent now, if it can still lose them after it has accepted them.
    /// Asked just before sending: if there is no answer, nothing is sent, and so nothing arrives twice.
    ///
    /// # Errors
    /// If the other side cannot be reached.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        std::future::ready(Ok(None)).boxed()
    }

    /// Returns the messages that were accepted and may come back, if the channel has such. The sender records them
    /// there.
    fn bounces(&self) -> Option<&Bounces> {
        None
    }

    /// Returns the meaning of a report; `None` if it is not of a gateway of this channel.
    fn report(&self, _report: &GatewayCall) -> Option<Fate> {
        None
    }

    /// Returns the message of a person in a call; `None` if that is not of a gateway of this channel.
    fn text(&self, _call: &GatewayCall) -> Option<TextMessage> {
        None
    }

    /// Resolves with the next report that comes by the connection over which messages go.
    fn next_report(&self) -> BoxFuture<'_, Report> {
        std::future::pending().boxed()
    }

    /// Ends connections that are kept, when nothing more is sent.
    fn close(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}
