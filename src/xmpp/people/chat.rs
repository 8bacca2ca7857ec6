//! The service in a chat: commands in words, for people who have only a chat client.

mod vocabulary;

use self::vocabulary::{Word, word};
use crate::language::Language;
use crate::model::parse_target;
use crate::model::{Code, Hash, Identity, Provider};
use crate::provider;
use crate::service::{
    Error, Forget, How, Links, Mute, Muted, Mutes, Register, Result, Scope, Status, Unmute, VerifyAny,
};
use crate::xmpp::people::words::{describe, forgotten, muted, peers_of, title, unmuted, with_peers};
use crate::xmpp::protocol::host::Asker;

/// The wish of a chat message.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// To know the commands.
    Help,
    /// To link the named identity.
    Link(String),
    /// To enter a code.
    Verify(String),
    /// To see the links.
    Links,
    /// To forget the named links, or everything.
    Forget(String),
    /// To be introduced.
    Introduce {
        /// The people to be introduced to.
        contacts: String,
        /// The identities to be introduced with.
        details: String,
        /// The services that are asked.
        scope: Scope,
    },
    /// To get no contact requests from the named JIDs, or from anybody.
    Mute(String),
    /// To get them again.
    Unmute(String),
    /// To see who is muted.
    Mutes,
}

impl Wish {
    /// Returns the wish of `text`, if it is a command or a code alone; and its language: `expected` unless its words
    /// are of another.
    pub fn of(text: &str, expected: Language) -> Option<(Self, Language)> {
        let text = text.trim();
        if is_code(text) {
            return Some((Self::Verify(text.into()), expected));
        }
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (word, language) = word(first, expected)?;
        let rest = rest.trim();
        let wish = match word {
            Word::Help if rest.is_empty() => Self::Help,
            Word::Links if rest.is_empty() => Self::Links,
            Word::Link => Self::Link(rest.into()),
            Word::Verify => Self::Verify(rest.into()),
            Word::Forget => Self::Forget(rest.into()),
            Word::Introduce => Self::introduce(rest),
            Word::Mute => Self::Mute(rest.into()),
            Word::Unmute => Self::Unmute(rest.into()),
            Word::Mutes if rest.is_empty() => Self::Mutes,
            _ => return None,
        };
        Some((wish, language))
    }

    fn introduce(rest: &str) -> Self {
        let (contacts, details) = split_at_as(rest);
        let [(contacts, one), (details, other)] = [contacts, details].map(without_here);
        Self::Introduce {
            contacts: contacts.into(),
            details: details.into(),
            scope: if one || other { Scope::Here } else { Scope::Peers },
        }
    }

    /// Does it, and says what became of it.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn fulfil(self, asker: &Asker) -> Result<String> {
        let (service, words) = (&asker.service, asker.words());
        match self {
            Self::Help => Ok(help(asker)),
            Self::Link(what) if what.is_empty() => Ok(words.chat_link_usage()),
            Self::Link(what) => link(asker, &what).await,
            Self::Verify(code) if code.is_empty() => Ok(words.chat_verify_usage()),
            Self::Verify(code) => {
                asker.call(VerifyAny { code }).await?;
                Ok(words.verified())
            }
            Self::Links => {
                let links = asker.call(Links).await?;
                let lines = links.iter().map(|link| format!("\n• {}", describe(link, asker)));
                Ok(title(links.len(), words) + &lines.collect::<String>())
            }
            Self::Forget(what) if what.is_empty() => {
                asker.call(Forget::everything(asker.bare.clone())).await?;
                Ok(words.forget_all_done())
            }
            Self::Forget(what) => {
                let mut hashes = Vec::new();
                if is_hash(&what) {
                    hashes = begun(asker, &what).await?;
                    if hashes.is_empty() {
                        return Ok(words.forget_unknown());
                    }
                } else {
                    let meant = service.typed(&named(&what))?;
                    hashes.extend(meant.iter().map(|identity| identity.hash().to_string()));
                }
                let gone = asker.call(Forget::own(asker.bare.clone(), &hashes)).await?;
                Ok(forgotten(gone.count(), words))
            }
            Self::Introduce { contacts, .. } if contacts.is_empty() => Ok(words.chat_introduce_usage()),
            Self::Introduce {
                contacts,
                details,
                scope,
            } => {
                let [details, contacts] = [details, contacts].map(|list| items(&list).map(of_kind).collect::<Vec<_>>());
                let [details, contacts] = [&details, &contacts].map(|items| items.iter().map(String::as_str));
                let request = service.typed_request(&asker.bare, details, contacts, scope)?;
                asker.call(request).await?;
                Ok(with_peers(words.introduce_done(), asker, scope))
            }
            Self::Mute(whom) => {
                let jids = jids(&whom);
                let count = jids.len();
                asker.call(Mute { jids }).await?;
                Ok(muted(count, words))
            }
            Self::Unmute(whom) => {
                let jids = jids(&whom);
                let count = jids.len();
                Ok(unmuted(asker.call(Unmute { jids }).await?, count, words))
            }
            Self::Mutes => Ok(mutes(&asker.call(Mutes).await?, words)),
        }
    }
}

