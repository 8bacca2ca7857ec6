//! `itseme hash`: the hash of an identity, and how its id was read.

use std::fmt::Write;

use itseme_identity::{Identity, InvalidId, Region, numbering_version};

/// The hash, and with `explain` all that leads to it: a line for each step of the reading, the identity, its aliases.
///
/// # Errors
/// If the id has no canonical form; says why, and what to do.
pub fn hash(provider: &str, id: &str, region: Option<Region>, explain: bool) -> Result<String, String> {
    let mut told = format!("{id:<WIDTH$}  as written\n");
    let tell = |step, id: &str| {
        // Writing to a string never fails.
        let _ = writeln!(told, "{id:<WIDTH$}  {step}");
    };
    let identity = Identity::read(provider.into(), id, region, tell).map_err(reason)?;
    if !explain {
        return Ok(identity.hash().to_string());
    }
    let others = identity.aliases();
    let aliases = others.iter().map(|alias| format!("\nalias     {}", named(alias)));
    let aliases: String = aliases.collect();
    Ok(format!(
        "{told}\nidentity  {}{aliases}\n\nThe numbering table has version {}.",
        named(&identity),
        numbering_version()
    ))
}

/// Wide enough for a number.
const WIDTH: usize = 20;

fn named(identity: &Identity) -> String {
    let Identity { provider, id } = identity;
    format!("{}:{id}\nhash      {}", provider.name(), identity.hash())
}

fn reason(invalid: InvalidId) -> String {
    match invalid {
        InvalidId::PhoneWithoutCountry => format!("{invalid} Or name the region where it is dialled: --region GB."),
        _ => invalid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn prints_the_hash_or_why_there_is_none() {
        let hash = |id, region: &str| hash("phone", id, region.parse().ok(), false);
        assert_eq!(hash("07700 900123", "GB"), hash("+44 (0)7700 900123", ""));
        assert!(
            hash("+00112345678", "")
                .unwrap()
                .starts_with("868629caa99a9a45df39fd1783d73609")
        );
        assert!(hash("07700 900123", "").unwrap_err().contains("--region"));
        assert!(hash("+44 7700 90O123", "GB").unwrap_err().contains("letters"));
    }

    #[test]
    fn explains_each_step_and_names_the_aliases() {
        let told = hash("phone", "Tel.: 044 55 1234 5678", "MX".parse().ok(), true).unwrap();
        let hash = |id| itseme_identity::Hash::of("phone", id);
        for part in [
            "Tel.: 044 55 1234 5678  as written\n",
            "0445512345678         nothing but the digits\n",
            "dialled in MX\n",
            &format!("identity  phone:+525512345678\nhash      {}\n", hash("+525512345678")),
            &format!("alias     phone:+5215512345678\nhash      {}\n", hash("+5215512345678")),
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
