//! The service in a chat: commands in words, for whoever has nothing but a chat client.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::commands::introduction;
use super::host::Asker;
use super::words::{describe, title};
use crate::language::Language;
use crate::model::Identity;
use crate::service::{Result, Status};

/// A word that means something, in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Help,
    Link,
    Verify,
    Links,
    Forget,
    Introduce,
    As,
    Phone,
    Email,
}

/// What somebody wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// To know what can be said.
    Help,
    /// To link what is named.
    Link(String),
    /// To enter a code.
    Verify(String),
    /// To see the links.
    Links,
    /// To forget what is named, or everything.
    Forget(String),
    /// To be introduced.
    Introduce {
        /// To whom.
        contacts: String,
        /// As whom.
        details: String,
    },
}

impl Wish {
    /// What `text` asks for, if it is a command or nothing but a code.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let code: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if (4..=12).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Verify(code));
        }
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match word(first)? {
            Word::Help if rest.is_empty() => Some(Self::Help),
            Word::Links if rest.is_empty() => Some(Self::Links),
            Word::Link => Some(Self::Link(rest.into())),
            Word::Verify => Some(Self::Verify(rest.into())),
            Word::Forget => Some(Self::Forget(rest.into())),
            Word::Introduce => Some(Self::introduce(rest)),
            _ => None,
        }
    }

    fn introduce(rest: &str) -> Self {
        let mut words = rest.split(' ');
        let contacts: Vec<&str> = words.by_ref().take_while(|text| word(text) != Some(Word::As)).collect();
        let details: Vec<&str> = words.collect();
        Self::Introduce {
            contacts: contacts.join(" "),
            details: details.join(" "),
        }
    }

    /// Does it, and says what became of it.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn fulfil(self, asker: &Asker) -> Result<String> {
        let (service, words) = (&asker.service, asker.words());
        match self {
            Self::Help => Ok(words.chat_help()),
            Self::Link(what) => link(asker, &what).await,
            Self::Verify(code) if code.is_empty() => Ok(words.chat_verify_usage()),
            Self::Verify(code) => {
                service.verify_any_native(&asker.bare, &code).await?;
                Ok(words.verified())
            }
            Self::Links => {
                let links = service.links(&asker.bare).await?;
                let lines = links.iter().map(|link| format!("\n• {}", describe(link, asker)));
                Ok(title(links.len(), words) + &lines.collect::<String>())
            }
            Self::Forget(what) => {
                let hashes: Vec<String> = match what.as_str() {
                    "" => Vec::new(),
                    what => meant(what)?
                        .iter()
                        .map(|identity| identity.hash().to_string())
                        .collect(),
                };
                service.forget_native(&asker.bare, &hashes).await?;
                Ok(match hashes.is_empty() {
                    true => words.forget_all_done(),
                    false => words.forget_done(),
                })
            }
            Self::Introduce { contacts, .. } if contacts.is_empty() => Ok(words.chat_introduce_usage()),
            Self::Introduce { contacts, details } => {
                // The JID itself needs no proof, and the recipient is told it anyway.
                let own = format!("xmpp:{}", asker.bare);
                let request = introduction(&asker.bare, items(&details).chain([own.as_str()]), items(&contacts))?;
                service.contact_native(request).await?;
                Ok(words.introduce_done())
            }
        }
    }
}

async fn link(asker: &Asker, what: &str) -> Result<String> {
    let (service, words) = (&asker.service, asker.words());
    if what.is_empty() {
        return Ok(words.chat_link_usage());
    }
    let meant = meant(what)?;
    // What may be an e-mail address or a Jabber ID is taken for what is offered here, in this order.
    let offered = meant
        .iter()
        .find(|identity| service.providers().contains(identity.provider.name()));
    let Some(identity) = offered.or(meant.first()) else {
        return Ok(words.chat_link_usage());
    };
    let register = |resend| service.register_native(&asker.bare, identity.provider.name(), &identity.id, resend);
    Ok(match register(false).await?.status {
        Status::Confirmed => words.verified(),
        Status::Pending => words.chat_code_sent(),
    })
}

