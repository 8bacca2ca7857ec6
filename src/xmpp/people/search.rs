//! Search (XEP-0055), in words alone. It is not announced, but Pidgin proposes each directory of users for it, and shows
//! instructions, while the words of an error do not reach people.

use minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType};

use crate::xmpp::protocol::answer::{Answer, Kind, in_language};
use crate::xmpp::protocol::error::plain;
use crate::xmpp::protocol::host::{Asker, Host};
use crate::xmpp::protocol::ns;

/// Returns the answer to a `<query/>`: a form without fields, and an error if one is sent in.
pub fn answer(host: &Host, asker: &Asker, kind: Kind) -> Answer {
    let words = asker.words();
    let text = words.search_none(&host.account);
    if kind == Kind::Set {
        return Err(plain(words, ErrorType::Cancel, DefinedCondition::NotAllowed, text));
    }
    let instructions = Element::builder("instructions", ns::SEARCH).append(text);
    let query = Element::builder("query", ns::SEARCH).append(instructions).build();
    Ok(Some(in_language(query, words)))
}
