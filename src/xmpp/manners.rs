//! When to say nothing: two programs that answer each other must come to an end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use minidom::Element;
use xmpp_parsers::message::{Message, MessageType};

use crate::clock::{Millis, millis};
use crate::model::BareJid;

/// So many answers a minute are a conversation; more are a loop.
const ANSWERS: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// Somebody who is not understood is helped once in this time.
const HELP_AGAIN: Duration = Duration::from_secs(60 * 60);
/// People remembered at most.
const MOST: usize = 10_000;

/// What a message that is meant for us says; nothing if it is an error, a room's, a notice, late, or a copy.
pub fn said(message: &Message) -> Option<&str> {
    let is_talk = matches!(message.type_, MessageType::Chat | MessageType::Normal);
    if !is_talk || message.payloads.iter().any(is_second_hand) {
        return None;
    }
    let (_, body) = message.get_best_body(Vec::new())?;
    Some(body.trim()).filter(|body| !body.is_empty())
}

/// Whether a message with this payload comes late (XEP-0203, XEP-0091), or from an archive, a copy or a room
/// (XEP-0313, XEP-0280, XEP-0297, XEP-0045).
fn is_second_hand(payload: &Element) -> bool {
    let namespace = payload.ns();
    [
        "urn:xmpp:delay",
        "jabber:x:delay",
        "urn:xmpp:forward:0",
        "urn:xmpp:mam:2",
        "urn:xmpp:carbons:2",
        "http://jabber.org/protocol/muc#user",
        "jabber:x:conference",
    ]
    .contains(&namespace.as_str())
}

/// Whether a message is encrypted, so that its body is a stopgap (XEP-0380).
pub fn is_encrypted(message: &Message) -> bool {
    message
        .payloads
        .iter()
        .any(|payload| payload.is("encryption", "urn:xmpp:eme:0"))
}

#[derive(Default)]
struct Talk {
    began: Millis,
    answers: u32,
    /// The last text and when it came: said again at once, it is an echo.
    last: Option<(String, Millis)>,
    helped: Option<Millis>,
}

/// Who was answered of late.
#[derive(Default)]
pub struct Manners(Mutex<HashMap<BareJid, Talk>>);

impl Manners {
    /// Whether to answer `who`, who says `text`. Words that are `understood` are answered as in a conversation, others
    /// once an hour.
    pub fn may_answer(&self, who: &BareJid, text: &str, understood: bool, now: Millis) -> bool {
        let mut talks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if talks.len() >= MOST {
            talks.retain(|_, talk| talk.began + millis(HELP_AGAIN) > now);
        }
        if talks.len() >= MOST {
            return false;
        }
        let talk = talks.entry(who.clone()).or_default();
        if talk.began + millis(MINUTE) <= now {
            talk.began = now;
            talk.answers = 0;
        }
        let last = talk.last.replace((text.to_owned(), now));
        let echo = last.is_some_and(|(last, when)| last == text && when + millis(MINUTE) > now);
        let helped = talk.helped.is_some_and(|when| when + millis(HELP_AGAIN) > now);
        if echo || talk.answers >= ANSWERS || (!understood && helped) {
            return false;
        }
        if !understood {
            talk.helped = Some(now);
        }
        talk.answers += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn amy() -> BareJid {
        BareJid::new("amy@example.org").unwrap()
    }

    fn message(xml: &str) -> Message {
        let xml = xml.replacen("<message", "<message xmlns='jabber:component:accept'", 1);
        Message::try_from(xml.parse::<Element>().unwrap()).unwrap()
    }

    #[test]
    fn who_is_not_understood_is_helped_once_an_hour() {
        let manners = Manners::default();
        assert!(manners.may_answer(&amy(), "hello", false, NOW));
        assert!(!manners.may_answer(&amy(), "what?", false, NOW + 1));
        assert!(manners.may_answer(&amy(), "links", true, NOW + 2));
        assert!(!manners.may_answer(&amy(), "hm", false, NOW + 3_599_000));
        assert!(manners.may_answer(&amy(), "hello again", false, NOW + 3_600_001));
    }

    #[test]
    fn a_conversation_is_a_few_answers_a_minute() {
        let manners = Manners::default();
        let answered = (0..20).filter(|n| manners.may_answer(&amy(), &format!("link {n}"), true, NOW));
        assert_eq!(answered.count(), 10);
        assert!(manners.may_answer(&amy(), "links", true, NOW + 60_000));
    }

    #[test]
    fn an_echo_is_not_answered() {
        let manners = Manners::default();
        assert!(manners.may_answer(&amy(), "help", true, NOW));
        assert!(!manners.may_answer(&amy(), "help", true, NOW + 1000));
        assert!(manners.may_answer(&amy(), "help", true, NOW + 62_000));
    }

    #[test]
    fn only_what_is_said_here_and_now_counts() {
        assert_eq!(
            said(&message("<message type='chat'><body> help </body></message>")),
            Some("help")
        );
        assert_eq!(
            said(&message("<message><body xml:lang='de'>hilfe</body></message>")),
            Some("hilfe")
        );
        for silent in [
            "<message type='error'><body>help</body></message>",
            "<message type='groupchat'><body>help</body></message>",
            "<message type='headline'><body>help</body></message>",
            "<message type='chat'><body> </body></message>",
            "<message type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
            "<message type='chat'><body>help</body><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>",
            "<message type='chat'><body>help</body><x xmlns='jabber:x:delay' stamp='20260101T00:00:00'/></message>",
            "<message><result xmlns='urn:xmpp:mam:2'/><body>help</body></message>",
            "<message><sent xmlns='urn:xmpp:carbons:2'/><body>help</body></message>",
        ] {
            assert_eq!(said(&message(silent)), None, "{silent}");
        }
    }
}
