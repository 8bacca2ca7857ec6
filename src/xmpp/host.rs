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
    /// What the admin calls it.
    pub name: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// Whom to write to, by purpose (XEP-0157).
    pub addresses: Vec<(&'static str, Vec<String>)>,
    /// Who may use admin commands.
    pub admins: Vec<BareJid>,
}

impl Presentation {
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

    /// The same sender, speaking another language.
    #[must_use]
    pub fn speaking(&self, language: Language) -> Self {
        Self {
            service: self.service.speaking(Some(language)),
            ..self.clone()
        }
    }

    /// The same sender, who has named a language of the tag `lang`, if that tells anything.
    #[must_use]
    pub fn hearing(&self, lang: &str) -> Self {
        spoken(lang).map_or_else(|| self.clone(), |language| self.speaking(language))
    }

    /// The sender's language.
    pub fn words(&self) -> Language {
        self.service.language()
    }
}
