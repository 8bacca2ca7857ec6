//! The hash that stands for an identity.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use crate::hex;

/// SHA-512 of `provider:canonical-id`; written as 128 lowercase hex digits.
///
/// `Debug` hides the value: a hash of a phone number can be guessed back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 64]);

impl Hash {
    /// Hashes an id that is already canonical.
    pub fn of(provider: &str, canonical_id: &str) -> Self {
        let digest = Sha512::new()
            .chain_update(provider)
            .chain_update(":")
            .chain_update(canonical_id)
            .finalize();
        Self(digest.into())
    }

    /// Reads 128 hex digits in either case. `None` is a hash that nobody has, never an error.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 64];
        hex::read(text.trim(), &mut bytes)?;
        Some(Self(bytes))
    }

    /// This number of digits distinguishes a person's few hashes.
    pub const SHORT: usize = 8;

    /// The first [`Hash::SHORT`] digits, for people.
    pub fn short(&self) -> String {
        hex::write(&self.0[..Self::SHORT / 2])
    }

    /// The raw digest.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

impl From<[u8; 64]> for Hash {
    fn from(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 128 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn is_read_in_either_case_and_written_in_lower_case() {
        let hash = Hash::of("phone", "+00112345678");
        let written = hash.to_string();
        assert_eq!(written.len(), 128);
        assert_eq!(written, written.to_lowercase());
        assert_eq!(Hash::parse(&written.to_uppercase()), Some(hash));
    }

    #[test]
    fn anything_else_is_a_hash_nobody_has() {
        let hash = Hash::of("phone", "+00112345678").to_string();
        for text in [
            "",
            "xyz",
            &hash[1..],
            &format!("{hash}0"),
            &format!("0x{hash}"),
            &format!("0x{}", &hash[2..]),
        ] {
            assert_eq!(Hash::parse(text), None);
        }
        assert_eq!(Hash::parse(&hash.replacen(|_: char| true, "g", 1)), None);
    }
}
