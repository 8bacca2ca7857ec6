//! The requests of the it-se.me namespaces, and what to tell whoever sends one in another way than it is sent.

use minidom::Element;

use crate::service::Error;
use crate::xmpp::protocol::answer::Kind::{self, Get, Set};
use crate::xmpp::protocol::ns;

/// Name, namespace, and the type of the IQ.
const REQUESTS: [(&str, &str, Kind); 9] = [
    ("register", ns::REGISTER, Set),
    ("links", ns::REGISTER, Get),
    ("forget", ns::REGISTER, Set),
    ("verify", ns::VERIFY, Set),
    ("contact", ns::CONTACT, Set),
    ("mute", ns::CONTACT, Set),
    ("unmute", ns::CONTACT, Set),
    ("mutes", ns::CONTACT, Get),
    ("confirm", ns::CONFIRM, Get),
];

/// Returns the reason why an IQ with `payload` is no request, if its namespace is one of ours: its type is the other one, or
/// there is no such element.
pub fn misplaced(payload: &Element) -> Option<Error> {
    let how = how(payload).or_else(|| {
        let of_it = REQUESTS.iter().filter(|(_, namespace, _)| payload.ns() == *namespace);
        let names: Vec<_> = of_it.map(|(name, ..)| format!("<{name}/>")).collect();
        let there_is = format!("In this namespace, these can be sent: {}.", names.join(", "));
        Some(there_is).filter(|_| !names.is_empty())
    });
    how.map(|how| Error::Value(how.into()))
}

/// Returns the reason why a message with `payload` is no request, if an IQ with it would be one.
pub fn in_message(payload: &Element) -> Option<Error> {
    let mut how = how(payload)?;
    if payload.is("contact", ns::CONTACT) {
        how += " To answer an introduction, send the message to the JID in its <jid/>.";
    }
    Some(Error::Value(how.into()))
}

fn how(payload: &Element) -> Option<String> {
    let mut requests = REQUESTS.iter();
    let (name, _, kind) = requests.find(|(name, namespace, _)| payload.is(*name, *namespace))?;
    let kind = match kind {
        Get => "get",
        Set => "set",
    };
    Some(format!("Please send <{name}/> in an IQ of type '{kind}'."))
}
