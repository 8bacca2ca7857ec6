//! What everything that answers stanzas needs.

use xmpp_parsers::jid::Jid;

use crate::language::Language;
use crate::model::BareJid;
use crate::service::Service;

/// What the service says of itself.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// The component's domain.
    pub jid: BareJid,
    /// What it is called.
    pub name: String,
    /// A page about it.
    pub url: Option<String>,
    /// Whom to write to, by purpose (XEP-0157).
    pub addresses: Vec<(&'static str, Vec<String>)>,
    /// Who may use admin commands.
    pub admins: Vec<BareJid>,
}

/// Who sent a stanza, and the service as it speaks to them.
#[derive(Clone)]
pub struct Asker {
    /// The sender.
    pub jid: Jid,
    /// The sender's account, or server.
    pub bare: BareJid,
    /// The service, in the sender's language.
    pub service: Service,
}

impl Asker {
    /// The sender `jid`, who speaks `language`.
    pub fn new(jid: Jid, service: &Service, language: Option<Language>) -> Self {
        Self {
            bare: jid.to_bare(),
            jid,
            service: service.speaking(language),
        }
    }

    /// The sender's language.
    pub fn words(&self) -> Language {
        self.service.language()
    }
}
