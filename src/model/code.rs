//! The codes that prove an identity.

use std::fmt;

use rand::Rng;
use rand::distr::{Distribution, Uniform};
use serde::{Deserialize, Serialize};

/// A code of decimal digits, as it is sent and typed back. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code(String);

impl Code {
    /// Draws `digits` digits, each value equally likely.
    pub fn random(digits: u8, rng: &mut impl Rng) -> Self {
        // 0..=9 is never an empty range; an impossible failure yields no code rather than a weak one.
        let digit = Uniform::new_inclusive(b'0', b'9').ok();
        let text = (0..digits)
            .filter_map(|_| digit.map(|d| char::from(d.sample(rng))))
            .collect();
        Self(text)
    }

    /// What a person typed: spaces around and between the digits do not count.
    pub fn typed(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_whitespace()).collect())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_digits_asked_for_and_varies() {
        let mut rng = rand::rng();
        let codes: std::collections::HashSet<_> = (0..100).map(|_| Code::random(6, &mut rng).to_string()).collect();
        assert!(codes.len() > 50);
        assert!(
            codes
                .iter()
                .all(|c| c.len() == 6 && c.bytes().all(|b| b.is_ascii_digit()))
        );
    }

    #[test]
    fn spaces_do_not_count() {
        assert_eq!(Code::typed(" 39 91\n").as_str(), "3991");
    }
}
