//! Service discovery (XEP-0030): what the service is, what it answers, and its commands.

use minidom::Element;
use xmpp_parsers::caps::{Caps, query_caps};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity, Item};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns::{CAPS, DATA_FORMS, DISCO_INFO, DISCO_ITEMS, PING, SERVER_INFO, VCARD, VERSION};
use xmpp_parsers::server_info::generate_address_field;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::caps::caps;
use super::commands::Command;
use super::error::plain;
use super::host::{Asker, Presentation};
use super::iq::Answer;
use super::words::in_language;
use super::{ns, offer};
use crate::language::Language;
use crate::model::OwnAddress;
use crate::service::Service;

const FEATURES: [&str; 18] = [
    DISCO_INFO,
    DISCO_ITEMS,
    CAPS,
    ns::COMMANDS,
    DATA_FORMS,
    xmpp_parsers::ns::REGISTER,
    VCARD,
    PING,
    VERSION,
    ns::LAST,
    ns::REGISTER,
    ns::VERIFY,
    ns::CONTACT,
    ns::CONFIRM,
    ns::LINKS,
    ns::FORGET,
    ns::MUTE,
    ns::SERVICE,
];

/// What the addresses of the service say of themselves, worked out once: it stays the same as long as the service runs.
pub struct Entities {
    domain: Entity,
    account: Entity,
}

/// What an address says of itself. The same for everybody, in all languages at once: that is what the hash of entity
/// capabilities (XEP-0115) stands for.
pub struct Entity {
    info: DiscoInfoResult,
    /// What its presence announces.
    pub caps: Option<Caps>,
}

impl Entities {
    /// What the addresses of `host` say of `service`.
    pub fn new(service: &Service, host: &Presentation) -> Self {
        let entity = |address| {
            let info = root(service, host, address);
            let caps = caps(&info);
            Entity { info, caps }
        };
        Self {
            domain: entity(OwnAddress::Domain),
            account: entity(OwnAddress::Account),
        }
    }

    /// What `address` says of itself.
    pub fn of(&self, address: OwnAddress) -> &Entity {
        match address {
            OwnAddress::Domain => &self.domain,
            OwnAddress::Account => &self.account,
        }
    }
}

impl Entity {
    /// Whether `node` is what its presence announces (XEP-0115, 6.2).
    fn is_announced_as(&self, node: &str) -> bool {
        let announced = self.caps.clone().and_then(|caps| query_caps(caps).node);
        announced.as_deref() == Some(node)
    }
}

/// The answer to `disco#info`.
pub fn info(host: &Presentation, entities: &Entities, asker: &Asker, query: &Element) -> Answer {
    let entity = entities.of(asker.at);
    let words = asker.words();
    let node = node(query);
    let mut info = match node {
        None => entity.info.clone(),
        Some(ns::COMMANDS) => automation("command-list", words, words.commands(), [DISCO_INFO, DISCO_ITEMS]),
        Some(node) => match Command::find(host, asker, node) {
            Some(command) => automation("command-node", words, command.name(words), [ns::COMMANDS, DATA_FORMS]),
            None if entity.is_announced_as(node) => entity.info.clone(),
            None => return Err(no_such_node(words)),
        },
    };
    info.node = node.map(str::to_owned);
    Ok(Some(info.into()))
}

/// The answer to `disco#items`: at the domain the account, and the commands, below a node of their own.
pub fn items(host: &Presentation, asker: &Asker, query: &Element) -> Answer {
    let item = |node: &str, name: String| Item {
        jid: Jid::from(host.bare(asker.at).clone()),
        node: Some(node.to_owned()),
        name: Some(name),
    };
    let words = asker.words();
    let node = node(query);
    let account = (asker.at == OwnAddress::Domain).then(|| Item {
        jid: Jid::from(host.account.clone()),
        node: None,
        name: Some(host.name(words)),
    });
    let items = match node {
        None => account
            .into_iter()
            .chain([item(ns::COMMANDS, words.commands())])
            .collect(),
        Some(ns::COMMANDS) => Command::all(host, asker)
            .map(|command| item(command.node, command.name(words)))
            .collect(),
        // A command has no items.
        Some(node) if Command::find(host, asker, node).is_some() => Vec::new(),
        Some(_) => return Err(no_such_node(words)),
    };
    let items = Element::from(DiscoItemsResult {
        node: node.map(str::to_owned),
        items,
        rsm: None,
    });
    Ok(Some(in_language(items, words)))
}

/// Identity, features, contact addresses and what can be had. The domain is a directory of users; the account is a program
/// that chats.
fn root(service: &Service, host: &Presentation, address: OwnAddress) -> DiscoInfoResult {
    let (category, type_) = match address {
        OwnAddress::Domain => ("directory", "user"),
        OwnAddress::Account => ("client", "bot"),
    };
    let identity = |language: Language| Identity::new(category, type_, language.tag(), host.name(language));
    let addresses = host.addresses.iter().filter(|(_, uris)| !uris.is_empty());
    let fields: Vec<_> = addresses
        .map(|(purpose, addresses)| generate_address_field(format!("{purpose}-addresses"), addresses.clone()))
        .collect();
    let addresses = (!fields.is_empty()).then(|| DataForm::new(DataFormType::Result_, SERVER_INFO, fields));
    DiscoInfoResult {
        node: None,
        identities: Language::ALL.map(identity).into(),
        features: FEATURES.map(str::to_owned).into(),
        extensions: addresses.into_iter().chain([offer::form(service, host)]).collect(),
    }
}

fn automation(type_: &str, words: Language, name: String, features: [&str; 2]) -> DiscoInfoResult {
    DiscoInfoResult {
        node: None,
        identities: vec![Identity::new("automation", type_, words.tag(), name)],
        features: features.map(str::to_owned).into(),
        extensions: Vec::new(),
    }
}

fn node(query: &Element) -> Option<&str> {
    query.attr("node").filter(|node| !node.is_empty())
}

fn no_such_node(words: Language) -> StanzaError {
    plain(
        words,
        ErrorType::Cancel,
        DefinedCondition::ItemNotFound,
        words.stanza_no_node(),
    )
}
