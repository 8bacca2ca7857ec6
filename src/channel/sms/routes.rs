//! The gateways for a number: by its beginning, in order, with shares among equals.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// A code that is asked for again after so long, and was not confirmed, may be stuck at its gateway.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// The number of codes whose gateways are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// The gateways of one rank, by their numbers, each with its share.
pub type Rank = Vec<(usize, u32)>;

/// The gateways for all numbers with one beginning.
#[derive(Debug)]
pub struct Route {
    /// The beginning.
    pub prefix: String,
    /// The ranks, in order.
    ranks: Vec<Rank>,
    /// Counts messages, by which the shares are kept.
    turn: AtomicU32,
}

impl Route {
    /// Returns a route for numbers with that beginning.
    pub fn new(prefix: impl Into<String>, ranks: Vec<Rank>) -> Self {
        Self {
            prefix: prefix.into(),
            ranks,
            turn: AtomicU32::new(0),
        }
    }

    /// Returns all its gateways.
    pub fn gateways(&self) -> impl Iterator<Item = usize> {
        self.ranks.iter().flatten().map(|(gateway, _)| *gateway)
    }

    /// Returns the gateways for the next message, in order.
    pub fn order(&self) -> Vec<usize> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut order = Vec::new();
        for rank in &self.ranks {
            let first = whose_turn(rank, turn);
            order.extend(first);
            order.extend(
                rank.iter()
                    .map(|(gateway, _)| *gateway)
                    .filter(|gateway| Some(*gateway) != first),
            );
        }
        order
    }
}

/// Returns the gateway whose share has this turn.
fn whose_turn(rank: &Rank, turn: u32) -> Option<usize> {
    let all: u32 = rank.iter().map(|(_, share)| share).sum();
    let mut place = turn.checked_rem(all)?;
    rank.iter()
        .find_map(|(gateway, share)| match place.checked_sub(*share) {
            Some(rest) => {
                place = rest;
                None
            }
            None => Some(*gateway),
        })
}

/// All routes.
#[derive(Debug)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Takes the routes, in any order.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Self(routes)
    }

    /// Returns the route with the longest beginning of that number.
    pub fn to(&self, number: &str) -> Option<&Route> {
        self.0.iter().find(|route| number.starts_with(&route.prefix))
    }

    /// Returns all routes.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }
}

/// The gateways that have had codes lately: in memory only, by the ids of letters, which tell nothing.
#[derive(Debug)]
pub struct Recent(Mutex<LruCache<String, (usize, Instant)>>);

impl Default for Recent {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Recent {
    /// Notes that a gateway has a code, or may have it.
    pub fn note(&self, thread: &str, gateway: usize, now: Instant) {
        self.with(|recent| recent.put(thread.to_owned(), (gateway, now)));
    }

    /// Puts the gateway that had the former code behind all others, if that code may be stuck there. Where nobody remembers it, as after
    /// a restart, this was most likely the first one.
    pub fn avoid(&self, thread: &str, order: &mut Vec<usize>, now: Instant) {
        let last = self.with(|recent| recent.get(thread).copied());
        let stuck = match last {
            Some((_, then)) if now < then + STUCK_AFTER => None,
            Some((gateway, _)) => Some(gateway),
            None => order.first().copied(),
        };
        if let Some(at) = stuck.and_then(|stuck| order.iter().position(|gateway| *gateway == stuck)) {
            let last = order.remove(at);
            order.push(last);
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut LruCache<String, (usize, Instant)>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;

    use super::*;

    fn routes() -> Routes {
        Routes::new(vec![
            Route::new("+", vec![vec![(0, 1)], vec![(1, 1)]]),
            Route::new("+4477", vec![vec![(1, 1)]]),
            Route::new("+44", vec![vec![(2, 3), (1, 1)], vec![(0, 1)]]),
        ])
    }

    #[test]
    fn the_longest_beginning_counts() {
        let routes = routes();
        let to = |number| routes.to(number).unwrap().prefix.clone();
        assert_eq!(to("+447700900123"), "+4477");
        assert_eq!(to("+441632960123"), "+44");
        assert_eq!(to("+4915123456789"), "+");
    }

    #[test]
    fn gateways_of_a_rank_have_their_shares_and_stand_in_for_each_other() {
        let routes = routes();
        let route = routes.to("+441632960123").unwrap();
        let mut firsts = HashMap::new();
        for _ in 0..40 {
            let order = route.order();
            assert_eq!(order.len(), 3);
            assert_eq!(order[2], 0, "{order:?}");
            *firsts.entry(order[0]).or_insert(0) += 1;
        }
        assert_eq!(firsts, HashMap::from([(2, 30), (1, 10)]));
    }

    #[test]
    fn a_code_that_is_stuck_goes_by_another() {
        let (recent, start) = (Recent::default(), Instant::now());
        let order = |now| {
            let mut order = vec![0, 1, 2];
            recent.avoid("a", &mut order, now);
            order
        };
        assert_eq!(order(start), [1, 2, 0], "nobody remembers it");
        recent.note("a", 1, start);
        assert_eq!(order(start + Duration::from_secs(59)), [0, 1, 2]);
        assert_eq!(order(start + Duration::from_secs(60)), [0, 2, 1]);
        let mut only = vec![1];
        recent.avoid("a", &mut only, start + Duration::from_secs(60));
        assert_eq!(only, [1]);
    }
}
