//! A small disk, to be filled.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// The file that fills the disk.
const FILLER: &str = "filler";

/// A file system of its own (tmpfs), mounted on a folder until it is dropped.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts one of so many MiB on an existing folder. `None` if that is not allowed: it takes root.
    pub fn mount(folder: &Path, megabytes: u32) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0700"), "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder.to_owned()))
    }

    /// Leaves not a byte free.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("an entry of the folder");
        for size in [1 << 20, 4096, 1] {
            let zeros = vec![0; size];
            while filler.write_all(&zeros).is_ok() {}
        }
    }

    /// Gives back what [`fill`](Self::fill) took.
    pub fn free(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.0.join(FILLER)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: processes with open files there keep them.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Copies a folder as it is at this moment, though somebody may be writing to it, but for what fills the disk.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the copy");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if name != FILLER {
            // A journal may have been removed meanwhile.
            let _ = fs::copy(&path, to.join(name));
        }
    }
}
