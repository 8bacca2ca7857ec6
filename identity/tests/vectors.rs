//! The conformance vectors, which client libraries run as well.
#![allow(clippy::unwrap_used)]

use itseme_identity::{Hash, Identity, InvalidId, Provider};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    provider: String,
    input: String,
    region: Option<String>,
    id: Option<String>,
    hash: Option<String>,
    #[serde(default)]
    aliases: Vec<Alias>,
    refused: Option<String>,
    #[allow(dead_code)]
    note: Option<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alias {
    id: String,
    hash: String,
}

impl Vector {
    fn read(&self) -> Result<Identity, InvalidId> {
        let region = self.region.as_ref().map(|region| region.parse().unwrap());
        Identity::parse_in(Provider::from(self.provider.as_str()), &self.input, region)
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../vectors.json")).unwrap()
}

/// Returns a reason as the vectors write it: `phone-with-letters`.
fn kebab(reason: InvalidId) -> String {
    let name = format!("{reason:?}");
    let dashed = name
        .chars()
        .flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain(c.to_lowercase()));
    dashed.skip(1).collect()
}

fn aliases(identity: &Identity) -> Vec<Alias> {
    let alias = |identity: Identity| Alias {
        hash: identity.hash().to_string(),
        id: identity.id,
    };
    let mut aliases: Vec<Alias> = identity.aliases().into_iter().map(alias).collect();
    aliases.sort();
    aliases
}

#[test]
fn every_vector_is_read_as_it_says() {
    let vectors = vectors();
    assert!(vectors.len() >= 500, "{} vectors", vectors.len());
    let different: Vec<String> = vectors.iter().filter_map(difference).collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Returns the differences from the vector.
fn difference(vector: &Vector) -> Option<String> {
    let expected = (&vector.id, &vector.hash, &vector.aliases, &vector.refused);
    let (id, hash, aliases, refused) = match vector.read() {
        Ok(identity) => {
            let (hash, aliases) = (identity.hash().to_string(), aliases(&identity));
            (Some(identity.id), Some(hash), aliases, None)
        }
        Err(reason) => (None, None, Vec::new(), Some(kebab(reason))),
    };
    let found = (&id, &hash, &aliases, &refused);
    (found != expected).then(|| {
        let Vector {
            provider,
            input,
            region,
            ..
        } = vector;
        format!("{provider}:{input:?} in {region:?}: {found:?} instead of {expected:?}")
    })
}

#[test]
fn no_vector_stands_there_twice_and_each_hash_is_of_its_id() {
    let mut seen = std::collections::HashSet::new();
    for Vector {
        provider,
        input,
        region,
        id,
        hash,
        aliases,
        ..
    } in vectors()
    {
        for Alias { id, hash } in id
            .zip(hash)
            .map(|(id, hash)| Alias { id, hash })
            .into_iter()
            .chain(aliases)
        {
            assert_eq!(Hash::of(&provider, &id).to_string(), hash, "{input:?}");
        }
        assert!(seen.insert((provider, input.clone(), region)), "{input:?}");
    }
}
