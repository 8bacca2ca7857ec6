//! The programs in `stand-ins/oauth/`, which need packages of npm and PyPI.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A program for Node.js.
pub fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(installed().join(script));
    command
}

/// A program for Python.
pub fn python(script: &str) -> Command {
    let folder = installed();
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.arg(folder.join(script));
    command
}

/// Returns the folder of the installed programs and their packages.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stand-ins/oauth");
        let output = Command::new(folder.join("install")).output().expect("bash");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}
