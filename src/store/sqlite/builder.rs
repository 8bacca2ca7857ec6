//! Builds the filter from what is in the table, in the background.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, params};
use xorf::{BinaryFuse8, Filter as _};

use super::super::{Result, StoreError};
use super::filter::{Built, Filter, half};
use super::queries::Session;
use super::readers::connect;

/// The number of ids that are read in one snapshot: no journal can be emptied meanwhile.
const READ_TOGETHER: usize = if cfg!(test) { 7 } else { 4096 };
/// The number of ids in one part of the filter. To make one takes a megabyte, of which the allocator gives little back; more of them
/// would take less of the filter.
const PART: usize = if cfg!(test) { 40 } else { 32 * 1024 };
/// The cache of the connection that reads them, in KiB: each page is read once.
const CACHE: i64 = 256;

/// The filter as it is being built.
#[derive(Default)]
struct Build {
    built: Built,
    /// The id that was read last, as it is stored.
    last: Vec<u8>,
    /// Those that are in no part yet.
    ids: Vec<u64>,
}

impl Build {
    /// Reads some ids. Returns `false` if there are no more.
    fn step(&mut self, connection: &Connection) -> Result<bool> {
        let sql = "SELECT id_mac FROM links INDEXED BY links_by_id WHERE id_mac > ? ORDER BY id_mac LIMIT ?";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.last, READ_TOGETHER])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_blob().unwrap_or_default();
            self.ids.push(half(id));
            read += 1;
            if read == READ_TOGETHER {
                self.last = id.to_vec();
            }
        }
        drop(rows);
        let is_last = read < READ_TOGETHER;
        if is_last || self.ids.len() >= PART {
            self.make_part()?;
        }
        Ok(!is_last)
    }

    fn make_part(&mut self) -> Result<()> {
        self.ids.dedup();
        if let Some(first) = self.ids.first() {
            let failed = |error: &str| StoreError::Unavailable(error.to_owned());
            let part = BinaryFuse8::try_from(&self.ids).map_err(failed)?;
            if !self.ids.iter().all(|id| part.contains(id)) {
                return Err(failed("a filter lacks what it was made of"));
            }
            self.built.parts.push((*first, part));
        }
        self.built.ids += self.ids.len();
        self.ids.clear();
        Ok(())
    }
}

/// The thread that builds the filter.
pub struct Builder {
    filter: Arc<Filter>,
    thread: Option<JoinHandle<()>>,
}

