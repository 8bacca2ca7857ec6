//! Decides when to be silent: two programs that answer each other must come to an end.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use minidom::Element;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::message::{Message, MessageType};

use crate::clock::{Millis, millis};
use crate::model::BareJid;
use crate::xmpp::people::recent::{Own, Recent};

/// At most this many answers a minute are a conversation; more are a loop.
const ANSWERS: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// The number of times that a person repeats a text in a row, and the least time between two. A program is faster, or
/// goes on.
const REPEATED: u32 = 1;
const AGAIN: Duration = Duration::from_secs(10);
/// A conversation ends after this time of silence.
const TALK: Duration = Duration::from_secs(60 * 60);
/// A longer text is not typed by a person.
const LONGEST: usize = 8 * 1024;

/// Returns the text of a message that is meant for the service, with the tag of its language if it has one; `None` for
/// an error, a message of a room, a notice, a late message, a copy, and one that quotes and says nothing else.
pub fn said(message: &Message) -> Option<(&str, &str)> {
    let is_talk = matches!(message.type_, MessageType::Chat | MessageType::Normal);
    if !is_talk || is_second_hand(message) {
        return None;
    }
    // Of several, which are the same in several languages, any will do.
    let (lang, body) = message.bodies.first_key_value()?;
    let own = Some(body)
        .filter(|body| body.len() <= LONGEST)
        .and_then(|body| unquoted(body))?;
    Some((own, lang.as_str()))
}

/// Returns a text without the lines at its beginning that quote another one (XEP-0393, 5.1.3), as clients put them there for those
/// that show no replies (XEP-0461); `None` if nothing else is left. Psi+ 1.4 quotes with `»` and a space.
fn unquoted(text: &str) -> Option<&str> {
    let is_quoted = |line: &str| line.trim().is_empty() || line.starts_with('>') || line.starts_with("» ");
    let quoted = text.split_inclusive('\n').take_while(|line| is_quoted(line));
    let own = text[quoted.map(str::len).sum()..].trim();
    (!own.is_empty()).then_some(own)
}

/// Returns `true` if a message comes late (XEP-0203, XEP-0091), or from an archive, a copy or a room (XEP-0313, XEP-0280,
/// XEP-0297, XEP-0045). One that its sender has marked as late does not: clients do so when they send again what was lost with their
/// connection (XEP-0198).
pub fn is_second_hand(message: &Message) -> bool {
    let second_hand = [
        "urn:xmpp:delay",
        "jabber:x:delay",
        "urn:xmpp:forward:0",
        "urn:xmpp:mam:2",
        "urn:xmpp:carbons:2",
        "http://jabber.org/protocol/muc#user",
        "jabber:x:conference",
    ];
    let mut payloads = message.payloads.iter();
    payloads.any(|payload| second_hand.contains(&payload.ns().as_str()) && !is_own_delay(payload, message))
}

/// Returns `true` if a payload is the sender's own word for when the message was sent.
fn is_own_delay(payload: &Element, message: &Message) -> bool {
    let by = payload.attr("from").and_then(|by| Jid::new(by).ok());
    let is_senders = |by: Jid| {
        message
            .from
            .as_ref()
            .is_some_and(|sender| sender.to_bare() == by.to_bare())
    };
    payload.is("delay", "urn:xmpp:delay") && by.is_some_and(is_senders)
}

/// Returns `true` if a message is encrypted, so that its body is a stopgap (XEP-0380).
pub fn is_encrypted(message: &Message) -> bool {
    message
        .payloads
        .iter()
        .any(|payload| payload.is("encryption", "urn:xmpp:eme:0"))
}

#[derive(Default)]
struct Talk {
    minute: Millis,
    answers: u32,
    /// A hash of the last text, which has no meaning outside this process.
    last: Option<u64>,
    said: Millis,
    repeated: u32,
    helped: bool,
}

/// The people who were answered of late.
pub struct LoopGuard {
    talks: Recent<Talk>,
    hasher: RandomState,
}

impl LoopGuard {
    /// Begins without conversations; `own` are the domains of the own server.
    pub fn new(own: Own) -> Self {
        Self {
            talks: Recent::new(TALK, own),
            hasher: RandomState::new(),
        }
    }

