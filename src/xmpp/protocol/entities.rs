//! The description of each address of the service: identities, features, and what can be had (XEP-0030, XEP-0115, XEP-0128).

use xmpp_parsers::caps::{Caps, query_caps};
use xmpp_parsers::data_forms::{DataForm, DataFormType};
use xmpp_parsers::disco::{DiscoInfoResult, Identity};
use xmpp_parsers::ns::{CAPS, DATA_FORMS, DISCO_INFO, DISCO_ITEMS, PING, SERVER_INFO, VCARD, VERSION};
use xmpp_parsers::server_info::generate_address_field;

use crate::language::Language;
use crate::model::OwnAddress;
use crate::service::Service;
use crate::xmpp::protocol::caps::caps;
use crate::xmpp::protocol::host::Host;
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::offer;

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

/// The disco#info of the service's addresses, computed once for each configuration.
pub struct Entities {
    domain: Entity,
    account: Entity,
}

/// The disco#info of an address. It is the same for everybody, in all languages at once, because the hash of entity
/// capabilities (XEP-0115) stands for it.
pub struct Entity {
    /// The answer to `disco#info`.
    pub info: DiscoInfoResult,
    /// The capabilities that its presence announces.
    pub caps: Option<Caps>,
}

impl Entities {
    /// Returns the description of `service` at the addresses of `host`.
    pub fn new(service: &Service, host: &Host) -> Self {
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

    /// Returns the description of `address`.
    pub fn of(&self, address: OwnAddress) -> &Entity {
        match address {
            OwnAddress::Domain => &self.domain,
            OwnAddress::Account => &self.account,
        }
    }
}

impl Entity {
    /// Returns the node that the presence of this entity announces (XEP-0115, 6.2).
    pub fn announced(&self) -> Option<String> {
        self.caps.clone().and_then(|caps| query_caps(caps).node)
    }
}

/// Identity, features, contact addresses and what can be had. The domain is a directory of users; the account is a program
/// that chats.
fn root(service: &Service, host: &Host, address: OwnAddress) -> DiscoInfoResult {
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
        extensions: addresses
            .into_iter()
            .chain(offer::peers(service))
            .chain([offer::form(service, host)])
            .collect(),
    }
}
