//! The number of files and connections that the service may have open at once (`RLIMIT_NOFILE`, getrlimit(2)).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::own_thread::cores;

/// The descriptors for the database, the log and connections to others.
const RESERVED: u64 = 64;
/// The descriptors for threads, for each core.
const RESERVED_FOR_CORE: u64 = 8;

/// Raises the limit as far as the system lets us: the usual 1,024 is there for programs that are older than `poll`.
pub fn raise() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// `wanted` connections, or as many as can be had.
pub fn at_most(wanted: usize) -> usize {
    let Some(limit) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let reserved = RESERVED + RESERVED_FOR_CORE * cores() as u64;
    let available = usize::try_from(limit.saturating_sub(reserved).max(1)).unwrap_or(usize::MAX);
    if available < wanted {
        tracing::warn!(
            available,
            remedy = "raise the limit of open files (systemd: LimitNOFILE=), or lower http.max_connections",
            "fewer connections are possible than http.max_connections allows"
        );
    }
    wanted.min(available)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_system_allows() {
        raise();
        let limits = getrlimit(Resource::Nofile);
        assert_eq!(limits.current, limits.maximum);
        assert_eq!(at_most(1), 1);
        if let Some(limit) = limits.current {
            assert!(at_most(usize::MAX) as u64 <= limit);
        }
    }
}
