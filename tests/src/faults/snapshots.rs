//! Copies of the service's data, taken while it runs, dies and starts.

use tempfile::TempDir;

use crate::{bytes, bytes::Needle, disk, world::World};

/// The largest number of copies.
const MOST: usize = 30;

/// The copies.
#[derive(Debug)]
pub struct Snapshots {
    folder: TempDir,
    taken: usize,
    looked: usize,
    every: usize,
}

impl Snapshots {
    /// Takes copies spread over so many occasions, `MOST` of them at most.
    pub fn over(occasions: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, taken: 0, looked: 0, every: occasions.div_ceil(MOST).max(1) }
    }

    /// Takes a copy, if it is time for one.
    pub fn look(&mut self, world: &World) {
        self.looked += 1;
        if self.looked.is_multiple_of(self.every) && self.taken < MOST {
            let copy = self.folder.path().join(self.taken.to_string());
            match &world.shared {
                // It is large, for what is its own.
                Some(shared) if self.taken.is_multiple_of(5) => disk::copy(&shared.postgres.data(), &copy),
                _ => disk::copy(&world.service.data(), &copy),
            }
            self.taken += 1;
        }
    }

    /// Returns the number of copies.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Returns the needles that are in copies, in words.
    pub fn search(&self, needles: &[Needle]) -> Vec<String> {
        bytes::find(self.folder.path(), needles)
    }
}
