//! Files that are not complete.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError, TempDir};
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::{absolute, are_same};
use crate::private;
use crate::telemetry::tell;

/// The interval between two lines about the progress of a copy.
const TOLD_EVERY: Duration = Duration::from_secs(10);
/// The number of bytes that are copied between two looks for a wish to stop.
const CHUNK: u64 = 64 << 20;

/// A file that is not complete, in a folder that only this user can enter. Both go, with all that is in the folder, unless the file
/// gets a name.
pub(super) struct Part {
    file: NamedTempFile,
    _folder: TempDir,
}

impl Part {
    /// Makes one in the folder of `name`.
    pub(super) fn beside(name: &Path) -> Result<Self, String> {
        let make = || {
            // An absolute path is no URI to SQLite.
            let place = absolute(private::folder_of(name));
            let folder = tempfile::Builder::new()
                .prefix(".itseme-incomplete-")
                .tempdir_in(place)?;
            Ok(Self {
                file: NamedTempFile::new_in(&folder)?,
                _folder: folder,
            })
        };
        make().map_err(|error: io::Error| {
            let folder = private::folder_of(name).display();
            // The error itself names the folder that is for the part.
            match error.kind() {
                ErrorKind::NotFound => format!("the folder {folder} is not there: make it, and give it to this user"),
                ErrorKind::PermissionDenied => format!("this user can make no file in the folder {folder}"),
                _ => format!("no file can be made in the folder {folder}: {error}"),
            }
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns a function that a copy of `source` calls now and then. It prints how much is there, and returns `true` if the copy is to
    /// end.
    pub(super) fn watched(&self, source: &Path, stop: &CancellationToken) -> impl FnMut() -> bool + Send + use<> {
        let (part, all, stop) = (self.path().to_owned(), megabytes(source), stop.clone());
        let mut told = Instant::now();
        move || {
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                tell(format_args!("{} of {all} MB", megabytes(&part)));
            }
            stop.is_cancelled()
        }
    }

    pub(super) fn fill(&self, mut from: File, mut ends: impl FnMut() -> bool) -> io::Result<()> {
        while io::copy(&mut (&mut from).take(CHUNK), &mut self.file.as_file())? > 0 {
            if ends() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        Ok(())
    }

    /// Gives it a name that there is not yet.
    pub(super) fn become_new(self, name: &Path) -> Result<(), String> {
        self.named(name, NamedTempFile::persist_noclobber)
    }

    /// Gives it the name of another file, which is gone then.
    pub(super) fn replace(self, name: &Path) -> Result<(), String> {
        self.named(name, NamedTempFile::persist)
    }

    fn named(
        self,
        name: &Path,
        give: impl FnOnce(NamedTempFile, PathBuf) -> Result<File, PersistError>,
    ) -> Result<(), String> {
        let told = |error: &dyn fmt::Display| format!("{}: {error}", name.display());
        self.file.as_file().sync_all().map_err(|error| told(&error))?;
        let file = give(self.file, name.to_owned()).map_err(|failed| told(&failed.error))?;
        let (made, named) = (file.metadata(), name.symlink_metadata());
        let is_same = made.is_ok_and(|made| named.is_ok_and(|named| are_same(&made, &named)));
        match is_same {
            true => private::sync_folder(name).map_err(|error| told(&error)),
            false => Err(told(
                &"others have put another file there: use a folder that they cannot write to",
            )),
        }
    }
}

/// Returns the size of a file in megabytes.
fn megabytes(path: &Path) -> u64 {
    path.metadata().map_or(0, |file| file.len()) / 1_000_000
}
