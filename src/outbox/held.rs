//! Messages that the other end has taken, and may yet lose or give back.

use std::collections::HashMap;
use std::time::Duration;

use super::PURGE_EVERY;
use crate::channel::Holder;
use crate::clock::{Millis, millis};

/// An XMPP server that has taken a message may yet lose it, if it is killed before it has passed it on or written it to
/// disk: ejabberd writes every three seconds. So messages are kept until it has lived with them for so long.
pub const HELD: Duration = Duration::from_secs(5);
/// A message to another server's people may come back for so long. A server that is off makes it come back after 20 s (no answer) or
/// 90 s (no stream), one that stands still after as much as 11 minutes (Prosody: an unanswered stream, and then the 600 s in which it
/// may be resumed), a phone that has lost its network after 300 s (ejabberd) or 600 s (Prosody).
pub const AWAITED: Duration = Duration::from_secs(15 * 60);

/// What was taken by somebody who may yet lose it, and by whom.
#[derive(Default)]
pub struct Held {
    rows: HashMap<i64, Holding>,
    swept_at: Millis,
}

struct Holding {
    by: Holder,
    due_at: Millis,
    /// Until when it may come back after that, if it goes to another server.
    awaited_until: Option<Millis>,
}

/// The messages that are with their holder at the end.
#[derive(Default)]
pub struct Left {
    /// They are safe.
    pub remove: Vec<i64>,
    /// They may come back until then.
    pub expect: Vec<(i64, Millis)>,
}

impl Held {
    /// Returns `true` if `holder` has had the message for as long as it takes, and has it still.
    pub fn is_safe(&mut self, row: i64, holder: Option<Holder>) -> bool {
        self.rows.remove(&row).is_some_and(|held| Some(held.by) == holder)
    }

    /// Remembers who has a message until it is due again, and until when it may come back after that, if it may.
    pub fn hold(&mut self, row: i64, by: Holder, due_at: Millis, awaited_until: Option<Millis>) {
        let held = Holding {
            by,
            due_at,
            awaited_until,
        };
        self.rows.insert(row, held);
    }

    /// The message has come back.
    pub fn give_back(&mut self, row: i64) {
        self.rows.remove(&row);
    }

    /// Forgets messages that were withdrawn and never come due again, now and then. Returns true if it was time to.
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

    /// At the end: what is with `holder` is not sent again at the next start.
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
