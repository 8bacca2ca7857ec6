//! Messages that the other end has accepted, and may still lose or give back.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::channel::Holder;
use crate::clock::{Millis, millis};
use crate::model::BareJid;

/// The time for which messages are kept after an XMPP server has accepted them. If it is killed before it has relayed
/// them or written them to disk, it loses them: ejabberd writes every three seconds.
pub const HELD: Duration = Duration::from_secs(5);
/// Messages that are accepted within this time are safe together, so that few changes remove many.
const TOGETHER: Duration = Duration::from_millis(250);
/// The time after that in which the messages are removed. Those that were not are sent again.
pub const REMOVED: Duration = Duration::from_secs(1);
/// The time in which a message to another server may come back. It comes back after 20 s (no answer) or 90 s (no
/// stream) if that server is off, after up to 11 minutes if it hangs (Prosody: an unanswered stream, and then the 600 s
/// in which it may be resumed), and after 300 s (ejabberd) or 600 s (Prosody) if a phone has lost its network.
pub const AWAITED: Duration = Duration::from_secs(15 * 60);

/// The messages whose holder may still lose them. Only this memory knows of them: after a crash, they are sent again.
#[derive(Default)]
pub struct Held {
    rows: HashMap<i64, (Millis, Accepted)>,
    /// When they are safe, in that order; also those that have come back since.
    order: VecDeque<(Millis, i64)>,
}

/// An accepted message.
pub struct Accepted {
    /// The holder.
    pub by: Holder,
    /// The id of the letter.
    pub id: String,
    /// The recipient.
    pub to: Option<BareJid>,
    /// The end of the time in which it may come back after that, if it goes to another server.
    pub awaited_until: Option<Millis>,
}

impl Held {
    /// Notes a message that was accepted at `now`. Returns the time when it is sent again unless it is removed before.
    pub fn hold(&mut self, row: i64, accepted: Accepted, now: Millis) -> Millis {
        let safe_at = (now + millis(HELD)).next_multiple_of(millis(TOGETHER));
        self.rows.insert(row, (safe_at, accepted));
        self.order.push_back((safe_at, row));
        safe_at + millis(REMOVED)
    }

    /// Notes that the message has come back.
    pub fn give_back(&mut self, row: i64) {
        self.rows.remove(&row);
    }

    /// Returns `true` if `holder` has the message.
    pub fn is_with(&self, holder: Option<Holder>, row: i64) -> bool {
        self.rows
            .get(&row)
            .is_some_and(|(_, accepted)| Some(accepted.by) == holder)
    }

    /// Returns the time when the first message is safe, if its holder lives on.
    pub fn next_safe(&self) -> Option<Millis> {
        self.order.front().map(|(safe_at, _)| *safe_at)
    }

    /// Takes the messages that `holder` has had for long enough. Forgets those that former holders had: they are sent again.
    pub fn take_safe(&mut self, holder: Holder, now: Millis) -> Vec<(i64, Accepted)> {
        let mut safe = Vec::new();
        while let Some((safe_at, row)) = self.order.front().copied().filter(|(safe_at, _)| *safe_at <= now) {
            self.order.pop_front();
            // It may have come back, and been sent again.
            if self.rows.get(&row).is_some_and(|(at, _)| *at == safe_at) {
                safe.extend(self.rows.remove(&row).map(|(_, accepted)| (row, accepted)));
            }
        }
        safe.retain(|(_, accepted)| accepted.by == holder);
        safe
    }

    /// Returns `true` if nothing is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
