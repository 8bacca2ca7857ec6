//! The last message to each JID: only that one can be corrected (XEP-0308), because some clients look at the last message alone (Dino 0.4).

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::clock::Millis;
use crate::model::BareJid;
use crate::xmpp::people::recent::{Own, Recent};

/// After this time of silence in a conversation, nobody looks for a former code in it.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// The letter that was sent last.
struct Last {
    id: String,
    /// A hash of the id of the first letter in a series: the letters of a series replace each other, as corrections or
    /// not.
    series: u64,
    /// The message in whose place it stands, if it is a correction.
    corrects: Option<String>,
}

/// The last message to each JID. It is kept in memory alone: after a restart, nothing is corrected.
pub struct LastSent {
    letters: Recent<Option<Last>>,
    hasher: RandomState,
}

impl LastSent {
    /// Begins without messages; `own` are the domains of the own server.
    pub fn new(own: Own) -> Self {
        Self {
            letters: Recent::new(REMEMBERED, own),
            hasher: RandomState::new(),
        }
    }

    /// The id of the message that the letter `id` corrects, of the series that began with the letter `first`: the last that `to` was sent,
    /// if that is of the series and corrects nothing itself. A letter that is sent again corrects what it did before.
    pub fn correctable(&self, to: &BareJid, id: &str, first: &str, now: Millis) -> Option<String> {
        let series = self.hasher.hash_one(first);
        self.letters.with(to, now, |last| match last {
            Some(last) if last.id == id => last.corrects.clone(),
            Some(last) if last.series == series && last.corrects.is_none() => Some(last.id.clone()),
            _ => None,
        })
    }

    /// Notes that `to` is sent the letter `id`, of the series that began with the letter `first`.
    pub fn sent(&self, to: &BareJid, id: &str, first: &str, corrects: Option<String>, now: Millis) {
        let (id, series) = (id.to_owned(), self.hasher.hash_one(first));
        let sent = Last { id, series, corrects };
        self.letters.with(to, now, |last| *last = Some(sent));
    }

    /// Notes that `to` is sent something that is never corrected.
    pub fn sent_else(&self, to: &BareJid, now: Millis) {
        self.letters.with(to, now, |last| *last = None);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    #[test]
    fn only_what_was_sent_last_is_corrected_and_once() {
        let sent = LastSent::new(Own::default());
        let amy = BareJid::new("amy@example.org").unwrap();
        let correctable = |id, first| sent.correctable(&amy, id, first, NOW);
        assert_eq!(correctable("2", "1"), None);
        sent.sent(&amy, "1", "1", None, NOW);
        assert_eq!(correctable("2", "1").as_deref(), Some("1"));
        assert_eq!(correctable("2", "another"), None);
        sent.sent_else(&amy, NOW);
        assert_eq!(correctable("2", "1"), None);
        // The next of the series is a message of its own, also when it is sent again, and the one after it corrects it.
        sent.sent(&amy, "2", "1", None, NOW);
        assert_eq!(correctable("2", "1"), None);
        assert_eq!(correctable("3", "1").as_deref(), Some("2"));
        sent.sent(&amy, "3", "1", Some("2".into()), NOW);
        assert_eq!(correctable("3", "1").as_deref(), Some("2"));
        assert_eq!(correctable("4", "1"), None);
        let michael = BareJid::new("michael@example.org").unwrap();
        assert_eq!(sent.correctable(&michael, "3", "1", NOW), None);
    }

    #[test]
    fn nothing_is_corrected_after_an_hour() {
        let sent = LastSent::new(Own::default());
        let amy = BareJid::new("amy@example.org").unwrap();
        sent.sent(&amy, "1", "1", None, NOW);
        assert_eq!(sent.correctable(&amy, "2", "1", NOW + 60 * 60 * 1000), None);
    }
}
