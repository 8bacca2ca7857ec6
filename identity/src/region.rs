//! Regions, in which national numbers are read.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::PHONE_NUMBER_UTIL;

use crate::{Identity, Provider};

/// The region in which a number without `+` is dialled: an ISO 3166-1 alpha-2 code that libphonenumber knows, like `GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(pub(crate) rlibphonenumber::Region);

impl Region {
    /// Returns the regions that share the calling code of a phone number: one for `+49`, several for `+1`, `+7` or
    /// `+44`, where only the owner knows the right one. The region that the number seems to belong to comes first.
    /// Empty if there is no such calling code, it has no region, or the identity is no phone number.
    pub fn of_number(identity: &Identity) -> Vec<Self> {
        let number = Some(&identity.id).filter(|_| identity.provider == Provider::Phone);
        let Some(number) = number.and_then(|id| PHONE_NUMBER_UTIL.parse(id, None).ok()) else {
            return Vec::new();
        };
        let sharing = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(number.country_code);
        let of_a_country = |region: &Self| region.0 != rlibphonenumber::Region::World;
        let mut regions: Vec<Self> = sharing.into_iter().flatten().map(Self).filter(of_a_country).collect();
        let own = PHONE_NUMBER_UTIL.get_region_for_number(&number).map(Self);
        regions.sort_by_key(|region| Some(*region) != own);
        regions
    }

    /// The calling code, like 44.
    pub(crate) fn calling_code(self) -> Option<i32> {
        PHONE_NUMBER_UTIL.get_country_code_for_region(self.0)
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    /// In either case; `UK` is read as `GB`.
    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        let code = if code.eq_ignore_ascii_case("UK") { "GB" } else { code };
        let region = rlibphonenumber::Region::from_code(code).map(Self);
        region
            .ok()
            .filter(|region| region.calling_code().is_some())
            .ok_or(UnknownRegion)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// There is no such region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRegion;

impl fmt::Display for UnknownRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("No such region is known. Two letters of ISO 3166-1 are expected, like GB.")
    }
}

impl std::error::Error for UnknownRegion {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn regions_are_known_by_their_codes() {
        for (code, region) in [("GB", "GB"), ("gb", "GB"), ("uk", "GB"), ("AC", "AC"), ("XK", "XK")] {
            assert_eq!(code.parse::<Region>().unwrap().to_string(), region);
        }
        for unknown in ["", "G", "GBR", "QQ", "001", "ZZ", "AQ", "44", "g\u{df}"] {
            assert_eq!(unknown.parse::<Region>(), Err(UnknownRegion), "{unknown}");
        }
    }

    #[test]
    fn a_number_tells_its_owners_region_where_the_code_is_not_shared() {
        let regions = |number: &str| -> Vec<String> {
            let identity = Identity::parse(Provider::Phone, number).unwrap();
            Region::of_number(&identity).iter().map(ToString::to_string).collect()
        };
        assert_eq!(regions("+49 171 3920000"), ["DE"]);
        assert_eq!(regions("+44 7700 900123").len(), 4);
        assert_eq!(regions("+44 7781 123456")[0], "GG");
        assert_eq!(regions("+1 202 555 0123")[0], "US");
        assert!(regions("+1 242 359 1234").len() > 20);
        assert_eq!(regions("+1 242 359 1234")[0], "BS");
        assert_eq!(regions("+47 79 12 34 56").len(), 2);
        assert!(regions("+800 1234 5678").is_empty());
        assert!(regions("+00 112345678").is_empty());
        let name = Identity::parse(Provider::Named("github".into()), "+447700900123").unwrap();
        assert!(Region::of_number(&name).is_empty());
    }
}
