//! The caller of an operation, and the caller's language.

use std::net::IpAddr;

use super::error::{Error, Result};
use super::limits::Requester;
use super::{By, Service};
use crate::language::Language;
use crate::model::{BareJid, Token};

/// The caller of an operation.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The identity of the caller, as far as somebody vouches for it.
    pub who: Who,
    /// The language of the caller. `None`: the configured one.
    pub language: Option<Language>,
}

/// The identity of a caller.
#[derive(Clone, Debug)]
pub enum Who {
    /// The sender of a stanza. Its server vouches for it.
    Native(BareJid),
    /// A client over HTTP. Nobody vouches for it.
    Http {
        /// The client's address, for which the codes that are sent are counted; of an IPv6 address, its /64.
        address: IpAddr,
        /// The token that it shows.
        token: Option<Token>,
    },
    /// A peer: the service at that component. [`Service::call`] checks that it is one.
    Peer(BareJid),
    /// A gateway or a mail server, as far as the service has checked that it is one. It vouches for the senders of messages.
    Inbox,
    /// The sender of a stanza who asks as an admin. [`Service::call`] checks that the sender is one.
    Admin(BareJid),
    /// The user of the machine under whom the service runs, or root: by the command line.
    Operator,
}

impl Who {
    /// Returns the way by which the caller asks, for metrics and logs.
    pub fn side(&self) -> &'static str {
        match self {
            Self::Native(_) => "native",
            Self::Http { .. } => "http",
            Self::Peer(_) => "peer",
            Self::Inbox => "inbox",
            Self::Admin(_) => "admin",
            Self::Operator => "operator",
        }
    }
}

impl Caller {
    /// Returns the sender of a stanza as a caller.
    pub fn native(sender: BareJid, language: Option<Language>) -> Self {
        Self {
            who: Who::Native(sender),
            language,
        }
    }

    /// Returns the sender of the stanza.
    ///
    /// # Errors
    /// `not_allowed` if there is none: over HTTP, from a peer, and on the command line.
    pub(super) fn sender(&self) -> Result<&BareJid> {
        match &self.who {
            Who::Native(sender) | Who::Admin(sender) => Ok(sender),
            Who::Http { .. } | Who::Peer(_) | Who::Inbox | Who::Operator => Err(Error::NotAllowed),
        }
    }

    /// Returns the caller as its requests are counted; `None`: it has no limit.
    pub(super) fn requester(&self) -> Option<Requester<'_>> {
        match &self.who {
            Who::Native(jid) | Who::Admin(jid) => {
                let node = jid.node().map(|node| node.as_str());
                Some(Requester::Jid(node, jid.domain().as_str()))
            }
            Who::Http { address, .. } => Some(Requester::Address(*address)),
            Who::Peer(jid) => Some(Requester::Peer(jid.as_str())),
            Who::Inbox | Who::Operator => None,
        }
    }

    /// Returns the address of a client over HTTP.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match &self.who {
            Who::Http { address, .. } => Some(*address),
            Who::Native(_) | Who::Peer(_) | Who::Inbox | Who::Admin(_) | Who::Operator => None,
        }
    }

    /// Returns the token of a client over HTTP.
    pub(super) fn token(&self) -> Option<&Token> {
        match &self.who {
            Who::Http { token, .. } => token.as_ref(),
            Who::Native(_) | Who::Peer(_) | Who::Inbox | Who::Admin(_) | Who::Operator => None,
        }
    }
}

impl Service {
    /// Returns the language for `caller`.
    pub fn language_of(&self, caller: &Caller) -> Language {
        caller.language.unwrap_or_else(|| self.language())
    }

    /// Refuses a caller who may not ask in the name of `target`: every other sender of stanzas, and over HTTP as
    /// [`Service::require_allowed`] does. Returns the requester, as far as it is known.
    pub(super) async fn require_speaks_for(&self, caller: &Caller, target: &BareJid) -> Result<By> {
        match &caller.who {
            Who::Native(sender) if sender == target => Ok(By::Target),
            Who::Native(_) | Who::Peer(_) | Who::Inbox | Who::Admin(_) | Who::Operator => Err(Error::NotAllowed),
            Who::Http { token, .. } => self.require_allowed(token.as_ref(), target).await,
        }
    }
}
