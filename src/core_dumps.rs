//! Keeps the system from writing the memory, which contains the keys, to a disk when the program crashes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Forbids core dumps, and other programs of the same user to look into the memory (`PR_SET_DUMPABLE`, prctl(2)). The limit alone
/// is not enough: a system that pipes dumps to a program (systemd-coredump) ignores it.
pub fn forbid() {
    let none = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum.map(|_| 0).or(Some(0)),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be disabled");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other programs of this user can read the service's memory");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_is_dumped() {
        forbid();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }
}
