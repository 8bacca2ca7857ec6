//! Who is never written to again, as the database knows it: a MAC, from which nobody gets back to the address.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

use super::seal::digest;
use super::{Hash, Mac};

/// The bytes of a MAC, and of a token: the MAC and what authenticates it.
const MAC: usize = 16;
const TOKEN: usize = 2 * MAC;

/// The key of these MACs, and all that is done with it. A MAC cannot be computed again without the address, which nobody has:
/// so this key, unlike the others, is needed for as long as there are MACs that it made.
#[derive(Clone)]
pub struct SuppressionKey(Hmac<Sha256>);

impl SuppressionKey {
    pub(super) fn new(key: &[u8; 64]) -> Self {
        Self(Hmac::new(key.into()))
    }

    /// Stands for the address or number with that hash.
    pub fn mac(&self, hash: &Hash) -> Mac {
        digest(&self.0, &[b"hash", hash.as_bytes()])
    }

    /// What whoever reads a message shows to be written to no more, or again: 64 hex digits. It tells nothing about the
    /// address, and nobody can make one up.
    pub fn token(&self, mac: &Mac) -> String {
        hex::encode([mac.0, self.tag(mac).0].concat())
    }

    /// The MAC that a token was made of; `None` if it was made up.
    pub fn read(&self, token: &str) -> Option<Mac> {
        let mut bytes = [0; TOKEN];
        hex::decode_to_slice(token, &mut bytes).ok()?;
        let (mac, tag) = bytes.split_first_chunk::<MAC>()?;
        let (mac, tag) = (Mac(*mac), Mac(tag.try_into().ok()?));
        (self.tag(&mac) == tag).then_some(mac)
    }

    fn tag(&self, mac: &Mac) -> Mac {
        digest(&self.0, &[b"token", &mac.0])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_is_its_addresss_and_its_keys() {
        let (key, other) = (SuppressionKey::new(&[1; 64]), SuppressionKey::new(&[2; 64]));
        let hash = Hash::of("email", "amy@mail.example");
        let mac = key.mac(&hash);
        let token = key.token(&mac);
        assert_eq!(key.read(&token), Some(mac));
        assert_eq!(key.read(&token.to_uppercase()), Some(mac));
        assert_eq!(other.read(&token), None);
        assert_ne!(mac, other.mac(&hash));
        assert_ne!(mac, key.mac(&Hash::of("email", "michael@mail.example")));
        assert!(!token.contains(&hash.to_string()[..16]));
    }

    #[test]
    fn nobody_makes_up_a_token() {
        let key = SuppressionKey::new(&[1; 64]);
        let token = key.token(&Mac([7; 16]));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(key.read(std::str::from_utf8(&changed).unwrap()), None);
            assert_eq!(key.read(&token[..at]), None);
        }
        assert_eq!(key.read(&format!("{token}00")), None);
        assert_eq!(key.read("ä"), None);
    }
}
