//! Contact requests for peers as stanzas, and the answers to them.

use minidom::Element;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::channel::{Extent, Letter, Message, SendError, Sent, Trouble};
use crate::xmpp::connection::stream::serialise;
use crate::xmpp::delivery::info;
use crate::xmpp::protocol::answer::in_language;
use crate::xmpp::protocol::stanza;

/// The largest number of bytes of contact requests in one stanza, unless a single one has more. Servers that have a limit for each
/// other let through 128 KiB or more.
const STANZA: usize = 96 * 1024;

/// Returns the request in a letter; `None` if XML does not have all of its characters, or it is for no peer.
pub(super) fn request(letter: &Letter) -> Option<Element> {
    let Message::ToPeer {
        from,
        by_anybody,
        details,
        hashes,
        ..
    } = &letter.message
    else {
        return None;
    };
    let contact = stanza::PeerContact {
        jid: Some(from.to_string()),
        by: by_anybody.then(|| "anybody".into()),
        info: Some(info(details)),
        hashes: hashes.iter().map(ToString::to_string).collect(),
    };
    let contact = in_language(contact.into(), letter.language);
    serialise(&contact).is_ok().then_some(contact)
}

/// Returns the requests in parts that go into one stanza each.
pub(super) fn in_stanzas(contacts: &[Element]) -> Vec<&[Element]> {
    let (mut stanzas, mut first, mut size) = (Vec::new(), 0, 0);
    for (at, contact) in contacts.iter().enumerate() {
        // It was written before.
        let bytes = serialise(contact).map_or(STANZA, |contact| contact.len());
        if size + bytes > STANZA && at > first {
            stanzas.push(&contacts[first..at]);
            (first, size) = (at, 0);
        }
        size += bytes;
    }
    stanzas.push(&contacts[first..]);
    stanzas
}

/// Returns the results of requests that were passed on together; `None` if the answer is no such results. An empty one takes all.
pub(super) fn results(answer: Option<Element>, number: usize) -> Option<Vec<Sent>> {
    use stanza::PeerContactResult::{Later, Refused, Taken};
    let Some(answer) = answer else {
        return Some(vec![Ok(()); number]);
    };
    let taken = stanza::PeerContactsTaken::try_from(answer).ok()?;
    let sent = |result| match result {
        Taken => Ok(()),
        Later { error } => Err(put_off(its_error(&error))),
        Refused { error } => Err(SendError::Fail(its_error(&error))),
    };
    let results: Vec<_> = taken.results.into_iter().map(sent).collect();
    (results.len() == number).then_some(results)
}

/// Returns the reason in an answer, for the log. A peer could have anything else logged.
fn its_error(name: &str) -> String {
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    format!("it answered with the error {}", if is_name { name } else { "unknown" })
}

/// The trouble is none of all messages: another peer may take its requests meanwhile.
pub(super) fn put_off(reason: impl Into<String>) -> SendError {
    SendError::Retry(Trouble::of_message(reason))
}

/// Returns if a request is sent again after an error. Errors that a server sends because it does not reach the peer are no answer
/// of the peer.
pub(super) fn refusal(error: &StanzaError) -> SendError {
    use DefinedCondition as Is;
    let condition = Element::from(error.defined_condition.clone());
    let reason = format!("it answered with the error {}", condition.name());
    let is_away = matches!(
        error.defined_condition,
        Is::RemoteServerNotFound | Is::RemoteServerTimeout | Is::ServiceUnavailable | Is::RecipientUnavailable
    );
    match (is_away, &error.type_) {
        (true, _) => SendError::Retry(Trouble::of_message(reason).of(Extent::Destination)),
        (false, ErrorType::Wait) => put_off(reason),
        (false, _) => SendError::Fail(reason),
    }
}
