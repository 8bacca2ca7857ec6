//! The codes that prove an identity.

use std::fmt;
use std::ops::RangeInclusive;

use dec_from_char::normalize_decimals_filtering;
use rand::distr::{Distribution, Uniform};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};

/// The operating system's random source, without a state of its own that could be guessed, seeded or copied.
pub type SystemRandom = UnwrapErr<SysRng>;

/// A code of decimal digits, as it is sent and typed back. `Debug` hides it.
///
/// Codes cannot be compared, which would take longer the more of a guess is right; their MACs can, in constant time:
///
/// ```compile_fail,E0369
/// use itseme::model::Code;
/// assert!(Code::typed("3991") == Code::typed("3991"));
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Code(String);

impl Code {
    /// The numbers of digits that a code may have.
    pub const LENGTHS: RangeInclusive<usize> = 4..=12;

    /// Draws `digits` digits, each value equally likely. No other source will do than the system's:
    ///
    /// ```compile_fail,E0308
    /// use itseme::model::Code;
    /// Code::random(6, &mut rand::rng());
    /// ```
    pub fn random(digits: u8, rng: &mut SystemRandom) -> Self {
        // 0..=9 is never an empty range; an impossible failure yields no code rather than a weak one.
        let digit = Uniform::new_inclusive(b'0', b'9').ok();
        let text = (0..digits)
            .filter_map(|_| digit.map(|d| char::from(d.sample(rng))))
            .collect();
        Self(text)
    }

    /// Reads a typed code: the digits of every script (Unicode's Nd). Everything else is left out: spaces, dashes,
    /// invisible marks, full stops (protocol, section 1).
    pub fn typed(text: &str) -> Self {
        Self(normalize_decimals_filtering(text))
    }

    /// Returns the state of a sign-in as a code, unchanged, because no person types it.
    pub fn state(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the number of digits.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there is no digit.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the digits.
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
    fn every_digit_is_as_likely_at_every_place() {
        const CODES: u32 = 20_000;
        const DIGITS: u8 = 6;
        let mut counts = [[0u32; 10]; DIGITS as usize];
        let mut different = std::collections::HashSet::new();
        for _ in 0..CODES {
            let code = Code::random(DIGITS, &mut UnwrapErr(SysRng));
            assert_eq!(code.as_str().len(), usize::from(DIGITS));
            for (place, digit) in code.as_str().bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
            different.insert(code.to_string());
        }
        // Pearson's chi-squared with 9 degrees of freedom: a fair source exceeds 60 once in a billion times.
        for place in counts {
            let expected = f64::from(CODES) / 10.0;
            let squares = place.map(|count| (f64::from(count) - expected).powi(2) / expected);
            assert!(squares.iter().sum::<f64>() < 60.0, "{place:?}");
        }
        // Of 20,000 drawn out of a million, some 200 come twice.
        assert!(different.len() > 19_500, "{}", different.len());
    }

    #[test]
    fn nothing_but_digits_counts_and_those_of_every_script_do() {
        for text in [
            " 39 91\n",
            "39-91",
            "39–91.",
            "\u{2068}3991\u{2069}",
            "\u{200e}39\u{a0}91",
            "３９９１",
            "٣٩٩١",
            "३९९१",
            "G-3991",
            "code: 3991!",
        ] {
            assert_eq!(Code::typed(text).as_str(), "3991", "{text}");
        }
        assert!(Code::typed("no").is_empty());
    }
}
