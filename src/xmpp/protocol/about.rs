//! The small things by which clients show what the service is: software version (XEP-0092), last activity (XEP-0012),
//! vCard (XEP-0054) with its avatar (XEP-0153).

use minidom::Element;
use rxml::xml_ncname;
use xmpp_parsers::caps::hash_caps;
use xmpp_parsers::hashes::Algo;
use xmpp_parsers::nick::Nick;
use xmpp_parsers::vcard::{Binval, Photo, Type, VCard};
use xmpp_parsers::version::VersionResult;

use crate::language::Language;
use crate::model::hex;
use crate::version::VERSION;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::ns;

const AVATAR: &[u8] = include_bytes!("../../../assets/avatar.png");

/// The version (XEP-0092), with the commit, by which people report bugs. The operating system is nobody's business.
pub fn version() -> Element {
    Element::from(VersionResult {
        name: "it-se.me".into(),
        version: VERSION.into(),
        os: None,
    })
}

/// Returns the seconds since the service was started (XEP-0012, 4).
pub fn last_activity(asker: &Asker) -> Element {
    let seconds = asker.service.uptime().as_secs();
    Element::builder("query", ns::LAST)
        .attr(xml_ncname!("seconds").into(), seconds.to_string())
        .build()
}

/// The vCard, in the asker's language.
pub fn vcard(host: &Host, asker: &Asker) -> Element {
    let text = |name, text: &str| Element::builder(name, xmpp_parsers::ns::VCARD).append(text).build();
    let mut payloads = vec![
        text("FN", &host.name(asker.words())),
        text("NICKNAME", &host.name(asker.words())),
        text("JABBERID", host.bare(asker.at).as_str()),
        text("DESC", &asker.words().service_description()),
    ];
    payloads.extend(host.url.as_deref().map(|url| text("URL", url)));
    let card = Element::from(VCard {
        photo: Some(Photo {
            type_: Type {
                data: "image/png".into(),
            },
            binval: Binval { data: AVATAR.into() },
        }),
        payloads,
    });
    in_language(card, asker.words())
}

/// The name of the service (XEP-0172), in `words`.
pub fn nick(host: &Host, words: Language) -> Element {
    Element::from(Nick(host.name(words)))
}

/// Returns the element of a presence that announces the avatar (XEP-0153).
pub fn avatar_update() -> Element {
    // It is the plain SHA-1 of the data, in spite of the function's name.
    let hash = hash_caps(AVATAR, Algo::Sha_1).map(|hash| hex::write(&hash.hash));
    let photo = Element::builder("photo", ns::AVATAR_UPDATE).append(hash.unwrap_or_default());
    Element::builder("x", ns::AVATAR_UPDATE).append(photo).build()
}
