//! The texts of messages, in the language of their readers.

use super::{Letter, Message};
use crate::language::Language;
use crate::model::{BareJid, Code, Identity};

/// Returns the text of a chat message (API document, 1.4). An introduction also explains how to mute by chat, unless
/// the recipient `can_act` on it in another way.
pub fn chat(letter: &Letter, can_act: bool) -> String {
    let said = said(letter);
    match &letter.message {
        Message::Introduction { from, .. } if !can_act => format!("{said} {}", letter.language.introduction_mute(from)),
        _ => said,
    }
}

fn said(letter: &Letter) -> String {
    let words = letter.language;
    match &letter.message {
        // Peers read no text.
        Message::ToPeer { .. } => String::new(),
        Message::Code {
            identity, target, code, ..
        } if *identity == Identity::of_jid(target) => words.code_own(target, code),
        Message::Code {
            identity, target, code, ..
        } => words.code_other(&identity.id, target, code),
        Message::Introduction { from, details, via, .. } => {
            let advice = match via {
                None => words.introduction_advice(),
                Some(service) => words.introduction_vouched(service),
            };
            format!("{}{}\n{advice}", words.introduction(from), list(details))
        }
        Message::TakenOver { provider, .. } => words.taken_over(provider.name()),
        Message::ProveAgain { days, .. } => words.prove_again(*days),
        Message::Linked { provider, hash, .. } => words.linked(provider.name(), &hash.short()),
        Message::ForgetCode {
            code, everything: true, ..
        } => words.forget_code_all(code),
        Message::ForgetCode { code, .. } => words.forget_code_some(code),
    }
}

fn list(details: &[Identity]) -> String {
    let line = |detail: &Identity| format!("\n* {}: {}", detail.provider.name(), detail.id);
    details.iter().map(line).collect()
}

/// The GSM 7-bit default alphabet without its extension table (3GPP TS 23.038, 6.2.1), whose characters count twice: each character at
/// the place of its octet.
pub const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                       ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Returns the text of a text message. It fits one segment of the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1). A JID
/// that is too long, or that has characters outside of ASCII, is shortened.
pub fn sms(target: &BareJid, code: &Code, language: Language) -> String {
    const SEGMENT: usize = 160;
    let around = language.sms("", code).chars().count();
    language.sms(&shortened(target, SEGMENT.saturating_sub(around), "..."), code)
}

/// Returns the words of a call. The digits of the code are read one by one.
pub fn call(target: &BareJid, code: &Code, language: Language) -> String {
    const ROOM: usize = 100;
    let digits: Vec<String> = code.as_str().chars().map(String::from).collect();
    language.call(&spoken(&shortened(target, ROOM, PAUSE), language), &digits.join(", "))
}

/// Stands in a call for what is cut out of a JID.
const PAUSE: &str = ", ";

