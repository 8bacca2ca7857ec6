//! The handling of messages that came back: the times of further tries, and the log for the admin.

use std::collections::HashSet;
use std::time::Duration;

use crate::channel::{BounceKind, Reason};
use crate::clock::{Millis, millis};

const DAY: Duration = hours(24);
/// Soon, because the recipient may be a phone that has lost its network, for which the server stores messages from now
/// on.
const NOBODY: [Duration; 3] = [SOON, DAY, hours(5 * 24)];
const REFUSED: [Duration; 2] = [DAY, hours(3 * 24)];
/// Until the recipient has read the stored messages.
const FULL: [Duration; 3] = [hours(1), DAY, hours(3 * 24)];
/// Most clients read the archive. A recipient whose client does not gets a second copy.
const ARCHIVED: [Duration; 1] = [DAY];
/// These leave no copy, because nobody has received the message. The last is repeated.
const UNREACHABLE: [Duration; 6] = [SOON, minutes(3), minutes(15), hours(1), hours(6), DAY];
/// The last is repeated.
const UNCLEAR: [Duration; 7] = [
    Duration::from_secs(15),
    minutes(1),
    minutes(5),
    minutes(15),
    hours(1),
    hours(6),
    DAY,
];
const SOON: Duration = Duration::from_secs(30);

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

const fn hours(hours: u64) -> Duration {
    minutes(60 * hours)
}

/// Each kind of trouble is logged once in this time.
const QUIET: Duration = DAY;
/// The largest number of kinds of trouble that are logged in that time, because anybody can have a code sent to any
/// domain.
const MOST: usize = 100;

/// Returns the pause after which a message that came back for the `nth` time is sent again; `None` if it is not.
///
/// Each time may leave a copy in the recipient's archive, and be one more that a phone shows (XEP-0313, 5.1.3, has
/// servers archive what they cannot deliver). So there are few tries, and long pauses between them where only a person
/// can change anything.
pub fn pause(kind: BounceKind, nth: u32) -> Option<Duration> {
    let (pauses, is_repeated): (&[Duration], bool) = match kind {
        BounceKind::Nobody => (&NOBODY, false),
        BounceKind::Refused => (&REFUSED, false),
        BounceKind::Full => (&FULL, false),
        BounceKind::Archived => (&ARCHIVED, false),
        BounceKind::Unreachable => (&UNREACHABLE, true),
        BounceKind::Unclear => (&UNCLEAR, true),
    };
    let at = nth.saturating_sub(1) as usize;
    let last = pauses.last().filter(|_| is_repeated);
    pauses.get(at).or(last).copied()
}

/// The reasons that the log has had recently.
#[derive(Default)]
pub struct Told {
    until: Millis,
    reasons: HashSet<(BounceKind, String, String)>,
}

impl Told {
    /// Logs the reason why messages come back, once for each kind, condition and domain.
    pub fn tell(&mut self, reason: &Reason, now: Millis) {
        if !self.is_news(reason, now) {
            return;
        }
        let Reason {
            kind,
            condition,
            domain,
        } = reason;
        let (why, remedy) = match kind {
            BounceKind::Nobody => (
                "nobody is there",
                "none is needed: after some days, the links of that account must be proven again",
            ),
            BounceKind::Refused => (
                "they are refused",
                "if it is your server, let the component's messages through (see the README); otherwise the recipient wants it so",
            ),
            BounceKind::Full => (
                "the recipient's storage is full",
                "if it is your server, let it store more messages for offline accounts",
            ),
            BounceKind::Archived => (
                "the recipient's storage is full; they are only archived",
                "if it is your server, let it store more messages for offline accounts",
            ),
            BounceKind::Unreachable => (
                "the server cannot be reached",
                "if other servers reach it, look at your own server's log",
            ),
            BounceKind::Unclear => ("the server has failed", "look at your own server's log"),
        };
        tracing::warn!(domain, condition, remedy, "messages come back: {why}");
    }

    fn is_news(&mut self, reason: &Reason, now: Millis) -> bool {
        if now >= self.until {
            self.until = now + millis(QUIET);
            self.reasons.clear();
        }
        let reason = (reason.kind, reason.condition.clone(), reason.domain.clone());
        self.reasons.len() < MOST && self.reasons.insert(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(kind: BounceKind, domain: &str) -> Reason {
        Reason {
            kind,
            condition: "gone".to_owned(),
            domain: domain.to_owned(),
        }
    }

    #[test]
    fn few_tries_are_made_where_they_leave_copies() {
        let tries = |kind| 1 + (1..).map_while(|nth| pause(kind, nth)).take(100).count();
        assert_eq!(
            [
                BounceKind::Nobody,
                BounceKind::Refused,
                BounceKind::Full,
                BounceKind::Archived
            ]
            .map(tries),
            [4, 3, 4, 2]
        );
        for kind in [BounceKind::Unreachable, BounceKind::Unclear] {
            let week: Vec<Duration> = (1..).map_while(|nth| pause(kind, nth)).take(100).collect();
            assert!(week.iter().take(14).sum::<Duration>() > 7 * DAY, "{kind:?}");
            assert!(week.is_sorted(), "{kind:?}");
        }
    }

    #[test]
    fn each_kind_is_told_once_a_day_and_not_without_end() {
        let mut told = Told::default();
        let (amys, bobs) = (
            reason(BounceKind::Nobody, "example.net"),
            reason(BounceKind::Nobody, "example.com"),
        );
        assert!(told.is_news(&amys, 0) && told.is_news(&bobs, 0) && !told.is_news(&amys, 1));
        assert!(told.is_news(&reason(BounceKind::Refused, "example.net"), 2));
        assert!(told.is_news(&amys, millis(QUIET)));
        let many = (0..10 * MOST).filter(|n| told.is_news(&reason(BounceKind::Nobody, &n.to_string()), millis(QUIET)));
        assert_eq!(many.count(), MOST - 1);
    }
}
