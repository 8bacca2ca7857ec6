//! The state of the running service, as its parts report it.

use std::collections::BTreeMap;
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
}

impl Sending {
    /// Returns `true` unless the last message was not accepted.
    pub fn works(&self) -> bool {
        self.last_failure <= self.last_success
    }
}

/// The state of all parts.
#[derive(Debug, Default)]
pub struct Health {
    xmpp: watch::Sender<XmppState>,
    sending: Mutex<BTreeMap<&'static str, Sending>>,
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

    /// Notes that there are messages of `queue` to be sent.
    pub fn offers(&self, queue: &'static str) {
        self.with_sending(|sending| _ = sending.entry(queue).or_default());
    }

    /// Notes the result of sending a message of `queue`.
    pub fn sent(&self, queue: &'static str, worked: bool, now: Millis) {
        self.with_sending(|sending| {
            let of_queue = sending.entry(queue).or_default();
            match worked {
                true => of_queue.last_success = Some(now),
                false => of_queue.last_failure = Some(now),
            }
        });
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
        health.offers("email");
        assert!(health.sending()["email"].works());
        health.sent("email", false, 1);
        assert!(!health.sending()["email"].works());
        health.sent("email", true, 2);
        assert!(health.sending()["email"].works());
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
