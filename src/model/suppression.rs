//! Who is never written to again, as the database knows it: a MAC, from which nobody gets back to the address.

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::digest;
use super::{Hash, Mac, digits};

/// The bytes of a MAC, and of a token: the MAC and what authenticates it.
const MAC: usize = 16;
const TOKEN: usize = 2 * MAC;

/// The length of a key in bytes.
const KEY: usize = 64;

/// The keys of these MACs, and all that is done with them. A MAC cannot be computed again without the address, which nobody
/// has. So another key does not take the place of the one before but comes behind it: a MAC is made by the oldest, and made a
/// MAC of by each of the others, and who has but some of the keys can test no address.
#[derive(Clone)]
pub struct SuppressionKey(Vec<Zeroizing<[u8; KEY]>>);

impl SuppressionKey {
    pub(super) fn new(key: &[u8; KEY]) -> Self {
        Self(vec![Zeroizing::new(*key)])
    }

    /// This key behind those that [`SuppressionKey::to_bytes`] gave; `None` if they are none.
    pub fn behind(&self, former: &[u8]) -> Option<Self> {
        let (former, rest) = former.as_chunks::<KEY>();
        let keys = former.iter().map(|key| Zeroizing::new(*key));
        rest.is_empty()
            .then(|| Self(keys.chain(self.0.iter().cloned()).collect()))
    }

    /// All keys, to be kept in a sealed box.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0.len() * KEY));
        self.0.iter().for_each(|key| bytes.extend_from_slice(key.as_slice()));
        bytes
    }

    /// Stands for the address or number with that hash.
    pub fn mac(&self, hash: &Hash) -> Mac {
        let made = self.0.first().map(|key| mac(key, &[b"hash", hash.as_bytes()]));
        self.0.iter().skip(1).fold(made.unwrap_or(Mac([0; MAC])), wrap)
    }

    /// What becomes of a MAC that was made by all keys but the last.
    pub fn carried(&self, mac: &Mac) -> Mac {
        self.0.last().map_or(*mac, |key| wrap(*mac, key))
    }

    /// What whoever reads a message shows to be written to no more, or again: 64 hex digits. It tells nothing about the
    /// address, and nobody can make one up.
    pub fn token(&self, mac: &Mac) -> String {
        let tag = self.0.last().map_or([0; MAC], |key| tag(key, mac).0);
        digits::write(&[mac.0, tag].concat())
    }

    /// The MAC that a token was made of, by whichever of the keys was the last then; `None` if it was made up.
    pub fn read(&self, token: &str) -> Option<Mac> {
        let mut bytes = [0; TOKEN];
        digits::read(token, &mut bytes)?;
        let (mac, shown) = bytes.split_first_chunk::<MAC>()?;
        let (mac, shown) = (Mac(*mac), Mac(shown.try_into().ok()?));
        let last = self.0.iter().rposition(|key| tag(key, &mac) == shown)?;
        Some(self.0.iter().skip(last + 1).fold(mac, wrap))
    }
}

fn mac(key: &Zeroizing<[u8; KEY]>, parts: &[&[u8]]) -> Mac {
    digest(&Hmac::<Sha256>::new((&**key).into()), parts)
}

fn wrap(inner: Mac, key: &Zeroizing<[u8; KEY]>) -> Mac {
    mac(key, &[b"mac", &inner.0])
}

fn tag(key: &Zeroizing<[u8; KEY]>, of: &Mac) -> Mac {
    mac(key, &[b"token", &of.0])
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

    #[test]
    fn another_key_comes_behind_those_before() {
        let [first, second, third] = [1, 2, 3].map(|byte| SuppressionKey::new(&[byte; 64]));
        let hash = Hash::of("email", "amy@mail.example");
        let (mac, token) = (first.mac(&hash), first.token(&first.mac(&hash)));
        let two = second.behind(&first.to_bytes()).unwrap();
        let three = third.behind(&two.to_bytes()).unwrap();
        let carried = two.carried(&mac);
        assert_eq!(carried, two.mac(&hash));
        assert_eq!(three.carried(&carried), three.mac(&hash));
        // An old mail's link still is its reader's.
        assert_eq!(three.read(&token), Some(three.mac(&hash)));
        assert_eq!(three.read(&two.token(&carried)), Some(three.mac(&hash)));
        assert_eq!(three.read(&three.token(&three.mac(&hash))), Some(three.mac(&hash)));
        // Some of the keys are not enough.
        assert_eq!(third.read(&token), None);
        assert_ne!(third.mac(&hash), three.mac(&hash));
        assert_ne!(third.behind(&second.to_bytes()).unwrap().mac(&hash), three.mac(&hash));
        assert!(third.behind(&[1; 63]).is_none());
    }
}
