//! Suppressions, as the database stores them: a MAC, from which nobody gets back to the address.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::digest;
use super::{Hash, Mac, hex};

/// The bytes of a MAC, and of a token: the MAC and what authenticates it.
const MAC: usize = 16;
const TOKEN: usize = 2 * MAC;

/// The length of a key in bytes.
const KEY: usize = 64;
/// A key and the day until which its tokens are good, as [`SuppressionKey::to_bytes`] writes them behind [`FORM`].
const DATED: usize = KEY + 4;
/// Tells that the keys are dated: before, they were not, and there were no other bytes than theirs.
const FORM: u8 = 1;

/// For how many days tokens are good when their key was changed. Somebody may have seen that key, who then can make them for every
/// address. But a link in a mail has to work for some time after it was sent: in the United States for 30 days (15 U.S.C. 7704(a)(3)).
const GOOD_FOR: u32 = 30;

/// The keys of these MACs, and all that is done with them. A MAC cannot be computed again without the address, which nobody
/// has. So another key does not take the place of the one before but comes behind it: a MAC is made by the oldest, and made a
/// MAC of by each of the others, and who has but some of the keys can test no address.
#[derive(Clone)]
pub struct SuppressionKey(Vec<DatedKey>);

#[derive(Clone)]
struct DatedKey {
    key: Zeroizing<[u8; KEY]>,
    /// The last day on which its tokens are good, in days since the Unix epoch.
    good_until: u32,
}

impl SuppressionKey {
    pub(super) fn new(key: &[u8; KEY]) -> Self {
        Self(vec![DatedKey {
            key: Zeroizing::new(*key),
            good_until: u32::MAX,
        }])
    }

    /// This key behind those that [`SuppressionKey::to_bytes`] gave; `None` if they are none.
    pub fn behind(&self, former: &[u8]) -> Option<Self> {
        let former = match former.split_first() {
            Some((&FORM, dated)) if dated.len().is_multiple_of(DATED) => dated_keys(dated),
            _ => undated_keys(former)?,
        };
        Some(Self(former.into_iter().chain(self.0.iter().cloned()).collect()))
    }

    /// All keys, to be kept in a sealed box when another comes behind them on the day `today`.
    pub fn to_bytes(&self, today: u32) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + self.0.len() * DATED));
        bytes.push(FORM);
        for DatedKey { key, good_until } in &self.0 {
            let until = today.saturating_add(GOOD_FOR).min(*good_until);
            bytes.extend_from_slice(key.as_slice());
            bytes.extend_from_slice(&until.to_be_bytes());
        }
        bytes
    }

    /// Stands for the address or number with that hash.
    pub fn mac(&self, hash: &Hash) -> Mac {
        let made = self.0.first().map(|first| mac(&first.key, &[b"hash", hash.as_bytes()]));
        self.0.iter().skip(1).fold(made.unwrap_or(Mac([0; MAC])), wrap)
    }

    /// Returns a MAC under the last key, from one that was made by all keys before it.
    pub fn carried(&self, mac: &Mac) -> Mac {
        self.0.last().map_or(*mac, |last| wrap(*mac, last))
    }

    /// Returns the token by which the reader of a message refuses further ones, or allows them again: 43 letters, digits, `-` and `_`.
    /// It reveals nothing about the address, and cannot be made without the key.
    pub fn token(&self, mac: &Mac) -> String {
        let tag = self.0.last().map_or([0; MAC], |last| tag(last, mac).0);
        BASE64_URL_SAFE_NO_PAD.encode([mac.0, tag].concat())
    }

    /// The MAC that a token was made of, in this form or in the 64 hex digits of former versions, by whichever of the keys was the last then; `None` if it was made up, or is not good any
    /// more on the day `today`.
    pub fn read(&self, token: &str, today: u32) -> Option<Mac> {
        let bytes = bytes_of(token)?;
        let (mac, shown) = bytes.split_first_chunk::<MAC>()?;
        let (mac, shown) = (Mac(*mac), Mac(shown.try_into().ok()?));
        let last = self.0.iter().rposition(|key| tag(key, &mac) == shown)?;
        let is_good = self.0.get(last).is_some_and(|key| today <= key.good_until);
        is_good.then(|| self.0.iter().skip(last + 1).fold(mac, wrap))
    }
}

fn bytes_of(token: &str) -> Option<[u8; TOKEN]> {
    let mut bytes = [0; TOKEN];
    if token.len() == 2 * TOKEN {
        hex::read(token, &mut bytes)?;
        return Some(bytes);
    }
    BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()
}

/// Bytes that are no whole key are none.
fn dated_keys(bytes: &[u8]) -> Vec<DatedKey> {
    let (keys, _) = bytes.as_chunks::<DATED>();
    let dated = keys.iter().filter_map(|bytes| {
        let (key, day) = bytes.split_first_chunk::<KEY>()?;
        Some(DatedKey {
            key: Zeroizing::new(*key),
            good_until: u32::from_be_bytes(day.try_into().ok()?),
        })
    });
    dated.collect()
}

