//! The data that all handlers of stanzas need.

use xmpp_parsers::jid::Jid;

use crate::language::Language;
use crate::model::{BareJid, OwnAddress};
use crate::service::{Caller, Error, Operation, Result, Service, Who};

/// The resource from which the service sends presence: some clients show a contact as offline whose presence has none (Gajim 1.7).
const RESOURCE: &str = "itseme";

/// The public facts about the service.
#[derive(Clone, Debug)]
pub struct Host {
    /// The component's domain.
    pub domain: BareJid,
    /// The account at that domain from which people are written to.
    pub account: BareJid,
    /// `true` if those who subscribe are asked for their presence in return.
    pub subscribe_back: bool,
    /// The name that the admin has given to it.
    pub name: Option<String>,
    /// The URL of a page about it.
    pub url: Option<String>,
    /// The base URL of the HTTP API, if it has one that others know.
    pub http_url: Option<String>,
    /// The contact addresses, by purpose (XEP-0157).
    pub addresses: Vec<(&'static str, Vec<String>)>,
}

/// The recipient of a stanza that came to the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// An address of the service, or the full JID from which its presence comes.
    Service(OwnAddress),
    /// Another resource of an address, which is never online.
    Resource(OwnAddress),
    /// Another account at the component's domain, of which there is none.
    Nobody,
}

impl Addressee {
    /// Returns the address of the service, whatever the resource is.
    pub fn address(self) -> Option<OwnAddress> {
        match self {
            Self::Service(address) | Self::Resource(address) => Some(address),
            Self::Nobody => None,
        }
    }
}

impl Host {
    /// Returns the bare JID of `address`.
    pub fn bare(&self, address: OwnAddress) -> &BareJid {
        match address {
            OwnAddress::Domain => &self.domain,
            OwnAddress::Account => &self.account,
        }
    }

    /// Returns the full JID from which the presence of `address` comes.
    pub fn full(&self, address: OwnAddress) -> Jid {
        let bare = self.bare(address);
        let full = bare.with_resource_str(RESOURCE);
        full.map_or_else(|_not_a_resource| bare.clone().into(), Jid::from)
    }

    /// Returns the recipient of a stanza with this `to`.
    pub fn addressee(&self, to: &Jid) -> Addressee {
        let bare = to.to_bare();
        let own = OwnAddress::ALL.into_iter().find(|address| *self.bare(*address) == bare);
        match (own, to.resource()) {
            (None, _) => Addressee::Nobody,
            (Some(address), Some(other)) if other.as_str() != RESOURCE => Addressee::Resource(address),
            (Some(address), _) => Addressee::Service(address),
        }
    }

    /// Returns `true` if `jid` is at the component's domain: then it is the service itself.
    pub fn is_own(&self, jid: &Jid) -> bool {
        jid.domain() == self.domain.domain()
    }

    /// Returns a service with nothing but its addresses, for tests.
    #[cfg(any(test, fuzzing))]
    #[allow(clippy::unwrap_used)]
    pub fn example() -> Self {
        Self {
            domain: BareJid::new("itseme.example.org").unwrap(),
            account: BareJid::new("itseme@itseme.example.org").unwrap(),
            subscribe_back: false,
            name: None,
            url: None,
            http_url: None,
            addresses: Vec::new(),
        }
    }

    /// Returns its name: the admin's, or else the usual one in `words`.
    pub fn name(&self, words: Language) -> String {
        self.name.clone().unwrap_or_else(|| words.service_name())
    }
}

/// Returns the language of a stanza's `xml:lang`. Servers put their default, `en`, on stanzas whose sender named none.
/// So a plain `en` means nothing; where English is not the configured language, only `en-GB` and the like ask for it.
pub fn spoken(tag: &str) -> Option<Language> {
    Language::of_tag(tag).filter(|_| tag != "en")
}

/// The sender of a stanza, and the service that they ask.
#[derive(Clone)]
pub struct Asker {
    /// The sender.
    pub jid: Jid,
    /// The sender's account, or server.
    pub bare: BareJid,
    /// The address of the service that was written to.
    pub at: OwnAddress,
    /// The service.
    pub service: Service,
    /// The sender as a caller of the service.
    caller: Caller,
}

impl Asker {
    /// Returns the asker for the sender `jid`, who writes to the address `at` and speaks `language`.
    pub fn new(jid: Jid, at: OwnAddress, service: &Service, language: Option<Language>) -> Self {
        let bare = jid.to_bare();
        Self {
            at,
            caller: Caller::native(bare.clone(), language),
            bare,
            jid,
            service: service.clone(),
        }
    }

    /// Returns the same sender, speaking another language.
    #[must_use]
    pub fn speaking(&self, language: Language) -> Self {
        Self {
            caller: Caller::native(self.bare.clone(), Some(language)),
            ..self.clone()
        }
    }

    /// Returns the same sender, speaking the language of the tag `lang` if [`spoken`] returns one.
    #[must_use]
    pub fn hearing(&self, lang: &str) -> Self {
        spoken(lang).map_or_else(|| self.clone(), |language| self.speaking(language))
    }

    /// Runs an operation for the sender.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        self.service.call(&self.caller, operation).await
    }

    /// Runs an operation for the sender as an admin.
    ///
    /// # Errors
    /// `not_allowed` if the sender is none, and those of the operation.
    pub async fn call_as_admin<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        let caller = Caller {
            who: Who::Admin(self.bare.clone()),
            language: self.caller.language,
        };
        self.service.call(&caller, operation).await
    }

    /// Returns `true` if the sender is the component of a peer, and no resource of it.
    pub fn is_peer(&self) -> bool {
        self.jid.resource().is_none() && self.service.settings().peer(&self.bare).is_some()
    }

    /// Runs an operation for a peer.
    ///
    /// # Errors
    /// `not_allowed` if the sender is none, and those of the operation.
    pub async fn call_as_peer<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        if !self.is_peer() {
            return Err(Error::NotAllowed);
        }
        let caller = Caller {
            who: Who::Peer(self.bare.clone()),
            language: self.caller.language,
        };
        self.service.call(&caller, operation).await
    }

    /// Returns the sender's language.
    pub fn words(&self) -> Language {
        self.service.language_of(&self.caller)
    }
}
