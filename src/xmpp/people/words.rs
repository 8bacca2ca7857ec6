//! Texts that forms and chat have in common.

use std::time::SystemTime;

use crate::language::Language;
use crate::model::Identity;
use crate::service::{Linked, Scope, Unmuted};
use crate::xmpp::protocol::host::Asker;

/// By how many things somebody can be found.
pub fn title(links: usize, words: Language) -> String {
    match links {
        0 => words.links_none(),
        _ => words.links_count(links),
    }
}

/// Returns the result of forgetting the named links.
pub fn forgotten(gone: usize, words: Language) -> String {
    match gone {
        0 => words.forget_unknown(),
        _ => words.forget_done(),
    }
}

/// Returns the services that a contact request of the asker also goes to, as a list; `None` if it goes to none.
pub fn peers_of(asker: &Asker) -> Option<String> {
    let settings = asker.service.settings();
    let peers: Vec<&str> = settings
        .peers_for(&asker.bare)
        .iter()
        .map(|peer| peer.jid.as_str())
        .collect();
    (!peers.is_empty()).then(|| peers.join(", "))
}

/// Returns a text about a contact request, and the services that it also goes to.
pub fn with_peers(text: String, asker: &Asker, scope: Scope) -> String {
    match peers_of(asker) {
        Some(peers) if scope == Scope::Peers => format!("{text} {}", asker.words().introduce_peers(peers.as_str())),
        _ => text,
    }
}

/// Returns the result of muting `count` Jabber IDs, or everybody if none was named.
pub fn muted(count: usize, words: Language) -> String {
    match count {
        0 => words.mute_all_done(),
        _ => words.mute_done(),
    }
}

/// Returns the result of unmuting `count` Jabber IDs, or everybody if none was named.
pub fn unmuted(unmuted: Unmuted, count: usize, words: Language) -> String {
    match unmuted {
        _ if count == 0 => words.unmute_all_done(),
        Unmuted { everybody: true, .. } => words.unmute_vain(),
        Unmuted { gone: 0, .. } => words.unmute_unknown(),
        Unmuted { .. } => words.unmute_done(),
    }
}

/// Describes a link of the asker, as far as its identity is known.
pub fn describe(link: &Linked, asker: &Asker) -> String {
    let words = asker.words();
    if link.hash == Identity::of_jid(&asker.bare).hash() {
        return words.links_own(&asker.bare);
    }
    words.links_other(&link.hash.short(), &day(link.since))
}

/// Returns a day as in 2026-11-23 (ISO 8601).
fn day(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.chars().take_while(|c| *c != 'T').collect()
}
