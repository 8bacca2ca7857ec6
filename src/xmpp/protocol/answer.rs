//! The two types of IQ requests, and their answer (RFC 6120, 8.2.3).

use minidom::Element;
use rxml::{Namespace, xml_ncname};
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::language::Language;
use crate::xmpp::protocol::error::plain;

/// The type of a request: `get` or `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `type='get'`
    Get,
    /// `type='set'`
    Set,
}

/// The answer to a request: its payload, if it has one, or the error.
pub type Answer = std::result::Result<Option<Element>, StanzaError>;

/// Returns the answer to a request for a feature that is not offered (RFC 6120, 8.4).
pub fn service_unavailable(words: Language) -> StanzaError {
    plain(
        words,
        ErrorType::Cancel,
        DefinedCondition::ServiceUnavailable,
        words.stanza_unavailable(),
    )
}

/// Returns the payload of an IQ, marked with the language of its texts. The language cannot stand on the stanza:
/// Prosody 13 writes its own default there.
pub fn in_language(mut payload: Element, words: Language) -> Element {
    payload.set_attr(Namespace::XML, xml_ncname!("lang").into(), words.tag());
    payload
}
