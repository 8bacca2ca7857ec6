//! The port to providers: all that differs between providers. A provider to which codes are sent is a file with a
//! [`ProviderKind`] and a [`ProviderSection`], and a line in `sections!`. Any other name is a provider where people
//! sign in.

mod codes;
pub mod email;
pub mod oauth;
pub mod phone;
mod xmpp;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::de::MapAccess;

pub use self::codes::{CodeRule, CodeRules};
use crate::channel::sign_in::SignIn;
use crate::channel::{Channel, Message};
use crate::model::{BareJid, Provider};
use crate::section::Mistakes;
use crate::store::Queue;

/// A provider that codes are sent to, configured or not. Its ids are read and hashed by
/// [`Identity`](crate::model::Identity).
pub struct ProviderKind {
    /// The first half of `provider:id`, and the name of its section.
    pub name: &'static str,
    /// Its name for admins, in the findings of `itseme check`.
    pub subject: &'static str,
    /// The queue of its codes.
    pub queue: Queue,
    /// The rule of its codes.
    pub code: fn(&CodeRules) -> CodeRule,
    /// `true` if its codes go to people outside of XMPP, who can refuse them themselves or through an admin.
    pub is_suppressible: bool,
    /// `true` if its letters have links: one to enter the code, and one to stop further letters.
    pub has_links: bool,
    /// Returns the beginning of an id that it has in common with others of one operator, where codes cost money.
    pub range: fn(&str) -> Option<&str>,
    /// `true` if gateways report what becomes of its letters.
    pub has_reports: bool,
}

/// A provider as an admin has configured it: its section.
pub trait ProviderSection: fmt::Debug + Send + Sync {
    /// Checks every value whose type allows more than can be used.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    fn check(&self, place: &Place) -> Result<(), Mistakes>;

    /// Returns the beginnings of the ids that are served; empty: all.
    fn prefixes(&self) -> &[String] {
        &[]
    }

    /// Returns the number of codes a day to ids with each prefix.
    fn budgets(&self) -> BTreeMap<String, u32> {
        BTreeMap::new()
    }

    /// Returns `true` if codes can be read out in a call.
    fn has_calls(&self) -> bool {
        false
    }

    /// Returns `true` if a gateway reports by the connection over which messages go, so that it needs no address for that.
    fn reports_by_connection(&self) -> bool {
        false
    }

    /// Returns where people write to, to prove identities, if they can. `mailbox` is the address of the mailbox that the service has now,
    /// whatever the section says: a reload does not change it.
    fn inbox(&self, _mailbox: Option<&str>) -> Option<Inbox> {
        None
    }

    /// Returns how their mails come in, as configured.
    fn inbound(&self) -> Option<&email::InboundSection> {
        None
    }

    /// Returns the way in which identities are proven.
    ///
    /// # Errors
    /// In words for an admin.
    fn way(&self, place: &Place) -> Result<Way, String>;

    /// Checks if identities can be proven now, as far as possible without sending anything. The results are in words
    /// for an admin.
    fn try_out<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<String, String>>;
}

/// Where people write to, to prove that they have an identity: the sender of their message is the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// The number or address.
    pub address: String,
    /// Beginnings of the ids that are proven so; none: no id is. An empty one is the beginning of all.
    pub prefixes: Vec<String>,
}

/// The way in which identities of a provider are proven.
pub enum Way {
    /// By codes, which go out of that queue by that channel.
    Code(Queue, Arc<dyn Channel>),
    /// By signing in.
    SignIn(Arc<dyn SignIn>),
}

/// The parts of the service that a section needs.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of its section.
    pub name: String,
    /// The component's domain.
    pub component: BareJid,
    /// The public address of the HTTP API, without a final slash.
    pub public_url: Option<String>,
    /// The name of the service, for messages to people who have not heard of it.
    pub service: String,
    /// The name of the person or organisation that runs it.
    pub operator: Option<String>,
    /// The URL of a page about it.
    pub url: Option<String>,
}

/// Lists providers to which codes are sent, each by its module and its section.
macro_rules! sections {
    ($($module:ident::$section:ident),*) => {
        /// Every provider to which codes are sent. Jabber IDs are always among them.
        pub const KINDS: &[&ProviderKind] = &[&xmpp::KIND, $(&$module::KIND),*];

        /// Reads the section of that name.
        ///
        /// # Errors
        /// If it does not have the keys of such a section.
        pub fn section<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Arc<dyn ProviderSection>, A::Error> {
            $(if name == $module::KIND.name {
                return Ok(Arc::new(map.next_value::<$module::$section>()?));
            })*
            Ok(Arc::new(map.next_value::<oauth::OAuthSection>()?))
        }
    };
}

sections!(email::EmailSection, phone::PhoneSection);

/// Returns the kind of a provider; `None` if people sign in there.
pub fn kind(provider: &Provider) -> Option<&'static ProviderKind> {
    KINDS.iter().copied().find(|kind| kind.name == provider.name())
}

/// Returns `true` if identities of a provider are proven by signing in there.
pub fn is_sign_in(provider: &Provider) -> bool {
    kind(provider).is_none()
}

/// Returns all queues.
pub fn queues() -> impl Iterator<Item = Queue> {
    KINDS
        .iter()
        .map(|kind| kind.queue)
        .chain([Queue::REQUESTS, Queue::PEERS])
}

/// Returns the name of a queue by its number, for admins.
pub fn queue_name(number: u8) -> &'static str {
    let mut all = queues();
    all.find(|queue| queue.number() == number)
        .map_or("unknown", Queue::name)
}

/// Returns the queue of the worker that sends a message; `None` if the provider of its identity takes no messages.
pub fn queue(message: &Message) -> Option<Queue> {
    match message {
        Message::Code { identity, .. } => kind(&identity.provider).map(|kind| kind.queue),
        Message::ToPeer { .. } => Some(Queue::PEERS),
        Message::Introduction { .. }
        | Message::TakenOver { .. }
        | Message::Linked { .. }
        | Message::ProveAgain { .. }
        | Message::ForgetCode { .. } => Some(xmpp::KIND.queue),
    }
}
