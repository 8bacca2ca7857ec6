//! Checks the sent elements against the API document (1.4).

use itseme_client::minidom::Element;
use serde_json::{Value, json};

use crate::{
    people::Person,
    world::ACCOUNT,
    xml::{CLIENT, child, children, lang, text},
};

const VERIFY: &str = "it-se.me:verify";
const CONTACT: &str = "it-se.me:contact";
/// Elements that servers add to messages: the time and the id of the stored message. The service adds an id as well, and hints.
const ADDED: [&str; 6] = [
    "urn:xmpp:delay",
    "jabber:x:delay",
    "urn:xmpp:sid:0",
    "urn:xmpp:mam:tmp",
    "urn:xmpp:hints",
    "http://jabber.org/protocol/nick",
];

/// Checks that a message carries a code for the person's own JID (1.4.1), and returns the code.
#[track_caller]
pub fn assert_code_for_jid(message: &Element, person: &Person) -> String {
    assert_envelope(message, person);
    assert_children(message, &[("body", CLIENT), ("verify", VERIFY)]);
    let verify = child(message, "verify", VERIFY);
    assert_children(verify, &[("code", VERIFY), ("hash", VERIFY)]);
    assert_eq!(text(verify, "hash", VERIFY), person.jid_hash());
    let code = text(verify, "code", VERIFY);
    assert_eq!(code.len(), 4, "{code}");
    let body = format!("It-se, you {}? Verify with: {code}", person.jid);
    assert_eq!(text(message, "body", CLIENT), body);
    code
}

/// Checks that a message asks `to` for contact with `from`, who has proven these details (1.4.2).
#[track_caller]
pub fn assert_introduction(message: &Element, to: &Person, from: &Person, details: &[(&str, &str)]) {
    assert_envelope(message, to);
    assert_children(message, &[("body", CLIENT), ("contact", CONTACT)]);
    let contact = child(message, "contact", CONTACT);
    assert_children(contact, &[("info", CONTACT), ("jid", CONTACT)]);
    assert_eq!(text(contact, "jid", CONTACT), from.jid);

    let info: Value = serde_json::from_str(&text(contact, "info", CONTACT)).expect("JSON in <info/>");
    let object = |(provider, id)| json!({"provider": provider, "id": id, "confirmed": true});
    assert_eq!(info, details.iter().copied().map(object).collect::<Value>());

    let body = text(message, "body", CLIENT);
    let asks = format!("Hey there, {} asked whether they are allowed to get in contact with you.", from.jid);
    assert!(body.starts_with(&asks), "{body}");
    for (provider, id) in details {
        assert!(body.contains(&format!("* {provider}: {id}")), "{body}");
    }
}

/// From the service to the bare JID (jabberd2 makes it the full one), to be shown as a chat, with an id and a language.
#[track_caller]
fn assert_envelope(message: &Element, to: &Person) {
    assert!(message.is("message", CLIENT), "{}", String::from(message));
    assert_eq!(message.attr("from"), Some(ACCOUNT));
    assert_eq!(message.attr("to").and_then(|to| to.split('/').next()), Some(to.jid));
    assert_eq!(message.attr("type"), Some("chat"));
    assert!(message.attr("id").is_some_and(|id| !id.is_empty()), "{}", String::from(message));
    assert_eq!(lang(message), Some("en"));
}

/// In alphabetical order, because servers may change it: ejabberd puts the elements it knows last.
#[track_caller]
fn assert_children(element: &Element, expected: &[(&str, &str)]) {
    let found = children(element);
    let own = found.iter().filter(|(_, namespace)| !ADDED.contains(&namespace.as_str()));
    let mut found: Vec<_> = own.map(|(name, namespace)| (name.as_str(), namespace.as_str())).collect();
    found.sort_unstable();
    assert_eq!(found, expected, "{}", String::from(element));
}
