//! Tells if the service can do its work.

use std::time::Duration;

use super::samples::Samples;
use crate::clock::{Millis, millis};
use crate::health::{Sending, XmppState};
use crate::service::Service;

/// The database is changed each minute, at least to note the time. Without a change for this time, something is wrong.
const UNCHANGED: Duration = Duration::from_secs(150);
/// A queue is stuck if its oldest message is older than this, and messages could not be sent for as long.
const STUCK: Duration = Duration::from_secs(15 * 60);

/// The state of each part.
pub struct Readiness {
    /// The parts, each with its state: `Err` if the service cannot do its work because of it.
    parts: Vec<(String, Result<String, String>)>,
}

impl Readiness {
    /// Returns `true` if no part is at fault.
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|(_, state)| state.is_ok())
    }

    /// Returns `ok`, or the parts that are at fault.
    pub fn short(&self) -> String {
        match self.is_ready() {
            true => "ok\n".into(),
            false => self.lines(|state| state.is_err()),
        }
    }

    /// Returns all parts.
    pub fn verbose(&self) -> String {
        self.lines(|_| true)
    }

    fn lines(&self, is_shown: impl Fn(&Result<String, String>) -> bool) -> String {
        let shown = self.parts.iter().filter(|(_, state)| is_shown(state));
        let line = |(part, state): &(String, Result<String, String>)| match state {
            Ok(good) => format!("ok     {part}: {good}\n"),
            Err(bad) => format!("FAILED {part}: {bad}\n"),
        };
        shown.map(line).collect()
    }
}

/// Looks at all parts.
pub fn look(service: &Service, samples: &Samples) -> Readiness {
    let now = service.clock().now();
    let (state, sending) = (service.health().xmpp().borrow().clone(), service.health().sending());
    let mut parts = vec![
        ("xmpp".to_owned(), xmpp(&state)),
        ("database".to_owned(), database(service.health().changes(), now)),
    ];
    for (queue, age) in samples.ages() {
        let of_queue = sending.get(queue).cloned().unwrap_or_default();
        parts.push((format!("outbox {queue}"), outbox(age, &of_queue, now)));
    }
    for (queue, of_queue) in &sending {
        parts.push((format!("sending {queue}"), Ok(last_success(of_queue, now))));
    }
    Readiness { parts }
}

fn xmpp(state: &XmppState) -> Result<String, String> {
    match state {
        XmppState::Connected => Ok("connected".into()),
        XmppState::StandingBy => Ok("standing by: another instance leads".into()),
        XmppState::Connecting => Err("not connected yet".into()),
        XmppState::Down(reason) => Err(format!("not connected: {reason}")),
    }
}

fn database(changes: Sending, now: Millis) -> Result<String, String> {
    let last = changes.last_success.unwrap_or_default();
    match changes.works() && now < last + millis(UNCHANGED) {
        true => Ok(format!("changed {} s ago", now.saturating_sub(last) / 1000)),
        false => Err("it cannot be changed; see the log".into()),
    }
}

fn outbox(age: Duration, sending: &Sending, now: Millis) -> Result<String, String> {
    let failed_long = sending.last_success.is_none_or(|last| now >= last + millis(STUCK));
    let oldest = format!("the oldest message waits for {} s", age.as_secs());
    match age > STUCK && !sending.works() && failed_long {
        true => Err(format!("{oldest}, and messages cannot be sent")),
        false => Ok(oldest),
    }
}

fn last_success(sending: &Sending, now: Millis) -> String {
    let ago = |then: Millis| format!("{} s ago", now.saturating_sub(then) / 1000);
    let last = sending.last_success.map_or("none since the start".into(), ago);
    match sending.last_failure.filter(|_| !sending.works()) {
        Some(failed) => format!("last success: {last}; fails since then, last {}", ago(failed)),
        None => format!("last success: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_stuck_if_messages_cannot_be_sent_for_long() {
        let (long, now) = (2 * STUCK, millis(STUCK) * 4);
        let was = |last_success, last_failure| Sending {
            last_success,
            last_failure,
            ..Sending::default()
        };
        assert!(outbox(Duration::ZERO, &was(None, Some(now)), now).is_ok());
        assert!(outbox(long, &was(None, Some(now)), now).is_err());
        assert!(outbox(long, &was(Some(0), Some(now)), now).is_err());
        assert!(outbox(long, &was(Some(now - 2), Some(now - 1)), now).is_ok());
        // One recipient's server is away, or another instance sends.
        assert!(outbox(long, &was(Some(0), None), now).is_ok());
        assert!(outbox(long, &was(None, None), now).is_ok());
    }

    #[test]
    fn a_database_that_does_not_change_is_at_fault() {
        let was = |last_success, last_failure| Sending {
            last_success: Some(last_success),
            last_failure,
            ..Sending::default()
        };
        let now = millis(UNCHANGED);
        assert!(database(was(1, None), now).is_ok());
        assert!(database(was(1, Some(2)), now).is_err());
        assert!(database(was(3, Some(2)), now).is_ok());
        assert!(database(was(0, None), now).is_err());
    }

    #[test]
    fn a_part_at_fault_is_named() {
        let readiness = Readiness {
            parts: vec![
                ("xmpp".into(), Err("not connected: refused".into())),
                ("database".into(), Ok("changed 1 s ago".into())),
            ],
        };
        assert!(!readiness.is_ready());
        assert_eq!(readiness.short(), "FAILED xmpp: not connected: refused\n");
        assert!(readiness.verbose().contains("ok     database: changed 1 s ago\n"));
    }
}
