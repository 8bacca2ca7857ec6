//! The commands that people are in the middle of. They belong to a full JID and are kept in memory alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use xmpp_parsers::jid::Jid;

use super::Step;
use crate::clock::{Millis, millis};

/// A step may take so long.
const LIVES: Duration = Duration::from_secs(15 * 60);
/// For so long it is known that a session has expired.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Open sessions of one full JID, and of everybody.
const OF_ONE: usize = 10;
const OF_ALL: usize = 10_000;

/// Whose, and which.
pub type Key = (Jid, String);

/// A command that is being executed.
pub struct Session {
    /// Which command.
    pub command: &'static str,
    /// The steps so far; the last is the current one.
    pub steps: Vec<Box<dyn Step>>,
}

/// What there is of a session.
pub enum Found {
    /// It is open.
    Open(Session),
    /// It took too long.
    Expired,
    /// There is none, or it is somebody else's.
    Nothing,
}

/// A session, or that there was one.
struct Slot {
    touched: Millis,
    /// Nothing once it has expired: what was typed is forgotten.
    session: Option<Session>,
}

/// All of them.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Key, Slot>>);

impl Sessions {
    /// Takes a session, to work on it.
    pub fn take(&self, key: &Key, now: Millis) -> Found {
        let mut slots = self.expired_left_out(now);
        match slots.get(key) {
            Some(Slot { session: None, .. }) => Found::Expired,
            Some(_) => slots
                .remove(key)
                .and_then(|slot| slot.session)
                .map_or(Found::Nothing, Found::Open),
            None => Found::Nothing,
        }
    }

    /// Keeps a session until it is taken again, or expires; tells whether there was room.
    pub fn put(&self, key: Key, session: Session, now: Millis) -> bool {
        let mut slots = self.expired_left_out(now);
        let open = |slot: &&Slot| slot.session.is_some();
        let of_one = slots.iter().filter(|((jid, _), _)| *jid == key.0).map(|(_, slot)| slot);
        if of_one.filter(open).count() >= OF_ONE || slots.len() >= OF_ALL {
            return false;
        }
        let slot = Slot {
            touched: now,
            session: Some(session),
        };
        slots.insert(key, slot);
        true
    }

    fn expired_left_out(&self, now: Millis) -> std::sync::MutexGuard<'_, HashMap<Key, Slot>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| slot.touched + millis(REMEMBERED) > now);
        for slot in slots.values_mut() {
            if slot.touched + millis(LIVES) <= now {
                slot.session = None;
            }
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    fn key(resource: &str, id: &str) -> Key {
        (Jid::new(&format!("amy@example.org/{resource}")).unwrap(), id.into())
    }

    fn session() -> Session {
        Session {
            command: "link",
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_session_is_its_owners_and_is_taken_once() {
        let sessions = Sessions::default();
        assert!(sessions.put(key("phone", "1"), session(), NOW));
        assert!(matches!(sessions.take(&key("laptop", "1"), NOW), Found::Nothing));
        assert!(matches!(sessions.take(&key("phone", "2"), NOW), Found::Nothing));
        assert!(matches!(sessions.take(&key("phone", "1"), NOW), Found::Open(_)));
        assert!(matches!(sessions.take(&key("phone", "1"), NOW), Found::Nothing));
    }

    #[test]
    fn a_session_expires_and_what_was_typed_with_it() {
        let sessions = Sessions::default();
        sessions.put(key("phone", "1"), session(), NOW);
        assert!(matches!(
            sessions.take(&key("phone", "1"), NOW + millis(LIVES)),
            Found::Expired
        ));
        assert!(matches!(
            sessions.take(&key("phone", "1"), NOW + millis(REMEMBERED)),
            Found::Nothing
        ));
    }

    #[test]
    fn open_sessions_are_bounded() {
        let sessions = Sessions::default();
        let open = (0..50).filter(|n| sessions.put(key("phone", &n.to_string()), session(), NOW));
        assert_eq!(open.count(), OF_ONE);
        assert!(sessions.put(key("laptop", "1"), session(), NOW));
        assert!(sessions.put(key("phone", "later"), session(), NOW + millis(LIVES)));
    }
}
