//! Limits the messages that are sent at the same time, in total and to one destination, so that slow destinations do
//! not delay others.
//!
//! A person who registers an address chooses the destination, and may have a mail server that takes a minute for each
//! answer. A destination gets a few of the places, and all destinations that were slow share half of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;

use crate::channel::Places;
use crate::clock::{Millis, millis};

/// A destination is slow if sending takes longer than this.
const SLOW_AFTER: Duration = Duration::from_secs(3);
/// The time for which a destination then counts as slow.
const SLOW_FOR: Duration = Duration::from_secs(60 * 60);
/// The largest number of slow destinations that are stored.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// The destination and the requester's server of a message, as numbers without a meaning elsewhere. Messages with the
/// same lane wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    destination: u64,
    asker: u64,
}

/// The places, and the messages that have them.
pub struct Lanes {
    places: Places,
    hasher: RandomState,
    /// The start times of the messages that are being sent.
    sending: HashMap<Lane, Vec<Millis>>,
    /// The time until which a destination counts as slow.
    slow: LruCache<u64, Millis>,
}

impl Lanes {
    /// Begins with all places free.
    pub fn new(places: Places) -> Self {
        Self {
            places,
            hasher: RandomState::new(),
            sending: HashMap::new(),
            slow: LruCache::new(REMEMBERED),
        }
    }

    /// Returns the lane of messages to a destination that are sent on requests of `asker`, a server.
    pub fn of(&self, destination: &str, asker: &str) -> Lane {
        Lane {
            destination: self.hasher.hash_one(destination),
            asker: self.hasher.hash_one(asker),
        }
    }

    /// Returns `true` if no place is free.
    pub fn are_full(&self) -> bool {
        self.taken(|_| true) >= self.places.all
    }

    /// Takes a place, if there is one for that lane. One server's people get at most three quarters of the places,
    /// however many destinations they choose.
    pub fn enter(&mut self, lane: Lane, now: Millis) -> bool {
        let all = self.places.all;
        let has_room = !self.are_full()
            && self.taken(|other| other.destination == lane.destination) < self.places.each
            && self.taken(|other| other.asker == lane.asker) < all - all / 4;
        let is_one_too_many = || self.is_slow(lane, now) && self.taken(|other| self.is_slow(*other, now)) >= all / 2;
        if !has_room || is_one_too_many() {
            return false;
        }
        self.sending.entry(lane).or_default().push(now);
        true
    }

    /// Gives back the place that was taken at `began`.
    pub fn leave(&mut self, lane: Lane, began: Millis, now: Millis) {
        if now.saturating_sub(began) >= millis(SLOW_AFTER) {
            self.slow.put(lane.destination, now + millis(SLOW_FOR));
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

    fn taken(&self, by: impl Fn(&Lane) -> bool) -> usize {
        let sending = self.sending.iter().filter(|(lane, _)| by(lane));
        sending.map(|(_, began)| began.len()).sum()
    }

    fn is_slow(&self, lane: Lane, now: Millis) -> bool {
        let remembered = self.slow.peek(&lane.destination).is_some_and(|until| now < *until);
        let late = |began: &Millis| now.saturating_sub(*began) >= millis(SLOW_AFTER);
        let mut there = self
            .sending
            .iter()
            .filter(|(other, _)| other.destination == lane.destination);
        remembered || there.any(|(_, sending)| sending.iter().any(late))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Millis = 3000;

    fn lanes() -> Lanes {
        Lanes::new(Places { all: 8, each: 2 })
    }

    /// A destination that another server asks for.
    fn lane(destination: u64) -> Lane {
        Lane {
            destination,
            asker: destination,
        }
    }

    #[test]
    fn one_destination_has_a_few_places() {
        let mut lanes = lanes();
        assert!(lanes.enter(lane(1), 0) && lanes.enter(lane(1), 0));
        assert!(!lanes.enter(lane(1), 0));
        assert!(lanes.enter(lane(2), 0));
        lanes.leave(lane(1), 0, 1);
        assert!(lanes.enter(lane(1), 1));
    }

    #[test]
    fn no_more_than_all() {
        let mut lanes = lanes();
        assert_eq!((0..20).filter(|n| lanes.enter(lane(*n), 0)).count(), 8);
        assert!(lanes.are_full());
    }

    #[test]
    fn one_server_leaves_a_quarter_to_others_however_many_destinations_it_chooses() {
        let mut lanes = lanes();
        let of_eve = |destination| Lane { destination, asker: 1 };
        assert_eq!((0..20).filter(|n| lanes.enter(of_eve(*n), 0)).count(), 6);
        assert!(lanes.enter(lane(20), 0));
        // Its messages do not let others have more of a destination, either.
        assert!(lanes.enter(lane(0), 0) && !lanes.enter(lane(0), 0));
    }

    #[test]
    fn who_is_slow_leaves_half_to_the_others() {
        let mut lanes = lanes();
        for n in 0..3 {
            assert!(lanes.enter(lane(n), 0) && lanes.enter(lane(n), 0));
        }
        // They were slow, and leave the free places to others; another slow destination gets none of these.
        assert!(lanes.enter(lane(10), SLOW));
        lanes.leave(lane(10), SLOW, 2 * SLOW);
        assert!(!lanes.enter(lane(10), 2 * SLOW));
        // From then on, they share half of the places.
        for n in 0..3 {
            lanes.leave(lane(n), 0, 3 * SLOW);
            lanes.leave(lane(n), 0, 3 * SLOW);
        }
        let again = (0..8).filter(|n| lanes.enter(lane(n % 3), 3 * SLOW + 1)).count();
        assert_eq!(again, 4);
        assert_eq!((20..40).filter(|n| lanes.enter(lane(*n), 3 * SLOW + 1)).count(), 4);
        // Until the time for which they count as slow has passed.
        assert!(!lanes.is_slow(lane(10), 2 * SLOW + millis(SLOW_FOR)));
    }

    #[test]
    fn a_lane_tells_nothing_of_where_it_leads() {
        let (one, other) = (lanes(), lanes());
        let of = |lanes: &Lanes, destination| lanes.of(destination, "example.org");
        assert_eq!(of(&one, "mail.example"), of(&one, "mail.example"));
        assert_ne!(of(&one, "mail.example"), of(&one, "example"));
        assert_ne!(of(&one, "mail.example"), of(&other, "mail.example"));
    }
}
