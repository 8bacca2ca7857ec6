//! What everything that answers stanzas needs.

use xmpp_parsers::jid::Jid;

use crate::language::Language;
use crate::model::{BareJid, OwnAddress};
use crate::service::{Caller, Operation, Result, Service, Who};

/// The resource from which the service sends presence: some clients show a contact as offline whose presence has none (Gajim 1.7).
const RESOURCE: &str = "itseme";

/// What the service says of itself.
#[derive(Clone, Debug)]
pub struct Host {
    /// The component's domain.
    pub domain: BareJid,
    /// The account at that domain from which people are written to.
    pub account: BareJid,
    /// `true` if those who subscribe are asked for their presence in return.
    pub subscribe_back: bool,
    /// What the admin calls it.
    pub name: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// The base URL of the HTTP API, if it has one that others know.
    pub http_url: Option<String>,
    /// Whom to write to, by purpose (XEP-0157).
    pub addresses: Vec<(&'static str, Vec<String>)>,
}

/// To whom a stanza goes that came to the component.
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
    /// The address of the service, whatever the resource is.
    pub fn address(self) -> Option<OwnAddress> {
        match self {
            Self::Service(address) | Self::Resource(address) => Some(address),
            Self::Nobody => None,
        }
    }
}

impl Host {
    /// The bare JID of `address`.
    pub fn bare(&self, address: OwnAddress) -> &BareJid {
        match address {
            OwnAddress::Domain => &self.domain,
            OwnAddress::Account => &self.account,
        }
    }

    /// The full JID from which the presence of `address` comes.
    pub fn full(&self, address: OwnAddress) -> Jid {
        let bare = self.bare(address);
        let full = bare.with_resource_str(RESOURCE);
        full.map_or_else(|_not_a_resource| bare.clone().into(), Jid::from)
    }

    /// To whom a stanza goes whose `to` this is.
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

    /// A service without anything but its addresses, for tests.
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

    /// What it is called, in `words` if the admin has given it no name.
    pub fn name(&self, words: Language) -> String {
        self.name.clone().unwrap_or_else(|| words.service_name())
    }
}

/// The language that a stanza's `xml:lang` tells. Servers put their default, `en`, on stanzas whose sender named none: so a
/// plain `en` tells nothing, and where English is not the configured language only `en-GB` and the like ask for it.
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
    /// The sender, as the service is told of them.
    caller: Caller,
}

impl Asker {
    /// The sender `jid`, who writes to the address `at` and speaks `language`.
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

    /// The same sender, speaking another language.
    #[must_use]
    pub fn speaking(&self, language: Language) -> Self {
        Self {
            caller: Caller::native(self.bare.clone(), Some(language)),
            ..self.clone()
        }
    }

    /// The same sender, who has named a language of the tag `lang`, if that tells anything.
    #[must_use]
    pub fn hearing(&self, lang: &str) -> Self {
        spoken(lang).map_or_else(|| self.clone(), |language| self.speaking(language))
    }

    /// Has the service do something for the sender.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn call<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        self.service.call(&self.caller, operation).await
    }

    /// Has the service do something for the sender as an admin.
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

    /// The sender's language.
    pub fn words(&self) -> Language {
        self.service.language_of(&self.caller)
    }
}
