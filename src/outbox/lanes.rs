//! Who may send next, so that nobody waits for others who are slow: so many at the same time in all, and to one destination.
//!
//! Whoever registers an address chooses the destination, and may have a mail server of their own that takes a minute for each
//! answer. A destination gets a few of the places, and all that have turned out to be slow share half of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;

use crate::channel::Places;
use crate::clock::{Millis, millis};

/// Where sending takes longer than this, it is slow.
const SLOW_AFTER: Duration = Duration::from_secs(3);
/// That is remembered for so long.
const SLOW_FOR: Duration = Duration::from_secs(60 * 60);
/// Of so many destinations, the slowest of late.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// What messages wait for that wait for each other: a destination, as a number that tells nothing about it.
pub type Lane = u64;

/// The places, and who has them.
pub struct Lanes {
    places: Places,
    hasher: RandomState,
    /// When those began that are being sent.
    sending: HashMap<Lane, Vec<Millis>>,
    /// Until when a destination counts as slow.
    slow: LruCache<Lane, Millis>,
}

impl Lanes {
    /// With so many places.
    pub fn new(places: Places) -> Self {
        Self {
            places,
            hasher: RandomState::new(),
            sending: HashMap::new(),
            slow: LruCache::new(REMEMBERED),
        }
    }

    /// The lane of a destination.
    pub fn of(&self, destination: &str) -> Lane {
        self.hasher.hash_one(destination)
    }

    /// Whether no place is free.
    pub fn are_full(&self) -> bool {
        self.sending.values().map(Vec::len).sum::<usize>() >= self.places.all
    }

    /// Takes a place, if there is one for that lane.
    pub fn enter(&mut self, lane: Lane, now: Millis) -> bool {
        let slow = self.sending.iter().filter(|(lane, _)| self.is_slow(**lane, now));
        let slow: usize = slow.map(|(_, began)| began.len()).sum();
        let own = self.sending.get(&lane).map_or(0, Vec::len);
        let is_one_too_many = self.is_slow(lane, now) && slow >= self.places.all / 2;
        if self.are_full() || own >= self.places.each || is_one_too_many {
            return false;
        }
        self.sending.entry(lane).or_default().push(now);
        true
    }

    /// Gives back the place that was taken at `began`.
    pub fn leave(&mut self, lane: Lane, began: Millis, now: Millis) {
        if now.saturating_sub(began) >= millis(SLOW_AFTER) {
            self.slow.put(lane, now + millis(SLOW_FOR));
        }
        let Some(sending) = self.sending.get_mut(&lane) else {
            return;
        };
        if let Some(at) = sending.iter().position(|other| *other == began) {
            sending.swap_remove(at);
        }
        if sending.is_empty() {
            self.sending.remove(&lane);
        }
    }

    fn is_slow(&self, lane: Lane, now: Millis) -> bool {
        let remembered = self.slow.peek(&lane).is_some_and(|until| now < *until);
        let late = |began: &Millis| now.saturating_sub(*began) >= millis(SLOW_AFTER);
        remembered || self.sending.get(&lane).is_some_and(|sending| sending.iter().any(late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Millis = 3000;

    fn lanes() -> Lanes {
        Lanes::new(Places { all: 8, each: 2 })
    }

    #[test]
    fn one_destination_has_a_few_places() {
        let mut lanes = lanes();
        assert!(lanes.enter(1, 0) && lanes.enter(1, 0));
        assert!(!lanes.enter(1, 0));
        assert!(lanes.enter(2, 0));
        lanes.leave(1, 0, 1);
        assert!(lanes.enter(1, 1));
    }

    #[test]
    fn no_more_than_all() {
        let mut lanes = lanes();
        assert_eq!((0..20).filter(|lane| lanes.enter(*lane, 0)).count(), 8);
        assert!(lanes.are_full());
    }

    #[test]
    fn who_is_slow_leaves_half_to_the_others() {
        let mut lanes = lanes();
        for lane in 0..3 {
            assert!(lanes.enter(lane, 0) && lanes.enter(lane, 0));
        }
        // They have turned out to be slow, and leave the others what is free; another slow one gets nothing of that.
        assert!(lanes.enter(10, SLOW));
        lanes.leave(10, SLOW, 2 * SLOW);
        assert!(!lanes.enter(10, 2 * SLOW));
        // From then on they share half.
        for lane in 0..3 {
            lanes.leave(lane, 0, 3 * SLOW);
            lanes.leave(lane, 0, 3 * SLOW);
        }
        let again = (0..8).filter(|n| lanes.enter(n % 3, 3 * SLOW + 1)).count();
        assert_eq!(again, 4);
        assert_eq!((20..40).filter(|lane| lanes.enter(*lane, 3 * SLOW + 1)).count(), 4);
        // Until that is forgotten.
        assert!(!lanes.is_slow(10, 2 * SLOW + millis(SLOW_FOR)));
    }

    #[test]
    fn a_lane_tells_nothing_of_where_it_leads() {
        let (one, other) = (lanes(), lanes());
        assert_eq!(one.of("mail.example"), one.of("mail.example"));
        assert_ne!(one.of("mail.example"), one.of("example"));
        assert_ne!(one.of("mail.example"), other.of("mail.example"));
    }
}