/// Returns what `error` means to a person in a chat.
pub fn told(error: &Error, asker: &Asker) -> String {
    let words = asker.words();
    match error {
        Error::NothingWaits => words.chat_nothing_waits(),
        Error::UnknownProvider => words.chat_unknown_kind(&kinds(asker)),
        _ => error.text(words),
    }
}

/// Returns the words that stand before what is to be linked, as a list.
fn kinds(asker: &Asker) -> String {
    let (settings, words) = (asker.service.settings(), asker.words());
    let word_for = |name: &String| match Provider::from(name.as_str()) {
        Provider::Phone => words.word_phone(),
        Provider::Email => words.word_email(),
        _ => name.clone(),
    };
    settings.providers.iter().map(word_for).collect::<Vec<_>>().join(", ")
}

/// Returns `true` if `text` is a code alone, in any spelling: a number of the right length, and not a phone number.
fn is_code(text: &str) -> bool {
    let is_number = !text.chars().any(char::is_alphabetic) && !text.starts_with('+');
    is_number && Code::LENGTHS.contains(&Code::typed(text).len())
}

/// Returns what stands before `as`, in any language, and what stands after it.
fn split_at_as(text: &str) -> (&str, &str) {
    let mut at = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let end = at + piece.len();
        if means(piece, Word::As) {
            return (&text[..at], &text[end..]);
        }
        at = end;
    }
    (text, "")
}

/// Returns a list without the word `here` at its end, in any language, and `true` if it was there.
fn without_here(list: &str) -> (&str, bool) {
    without(list, Word::Here)
}

fn without(text: &str, meaning: Word) -> (&str, bool) {
    let text = text.trim();
    let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    match means(last, meaning) {
        true => (before.trim_end(), true),
        false => (text, false),
    }
}

fn means(text: &str, meaning: Word) -> bool {
    word(text, Language::default()).is_some_and(|(word, _)| word == meaning)
}

/// Returns the help; providers where people sign in are known by their names.
pub fn help(asker: &Asker) -> String {
    let words = asker.words();
    let settings = asker.service.settings();
    let sign_in = settings
        .providers
        .iter()
        .filter(|name| provider::is_sign_in(&name.as_str().into()));
    let lines = sign_in.map(|name| words.chat_help_provider(name));
    let all: Vec<String> = [words.chat_help()]
        .into_iter()
        .chain(lines)
        .chain((!settings.inboxes.is_empty()).then(|| words.chat_help_send()))
        .chain((!settings.calls.is_empty()).then(|| words.chat_help_call()))
        .chain(peers_of(asker).map(|peers| words.chat_help_here(peers.as_str())))
        .chain([words.chat_help_end()])
        .collect();
    all.join("\n")
}

/// Returns the list of muted JIDs, at a readable length.
fn mutes(muted: &Muted, words: Language) -> String {
    const SHOWN: usize = 50;
    let jids = &muted.jids;
    let heading = match (muted.everybody, jids.is_empty()) {
        (true, _) => words.mutes_all(),
        (false, true) => words.mutes_none(),
        (false, false) => words.mutes_some(),
    };
    let lines: String = jids.iter().take(SHOWN).map(|jid| format!("\n• {jid}")).collect();
    let more = jids.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("\n{}", words.mutes_more(more)));
    heading + &lines + &more.unwrap_or_default()
}

