//! Limits the connections at once, in total and of one address. Nobody is refused: a new one closes the one that has
//! been idle for the longest time, so that clients with a request are served.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::clock::{Millis, millis};

/// The connections there are.
pub struct Crowd {
    most: usize,
    most_of_one: usize,
    opened: Instant,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    guests: HashMap<u64, Guest>,
    of_site: HashMap<IpAddr, usize>,
    next: u64,
}

struct Guest {
    site: Option<IpAddr>,
    heard: Arc<AtomicU64>,
    task: AbortHandle,
}

/// A connection's place, which is free again when this is dropped.
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    heard: Arc<AtomicU64>,
}

impl Crowd {
    /// Has room for `most`, `most_of_one` address among them; both at least one.
    pub fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            opened: Instant::now(),
            present: Mutex::default(),
        })
    }

    /// Takes in a connection, which `serve` starts to serve. Without a `site` it speaks for many, and counts only with all.
    pub fn enter(self: &Arc<Self>, site: Option<IpAddr>, serve: impl FnOnce(Place) -> AbortHandle) {
        let mut present = self.present();
        let of_site = site.and_then(|site| present.of_site.get(&site).copied());
        let leaves = if of_site.is_some_and(|count| count >= self.most_of_one) {
            present.show_out_quietest(|guest| guest.site == site)
        } else if present.guests.len() >= self.most {
            present.show_out_quietest(|_| true)
        } else {
            None
        };
        let number = present.next;
        present.next += 1;
        let heard = Arc::new(AtomicU64::new(self.now()));
        let place = Place {
            crowd: self.clone(),
            number,
            heard: heard.clone(),
        };
        let task = serve(place);
        present.guests.insert(number, Guest { site, heard, task });
        site.into_iter()
            .for_each(|site| *present.of_site.entry(site).or_default() += 1);
        drop(present);
        leaves.iter().for_each(AbortHandle::abort);
    }

    /// Ends the connections on which no request has begun for `patience`: whoever does not read what it is answered, for
    /// example, cannot be told from one that is dead.
    pub fn end_stuck(&self, patience: Duration) {
        let mut present = self.present();
        let before = self.now().saturating_sub(millis(patience));
        let is_stuck = |guest: &Guest| guest.heard.load(Ordering::Relaxed) < before;
        let stuck: Vec<u64> = present
            .guests
            .iter()
            .filter_map(|(number, guest)| is_stuck(guest).then_some(*number))
            .collect();
        let stuck: Vec<_> = stuck
            .into_iter()
            .filter_map(|number| present.show_out(number))
            .collect();
        drop(present);
        stuck.iter().for_each(AbortHandle::abort);
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Millis {
        millis(self.opened.elapsed())
    }
}

impl Present {
    fn show_out_quietest(&mut self, among: impl Fn(&Guest) -> bool) -> Option<AbortHandle> {
        let candidates = self.guests.iter().filter(|(_, guest)| among(guest));
        let (number, _) = candidates.min_by_key(|(number, guest)| (guest.heard.load(Ordering::Relaxed), **number))?;
        self.show_out(*number)
    }

    fn show_out(&mut self, number: u64) -> Option<AbortHandle> {
        let guest = self.guests.remove(&number)?;
        if let Some(site) = guest.site
            && let Some(count) = self.of_site.get_mut(&site)
        {
            *count -= 1;
            if *count == 0 {
                self.of_site.remove(&site);
            }
        }
        Some(guest.task)
    }
}

impl Place {
    /// A request has begun.
    pub fn heard(&self) {
        self.heard.store(self.crowd.now(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.present().show_out(self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::pending;

    use super::*;

    fn site(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, n]))
    }

    /// Somebody who comes to stay, with a way to be heard of.
    fn come(crowd: &Arc<Crowd>, site: Option<IpAddr>) -> Arc<Place> {
        let mut came = None;
        crowd.enter(site, |place| {
            let place = Arc::new(place);
            came = Some(place.clone());
            tokio::spawn(pending::<()>()).abort_handle()
        });
        came.unwrap()
    }

    fn stays(crowd: &Crowd, place: &Place) -> bool {
        crowd.present().guests.contains_key(&place.number)
    }

    async fn pass(milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_its_share_and_makes_room_for_itself() {
        let crowd = Crowd::new(10, 2);
        let other = come(&crowd, site(1));
        pass(1).await;
        let (first, second) = (come(&crowd, site(2)), come(&crowd, site(2)));
        pass(1).await;
        first.heard();
        let third = come(&crowd, site(2));
        assert!(stays(&crowd, &other) && stays(&crowd, &first) && stays(&crowd, &third));
        assert!(!stays(&crowd, &second));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_house_loses_the_quietest_whoever_it_is() {
        let crowd = Crowd::new(3, 3);
        let quiet = come(&crowd, site(1));
        pass(1).await;
        let guests = [come(&crowd, site(2)), come(&crowd, site(2)), come(&crowd, None)];
        assert!(!stays(&crowd, &quiet));
        assert!(guests.iter().all(|guest| stays(&crowd, guest)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_speaks_for_many() {
        let crowd = Crowd::new(5, 1);
        let guests: Vec<_> = (0..5).map(|_| come(&crowd, None)).collect();
        assert!(guests.iter().all(|guest| stays(&crowd, guest)));
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_free_again() {
        let crowd = Crowd::new(5, 5);
        for _ in 0..100 {
            drop(come(&crowd, site(1)));
        }
        let present = crowd.present();
        assert!(present.guests.is_empty() && present.of_site.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_stuck_is_let_go_of() {
        let crowd = Crowd::new(5, 5);
        let (stuck, lively) = (come(&crowd, site(1)), come(&crowd, site(1)));
        pass(900).await;
        lively.heard();
        pass(101).await;
        crowd.end_stuck(Duration::from_secs(1));
        assert!(!stays(&crowd, &stuck) && stays(&crowd, &lively));
    }
}
