//! The version of the program.

/// The number and the commit, like `0.1.0 (3caf957a1b2c)`; the number alone if the build did not know the commit (`build.rs`).
pub const VERSION: &str = env!("BUILD_VERSION");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::process::Command;

    use super::*;

    #[test]
    fn tells_the_commit_of_this_checkout() {
        let git = |arguments: &[&str]| {
            let output = Command::new("git").args(arguments).output();
            let output = output.ok().filter(|output| output.status.success())?;
            Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
        };
        let is_checkout = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
        let commit = option_env!("ITSEME_COMMIT").filter(|commit| !commit.is_empty());
        let commit = commit
            .map(str::to_owned)
            .or_else(|| git(&["log", "-1", "--format=%H"]).filter(|_| is_checkout));
        let number = env!("CARGO_PKG_VERSION");
        let expected = match commit {
            Some(commit) => format!("{number} ({})", &commit[..12]),
            None => number.to_owned(),
        };
        assert_eq!(VERSION, expected);
    }
}
