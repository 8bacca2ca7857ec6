//! The state of the running service, as its parts report it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::clock::Millis;

/// The connection to the XMPP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum XmppState {
    /// The first try is not over.
    #[default]
    Connecting,
    /// The handshake is done.
    Connected,
    /// There is no connection, for that reason; it is tried again.
    Down(String),
    /// Another instance has the connection.
    StandingBy,
}

/// The latest results of sending messages of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// The time of the last message that the other side has accepted since the start.
    pub last_success: Option<Millis>,
    /// The time of the last message that it has not accepted.
    pub last_failure: Option<Millis>,
    /// The ids of letters that were put off or refused since the last success, each for a reason of its own: at most five.
    pub not_accepted: BTreeSet<String>,
}

/// So many messages that are put off or refused, each for a reason of its own, and none that is accepted in between: they may have a
/// common one, as that the mail server relays for nobody.
const MANY: usize = 5;

impl Sending {
    /// Returns `true` unless messages cannot be sent since the last success.
    pub fn works(&self) -> bool {
        self.last_failure <= self.last_success
    }

    /// Returns `true` unless messages cannot be sent, or many were not accepted.
    pub fn works_well(&self) -> bool {
        self.works() && self.not_accepted.len() < MANY
    }
}

/// The state of all parts.
#[derive(Debug, Default)]
pub struct Health {
    xmpp: watch::Sender<XmppState>,
    sending: Mutex<BTreeMap<&'static str, Sending>>,
    changes: Mutex<Sending>,
}

impl Health {
    /// Sets the state of the connection to the XMPP server.
    pub fn set_xmpp(&self, state: XmppState) {
        self.xmpp.send_if_modified(|current| {
            let is_other = *current != state;
            *current = state;
            is_other
        });
    }

    /// Returns the state of the connection to the XMPP server, as it is and as it changes.
    pub fn xmpp(&self) -> watch::Receiver<XmppState> {
        self.xmpp.subscribe()
    }

    /// Notes the queues whose messages are sent; others are forgotten.
    pub fn offers(&self, queues: impl IntoIterator<Item = &'static str>) {
        self.with_sending(|sending| {
            let mut before = std::mem::take(sending);
            let offered = queues.into_iter();
            *sending = offered
                .map(|queue| (queue, before.remove(queue).unwrap_or_default()))
                .collect();
        });
    }

    /// Notes that the other side has accepted a message of `queue`.
    pub fn accepted(&self, queue: &'static str, now: Millis) {
        _ = self.of_queue(queue, |sending| {
            sending.last_success = Some(now);
            sending.not_accepted.clear();
        });
    }

    /// Notes that the letter of that id was put off or refused for a reason of its own, as if its recipient's server were away, or there
    /// were no such recipient. Returns `true` if it is one more than can be a coincidence.
    pub fn not_accepted(&self, queue: &'static str, letter: &str) -> bool {
        let is_one_more = self.of_queue(queue, |sending| {
            let ids = &mut sending.not_accepted;
            ids.len() < MANY && ids.insert(letter.to_owned()) && ids.len() == MANY
        });
        is_one_more.unwrap_or_default()
    }

    /// Notes that messages of `queue` cannot be sent.
    pub fn failed(&self, queue: &'static str, now: Millis) {
        _ = self.of_queue(queue, |sending| sending.last_failure = Some(now));
    }

    fn of_queue<T>(&self, queue: &'static str, change: impl FnOnce(&mut Sending) -> T) -> Option<T> {
        self.with_sending(|sending| sending.get_mut(queue).map(change))
    }

    /// Notes a change of the database, or that it could not be changed.
    pub fn changed(&self, worked: bool, now: Millis) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        match worked {
            true => changes.last_success = Some(now),
            false => changes.last_failure = Some(now),
        }
    }

    /// Returns the latest results of changing the database.
    pub fn changes(&self) -> Sending {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the latest results, by queue.
    pub fn sending(&self) -> BTreeMap<&'static str, Sending> {
        self.with_sending(|sending| sending.clone())
    }

    fn with_sending<T>(&self, look: impl FnOnce(&mut BTreeMap<&'static str, Sending>) -> T) -> T {
        look(&mut self.sending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_works_unless_the_last_try_failed() {
        let health = Health::default();
        health.offers(["email", "phone"]);
        assert!(health.sending()["email"].works());
        health.failed("email", 1);
        assert!(!health.sending()["email"].works());
        health.accepted("email", 2);
        assert!(health.sending()["email"].works());
        // One letter that is tried again and again tells nothing of others.
        for _ in 0..9 {
            assert!(!health.not_accepted("email", "1"));
        }
        assert!(health.sending()["email"].works_well());
        for nth in 2..9 {
            assert_eq!(health.not_accepted("email", &nth.to_string()), nth == MANY);
            assert_eq!(health.sending()["email"].works_well(), nth < MANY);
        }
        assert!(health.sending()["email"].works());
        health.accepted("email", 4);
        assert!(!health.not_accepted("email", "10") && health.sending()["email"].works_well());
        health.failed("phone", 3);
        health.offers(["email"]);
        assert_eq!(health.sending().into_keys().collect::<Vec<_>>(), ["email"]);
        assert_eq!(health.sending()["email"].last_success, Some(4));
    }

    #[test]
    fn the_same_state_is_no_news() {
        let health = Health::default();
        let mut xmpp = health.xmpp();
        health.set_xmpp(XmppState::Connecting);
        assert!(!xmpp.has_changed().unwrap());
        health.set_xmpp(XmppState::Down("refused".into()));
        assert_eq!(*xmpp.borrow_and_update(), XmppState::Down("refused".into()));
    }
}
