//! The targets of the fuzzers in `fuzz/`, which `cargo test` also runs with their seeds: each function takes the bytes
//! of a stranger and panics when a promise is broken.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::{Builder, Runtime};

use crate::clock::Clock;
pub use crate::http::fuzzing::{Bodies, forwarded};
pub use crate::inbox::fuzzing::mail;
pub use crate::model::fuzzing::identity;
use crate::model::{BareJid, Keys};
use crate::service::{Caller, Limits, Register, Service, Settings};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
pub use crate::xmpp::fuzzing::Stanzas;

/// Inputs after which everything that piled up is thrown away.
const GENERATION: u32 = 2000;

/// A service over a store of its own, without request limits, where one JID is registered.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    folder: PathBuf,
    inputs: u32,
}

/// Returns the JID that is registered in every [`World`].
pub(crate) fn amy() -> BareJid {
    BareJid::new("amy@example.org").expect("a JID")
}

impl World {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "itseme-fuzz-{}-{}",
            std::process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let keys = Keys::new(&zeroize::Zeroizing::new([7; 32]));
        let store = SqliteStore::open(&folder.join("fuzz.db"), keys.check()).expect("a database");
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let clock = Clock::system();
        let service = Service::new(Store::new(store), keys, clock.clone(), settings(), Default::default());
        let amy = amy();
        let register = Register::own(amy.clone(), "xmpp", amy.as_str(), false);
        let caller = Caller::native(amy, None);
        let registered = service.call(&caller, register);
        runtime.block_on(registered).expect("a registration");
        Self {
            runtime,
            service,
            clock,
            folder,
            inputs: 0,
        }
    }

    /// Returns `true` if it is time for a new world, because this one has handled many requests.
    pub(crate) fn has_aged(&mut self) -> bool {
        self.inputs += 1;
        // Conversations, sessions and limits end between inputs, so that each can be repeated alone.
        self.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
        self.inputs > GENERATION
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn settings() -> Settings {
    let never = u32::MAX;
    Settings {
        providers: ["xmpp", "email", "phone"].map(str::to_owned).into(),
        limits: Limits {
            requests_per_second: std::num::NonZeroU32::MAX,
            codes_per_day: never,
            codes_per_target_per_day: never,
            hashes_per_day: never,
            ..Limits::default()
        },
        admins: [amy()].into(),
        ..Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz/seeds")
            .join(target);
        let files = std::fs::read_dir(&folder).expect("seeds");
        let seeds: Vec<_> = files
            .map(|file| std::fs::read(file.expect("a seed").path()).expect("a seed"))
            .collect();
        assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
        seeds
    }

    #[test]
    fn seeds_of_identities() {
        seeds("identity").iter().for_each(|seed| identity(seed));
    }

    #[test]
    fn seeds_of_mails() {
        seeds("mail").iter().for_each(|seed| mail(seed));
    }

    #[test]
    fn seeds_of_forwarded_headers() {
        seeds("forwarded").iter().for_each(|seed| forwarded(seed));
    }

    #[test]
    fn seeds_of_bodies() {
        let mut bodies = Bodies::new();
        seeds("json").iter().for_each(|seed| bodies.run(seed));
    }

    #[test]
    fn seeds_of_stanzas() {
        let mut stanzas = Stanzas::new();
        seeds("stanza").iter().for_each(|seed| stanzas.run(seed));
    }
}
