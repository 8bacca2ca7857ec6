//! Identities as strangers write them.

use itseme_identity::{Identity, disturbs};

/// Providers of every kind; the first byte of an input chooses.
const PROVIDERS: [&str; 6] = ["xmpp", "email", "phone", "github", "", "git:hub"];

/// Canonicalises an id: doing so again changes nothing, what only looks different hashes to the same, and
/// nothing in it disturbs a text.
pub fn identity(input: &[u8]) {
    let Some((choice, id)) = input.split_first() else {
        return;
    };
    let Ok(id) = std::str::from_utf8(id) else { return };
    let meant = Identity::typed(id).unwrap_or_default();
    let provider = PROVIDERS[usize::from(*choice) % PROVIDERS.len()];
    let parsed = Identity::parse(provider.into(), id);
    for once in meant.into_iter().chain(parsed) {
        let name = once.provider.name().to_owned();
        assert!(!name.is_empty() && !name.contains(':') && !once.id.is_empty());
        assert!(
            once.id == once.id.trim() && !once.id.contains(disturbs),
            "{name}:{:?}",
            once.id
        );
        let twice = Identity::parse(once.provider.clone(), &once.id);
        assert_eq!(twice.as_ref(), Ok(&once), "{name}:{}", once.id);
        let spaced = Identity::parse(once.provider.clone(), &format!(" {} ", once.id));
        assert_eq!(spaced.map(|spaced| spaced.hash()), Ok(once.hash()));
        let _ = once.check_reachable();
    }
}