/// Writes the marks of a JID as words. Speech programs leave most of them out: `amy.smith` and `amy_smith` are one sound.
fn spoken(jid: &str, language: Language) -> String {
    let say = |c: char| {
        let mark = match c {
            '@' => "at",
            '.' => "dot",
            '-' => "hyphen",
            '+' => "plus",
            '_' => "underscore",
            _ => return c.to_string(),
        };
        format!(" {} ", language.spoken(mark))
    };
    let words: String = jid.chars().map(say).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Shortens a JID: `cut` stands for what is left out. The beginning of the localpart and the end of the domain are the most useful.
fn shortened(jid: &BareJid, room: usize, cut: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "@.-+_".contains(c) {
            c
        } else {
            '?'
        }
    };
    let text: String = jid.as_str().chars().map(plain).collect();
    if text.len() <= room {
        return text;
    }
    let (local, domain) = text.split_once('@').unwrap_or((&text, ""));
    let room = room.saturating_sub("@".len());
    let domain_room = domain.len().min((room / 2).max(room.saturating_sub(local.len())));
    let local_room = room - domain_room;
    let local = match local.len() <= local_room {
        true => local.to_owned(),
        false => format!("{}{cut}", &local[..local_room.saturating_sub(cut.len())]),
    };
    let domain = match domain.len() <= domain_room {
        true => domain.to_owned(),
        false => format!(
            "{cut}{}",
            &domain[domain.len() - domain_room.saturating_sub(cut.len())..]
        ),
    };
    format!("{local}@{domain}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Provider;

    fn jid(text: &str) -> BareJid {
        BareJid::new(text).unwrap()
    }

    fn letter(message: Message) -> Letter {
        Letter::new("1", Language::English, message)
    }

    #[test]
    fn the_code_message_is_the_api_documents() {
        let target = jid("xmmp@example.com");
        let message = Message::Code {
            identity: Identity::of_jid(&target),
            to: Some(target.clone()),
            target,
            code: Code::typed("3991"),
            minutes: 10,
        };
        assert_eq!(
            chat(&letter(message), false),
            "It-se, you xmmp@example.com? Verify with: 3991"
        );
    }

    #[test]
    fn the_introduction_is_the_api_documents() {
        let message = Message::Introduction {
            to: jid("xmpp@example.com"),
            from: jid("xmpp2@example.com"),
            details: vec![
                Identity::parse(Provider::Phone, "+123456789").unwrap(),
                Identity::parse(Provider::Email, "xmpp2@example.com").unwrap(),
            ],
            via: None,
        };
        let letter = letter(message);
        let said = "Hey there, xmpp2@example.com asked whether they are allowed to get in contact with you. They provided \
             the following contact details for you to confirm their identity:\n* phone: +123456789\n* email: \
             xmpp2@example.com\nThe service has checked that these are theirs. If you want to, write to them; if not, do \
             nothing: they are not told.";
        assert_eq!(chat(&letter, true), said);
        let advice = "If you want no more of their requests, write to me: mute xmpp2@example.com";
        assert_eq!(chat(&letter, false), format!("{said} {advice}"));
    }

    #[test]
    fn an_introduction_from_a_peer_names_it_in_every_language() {
        let message = Message::Introduction {
            to: jid("amy@example.org"),
            from: jid("michael@example.net"),
            details: vec![Identity::parse(Provider::Phone, "+447700900456").unwrap()],
            via: Some(jid("itseme.example.net")),
        };
        for language in Language::ALL {
            let text = chat(&Letter::new("1", language, message.clone()), true);
            assert!(text.contains("itseme.example.net"), "{text}");
            assert!(!text.contains(&language.introduction_advice()), "{text}");
        }
    }

    #[test]
    fn a_text_message_fits_one_segment_in_every_language() {
        let longest = jid(&format!(
            "{}@{}.org",
            "a".repeat(1023),
            vec!["b".repeat(60); 4].join(".")
        ));
        let code = Code::typed("123456789012");
        for language in Language::ALL {
            let text = sms(&longest, &code, language);
            assert!(text.chars().all(|c| GSM.contains(c)), "{language}: {text}");
            assert_eq!(text.chars().count(), 160, "{language}: {text}");
            assert!(text.contains("123456789012"), "{language}: {text}");
            // Enough of both halves remains to recognise the JID.
            assert!(text.contains("aaaaaaaaaaaaaaa...@...bbbbbbb"), "{language}: {text}");
            assert!(text.contains("bbb.org"), "{language}: {text}");
        }
    }

    #[test]
    fn a_call_says_the_marks_of_a_jid_in_every_language() {
        let target = jid("amy.smith_a--b+c@example.org");
        for (language, said) in [
            (
                Language::English,
                "account amy dot smith underscore a hyphen hyphen b plus c at example dot org asks",
            ),
            (
                Language::German,
                "Jabber-Konto amy Punkt smith Unterstrich a Bindestrich Bindestrich b plus c ät example Punkt org möchte",
            ),
            (
                Language::French,
                "compte Jabber amy point smith tiret bas a tiret tiret b plus c arobase example point org demande",
            ),
            (
                Language::Spanish,
                "cuenta de Jabber amy punto smith guion bajo a guion guion b más c arroba example punto org pide",
            ),
        ] {
            let text = call(&target, &Code::typed("3991"), language);
            assert!(text.contains(said), "{text}");
            assert_eq!(text.matches("3, 9, 9, 1").count(), 2, "{text}");
        }
        let long = jid(&format!("{}@example.org", "a".repeat(200)));
        let text = call(&long, &Code::typed("3991"), Language::English);
        assert!(text.contains("aaa, at example dot org asks"), "{text}");
        let text = call(&jid("amy...b@example.org"), &Code::typed("3991"), Language::English);
        assert!(text.contains("amy dot dot dot b at example dot org"), "{text}");
    }

    #[test]
    fn what_is_not_ascii_in_a_jid_is_not_shown() {
        let text = sms(&jid("ämy@example.org"), &Code::typed("1234"), Language::English);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("?my@example.org"), "{text}");
    }

    #[test]
    fn of_a_long_jid_the_short_half_is_kept_whole() {
        assert_eq!(
            shortened(&jid("amy@chat.very-long.example.org"), 20, "..."),
            "amy@...g.example.org"
        );
        assert_eq!(
            shortened(&jid("amy-with-a-long-name@a.org"), 20, "..."),
            "amy-with-a-...@a.org"
        );
        assert_eq!(shortened(&jid("amy@a.org"), 20, "..."), "amy@a.org");
    }
}
