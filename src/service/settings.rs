//! The settings of the admin.

use std::collections::{BTreeMap, BTreeSet};

use super::peer::Peer;
use super::{Budget, CodeRules, Inbox, Limits};
use crate::channel::Reporters;
use crate::language::Language;
use crate::model::{BareJid, Identity};

/// The accounts that may register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Served {
    /// Those of every server.
    #[default]
    Everybody,
    /// Those of the server whose admin runs the service.
    OwnServer,
    /// Those of these domains.
    Domains(BTreeSet<String>),
}

/// The name of the service, and who runs it, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name of the service; `None`: its own, in each language.
    pub name: Option<String>,
    /// The URL of a page about it.
    pub url: Option<String>,
    /// The name of the person or organisation that runs it.
    pub operator: Option<String>,
    /// The URL of the privacy policy.
    pub privacy_url: Option<String>,
    /// The URIs where people report holes.
    pub security: Vec<String>,
}

/// The settings of an admin.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of the providers that are configured.
    pub providers: BTreeSet<String>,
    /// Beginnings of the ids that are served, by the name of their provider; empty: all.
    pub prefixes: BTreeMap<String, Vec<String>>,
    /// The names of the providers whose codes can be read out in a call.
    pub calls: BTreeSet<String>,
    /// The names of the providers with a gateway that reports by the connection over which messages go.
    pub reports: BTreeSet<String>,
    /// Where people write to, to prove an identity, by the name of its provider.
    pub inboxes: BTreeMap<String, Inbox>,
    /// The budgets: the numbers of codes that may be sent in total.
    pub budgets: Vec<Budget>,
    /// The length and the lifetime of codes.
    pub codes: CodeRules,
    /// The limits.
    pub limits: Limits,
    /// The origins that browsers may be sent to after they have signed in.
    pub next_origins: BTreeSet<String>,
    /// The address of the page for people, as browsers write it: they may be sent there as well.
    pub page_url: Option<String>,
    /// The base URL of the HTTP API, as it is outside, without a final slash.
    pub public_url: Option<String>,
    /// The channels whose gateways report what becomes of messages.
    pub reporters: Reporters,
    /// The name of the service, and who runs it.
    pub about: About,
    /// The language for people whose language is not known.
    pub language: Language,
    /// `true` if a request over HTTP in a target's name needs a token of that target.
    pub require_token: bool,
    /// Domains of the server whose admin runs the service.
    pub own_domains: BTreeSet<String>,
    /// The peers that are enabled.
    pub peers: Vec<Peer>,
    /// The accounts that may register.
    pub served: Served,
    /// The admins, who may run the operations that are for admins only.
    pub admins: BTreeSet<BareJid>,
}

impl Settings {
    /// Returns the address where a person writes to from `identity`, if that proves it.
    pub fn inbox(&self, identity: &Identity) -> Option<&str> {
        let inbox = self.inboxes.get(identity.provider.name())?;
        let mut prefixes = inbox.prefixes.iter();
        let is_served = prefixes.any(|prefix| identity.id.starts_with(prefix.as_str()));
        is_served.then_some(inbox.address.as_str())
    }

    /// Returns the peers that are asked as well when `requester` asks for introductions: none if that is an account of another server,
    /// for whose people the peers do not take this service's word.
    pub fn peers_for(&self, requester: &BareJid) -> &[Peer] {
        match self.own_domains.contains(requester.domain().as_str()) {
            true => &self.peers,
            false => &[],
        }
    }

    /// Returns `true` if a request of `jid` comes from no peer, or from one that is believed in matters of `jid`.
    pub fn is_vouched_for(&self, jid: &BareJid, via: Option<&BareJid>) -> bool {
        via.is_none_or(|peer| self.peer(peer).is_some_and(|peer| peer.vouches_for(jid)))
    }

    /// Returns the peer whose component has this JID.
    pub fn peer(&self, jid: &BareJid) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.jid == *jid)
    }

    /// Returns the peer that is believed in matters of `jid`. There is at most one.
    pub fn peer_of(&self, jid: &BareJid) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.vouches_for(jid))
    }
}
