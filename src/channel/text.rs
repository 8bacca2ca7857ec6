//! The words of every message, in English, after the API document (1.4).

use super::Message;
use crate::model::{BareJid, Identity, Provider};

/// What a chat message says.
pub fn chat(message: &Message) -> String {
    match message {
        Message::Code {
            identity, target, code, ..
        } if identity.id == target.as_str() => {
            format!("It-se, you {target}? Verify with: {code}")
        }
        Message::Code {
            identity, target, code, ..
        } => format!(
            "It-se, you {}? {target} wants to be found under this address. If that is you, verify with: {code}\n\
             If not, ignore this message: nothing happens without the code.",
            identity.id
        ),
        Message::Introduction { from, details, .. } => introduction(from, details),
        Message::TakenOver { provider, .. } => format!(
            "Your link to {} was taken over: another Jabber ID has proven that it is theirs. \
             If it is still yours, register it again.",
            noun(provider)
        ),
        Message::ForgetCode { code, everything, .. } => format!(
            "Somebody asked over the web to forget {} linked to your Jabber ID. To do so, confirm with: {code}\n\
             If that was not you, ignore this message: nothing is forgotten without the code.",
            if *everything { "everything" } else { "some of what is" }
        ),
    }
}

fn introduction(from: &BareJid, details: &[Identity]) -> String {
    let list: String = details
        .iter()
        .map(|detail| format!("\n* {}: {}", detail.provider.name(), detail.id))
        .collect();
    format!(
        "Hey there, {from} asked whether they are allowed to get in contact with you. \
         They provided the following contact details for you to confirm their identity:{list}"
    )
}

fn noun(provider: &Provider) -> String {
    match provider {
        Provider::Xmpp => "a Jabber ID".into(),
        Provider::Email => "an e-mail address".into(),
        Provider::Phone => "a phone number".into(),
        Provider::OAuth(name) => format!("a user name at {name}"),
    }
}

/// What a text message says. Fits one segment of 160 characters of the GSM 7-bit alphabet (3GPP TS 23.038); of a
/// JID that would not, or that has characters outside of ASCII, no more is shown than fits.
pub fn sms(target: &BareJid, code: &str) -> String {
    const SEGMENT: usize = 160;
    let around = format!("It-se, you ? Verify with: {code} (Not you? Ignore this.)").len();
    format!(
        "It-se, you {}? Verify with: {code} (Not you? Ignore this.)",
        shortened(target, SEGMENT - around.min(SEGMENT))
    )
}

fn shortened(jid: &BareJid, room: usize) -> String {
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
    format!("{}...", &text[..room.saturating_sub(3)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::Code;

    fn jid(text: &str) -> BareJid {
        BareJid::new(text).unwrap()
    }

    #[test]
    fn the_code_message_is_the_api_documents() {
        let target = jid("xmmp@example.com");
        let message = Message::Code {
            identity: Identity::of_jid(&target),
            target,
            code: Code::typed("3991"),
            minutes: 10,
        };
        assert_eq!(chat(&message), "It-se, you xmmp@example.com? Verify with: 3991");
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
        };
        assert_eq!(
            chat(&message),
            "Hey there, xmpp2@example.com asked whether they are allowed to get in contact with you. They provided \
             the following contact details for you to confirm their identity:\n* phone: +123456789\n* email: \
             xmpp2@example.com"
        );
    }

    #[test]
    fn a_text_message_fits_one_segment() {
        let longest = jid(&format!("{}@{}.org", "a".repeat(300), "b".repeat(60)));
        let text = sms(&longest, "1234");
        assert_eq!(text.len(), 160);
        assert!(text.contains("1234"));
        let text = sms(&jid("ämy@example.org"), "1234");
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("?my@example.org"), "{text}");
    }
}
