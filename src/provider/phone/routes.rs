//! `[providers.phone.routes]`: the gateways for numbers, by their beginnings.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{ANY_NUMBER, is_prefix};
use crate::channel::sms::{Rank, Route};
use crate::section::Mistakes;

/// The largest share of a gateway.
const LARGEST_SHARE: u32 = 1000;

/// The routes as they are written, by their prefixes.
pub type RoutesSection = BTreeMap<String, Vec<Step>>;

/// Gateways of the same rank, each with its share.
#[derive(Clone, Debug)]
pub struct Step(BTreeMap<String, u32>);

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Shares(BTreeMap<String, u32>),
        }
        match Written::deserialize(deserializer) {
            Ok(Written::One(name)) => Ok(Self([(name, 1)].into())),
            Ok(Written::Shares(shares)) => Ok(Self(shares)),
            Err(_unclear) => Err(D::Error::custom(
                "expected the name of a gateway, or shares of several, like { cheap = 3, other = 1 }",
            )),
        }
    }
}

/// Returns the routes over gateways of these names, by their numbers. Numbers without a route go over all gateways, in the order of
/// their names.
///
/// # Errors
/// Naming the route and the remedy.
pub fn routes(section: &RoutesSection, names: &[&str]) -> Result<Vec<Route>, Mistakes> {
    let mut found = Mistakes::default();
    let mut routes = Vec::new();
    for (prefix, steps) in section {
        check(prefix, steps, names, &mut found);
        routes.push(Route::new(prefix, steps.iter().map(|step| rank(step, names)).collect()));
    }
    if !section.contains_key(ANY_NUMBER) {
        let all = (0..names.len()).map(|number| vec![(number, 1)]).collect();
        routes.push(Route::new(ANY_NUMBER, all));
    }
    found.result().map(|()| routes)
}

fn rank(Step(shares): &Step, names: &[&str]) -> Rank {
    let number = |name: &String| names.iter().position(|known| known == name);
    shares
        .iter()
        .filter_map(|(name, share)| Some((number(name)?, *share)))
        .collect()
}

fn check(prefix: &str, steps: &[Step], names: &[&str], found: &mut Mistakes) {
    let key = format!("providers.phone.routes.{prefix}");
    found.unless(
        is_prefix(prefix),
        &*key,
        "expected the beginning of numbers as its name, like \"+49\"",
    );
    let shares = || steps.iter().flat_map(|step| &step.0);
    found.unless(
        shares().next().is_some(),
        &*key,
        "expected at least one gateway, like [\"main\"]",
    );
    let mut seen = BTreeSet::new();
    for (name, share) in shares() {
        let known = names.join(", ");
        found.unless(
            names.contains(&&**name),
            &*key,
            format!("there is no gateway {name:?}; expected {known}"),
        );
        found.unless(
            (1..=LARGEST_SHARE).contains(share),
            &*key,
            format!("expected a share from 1 to {LARGEST_SHARE} for {name:?}"),
        );
        found.unless(seen.insert(name), &*key, format!("{name:?} stands twice; take one out"));
    }
}
