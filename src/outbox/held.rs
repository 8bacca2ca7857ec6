//! Messages that the other end has accepted, and may still lose or give back.

use std::collections::HashMap;
use std::time::Duration;

use super::PURGE_EVERY;
use crate::channel::Holder;
use crate::clock::{Millis, millis};

/// The time for which messages are kept after an XMPP server has accepted them. If it is killed before it has relayed
/// them or written them to disk, it loses them: ejabberd writes every three seconds.
pub const HELD: Duration = Duration::from_secs(5);
/// The time in which a message to another server may come back. It comes back after 20 s (no answer) or 90 s (no
/// stream) if that server is off, after up to 11 minutes if it hangs (Prosody: an unanswered stream, and then the 600 s
/// in which it may be resumed), and after 300 s (ejabberd) or 600 s (Prosody) if a phone has lost its network.
pub const AWAITED: Duration = Duration::from_secs(15 * 60);

/// The messages whose holder may still lose them, and their holders.
#[derive(Default)]
pub struct Held {
    rows: HashMap<i64, Holding>,
    swept_at: Millis,
}

struct Holding {
    by: Holder,
    due_at: Millis,
    /// The end of the time in which it may come back after that, if it goes to another server.
    awaited_until: Option<Millis>,
}

/// The messages of one holder at the end.
#[derive(Default)]
pub struct Left {
    /// The messages that are safe.
    pub remove: Vec<i64>,
    /// The messages that may come back, each with the end of that time.
    pub expect: Vec<(i64, Millis)>,
}

impl Held {
    /// Returns `true` if `holder` has had the message for long enough, and still has it.
    pub fn is_safe(&mut self, row: i64, holder: Option<Holder>) -> bool {
        self.rows.remove(&row).is_some_and(|held| Some(held.by) == holder)
    }

    /// Notes the holder of a message until the message is due again, and the end of the time in which it may come back
    /// after that.
    pub fn hold(&mut self, row: i64, by: Holder, due_at: Millis, awaited_until: Option<Millis>) {
        let held = Holding {
            by,
            due_at,
            awaited_until,
        };
        self.rows.insert(row, held);
    }

    /// Notes that the message has come back.
    pub fn give_back(&mut self, row: i64) {
        self.rows.remove(&row);
    }

    /// Forgets messages that were withdrawn, at intervals. Returns `true` if it was time to.
    pub fn sweep(&mut self, now: Millis) -> bool {
        let is_time = now >= self.swept_at + millis(PURGE_EVERY);
        if is_time {
            self.swept_at = now;
            self.rows.retain(|_, held| now < held.due_at + millis(PURGE_EVERY));
        }
        is_time
    }

    /// Returns `true` if nothing is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// At the end, returns the messages of `holder`. They are not sent again at the next start.
    pub fn let_go(self, holder: Holder) -> Left {
        let mut left = Left::default();
        for (row, held) in self.rows.into_iter().filter(|(_, held)| held.by == holder) {
            match held.awaited_until {
                Some(until) => left.expect.push((row, until)),
                None => left.remove.push(row),
            }
        }
        left
    }
}
