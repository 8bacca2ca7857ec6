//! `[[peers]]`: other services whose people this one's find.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::sections::Domain;
use crate::model::BareJid;
use crate::model::server::is_public_suffix;
use crate::section::words;

/// One of `[[peers]]`: another service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSection {
    /// The domain of its component.
    #[serde(deserialize_with = "words::domain")]
    pub jid: BareJid,
    /// The domains for whose JIDs it is believed; by default the domain above its own.
    pub vouches_for: Option<BTreeSet<Domain>>,
    /// Hashes in all of its contact requests of a day.
    #[serde(default = "PeerSection::default_hashes")]
    pub hashes_per_day: u32,
    /// `false` if it neither asks nor is asked.
    #[serde(default = "PeerSection::default_enabled")]
    pub enabled: bool,
}

impl PeerSection {
    pub(super) fn default_hashes() -> u32 {
        20_000
    }

    fn default_enabled() -> bool {
        true
    }

    /// Returns the domains for whose JIDs it is believed.
    pub fn domains(&self) -> BTreeSet<String> {
        match &self.vouches_for {
            Some(domains) => domains.iter().map(|domain| domain.0.clone()).collect(),
            None => domain_above(&self.jid).into_iter().collect(),
        }
    }
}

/// Returns the domain above that of a component; `None` if people cannot have accounts there, because everybody can have domains
/// below it.
pub fn domain_above(component: &BareJid) -> Option<String> {
    let (_, above) = component.as_str().split_once('.')?;
    (!is_public_suffix(above)).then(|| above.to_owned())
}
