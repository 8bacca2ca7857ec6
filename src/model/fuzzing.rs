//! Identities as strangers write them.

use itseme_identity::{Identity, Region, disturbs};

/// Providers of every kind; the first byte of an input chooses.
const PROVIDERS: [&str; 6] = ["xmpp", "email", "phone", "github", "", "git:hub"];

/// Owners' regions; the first byte of an input chooses.
const REGIONS: [&str; 9] = ["", "GB", "US", "IT", "AR", "MX", "RU", "AU", "CO"];

/// Canonicalises an id: doing so again changes nothing, in whatever region, what only looks different hashes to the same,
/// nothing in it disturbs a text, and no alias is the identity itself.
pub fn identity(input: &[u8]) {
    let Some((choice, id)) = input.split_first() else {
        return;
    };
    let Ok(id) = std::str::from_utf8(id) else { return };
    let choice = usize::from(*choice);
    let provider = PROVIDERS[choice % PROVIDERS.len()];
    let region: Option<Region> = REGIONS[choice / PROVIDERS.len() % REGIONS.len()].parse().ok();
    let meant = Identity::typed_in(id, region).unwrap_or_default();
    let parsed = Identity::parse_in(provider.into(), id, region);
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
        let elsewhere = Identity::parse_in(once.provider.clone(), &once.id, region);
        assert_eq!(elsewhere.as_ref(), Ok(&once));
        let aliases = once.aliases();
        assert!(aliases.len() <= 4 && !aliases.contains(&once));
        let _ = (once.check_reachable(), once.costs_extra(), Region::of_number(&once));
    }
}
