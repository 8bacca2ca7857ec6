//! What follows from a change: claims of messages by workers end, workers that wait for new messages are woken.
//!
//! One process has the database (`lock`), so a claim is kept in its memory: it costs nothing to make, and ends with the process, as
//! it must. The effects of a change on claims and queues begin when it is durable.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::super::{Claimed, Follow, Lease, Queue, Result, Row, Subscription};
use super::filter::Filter;
use crate::clock::Millis;

/// The effects of a change, once it is durable.
#[derive(Default)]
pub struct Effects {
    /// Messages that were put into these queues.
    pub posted: RefCell<Vec<Queue>>,
    /// Messages that are told of, each with its number.
    pub follow: RefCell<Vec<(i64, Follow)>>,
    /// Messages whose claims have ended.
    pub ended: RefCell<Vec<i64>>,
    /// The filter is used no more, or again.
    pub filter: Cell<Option<Filtering>>,
}

/// What becomes of the filter.
#[derive(Clone, Copy)]
pub enum Filtering {
    /// It is built soon.
    Begins,
    /// It is dropped: while the key is changed, each id would be added to it.
    Ends,
}

/// The claims, and who waits.
#[derive(Default)]
pub struct Claims {
    /// When the leases end.
    held: Mutex<HashMap<i64, Millis>>,
    posted: Mutex<HashMap<Queue, watch::Sender<()>>>,
}

impl Claims {
    /// Claims what `find` finds of the messages that nobody holds. Nobody else claims or ends a claim meanwhile.
    pub fn claim(&self, lease: Lease, find: impl FnOnce(&dyn Fn(&Row) -> bool) -> Result<Claimed>) -> Result<Claimed> {
        let mut held = locked(&self.held);
        held.retain(|_, ends_at| *ends_at > lease.now);
        let mut found = find(&|row| !held.contains_key(&row.id))?;
        let first_end = held.values().min().copied();
        found.next = found.next.into_iter().chain(first_end).min();
        held.extend(found.rows.iter().map(|row| (row.id, lease.ends_at)));
        Ok(found)
    }

    /// Ends claims.
    pub fn end(&self, rows: &[i64]) {
        let mut held = locked(&self.held);
        for row in rows {
            held.remove(row);
        }
    }

    /// Applies the effects of a durable change.
    pub fn follow(&self, mut effects: Effects, filter: &Filter) {
        match effects.filter.get() {
            Some(Filtering::Begins) => filter.want(),
            Some(Filtering::Ends) => filter.forget(),
            None => {}
        }
        let ended = mem::take(effects.ended.get_mut());
        if !ended.is_empty() {
            self.end(&ended);
        }
        let follow = mem::take(effects.follow.get_mut());
        follow.into_iter().for_each(|(id, follow)| follow(id));
        let posted = mem::take(effects.posted.get_mut());
        if !posted.is_empty() {
            let senders = locked(&self.posted);
            posted.iter().filter_map(|queue| senders.get(queue)).for_each(|sender| {
                sender.send_replace(());
            });
        }
    }

    /// Waits for messages in `queue`.
    pub fn subscribe(&self, queue: Queue) -> Subscription {
        Subscription::new(locked(&self.posted).entry(queue).or_default().subscribe())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
