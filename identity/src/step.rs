//! The steps in which an id was read.

use std::fmt;

use crate::Region;

/// A step by which a written id becomes canonical. `Display` describes it in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The id was taken out of a URI.
    Uri,
    /// A word became digits, as on a keypad.
    Keypad,
    /// Spaces, separators, invisible characters, label and extension were taken off; digits are ASCII.
    Cleaned,
    /// The number was read as it is dialled in a region.
    InRegion(Region),
    /// The number was written as libphonenumber does (E.164).
    International,
    /// The number was written as since its country's renumbering.
    Renumbered,
    /// The id was brought into its canonical form.
    Canonical,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri => f.write_str("taken out of the URI"),
            Self::Keypad => f.write_str("letters dialled on the keypad"),
            Self::Cleaned => f.write_str("nothing but the digits"),
            Self::InRegion(region) => write!(f, "dialled in {region}"),
            Self::International => f.write_str("in international form"),
            Self::Renumbered => f.write_str("as since the renumbering"),
            Self::Canonical => f.write_str("in canonical form"),
        }
    }
}
