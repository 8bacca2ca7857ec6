//! Service discovery (XEP-0030): the service's identity, features and commands.

use minidom::Element;
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity, Item};
use xmpp_parsers::jid::Jid;
use xmpp_parsers::ns::{DATA_FORMS, DISCO_INFO, DISCO_ITEMS};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::language::Language;
use crate::model::OwnAddress;
use crate::xmpp::people::commands::AdHocCommand;
use crate::xmpp::protocol::answer::Answer;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::entities::Entities;
use crate::xmpp::protocol::error::plain;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::ns;

/// The answer to `disco#info`.
pub fn info(entities: &Entities, asker: &Asker, query: &Element) -> Answer {
    let entity = entities.of(asker.at);
    let words = asker.words();
    let node = node(query);
    let mut info = match node {
        None => entity.info.clone(),
        Some(ns::COMMANDS) => automation("command-list", words, words.commands(), [DISCO_INFO, DISCO_ITEMS]),
        Some(node) => match AdHocCommand::find(asker, node) {
            Some(command) => automation("command-node", words, command.name(words), [ns::COMMANDS, DATA_FORMS]),
            None if entity.announced().as_deref() == Some(node) => entity.info.clone(),
            None => return Err(no_such_node(words)),
        },
    };
    info.node = node.map(str::to_owned);
    Ok(Some(info.into()))
}

/// The answer to `disco#items`: at the domain the account, and the commands, below a node of their own.
pub fn items(host: &Host, asker: &Asker, query: &Element) -> Answer {
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
        Some(ns::COMMANDS) => AdHocCommand::all(asker)
            .map(|command| item(command.node, command.name(words)))
            .collect(),
        // A command has no items.
        Some(node) if AdHocCommand::find(asker, node).is_some() => Vec::new(),
        Some(_) => return Err(no_such_node(words)),
    };
    let items = Element::from(DiscoItemsResult {
        node: node.map(str::to_owned),
        items,
        rsm: None,
    });
    Ok(Some(in_language(items, words)))
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
