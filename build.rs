//! Tells the program the commit that it is built from: `ITSEME_COMMIT`, or else that of the checkout, if this is one.

use std::path::Path;
use std::process::Command;

/// The digits of a commit that the version shows.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ITSEME_COMMIT");
    let given = std::env::var("ITSEME_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given
        .or_else(of_checkout)
        .map(|commit| commit.chars().take(DIGITS).collect::<String>());
    let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    // Not ITSEME_…: to the service, such variables are its configuration, and cargo run passes these on.
    println!("cargo::rustc-env=BUILD_VERSION={}{commit}", env!("CARGO_PKG_VERSION"));
    look_for_flags();
}

/// Warns if SQLite is built without the flags of `.cargo/config.toml`. Cargo does not read that of another repository
/// (`cargo install --git`), and no package can set them for another.
fn look_for_flags() {
    println!("cargo::rerun-if-env-changed=LIBSQLITE3_FLAGS");
    let Ok(config) = std::fs::read_to_string(".cargo/config.toml") else {
        return;
    };
    println!("cargo::rerun-if-changed=.cargo/config.toml");
    let wanted = config.lines().find_map(|line| line.strip_prefix("LIBSQLITE3_FLAGS = "));
    let set = std::env::var("LIBSQLITE3_FLAGS").unwrap_or_default();
    let wanted = wanted.unwrap_or_default().trim_matches('"');
    if wanted.split(' ').any(|flag| !set.contains(flag)) {
        println!(
            "cargo::warning=SQLite is built so that it is slower. Call again, with LIBSQLITE3_FLAGS=\"{wanted}\" before cargo"
        );
    }
}

/// The commit of the checkout, unless these files are a part of another project's. Changes that are not committed do not count.
fn of_checkout() -> Option<String> {
    let is_top = git(&["rev-parse", "--show-prefix"])?.is_empty();
    let commit = git(&["rev-parse", "--verify", "HEAD"]).filter(|_| is_top)?;
    // Of these, some change with each commit, in a work tree of several as well. Cargo would always build again for one that
    // does not exist.
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD"].into_iter().chain(branch.as_deref()) {
        let file = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&file).exists() {
            println!("cargo::rerun-if-changed={file}");
        }
    }
    Some(commit)
}

/// What git prints; `None` if there is no git, or it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let printed = String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())?;
    Some(printed.trim().to_owned())
}
