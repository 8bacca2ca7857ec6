//! The last message to each JID: only that one can be corrected (XEP-0308), because some clients look at the last message alone (Dino 0.4).

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::clock::Millis;
use crate::model::BareJid;
use crate::xmpp::people::recent::{Own, Recent};

/// After this time of silence in a conversation, nobody looks for a former code in it.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// A letter that can be corrected.
#[derive(Clone)]
struct Correctable {
    /// A hash of the id of the first letter in a series: the letters of a series replace each other, as corrections or
    /// not.
    series: u64,
    /// The message that the correction names.
    id: String,
}

/// The last message to each JID. It is kept in memory alone: after a restart, nothing is corrected.
pub struct LastSent {
    letters: Recent<Option<Correctable>>,
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

    /// The id of the message that a letter of the series that began with the letter `first` corrects, if the last that `to` was sent was
    /// one of that series.
    pub fn correctable(&self, to: &BareJid, first: &str, now: Millis) -> Option<String> {
        let series = self.hasher.hash_one(first);
        self.letters.with(to, now, |last| {
            let last = last.as_ref().filter(|last| last.series == series);
            last.map(|last| last.id.clone())
        })
    }

    /// Notes that `to` is sent the letter `id`, which corrects nothing, of the series that began with the letter `first`.
    pub fn sent(&self, to: &BareJid, id: &str, first: &str, now: Millis) {
        let series = self.hasher.hash_one(first);
        let id = id.to_owned();
        self.letters
            .with(to, now, |last| *last = Some(Correctable { series, id }));
    }

    /// Notes that `to` is sent something that is never corrected, like a correction.
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
    fn only_what_was_sent_last_is_corrected() {
        let sent = LastSent::new(Own::default());
        let amy = BareJid::new("amy@example.org").unwrap();
        let correctable = |first| sent.correctable(&amy, first, NOW);
        assert_eq!(correctable("1"), None);
        sent.sent(&amy, "1", "1", NOW);
        assert_eq!(correctable("1").as_deref(), Some("1"));
        assert_eq!(correctable("another"), None);
        sent.sent_else(&amy, NOW);
        assert_eq!(correctable("1"), None);
        // The next of the series is a message of its own, which the one after it corrects.
        sent.sent(&amy, "2", "1", NOW);
        assert_eq!(correctable("1").as_deref(), Some("2"));
        sent.sent(&amy, "3", "3", NOW);
        assert_eq!(correctable("1"), None);
        let michael = BareJid::new("michael@example.org").unwrap();
        assert_eq!(sent.correctable(&michael, "3", NOW), None);
    }

    #[test]
    fn nothing_is_corrected_after_an_hour() {
        let sent = LastSent::new(Own::default());
        let amy = BareJid::new("amy@example.org").unwrap();
        sent.sent(&amy, "1", "1", NOW);
        assert_eq!(sent.correctable(&amy, "1", NOW + 60 * 60 * 1000), None);
    }
}