/// Of before keys were dated: nothing tells when they were changed, so their tokens are not good any more.
fn undated_keys(bytes: &[u8]) -> Option<Vec<DatedKey>> {
    let (keys, rest) = bytes.as_chunks::<KEY>();
    let undated = keys.iter().map(|key| DatedKey {
        key: Zeroizing::new(*key),
        good_until: 0,
    });
    rest.is_empty().then(|| undated.collect())
}

fn mac(key: &Zeroizing<[u8; KEY]>, parts: &[&[u8]]) -> Mac {
    digest(&Hmac::<Sha256>::new((&**key).into()), parts)
}

fn wrap(inner: Mac, by: &DatedKey) -> Mac {
    mac(&by.key, &[b"mac", &inner.0])
}

fn tag(by: &DatedKey, of: &Mac) -> Mac {
    mac(&by.key, &[b"token", &of.0])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TODAY: u32 = 20_000;

    #[test]
    fn a_token_is_its_addresss_and_its_keys() {
        let (key, other) = (SuppressionKey::new(&[1; 64]), SuppressionKey::new(&[2; 64]));
        let hash = Hash::of("email", "amy@mail.example");
        let mac = key.mac(&hash);
        let token = key.token(&mac);
        assert_eq!(key.read(&token, TODAY), Some(mac));
        let of_before = hex::write(&bytes_of(&token).unwrap());
        for token in [&of_before, &of_before.to_uppercase()] {
            assert_eq!(key.read(token, TODAY), Some(mac));
        }
        assert_eq!(token.len(), 43);
        assert_eq!(other.read(&token, TODAY), None);
        assert_ne!(mac, other.mac(&hash));
        assert_ne!(mac, key.mac(&Hash::of("email", "michael@mail.example")));
        assert!(!of_before.contains(&hash.to_string()[..16]));
    }

    #[test]
    fn nobody_makes_up_a_token() {
        let key = SuppressionKey::new(&[1; 64]);
        let token = key.token(&Mac([7; 16]));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            assert_eq!(key.read(std::str::from_utf8(&changed).unwrap(), TODAY), None);
            assert_eq!(key.read(&token[..at], TODAY), None);
        }
        assert_eq!(key.read(&format!("{token}00"), TODAY), None);
        assert_eq!(key.read("ä", TODAY), None);
    }

    #[test]
    fn another_key_comes_behind_those_before() {
        let [first, second, third] = [1, 2, 3].map(|byte| SuppressionKey::new(&[byte; 64]));
        let hash = Hash::of("email", "amy@mail.example");
        let (mac, token) = (first.mac(&hash), first.token(&first.mac(&hash)));
        let two = second.behind(&first.to_bytes(TODAY)).unwrap();
        let three = third.behind(&two.to_bytes(TODAY)).unwrap();
        let carried = two.carried(&mac);
        assert_eq!(carried, two.mac(&hash));
        assert_eq!(three.carried(&carried), three.mac(&hash));
        // An old mail's link still is its reader's.
        assert_eq!(three.read(&token, TODAY), Some(three.mac(&hash)));
        assert_eq!(three.read(&two.token(&carried), TODAY), Some(three.mac(&hash)));
        assert_eq!(
            three.read(&three.token(&three.mac(&hash)), TODAY),
            Some(three.mac(&hash))
        );
        // Some of the keys are not enough.
        assert_eq!(third.read(&token, TODAY), None);
        assert_ne!(third.mac(&hash), three.mac(&hash));
        assert_ne!(
            third.behind(&second.to_bytes(TODAY)).unwrap().mac(&hash),
            three.mac(&hash)
        );
        assert!(third.behind(&[1; 63]).is_none());
    }

    #[test]
    fn tokens_of_a_former_key_are_good_for_some_days_more() {
        let [first, second, third] = [1, 2, 3].map(|byte| SuppressionKey::new(&[byte; 64]));
        let mac = first.mac(&Hash::of("email", "amy@mail.example"));
        let two = second.behind(&first.to_bytes(TODAY)).unwrap();
        let later = TODAY + GOOD_FOR / 2;
        // Another change makes it no longer.
        let three = third.behind(&two.to_bytes(later)).unwrap();
        let (old, newer) = (first.token(&mac), two.token(&two.carried(&mac)));
        for day in [TODAY, later, TODAY + GOOD_FOR] {
            assert!(three.read(&old, day).is_some() && three.read(&newer, day).is_some());
        }
        assert_eq!(three.read(&old, TODAY + GOOD_FOR + 1), None);
        assert!(three.read(&newer, TODAY + GOOD_FOR + 1).is_some());
        assert_eq!(three.read(&newer, later + GOOD_FOR + 1), None);
        assert!(three.read(&three.token(&mac), u32::MAX).is_some());
    }

    #[test]
    fn keys_of_before_they_were_dated_make_macs_but_no_tokens() {
        let (first, second) = (SuppressionKey::new(&[1; 64]), SuppressionKey::new(&[2; 64]));
        let hash = Hash::of("email", "amy@mail.example");
        let (undated, dated) = (
            second.behind(&[1; 64]).unwrap(),
            second.behind(&first.to_bytes(TODAY)).unwrap(),
        );
        assert_eq!(undated.mac(&hash), dated.mac(&hash));
        let token = first.token(&first.mac(&hash));
        assert_eq!(undated.read(&token, TODAY), None);
        assert!(dated.read(&token, TODAY).is_some());
    }
}
