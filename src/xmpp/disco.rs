//! Service discovery (XEP-0030): what the service is, what it answers, and its commands.

use minidom::Element;
use xmpp_parsers::caps::{compute_disco, hash_caps, query_caps};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity, Item};
use xmpp_parsers::hashes::Algo;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns::{CAPS, DATA_FORMS, DISCO_INFO, DISCO_ITEMS, PING, SERVER_INFO, VCARD, VERSION};
use xmpp_parsers::server_info::generate_address_field;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::commands::Command;
use super::error::plain;
use super::host::{Asker, Presentation};
use super::iq::Answer;
use super::ns;
use super::words::in_language;
use crate::language::Language;
use crate::model::OwnAddress;

/// What entity capabilities (XEP-0115) name this software by.
pub const CAPS_NODE: &str = "https://it-se.me/";

const FEATURES: [&str; 14] = [
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
];

/// The answer to `disco#info`.
pub fn info(host: &Presentation, asker: &Asker, query: &Element) -> Answer {
    let words = asker.words();
    let node = node(query);
    let mut info = match node {
        None => root(host, asker.at),
        Some(ns::COMMANDS) => automation("command-list", words, words.commands(), [DISCO_INFO, DISCO_ITEMS]),
        Some(node) => match Command::find(host, asker, node) {
            Some(command) => automation("command-node", words, command.name(words), [ns::COMMANDS, DATA_FORMS]),
            None => Some(root(host, asker.at))
                .filter(|root| is_caps(root, node))
                .ok_or_else(|| no_such_node(words))?,
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

/// Identity, features and contact addresses. The same for everybody, in all languages at once: that is what the hash of
/// entity capabilities stands for. The domain is a directory of users; the account is a program that chats.
pub fn root(host: &Presentation, address: OwnAddress) -> DiscoInfoResult {
    let (category, type_) = match address {
        OwnAddress::Domain => ("directory", "user"),
        OwnAddress::Account => ("client", "bot"),
    };
    let identity = |language: Language| Identity::new(category, type_, language.tag(), host.name(language));
    let mut addresses: Vec<_> = host.addresses.iter().filter(|(_, uris)| !uris.is_empty()).collect();
    // The hash of entity capabilities wants them in order (XEP-0115, 5.1).
    addresses.sort();
    let addresses = addresses.into_iter();
    let fields: Vec<_> = addresses
        .map(|(purpose, addresses)| generate_address_field(format!("{purpose}-addresses"), addresses.clone()))
        .collect();
    let form = (!fields.is_empty()).then(|| DataForm::new(DataFormType::Result_, SERVER_INFO, fields));
    DiscoInfoResult {
        node: None,
        identities: Language::ALL.map(identity).into(),
        features: FEATURES.map(str::to_owned).into(),
        extensions: form.into_iter().collect(),
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

/// Whether `node` is what our presence announces for `info` (XEP-0115, 6.2).
fn is_caps(info: &DiscoInfoResult, node: &str) -> bool {
    let hash = hash_caps(&compute_disco(info), Algo::Sha_1);
    let caps = hash.map(|hash| query_caps(xmpp_parsers::caps::Caps::new(CAPS_NODE, hash)));
    caps.is_ok_and(|query| query.node.as_deref() == Some(node))
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
