//! Proves an identity by a message from it to the service: its sender is the proof.
//!
//! The message has a word, which tells whose registration it finishes. The word is no secret: it is worth nothing without the sender.

use super::caller::Caller;
use super::error::{Error, Limit, Result};
use super::guesses::{Proven, are_same};
use super::limits::{Counter, DAY};
use super::link::Aliases;
use super::operation::{Effort, Operation, Rights};
use super::pending::{NewCode, PendingBox, Proof, Word};
use super::{By, Core, Service, Tx};
use crate::clock::millis;
use crate::meters;
use crate::model::{BareJid, Code, Identity, Mac, Provider};
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
    /// The text: a word, and the JID that will be linked, so that a person who is tricked into sending it sees whose it is.
    pub text: String,
}

/// Takes a message from an identity, after its sender was checked as far as possible. If it has the word of a registration of that
/// identity, the link is made, and the target told. Returns `true` then.
///
/// # Errors
/// `request_limit_reached` if too many wrong words came from there, `too_many_requested`, `internal_server_error`.
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

/// Returns the words in a text: digits of any script, in groups or not, on one line.
fn words(text: &str) -> Vec<Code> {
    let mut end = text.len().min(READ);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    // Letters are between words, and anything else between groups of digits.
    let pieces = text.split(|char: char| char.is_alphabetic() || char.is_control());
    let mut found: Vec<Code> = Vec::new();
    for piece in pieces {
        let groups = piece.split(|char: char| Code::typed(char.encode_utf8(&mut [0; 4])).is_empty());
        let groups: Vec<Code> = groups.map(Code::typed).filter(|group| !group.is_empty()).collect();
        for first in 0..groups.len() {
            let mut digits = String::new();
            let together = groups.iter().skip(first).find_map(|group| {
                digits += group.as_str();
                (digits.len() >= usize::from(DIGITS)).then(|| Code::typed(&digits))
            });
            let word = together.filter(|word| word.len() == usize::from(DIGITS));
            if let Some(word) = word.filter(|word| !found.iter().any(|known| known.as_str() == word.as_str())) {
                found.push(word);
            }
            if found.len() == WORDS {
                return found;
            }
        }
    }
    found
}

impl Core {
    /// Makes a word, and has a message with it waited for, unless one waits already and no other is requested.
    pub(super) fn expect_message(&self, tx: &Tx<'_>, by: By, new: NewCode) -> Result<ToWrite> {
        self.renew(tx, &new.target)?;
        let now = self.clock.now();
        let owner = self.keys.owner(&new.target);
        let waiting = tx
            .pending(&new.id, &owner)?
            .filter(|old| self.is_live(old, By::Target, now));
        let waiting = waiting.and_then(|old| Some((self.open_pending(&old)?, old)));
        let mut others = None;
        if let Some((remembered, old)) = waiting {
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
        self.count_code(tx, by, &new)?;
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
        self.count_code(tx, By::Anybody, new)?;
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

    /// Counts the wrong words from an identity.
    pub(super) fn words_of_day(&self, identity: &Mac) -> Counter {
        Counter {
            key: self.keys.quota("words", &[identity]),
            name: Limit::Guesses,
            limit: self.settings.limits.guesses_per_day,
            window: DAY,
        }
    }

    /// Makes the link whose word is among `words`, which came from `identity`. Returns its provider; `None` if none is right.
    fn take_words(&self, tx: &Tx<'_>, identity: &Identity, words: &[Code]) -> Result<Option<Provider>> {
        let hash = identity.hash();
        self.renew_waiting(tx, &hash)?;
        let (id, now) = (self.keys.id(&hash), self.clock.now());
        let live = tx.pendings(&id)?.into_iter().filter(|waiting| waiting.expires_at > now);
        let opened = live.filter_map(|waiting| Some((self.open_pending(&waiting)?, waiting)));
        let waiting: Vec<_> = opened
            .filter(|(remembered, _)| remembered.proof.word().or(remembered.others.as_ref()).is_some())
            .collect();
        if waiting.is_empty() {
            return Ok(None);
        }
        let (of_day, count) = (self.words_of_day(&id), u32::try_from(words.len()).unwrap_or(u32::MAX));
        of_day.check(tx, now, count)?;
        let found = waiting.into_iter().find_map(|(remembered, waiting)| {
            let (by, word) = meant(&remembered, words)?;
            Some((by, word.language, remembered, waiting))
        });
        let Some((by, language, remembered, waiting)) = found else {
            of_day.add(tx, now, count)?;
            return Ok(None);
        };
        let proven = Proven::by_writing(waiting, remembered);
        let verified = self.verified(tx, by, proven, hash, language)?;
        Ok(verified.provider)
    }
}

/// Returns the word of a registration that is among `words`, and whose it is.
fn meant(remembered: &PendingBox, words: &[Code]) -> Option<(By, Word)> {
    let own = if remembered.by_target { By::Target } else { By::Anybody };
    let of_proof = remembered.proof.word().map(|word| (own, word));
    let all = of_proof
        .into_iter()
        .chain(remembered.others.as_ref().map(|word| (By::Anybody, word)));
    let is_there = |word: &Word| {
        words
            .iter()
            .any(|written| are_same(written.as_str(), word.digits.as_str()))
    };
    all.filter(|(_, word)| is_there(word))
        .map(|(by, word)| (by, word.clone()))
        .next()
}
