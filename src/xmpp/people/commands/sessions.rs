//! The commands that people are in the middle of. They belong to a full JID and are kept in memory alone.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use xmpp_parsers::jid::Jid;

use super::Step;
use crate::clock::{Millis, millis};
use crate::xmpp::people::recent::{Own, Recent};

/// The time limit for a step.
const LIVES: Duration = Duration::from_secs(15 * 60);
/// The time for which a session is known to have expired.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Sessions of one account.
const OF_ONE: usize = 10;

/// The client, and the session's id.
pub type SessionKey = (Jid, String);

/// A command that is being executed.
pub struct FormSession {
    /// The command.
    pub command: &'static str,
    /// The steps so far; the last is the current one.
    pub steps: Vec<Box<dyn Step>>,
}

/// The result of a search for a session.
pub enum FoundSession {
    /// It is open.
    Open(FormSession),
    /// It took too long.
    Expired,
    /// There is none, or it is somebody else's.
    Nothing,
}

/// A session, or the fact that it has expired.
struct Slot {
    /// A hash of the key: keys may be long and would fill the memory. It has no meaning outside this process.
    key: u64,
    touched: Millis,
    /// `None` once it has expired: the typed answers are forgotten.
    session: Option<FormSession>,
}

/// All of them, by account, the oldest first.
pub struct Sessions {
    slots: Recent<Vec<Slot>>,
    hasher: RandomState,
}

impl Sessions {
    /// None yet; `own` are the domains of the own server.
    pub fn new(own: Own) -> Self {
        Self {
            slots: Recent::new(REMEMBERED, own),
            hasher: RandomState::new(),
        }
    }

    /// Takes a session, to work on it.
    pub fn take(&self, key: &SessionKey, now: Millis) -> FoundSession {
        let hash = self.hasher.hash_one(key);
        self.slots.with(&key.0.to_bare(), now, |slots| {
            expire(slots, now);
            let Some(at) = slots.iter().position(|slot| slot.key == hash) else {
                return FoundSession::Nothing;
            };
            match slots[at].session.take() {
                Some(session) => {
                    slots.remove(at);
                    FoundSession::Open(session)
                }
                None => FoundSession::Expired,
            }
        })
    }

    /// Keeps a session until it is taken again, expires, or makes room for newer ones.
    pub fn put(&self, key: &SessionKey, session: FormSession, now: Millis) {
        let hash = self.hasher.hash_one(key);
        self.slots.with(&key.0.to_bare(), now, |slots| {
            expire(slots, now);
            if slots.len() >= OF_ONE {
                slots.remove(0);
            }
            slots.push(Slot {
                key: hash,
                touched: now,
                session: Some(session),
            });
        });
    }
}

fn expire(slots: &mut Vec<Slot>, now: Millis) {
    slots.retain(|slot| slot.touched + millis(REMEMBERED) > now);
    for slot in slots {
        if slot.touched + millis(LIVES) <= now {
            slot.session = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn key(resource: &str, id: &str) -> SessionKey {
        (Jid::new(&format!("amy@example.org/{resource}")).unwrap(), id.into())
    }

    fn session() -> FormSession {
        FormSession {
            command: "link",
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_session_is_its_owners_and_is_taken_once() {
        let sessions = Sessions::new(Own::default());
        sessions.put(&key("phone", "1"), session(), NOW);
        assert!(matches!(sessions.take(&key("laptop", "1"), NOW), FoundSession::Nothing));
        assert!(matches!(sessions.take(&key("phone", "2"), NOW), FoundSession::Nothing));
        assert!(matches!(sessions.take(&key("phone", "1"), NOW), FoundSession::Open(_)));
        assert!(matches!(sessions.take(&key("phone", "1"), NOW), FoundSession::Nothing));
    }

    #[test]
    fn a_session_expires_and_what_was_typed_with_it() {
        let sessions = Sessions::new(Own::default());
        sessions.put(&key("phone", "1"), session(), NOW);
        let take = |later: Duration| sessions.take(&key("phone", "1"), NOW + millis(later));
        assert!(matches!(take(LIVES), FoundSession::Expired));
        assert!(matches!(take(REMEMBERED), FoundSession::Nothing));
    }

    #[test]
    fn a_new_session_makes_an_old_one_go() {
        let sessions = Sessions::new(Own::default());
        for n in 0..=OF_ONE {
            sessions.put(&key("phone", &n.to_string()), session(), NOW);
        }
        assert!(matches!(sessions.take(&key("phone", "0"), NOW), FoundSession::Nothing));
        assert!(matches!(sessions.take(&key("phone", "1"), NOW), FoundSession::Open(_)));
    }
}
