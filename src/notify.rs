//! Tells the service manager how the service is doing (systemd's `sd_notify(3)`): ready, reloading, stopping, alive, and its status in
//! words. Without a service manager that asks for it (`NOTIFY_SOCKET`), nothing is told.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::health::XmppState;

/// Tells that the service is ready, and its status.
pub fn ready(state: &XmppState) {
    tell(&[NotifyState::Ready, NotifyState::Status(&status(state))]);
}

/// Tells its status.
pub fn status_is(state: &XmppState) {
    tell(&[NotifyState::Status(&status(state))]);
}

/// Tells that the configuration is being read again; [`ready`] ends that.
pub fn reloading() {
    let since = NotifyState::monotonic_usec_now();
    let states = [NotifyState::Reloading].into_iter().chain(since.ok());
    tell(&states.collect::<Vec<_>>());
}

/// Tells that the service stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells that the service is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Returns the longest time between two signs of life; `None` if nobody waits for them.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn status(state: &XmppState) -> String {
    match state {
        XmppState::Connecting => "Connecting to the XMPP server".into(),
        XmppState::Connected => "Connected to the XMPP server".into(),
        XmppState::Down(reason) => format!("Not connected to the XMPP server: {}; trying again", one_line(reason)),
        XmppState::StandingBy => "Standing by: another instance leads".into(),
    }
}

/// A new line would begin another assignment.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A service manager that does not listen is no reason to fail.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        let status = status(&XmppState::Down("a\nREADY=0\r\nb".into()));
        assert!(!status.contains(['\n', '\r']), "{status}");
    }
}
