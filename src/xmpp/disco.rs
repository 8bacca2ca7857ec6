//! Service discovery (XEP-0030): what the service is and what it answers.

use minidom::Element;
use xmpp_parsers::disco::{DiscoInfoResult, DiscoItemsResult, Identity};
use xmpp_parsers::ns::{DISCO_INFO, DISCO_ITEMS, PING, VERSION};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use super::error::plain;
use super::ns;

const FEATURES: [&str; 8] = [
    DISCO_INFO,
    DISCO_ITEMS,
    PING,
    VERSION,
    ns::REGISTER,
    ns::VERIFY,
    ns::CONTACT,
    ns::CONFIRM,
];

type Answer = Result<Option<Element>, StanzaError>;

/// Identity and features.
pub fn info(query: &Element) -> Answer {
    without_node(query)?;
    Ok(Some(Element::from(DiscoInfoResult {
        node: None,
        identities: vec![Identity::new("directory", "user", "en", "it-se.me contact lookup")],
        features: FEATURES.map(str::to_owned).into(),
        extensions: Vec::new(),
    })))
}

/// There are no items.
pub fn items(query: &Element) -> Answer {
    without_node(query)?;
    Ok(Some(Element::from(DiscoItemsResult {
        node: None,
        items: Vec::new(),
        rsm: None,
    })))
}

fn without_node(query: &Element) -> Result<(), StanzaError> {
    match query.attr("node") {
        None | Some("") => Ok(()),
        Some(_) => Err(plain(
            ErrorType::Cancel,
            DefinedCondition::ItemNotFound,
            "There is no such node.",
        )),
    }
}
