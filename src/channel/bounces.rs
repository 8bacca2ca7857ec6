//! Messages that may come back, and those that did. Strangers cannot add to them: a message is accepted if it was
//! expected back, from where it went, and once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Letter;
use crate::clock::Millis;
use crate::model::{BareJid, canonical_jid};

/// The reason why messages come back. The reasons are grouped by the person who can change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BounceKind {
    /// The recipient's server has no such account, or stores nothing for it.
    Nobody,
    /// The recipient, or their server, does not want it.
    Refused,
    /// The storage for the recipient is full.
    Full,
    /// The recipient's server has put it into their archive before it found that it cannot be delivered.
    Archived,
    /// The recipient's server cannot be reached.
    Unreachable,
    /// Anything else: a server failed.
    Unclear,
}

/// The reason why a message came back, in words that reveal only the recipient's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The kind of the reason.
    pub kind: BounceKind,
    /// The condition of the error (RFC 6120, 8.3.3).
    pub condition: String,
    /// The recipient's server.
    pub domain: String,
}

/// The messages of one channel that were sent and may come back.
#[derive(Default)]
pub struct Bounces {
    /// Ids and addresses are stored as hashes that nobody can predict: they take little memory, and reveal nothing.
    hasher: RandomState,
    state: Mutex<AwaitedMessages>,
    came: Notify,
}

#[derive(Default)]
struct AwaitedMessages {
    /// By the message's id.
    expected: HashMap<u64, Expected>,
    /// Rows of messages that came back.
    came: Vec<(i64, Reason)>,
}

struct Expected {
    row: i64,
    account: u64,
    domain: u64,
    until: Millis,
}

impl Bounces {
    /// Notes that the letter in `row` may come back until about `until`.
    pub fn expect(&self, row: i64, letter: &Letter, until: Millis) {
        let Some(to) = letter.message.recipient() else { return };
        let expected = Expected {
            row,
            account: self.account(&to),
            domain: self.domain(&to),
            until,
        };
        self.state()
            .expected
            .insert(self.hasher.hash_one(&*letter.id), expected);
    }

    /// Notes that the letter of that id is not expected back any more.
    pub fn forget(&self, id: &str) {
        self.state().expected.remove(&self.hasher.hash_one(id));
    }

    /// Forgets the messages that were expected until `now` at the latest: they were withdrawn.
    pub fn sweep(&self, now: Millis) {
        self.state().expected.retain(|_, expected| now < expected.until);
    }

    /// Notes that the message `id` came back in the name of `from`, for a `reason`. Returns `false`, and notes nothing,
    /// if none is expected from there: from the account to which it went, or from that account's server.
    pub fn take(&self, id: &str, from: &BareJid, reason: impl FnOnce() -> Reason) -> bool {
        let id = self.hasher.hash_one(id);
        let mut state = self.state();
        let is_theirs = |expected: &Expected| match from.node() {
            Some(_) => expected.account == self.account(from),
            None => expected.domain == self.domain(from),
        };
        if !state.expected.get(&id).is_some_and(is_theirs) {
            return false;
        }
        let back = state.expected.remove(&id).map(|expected| (expected.row, reason()));
        state.came.extend(back);
        self.came.notify_one();
        true
    }

    /// Resolves when a message has come back.
    pub async fn came(&self) {
        self.came.notified().await;
    }

    /// Returns the rows of the messages that came back since the last call, and the reasons.
    pub fn take_all(&self) -> Vec<(i64, Reason)> {
        std::mem::take(&mut self.state().came)
    }

    /// Returns the hash of an account, which does not depend on the spelling of its domain.
    fn account(&self, jid: &BareJid) -> u64 {
        self.hasher.hash_one(canonical_jid(jid))
    }

    fn domain(&self, jid: &BareJid) -> u64 {
        let domain = BareJid::from_parts(None, jid.domain());
        self.hasher.hash_one(canonical_jid(&domain))
    }

    fn state(&self) -> MutexGuard<'_, AwaitedMessages> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::channel::Message;
    use crate::language::Language;

    fn jid(text: &str) -> BareJid {
        BareJid::new(text).unwrap()
    }

    fn reason() -> Reason {
        Reason {
            kind: BounceKind::Nobody,
            condition: "gone".into(),
            domain: "example.net".into(),
        }
    }

    fn take(bounces: &Bounces, id: &str, from: &BareJid) -> bool {
        bounces.take(id, from, reason)
    }

    fn letter(id: &str, to: &str) -> Letter {
        let message = Message::Introduction {
            to: jid(to),
            from: jid("eve@example.org"),
            details: Vec::new(),
            via: None,
        };
        Letter::new(id, Language::English, message)
    }

    #[tokio::test]
    async fn a_message_comes_back_once_from_where_it_went() {
        let bounces = Bounces::default();
        assert!(!take(&bounces, "1", &jid("amy@example.net")));
        bounces.expect(7, &letter("1", "amy@example.net"), 100);
        for other in ["eve@example.net", "example.org", "amy@example.org"] {
            assert!(!take(&bounces, "1", &jid(other)), "{other}");
        }
        assert!(bounces.take_all().is_empty());
        assert!(take(&bounces, "1", &jid("amy@example.net")));
        bounces.came().await;
        assert_eq!(bounces.take_all(), [(7, reason())]);
        assert!(!take(&bounces, "1", &jid("amy@example.net")) && bounces.take_all().is_empty());
    }

    #[test]
    fn a_server_speaks_for_its_accounts_however_it_is_spelled() {
        let bounces = Bounces::default();
        for (row, to, from) in [
            (1, "amy@example.net", "example.net"),
            (2, "amy@bücher.example", "xn--bcher-kva.example"),
            (3, "amy@xn--bcher-kva.example", "amy@bücher.example"),
        ] {
            bounces.expect(row, &letter("1", to), 100);
            assert!(take(&bounces, "1", &jid(from)), "{from}");
            assert_eq!(bounces.take_all(), [(row, reason())]);
        }
    }

    #[test]
    fn strangers_cannot_fill_the_memory_or_push_a_message_out() {
        let bounces = Bounces::default();
        bounces.expect(7, &letter("1", "amy@example.net"), 100);
        for n in 0..10_000 {
            assert!(!take(&bounces, &format!("forged {n}"), &jid("amy@example.net")));
        }
        assert_eq!(bounces.state().expected.len(), 1);
        assert!(take(&bounces, "1", &jid("amy@example.net")));
    }

    #[test]
    fn what_was_withdrawn_is_forgotten() {
        let bounces = Bounces::default();
        bounces.expect(7, &letter("1", "amy@example.net"), 100);
        bounces.expect(8, &letter("2", "amy@example.net"), 100);
        bounces.sweep(99);
        bounces.forget("2");
        assert_eq!(bounces.state().expected.len(), 1);
        bounces.sweep(100);
        assert!(bounces.state().expected.is_empty());
    }
}
