//! IQ requests: what answers which payload.

use futures::FutureExt;
use minidom::Element;

use crate::service::Effort;
use crate::xmpp::connection::outgoing::Outgoing;
use crate::xmpp::disco;
use crate::xmpp::people::commands::{self, Sessions};
use crate::xmpp::people::{registration, search};
use crate::xmpp::protocol::about;
use crate::xmpp::protocol::answer::{Answer, Kind, service_unavailable};
use crate::xmpp::protocol::error::stanza_error;
use crate::xmpp::protocol::host::Asker;
use crate::xmpp::protocol::ns;
use crate::xmpp::protocol::presentation::Presented;
use crate::xmpp::requests::{self, Request};

/// Questions that are no operations, and that a look-up at most answers.
const SMALL: [(&str, &str); 8] = [
    ("ping", xmpp_parsers::ns::PING),
    ("query", xmpp_parsers::ns::DISCO_INFO),
    ("query", xmpp_parsers::ns::DISCO_ITEMS),
    ("query", xmpp_parsers::ns::VERSION),
    ("query", xmpp_parsers::ns::REGISTER),
    ("query", ns::LAST),
    ("query", ns::SEARCH),
    ("vCard", xmpp_parsers::ns::VCARD),
];

/// Returns the effort of an IQ request: that of its operation, and `Much` for all that is not known to take little.
pub fn effort(kind: Kind, payload: &Element) -> Effort {
    let is_small = || SMALL.iter().any(|(name, namespace)| payload.is(*name, *namespace));
    match Request::find(kind, payload) {
        Some(request) => request.effort,
        None if kind == Kind::Get && is_small() => Effort::Little,
        None => Effort::Much,
    }
}

/// The answer to an IQ request; `aside` is what else is to be sent.
pub async fn answer(
    presented: &Presented,
    sessions: &Sessions,
    asker: &Asker,
    kind: Kind,
    payload: Element,
    aside: &mut Vec<Outgoing>,
) -> Answer {
    use Kind::{Get, Set};
    use xmpp_parsers::ns::{DISCO_INFO, DISCO_ITEMS, PING, VCARD, VERSION};
    let Presented { host, entities } = presented;
    if let Some(request) = Request::find(kind, &payload) {
        return request.answer(asker, payload).await;
    }
    let (name, namespace) = (payload.name().to_owned(), payload.ns());
    match (kind, name.as_str(), namespace.as_str()) {
        (Set, "command", ns::COMMANDS) => commands::answer(sessions, asker, payload).boxed().await,
        (_, "query", xmpp_parsers::ns::REGISTER) => {
            registration::answer(host, asker, kind, &payload, aside).boxed().await
        }
        (_, "query", ns::SEARCH) => search::answer(host, asker, kind),
        (Get, "ping", PING) => Ok(None),
        (Get, "query", DISCO_INFO) => disco::info(entities, asker, &payload),
        (Get, "query", DISCO_ITEMS) => disco::items(host, asker, &payload),
        (Get, "query", VERSION) => Ok(Some(about::version())),
        (Get, "query", ns::LAST) => Ok(Some(about::last_activity(asker))),
        (Get, "vCard", VCARD) => Ok(Some(about::vcard(host, asker))),
        _ => Err(requests::misplaced(&payload).map_or_else(
            || service_unavailable(asker.words()),
            |error| stanza_error(&error, asker.words()),
        )),
    }
}