impl Builder {
    /// Builds the filter of the database at `path` whenever it is wanted. `connection` is that over which it is changed.
    pub fn start(path: &Path, connection: &Connection) -> Result<Self> {
        let (wishes, wished) = sync_channel(1);
        let filter = Arc::new(Filter::new(wishes));
        drop(filter.change(connection)?);
        let (built, path) = (filter.clone(), path.to_owned());
        let thread = std::thread::Builder::new()
            .name("itseme-filter".into())
            .spawn(move || serve(&built, &path, &wished))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            filter,
            thread: Some(thread),
        })
    }

    /// Returns the filter.
    pub fn filter(&self) -> &Arc<Filter> {
        &self.filter
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.filter.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(filter: &Filter, path: &Path, wishes: &Receiver<()>) {
    // Only Linux has priorities of threads.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
    while wishes.recv().is_ok() && !filter.is_closed() {
        if let Err(error) = build(filter, path) {
            tracing::warn!(%error, "contact requests are matched without a filter until the service is started again");
            filter.forget();
        }
    }
}

fn build(filter: &Filter, path: &Path) -> Result<()> {
    filter.begin();
    let connection = connect(path)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    if Session::new(&connection).is_key_changing()? {
        filter.forget();
    }
    let mut build = Build {
        ids: Vec::with_capacity(PART + READ_TOGETHER),
        ..Build::default()
    };
    while filter.is_building() && build.step(&connection)? {}
    if filter.is_building() {
        filter.end(build.built);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::AloneOn;
    use super::*;
    use crate::model::Mac;
    use crate::store::{KeyedRow, Link, NO_PROOF, WriteKeys, WriteLinks};

    const OWNER: Mac = Mac([1; 16]);

    /// What may happen, in any order.
    #[derive(Clone, Debug)]
    enum Event {
        /// Links come, while the filter is built further by so many steps, and are committed or not.
        Put(Vec<u8>, usize, bool),
        Delete(u8),
        /// A link is renewed under another key.
        Renew(u8, usize),
        /// Another process makes a link.
        PutByOther(u8),
        Begin,
        Step(usize),
        Forget,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (prop::collection::vec(any::<u8>(), 1..20), 0..20_usize, any::<bool>())
                .prop_map(|(ids, steps, kept)| Event::Put(ids, steps, kept)),
            2 => any::<u8>().prop_map(Event::Delete),
            2 => (any::<u8>(), 0..20_usize).prop_map(|(id, steps)| Event::Renew(id, steps)),
            1 => any::<u8>().prop_map(Event::PutByOther),
            2 => Just(Event::Begin),
            4 => (1..40_usize).prop_map(Event::Step),
            1 => Just(Event::Forget),
        ]
    }

    /// Spread as MACs are.
    fn mac(number: u64) -> Mac {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        Mac(std::array::from_fn(|at| spread[at % 8]))
    }

    fn link(id: Mac, key: u32) -> Link {
        Link {
            id,
            alias_of: None,
            owner: OWNER,
            proof: NO_PROOF,
            sealed: vec![],
            key,
            verified_on: 0,
        }
    }

    struct World {
        filter: Filter,
        build: Option<Build>,
        /// Writes for the service, reads for the filter, and writes for another process.
        connections: [Connection; 3],
        /// The links, with the numbers of their keys.
        links: HashMap<u8, u32>,
    }

    impl World {
        fn new(path: &Path) -> Self {
            let (wishes, _) = sync_channel(1);
            let filter = Filter::new(wishes);
            let connections = [(); 3].map(|()| Connection::open(path).unwrap());
            for connection in &connections {
                connection.pragma_update(None, "synchronous", "OFF").unwrap();
            }
            drop(filter.change(&connections[0]).unwrap());
            Self {
                filter,
                build: None,
                connections,
                links: HashMap::new(),
            }
        }

        fn begin(&mut self) {
            if self.build.is_none() {
                self.filter.begin();
                self.build = Some(Build::default());
            }
        }

        fn step(&mut self, steps: usize) {
            for _ in 0..steps {
                let Some(build) = &mut self.build else { return };
                if !build.step(&self.connections[1]).unwrap() {
                    self.filter.end(self.build.take().unwrap().built);
                }
            }
        }

        fn change(&mut self, steps: usize, is_kept: bool, change: impl FnOnce(&Session<'_>)) {
            self.connections[0].execute_batch("BEGIN IMMEDIATE").unwrap();
            // Only that the filter is not begun meanwhile is seen to by the lock, which would wait here.
            drop(self.filter.change(&self.connections[0]).unwrap());
            change(&Session::with(&self.connections[0], &self.filter));
            self.step(steps);
            let end = if is_kept { "COMMIT" } else { "ROLLBACK" };
            self.connections[0].execute_batch(end).unwrap();
        }

        fn happen(&mut self, event: &Event) {
            match event {
                Event::Put(ids, steps, is_kept) => {
                    self.change(*steps, *is_kept, |session| {
                        let links = ids.iter().map(|id| link(mac((*id).into()), 0));
                        links.for_each(|link| session.put_link(&link).unwrap());
                    });
                    // A link under the other key has another id.
                    let put = ids.iter().filter(|_| *is_kept).map(|id| (*id, 0));
                    put.for_each(|(id, key)| _ = self.links.entry(id).or_insert(key));
                }
                Event::Delete(id) => {
                    let Some(key) = self.links.remove(id) else { return };
                    self.change(0, true, |session| {
                        assert!(session.delete_link(&mac(named(*id, key)), &OWNER).unwrap());
                    });
                }
                Event::Renew(id, steps) => {
                    let Some(key) = self.links.get(id).copied() else { return };
                    self.change(*steps, true, |session| {
                        let renewed = |key| KeyedRow::Link(link(mac(named(*id, key)), key));
                        session.renew(&renewed(key), Some(&renewed(key + 1))).unwrap();
                    });
                    self.links.insert(*id, key + 1);
                }
                Event::PutByOther(id) => {
                    if self.links.contains_key(id) {
                        return;
                    }
                    Session::new(&self.connections[2])
                        .put_link(&link(mac((*id).into()), 0))
                        .unwrap();
                    self.links.insert(*id, 0);
                    self.change(0, true, |_| ());
                }
                Event::Begin => self.begin(),
                Event::Step(steps) => self.step(*steps),
                Event::Forget => self.filter.forget(),
            }
        }
    }

    /// A link has another id under each key.
    fn named(id: u8, key: u32) -> u64 {
        u64::from(key) * 256 + u64::from(id)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_happens_no_link_is_missed(events in prop::collection::vec(event(), 1..60)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("test.db");
            drop(AloneOn::open(&path, OWNER).unwrap());
            let mut world = World::new(&path);
            for event in events {
                world.happen(&event);
                let ids: Vec<Mac> = world.links.iter().map(|(id, key)| mac(named(*id, *key))).collect();
                let found = world.filter.may_have(&ids).unwrap_or_default();
                prop_assert!(found.iter().all(|found| *found), "after {event:?}");
            }
        }
    }

    #[test]
    fn few_of_those_that_are_not_linked_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        drop(AloneOn::open(&path, OWNER).unwrap());
        let mut world = World::new(&path);
        world.change(0, true, |session| {
            (0..1000).for_each(|number| session.put_link(&link(mac(number), 0)).unwrap());
        });
        assert_eq!(world.filter.may_have(&[OWNER]), None, "it is not built yet");
        world.begin();
        world.step(usize::MAX);
        let others: Vec<Mac> = (1000..11_000).map(mac).collect();
        let pass = world.filter.may_have(&others).unwrap();
        assert!(pass.iter().filter(|passes| **passes).count() < 100);
    }
}
