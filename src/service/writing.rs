//! Proves an identity by a message from it to the service: its sender is the proof.
//!
//! The message has a word, which tells whose registration it finishes. The word is no secret: it is worth nothing without the sender.

use super::caller::{Caller, Who};
use super::error::{Error, Result};
use super::guesses::are_same;
use super::link::Aliases;
use super::operation::{Effort, Operation, Rights};
use super::pending::{NewCode, PendingBox, Proof, Word};
use super::proven::Proven;
use super::{By, Core, Service, Tx};
use crate::clock::millis;
use crate::language::Language;
use crate::meters;
use crate::model::{BareJid, Code, Identity, Provider, parse_target};
use crate::store::Pending;

/// The digits of a word.
const DIGITS: u8 = 8;
/// The words of a message that are compared.
const WORDS: usize = 3;
/// The bytes of a message that are read.
const READ: usize = 4096;

/// A message that proves an identity, which must be its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToWrite {
    /// The number or address of the service.
    pub to: String,
    /// The text: a word, and the JID that will be linked.
    pub text: String,
}

/// Takes a message from an identity, after its sender was checked as far as possible. If it has the word of a registration of that
/// identity, the link is made, and the target told. Returns `true` then.
///
/// # Errors
/// `too_many_requested`, `internal_server_error`.
pub struct Written {
    /// The sender.
    pub identity: Identity,
    /// The text.
    pub text: String,
}

impl Operation for Written {
    type Reply = bool;
    const NAME: &'static str = "written";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Inboxes
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<bool> {
        let Self { identity, text } = self;
        let words = words(&text);
        if words.is_empty() || service.settings().inbox(&identity).is_none() {
            return Ok(false);
        }
        let linked = service.change(move |core, tx| core.take_words(tx, &identity, &words));
        let linked = linked.await?;
        if let Some(provider) = &linked {
            meters::code(provider.name(), "verified");
        }
        Ok(linked.is_some())
    }
}

impl Service {
    /// Takes a message that came to an inbox. Returns its result for the metrics: `linked`, `unknown`, or `refused` by a limit. Nobody
    /// waits for an answer.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn take_written(&self, written: Written) -> Result<&'static str> {
        let inbox = Caller {
            who: Who::Inbox,
            language: None,
        };
        match self.call(&inbox, written).await {
            Ok(true) => Ok("linked"),
            Ok(false) => Ok("unknown"),
            Err(error @ Error::Internal(_)) => Err(error),
            Err(_) => Ok("refused"),
        }
    }
}

/// A word and the JID behind it, as a message has them.
struct WordOfJid {
    word: Code,
    jid: BareJid,
}

/// Returns the words in a text: the last eight digits before a JID, of any script, in groups or not. Who is tricked into writing a word
/// sees by the JID whose it is: so one without it counts for nothing.
fn words(text: &str) -> Vec<WordOfJid> {
    let mut end = text.len().min(READ);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = text.get(..end).unwrap_or_default();
    let mut found = Vec::new();
    while let Some(at) = rest.find('@').filter(|_| found.len() < WORDS) {
        let begin = rest[..at].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let end = rest[at..]
            .find(char::is_whitespace)
            .map_or(rest.len(), |space| at + space);
        // Letters are between words, and anything else between groups of digits.
        let digits = rest[..begin].rsplit(char::is_alphabetic).next().unwrap_or_default();
        found.extend(named(digits, &rest[begin..end]));
        rest = &rest[end..];
    }
    found
}

fn named(digits: &str, jid: &str) -> Option<WordOfJid> {
    let digits = Code::typed(digits);
    let word = digits.as_str().get(digits.len().checked_sub(DIGITS.into())?..)?;
    let around = |char: char| !char.is_alphanumeric() && !"@.-_".contains(char);
    let jid = jid.trim_matches(around).trim_end_matches('.');
    Some(WordOfJid {
        word: Code::typed(word),
        jid: parse_target(jid).ok()?,
    })
}