/// What `text` names: `phone +44…`, `email name@example.org`, `name-of-provider id`, or just a number or an address.
fn meant(text: &str) -> Result<Vec<Identity>> {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or(("", text));
    let is_name =
        first.chars().all(|c| c.is_alphanumeric() || c == '-') && !first.starts_with(|c: char| c.is_ascii_digit());
    let typed = match word(first) {
        Some(Word::Phone) => format!("phone:{rest}"),
        Some(Word::Email) => format!("email:{rest}"),
        _ if is_name && !first.is_empty() => format!("{first}:{rest}"),
        _ => text.to_owned(),
    };
    Ok(Identity::typed(&typed)?)
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ';', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// What a word means, however it is accented.
fn word(text: &str) -> Option<Word> {
    static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
        let of = |language: Language| {
            [
                (language.word_help(), Word::Help),
                (language.word_link(), Word::Link),
                (language.word_verify(), Word::Verify),
                (language.word_links(), Word::Links),
                (language.word_forget(), Word::Forget),
                (language.word_introduce(), Word::Introduce),
                (language.word_as(), Word::As),
                (language.word_phone(), Word::Phone),
                (language.word_email(), Word::Email),
            ]
        };
        let words = Language::ALL.into_iter().flat_map(of);
        words.map(|(text, word)| (folded(&text), word)).collect()
    });
    WORDS.get(&folded(text)).copied()
}

/// In lower case, without accents, quotes and what ends a sentence.
fn folded(word: &str) -> String {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric()).nfkd();
    letters
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn introduce(contacts: &str, details: &str) -> Wish {
        Wish::Introduce {
            contacts: contacts.into(),
            details: details.into(),
        }
    }

    #[test]
    fn commands_are_understood_in_every_language() {
        for (text, wish) in [
            (" Help! ", Wish::Help),
            ("„hilfe“", Wish::Help),
            ("1234", Wish::Verify("1234".into())),
            ("123 456\n", Wish::Verify("123456".into())),
            ("verify 1234", Wish::Verify("1234".into())),
            ("Link phone +44 7700 900123", Wish::Link("phone +44 7700 900123".into())),
            (
                "VERKNÜPFE telefon +44 7700 900123",
                Wish::Link("telefon +44 7700 900123".into()),
            ),
            ("links", Wish::Links),
            ("forget", Wish::Forget(String::new())),
            (
                "introduce +44 7700 900456, a@example.org",
                introduce("+44 7700 900456, a@example.org", ""),
            ),
            (
                "introduce +44 7700 900456 as +44 7700 900123",
                introduce("+44 7700 900456", "+44 7700 900123"),
            ),
        ] {
            assert_eq!(Wish::of(text), Some(wish), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_command() {
        for text in [
            "",
            "hello there",
            "help me please",
            "123",
            "1234567890123",
            "?",
            "+447700900123",
            "links 1",
        ] {
            assert_eq!(Wish::of(text), None, "{text}");
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let mut seen: HashMap<String, (Language, Word)> = HashMap::new();
        for language in Language::ALL {
            for (text, word) in [
                (language.word_help(), Word::Help),
                (language.word_link(), Word::Link),
                (language.word_verify(), Word::Verify),
                (language.word_links(), Word::Links),
                (language.word_forget(), Word::Forget),
                (language.word_introduce(), Word::Introduce),
                (language.word_as(), Word::As),
                (language.word_phone(), Word::Phone),
                (language.word_email(), Word::Email),
            ] {
                assert!(!text.contains(' '), "{language}: {text}");
                let (other, meant) = *seen.entry(folded(&text)).or_insert((language, word));
                assert_eq!(meant, word, "{text}: {language}, {other}");
            }
        }
    }

    #[test]
    fn what_the_service_says_is_no_command() {
        for words in Language::ALL {
            for said in [
                words.chat_help(),
                words.chat_code_sent(),
                words.chat_link_usage(),
                words.chat_introduce_usage(),
                words.chat_verify_usage(),
                words.chat_encrypted(),
                words.verified(),
                words.forget_done(),
                words.forget_all_done(),
                words.introduce_done(),
                words.links_none(),
                words.links_count(2_usize),
                words.code_own("amy@example.org", "1234"),
                words.error_nothing_waits(),
            ] {
                assert_eq!(Wish::of(&said), None, "{words}: {said}");
            }
        }
    }

    #[test]
    fn an_identity_is_named_with_or_without_its_provider() {
        let phone = Identity::parse("phone".into(), "+447700900123").unwrap();
        for text in [
            "+44 7700 900123",
            "phone +44 7700 900123",
            "téléphone +447700900123",
            "phone:+447700900123",
        ] {
            assert_eq!(meant(text).unwrap(), std::slice::from_ref(&phone), "{text}");
        }
        assert_eq!(meant("amy@example.org").unwrap().len(), 2);
        assert_eq!(meant("email amy@example.org").unwrap().len(), 1);
        assert_eq!(meant("github octo").unwrap()[0].provider.name(), "github");
        assert!(meant("everything").is_err());
    }
}