async fn link(asker: &Asker, what: &str) -> Result<String> {
    let (service, words) = (&asker.service, asker.words());
    let settings = service.settings();
    // The last word may as well be a part of a name.
    let by = |(word, how)| match without(what, word) {
        (before, true) => Some((service.typed(&named(before)).ok()?, how)),
        _ => None,
    };
    let ways = [(Word::Send, How::Write), (Word::Call, How::Call)];
    let (meant, how) = match ways.into_iter().find_map(by) {
        Some(by) => by,
        None => (service.typed(&named(what))?, How::Code),
    };
    // A text that may be an e-mail address or a Jabber ID is read as the first of these that is offered here.
    let offered = |identity: &&Identity| settings.providers.contains(identity.provider.name());
    let identity = meant.iter().find(offered).ok_or(Error::UnknownProvider)?;
    // A person who asks again has not received a code: limits ensure that not too many are sent. A sign-in continues
    // where it is.
    let resend = !provider::is_sign_in(&identity.provider) && how != How::Write;
    let own = Register::own(asker.bare.clone(), identity.provider.name(), &identity.id, resend);
    let registered = asker.call(Register { how, ..own }).await?;
    if let Some(send) = registered.send {
        return Ok(words.link_send(send.to.as_str(), send.text.as_str()));
    }
    Ok(match (registered.status, registered.goto) {
        (_, Some(url)) => words.link_goto(&url),
        (Status::Confirmed, None) => words.linked_already(),
        (Status::Pending, None) => words.chat_code_sent(),
    })
}

/// Returns `true` if `text` is a hash, or the beginning of one as lists of links and notices show it: no number has as many
/// digits without a plus sign or spaces.
fn is_hash(text: &str) -> bool {
    let beginning = text.trim_end_matches('…');
    beginning.len() >= Hash::SHORT && beginning.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The asker's links whose hashes begin with `text`, as lists of links and notices show them.
async fn begun(asker: &Asker, text: &str) -> Result<Vec<String>> {
    let beginning = text.trim_end_matches('…').to_lowercase();
    let links = asker.call(Links).await?;
    let hashes = links.iter().map(|link| link.hash.to_string());
    Ok(hashes.filter(|hash| hash.starts_with(&beginning)).collect())
}

/// `phone +44…`, `email name@example.org`, `name-of-provider id`, in any language, as `provider:id`; a number or an
/// address alone as it is.
fn named(text: &str) -> String {
    match text.split_once(char::is_whitespace) {
        Some((first, rest))
            if first.starts_with(char::is_alphabetic) && !first.contains([':', '@']) && kind(first).is_none() =>
        {
            format!("{first}:{rest}")
        }
        _ => of_kind(text),
    }
}

/// The same, but only with a word for a kind: a name may stand before the number of a contact.
fn of_kind(text: &str) -> String {
    let words = text.split_once(char::is_whitespace);
    let known = words.and_then(|(first, rest)| Some(format!("{}:{rest}", kind(first)?.name())));
    known.unwrap_or_else(|| text.to_owned())
}

/// Returns the provider that a word in any language stands for.
fn kind(text: &str) -> Option<Provider> {
    match word(text, Language::default()) {
        Some((Word::Phone, _)) => Some(Provider::Phone),
        Some((Word::Email, _)) => Some(Provider::Email),
        _ => None,
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ';', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// The Jabber IDs in a list, none only if there is no list: nobody means everybody by a comma. One alone is taken as it is,
/// because it may have commas in it.
fn jids(list: &str) -> Vec<String> {
    match list {
        "" => Vec::new(),
        one if parse_target(unquoted(one)).is_ok() => vec![unquoted(one).to_owned()],
        many => many
            .split([',', ';', '\n'])
            .map(|jid| unquoted(jid.trim()).to_owned())
            .collect(),
    }
}

/// Without what stands around it where a text names it.
fn unquoted(text: &str) -> &str {
    let pairs = [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('<', '>')];
    let within = |(open, close)| text.strip_prefix(open)?.strip_suffix(close);
    pairs.into_iter().find_map(within).map_or(text, str::trim)
}

#[cfg(test)]
mod tests;