impl Core {
    /// Makes a word, and has a message with it waited for, unless one waits already and no other is requested.
    pub(super) fn expect_message(&self, tx: &Tx<'_>, by: By, new: NewCode) -> Result<ToWrite> {
        let (now, owner) = (self.clock.now(), self.keys.owner(&new.target));
        let mut others = None;
        if let Some((remembered, old)) = self.waiting(tx, &new)? {
            if by == By::Anybody && remembered.by_target {
                return self.expect_from_others(tx, &new, remembered, old);
            }
            if let Some(word) = remembered.proof.word()
                && self.stays(&old, by, new.resend)
            {
                let send = self.to_write(&new.identity, &new.target, word)?;
                self.remember_who_asked(tx, by, remembered, &old)?;
                return Ok(send);
            }
            others = remembered.word_of_others().filter(|_| by == By::Target).cloned();
        }
        self.count_word(tx, by, &new)?;
        self.drop_pending(tx, &new.id, &owner)?;
        let word = self.new_word(&new);
        let send = self.to_write(&new.identity, &new.target, &word)?;
        let expires_at = now + millis(self.settings.codes.of(&new.identity.provider).expires);
        let remembered = PendingBox {
            target: new.target,
            hash: new.proves,
            aliases: Aliases::of(&new.identity),
            code: None,
            by_target: by == By::Target,
            is_undelivered: false,
            range: None,
            counts_in_range: false,
            report: None,
            spellings: Vec::new(),
            others,
            proof: Proof::Write {
                word,
                mailbox: new.identity.mailbox().hash(),
                by_anybody: false,
            },
            provider: new.identity.provider,
        };
        // A code that nobody has, and nobody can type.
        let code = Code::state(&self.random_word());
        self.put_pending(tx, &new.id, &code, expires_at, remembered)?;
        Ok(send)
    }

    /// The same for anybody who asks in the name of a target that has asked itself. The target's registration stays, and nobody
    /// learns that there is one.
    fn expect_from_others(
        &self,
        tx: &Tx<'_>,
        new: &NewCode,
        mut remembered: PendingBox,
        old: Pending,
    ) -> Result<ToWrite> {
        if let Some(word) = remembered.others.as_ref().filter(|_| !new.resend) {
            return self.to_write(&new.identity, &new.target, word);
        }
        self.count_word(tx, By::Anybody, new)?;
        let word = self.new_word(new);
        let send = self.to_write(&new.identity, &new.target, &word)?;
        remembered.others = Some(word);
        remembered.proof.set_by_anybody(false);
        tx.put_pending(&self.seal_pending(old, &remembered)?)?;
        Ok(send)
    }

    fn new_word(&self, new: &NewCode) -> Word {
        Word {
            digits: Code::random(DIGITS, &mut self.rng()),
            language: new.language,
        }
    }

    fn to_write(&self, identity: &Identity, target: &BareJid, word: &Word) -> Result<ToWrite> {
        Ok(ToWrite {
            to: self.settings.inbox(identity).ok_or(Error::NotByWriting)?.to_owned(),
            text: format!("{} {target}", word.digits),
        })
    }

    /// Makes the link whose word is among `words`, which came from `identity`. Returns its provider; `None` if none is right.
    fn take_words(&self, tx: &Tx<'_>, identity: &Identity, words: &[WordOfJid]) -> Result<Option<Provider>> {
        let hash = identity.hash();
        self.renew_waiting(tx, &hash)?;
        let (id, now) = (self.keys.id(&hash), self.clock.now());
        let live = tx.pendings(&id)?.into_iter().filter(|waiting| waiting.expires_at > now);
        let found = live
            .filter_map(|waiting| Some((self.open_pending(&waiting)?, waiting)))
            .find_map(|(remembered, waiting)| {
                let (by, language) = meant(&remembered, words)?;
                Some((by, language, Proven::by_writing(waiting, remembered)))
            });
        let Some((by, language, proven)) = found else {
            return Ok(None);
        };
        let verified = self.verified(tx, by, proven, hash, language)?;
        Ok(verified.provider)
    }
}

/// Returns the person whose word for a registration is among `words`, and their language.
fn meant(remembered: &PendingBox, words: &[WordOfJid]) -> Option<(By, Language)> {
    let own = if remembered.by_target { By::Target } else { By::Anybody };
    let of_proof = remembered.proof.word().map(|word| (own, word));
    let of_others = remembered.others.as_ref().map(|word| (By::Anybody, word));
    let is_there = |word: &Word| {
        let is_it = |written: &WordOfJid| {
            written.jid == remembered.target && are_same(written.word.as_str(), word.digits.as_str())
        };
        words.iter().any(is_it)
    };
    let all = of_proof.into_iter().chain(of_others);
    all.filter(|(_, word)| is_there(word))
        .map(|(by, word)| (by, word.language))
        .next()
}
