//! The token by which a client asks over HTTP in a target's name (RFC 6750).

use std::fmt;

use rand::RngExt;
use sha2::{Digest, Sha256};

use super::{SystemRandom, hex};

/// A bearer token. Only its client has it, and it is never stored; `Debug` hides it.
#[derive(Clone)]
pub struct Token(String);

/// The stored form of a token: its SHA-256. Nobody can search 256 random bits, so it needs neither key nor salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

impl Token {
    /// Draws 256 bits, as 64 hex digits.
    pub fn random(rng: &mut SystemRandom) -> Self {
        Self(hex::write(&rng.random::<[u8; 32]>()))
    }

    /// Returns the text that a client shows as its token, unchecked.
    pub fn shown(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text to hand out.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hash that it is found by. The time of a search depends on the hash only, which reveals nothing of a
    /// token.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use rand::rand_core::UnwrapErr;
    use rand::rngs::SysRng;

    use super::*;

    #[test]
    fn tokens_differ_and_are_found_by_their_hash() {
        let [a, b] = [(); 2].map(|()| Token::random(&mut UnwrapErr(SysRng)));
        assert_eq!(a.as_str().len(), 64);
        assert_ne!(a.hash(), b.hash());
        assert_eq!(Token::shown(a.as_str()).hash(), a.hash());
        assert!(!format!("{a:?}").contains(a.as_str()));
    }
}