    /// Returns `true` if `text` of `who` is to be answered. Words that are `understood` are answered as in a conversation, others
    /// once in it.
    pub fn may_answer(&self, who: &BareJid, text: &str, understood: bool, now: Millis) -> bool {
        let said = Some(self.hasher.hash_one(text));
        self.talks.with(who, now, |talk| {
            if talk.minute + millis(MINUTE) <= now {
                (talk.minute, talk.answers) = (now, 0);
            }
            talk.repeated = if talk.last == said { talk.repeated + 1 } else { 0 };
            let at_once = talk.repeated > 0 && talk.said + millis(AGAIN) > now;
            (talk.last, talk.said) = (said, now);
            let is_loop = at_once || talk.repeated > REPEATED || talk.answers >= ANSWERS;
            if is_loop || (!understood && talk.helped) {
                return false;
            }
            talk.helped |= !understood;
            talk.answers += 1;
            true
        })
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
    fn who_is_not_understood_is_helped_once_a_conversation() {
        let loop_guard = LoopGuard::new(Own::default());
        assert!(loop_guard.may_answer(&amy(), "hello", false, NOW));
        assert!(!loop_guard.may_answer(&amy(), "what?", false, NOW + 1));
        assert!(loop_guard.may_answer(&amy(), "links", true, NOW + 2));
        assert!(!loop_guard.may_answer(&amy(), "hm", false, NOW + 3_000_000));
        assert!(loop_guard.may_answer(&amy(), "hello again", false, NOW + 6_600_001));
    }

    #[test]
    fn a_conversation_is_a_few_answers_a_minute() {
        let loop_guard = LoopGuard::new(Own::default());
        let answered = (0..20).filter(|n| loop_guard.may_answer(&amy(), &format!("link {n}"), true, NOW));
        assert_eq!(answered.count(), 10);
        assert!(loop_guard.may_answer(&amy(), "links", true, NOW + 60_000));
    }

    #[test]
    fn what_is_said_again_and_again_is_said_by_a_program() {
        let loop_guard = LoopGuard::new(Own::default());
        assert!(loop_guard.may_answer(&amy(), "help", true, NOW));
        assert!(!loop_guard.may_answer(&amy(), "help", true, NOW + 9_000));
        assert!(loop_guard.may_answer(&amy(), "links", true, NOW + 9_001));
        assert!(loop_guard.may_answer(&amy(), "links", true, NOW + 30_000));
        assert!(!loop_guard.may_answer(&amy(), "links", true, NOW + 60_000));
        assert!(loop_guard.may_answer(&amy(), "help", true, NOW + 60_001));
    }

    #[test]
    fn only_what_is_said_here_and_now_counts() {
        assert_eq!(
            said(&message("<message type='chat'><body> help </body></message>")),
            Some(("help", ""))
        );
        assert_eq!(
            said(&message("<message><body xml:lang='de'>hilfe</body></message>")),
            Some(("hilfe", "de"))
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

    #[test]
    fn what_a_reply_quotes_is_not_said() {
        for (body, own) in [
            ("> Your code: 3991\n> Enter it here.\n3991", Some("3991")),
            (">Your code: 3991\r\n\r\n  3991 \r\n", Some("3991")),
            ("\n» [21:42:15] <Find friends> Your code: 3991 \n3991", Some("3991")),
            ("»3991«", Some("»3991«")),
            ("\n > 3991", Some("> 3991")),
            ("help\n> links", Some("help\n> links")),
            ("> links", None),
            (" \n", None),
        ] {
            let message = Message::chat(None).with_body(Default::default(), body.to_owned());
            assert_eq!(said(&message).map(|(said, _)| said), own, "{body:?}");
        }
    }

    #[test]
    fn what_its_sender_has_marked_as_late_was_lost_on_the_way() {
        let sent_again = |by: &str, more: &str| {
            message(&format!(
                "<message type='chat' from='amy@example.org/phone'><body>3991</body>
                <delay xmlns='urn:xmpp:delay' from='{by}' stamp='2026-01-01T00:00:00Z'/>{more}</message>"
            ))
        };
        for by in ["amy@example.org/phone", "amy@example.org"] {
            assert_eq!(said(&sent_again(by, "")), Some(("3991", "")), "{by}");
        }
        for by in ["example.org", "michael@example.org", "amy@example.org@", ""] {
            assert_eq!(said(&sent_again(by, "")), None, "{by}");
        }
        let kept = "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='2026-01-01T00:00:01Z'/>";
        assert_eq!(said(&sent_again("amy@example.org", kept)), None);
    }
}
