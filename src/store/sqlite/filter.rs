//! Tells of most ids, from memory, that nobody has linked them.
//!
//! Only for work that nobody waits for ([`ReadLinks::matches`](super::super::ReadLinks::matches)): whoever waits would see by the
//! time which ids are linked.
//!
//! It never misses a link. The writer adds each id before it commits. While the filter is built, it adds them to those that are
//! kept beside the new one, which has all that was committed before it was begun. An id that is gone, or was never committed, is
//! looked up in vain until the filter is built again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use rusqlite::Connection;
use xorf::{BinaryFuse8, Filter as _};

use super::super::Result;
use crate::model::Mac;

/// The number of ids that are added before the filter is built again, and the share of all, if that is more.
const ADDED: usize = if cfg!(test) { 20 } else { 16 * 1024 };
const ADDED_OF: usize = 64;

/// The filter. It holds the first half of each id.
pub struct Filter {
    state: RwLock<FilterState>,
    /// Held as long as somebody changes the database.
    changing: Mutex<()>,
    /// Has it built.
    wishes: SyncSender<()>,
    /// The database is closed.
    is_closed: AtomicBool,
}

#[derive(Default)]
struct FilterState {
    built: Option<Built>,
    /// Added since.
    added: HashSet<u64>,
    /// Added since it was begun to be built again.
    added_while_building: Option<HashSet<u64>>,
    /// Changes whenever another process has changed the database.
    version: Option<i64>,
}

/// All ids that there were when it was begun to be built.
#[derive(Default)]
pub struct Built {
    /// By their first ids.
    pub parts: Vec<(u64, BinaryFuse8)>,
    /// The number of ids.
    pub ids: usize,
}

impl Built {
    fn may_have(&self, id: u64) -> bool {
        let after = self.parts.partition_point(|(first, _)| *first <= id);
        let part = after.checked_sub(1).and_then(|at| self.parts.get(at));
        part.is_some_and(|(_, part)| part.contains(&id))
    }
}

impl Filter {
    /// There is none yet. Whoever builds it is told by `wishes` when it is wanted.
    pub fn new(wishes: SyncSender<()>) -> Self {
        Self {
            state: RwLock::default(),
            changing: Mutex::default(),
            wishes,
            is_closed: AtomicBool::default(),
        }
    }

    /// An id may be linked from now on.
    pub fn add(&self, id: &Mac) {
        let mut state = self.state();
        let FilterState {
            built,
            added,
            added_while_building,
            ..
        } = &mut *state;
        match (added_while_building, built) {
            (Some(added), _) => _ = added.insert(half(&id.0)),
            (None, Some(built)) => {
                added.insert(half(&id.0));
                if added.len() > ADDED.max(built.ids / ADDED_OF) {
                    self.want();
                }
            }
            (None, None) => {}
        }
    }

    /// For each of `ids`, `false` if it is not linked; `None` as long as there is no filter.
    pub fn may_have(&self, ids: &[Mac]) -> Option<Vec<bool>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let built = state.built.as_ref()?;
        let building = state.added_while_building.as_ref();
        let may_have = |id: &Mac| {
            let id = half(&id.0);
            built.may_have(id) || state.added.contains(&id) || building.is_some_and(|added| added.contains(&id))
        };
        Some(ids.iter().map(may_have).collect())
    }

    /// Has it built soon.
    pub fn want(&self) {
        // If one waits already, it comes after this.
        let _ = self.wishes.try_send(());
    }

    /// Drops it until it is wanted again.
    pub fn forget(&self) {
        let mut state = self.state();
        state.built = None;
        state.added = HashSet::new();
        state.added_while_building = None;
    }

    /// To be held by whoever changes the database over `connection`, from before the first change until they are committed. If
    /// another process has changed it before, nothing is known of what it has added.
    pub fn change(&self, connection: &Connection) -> Result<MutexGuard<'_, ()>> {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        let known = self.state().version.replace(version);
        if known.is_some_and(|known| known != version) {
            self.forget();
            self.want();
        }
        Ok(changing)
    }

    /// Returns the number of ids that were added since it was built.
    #[cfg(test)]
    pub fn added(&self) -> usize {
        self.state().added.len()
    }

    /// Begins to build it, while nobody changes the database.
    pub fn begin(&self) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().added_while_building = Some(HashSet::new());
    }

    /// Puts what was built in the place of the former one, unless that was forgotten meanwhile.
    pub fn end(&self, built: Built) {
        let mut state = self.state();
        if let Some(added) = state.added_while_building.take() {
            state.built = Some(built);
            state.added = added;
        }
    }

    /// Returns `true` from its beginning until it has ended or the filter is forgotten.
    pub fn is_building(&self) -> bool {
        self.state().added_while_building.is_some() && !self.is_closed()
    }

    /// Ends what builds it.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.want();
    }

    /// Returns `true` after [`Filter::close`].
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn state(&self) -> RwLockWriteGuard<'_, FilterState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first half of an id, in the order of ids.
pub fn half(id: &[u8]) -> u64 {
    id.first_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}
