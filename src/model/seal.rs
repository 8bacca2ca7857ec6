//! Protects a stolen disk: keyed MACs instead of hashes and JIDs, and sealed boxes for what must be read again.
//!
//! All keys are derived from one 32-byte key by HKDF-SHA-256 (RFC 5869), each for one use, so that a value of one
//! table says nothing about another's.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use itseme_cipher::{Cipher, NONCE_LENGTH};
use rand::Rng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{BareJid, Code, Hash, OwnAddress, OwnAddresses, SuppressionKey, TokenHash, canonical_jid};

/// The key's length in bytes.
pub const KEY_LENGTH: usize = 32;

/// The one secret that lives outside the database. Wiped from memory when dropped.
pub type MasterKey = Zeroizing<[u8; KEY_LENGTH]>;

/// A keyed digest that stands for a hash, a JID, a code or a counter: HMAC-SHA-256 cut to 128 bits (RFC 2104,
/// section 5), which no one without the key can compute or turn back, and which compares in constant time.
#[derive(Clone, Copy, Debug)]
pub struct Mac(pub [u8; 16]);

impl PartialEq for Mac {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Mac {}

impl std::hash::Hash for Mac {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A box could not be opened: another key made it, or somebody changed it.
#[derive(Debug, thiserror::Error)]
#[error("a sealed box does not open with this key")]
pub struct BrokenBox;

/// The content of a box, and the other columns of its row. A box opens only for these, so nobody without the key can put
/// it into another table or another row. Counters and times are not included, because they change.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the columns of the row: see `store`")]
pub enum Purpose<'a> {
    /// The target and hash of a link.
    Link { id: &'a Mac, owner: &'a Mac },
    /// The target and hash of an alias, and the hash of its link.
    Alias {
        id: &'a Mac,
        owner: &'a Mac,
        alias_of: &'a Mac,
    },
    /// The data of a pending registration.
    Pending { id: &'a Mac, owner: &'a Mac, code: &'a Mac },
    /// A message to a person.
    Outbox { queue: u8, about: Option<&'a Mac> },
    /// A subscriber of the service's presence.
    Subscriber { owner: &'a Mac, addresses: OwnAddresses },
    /// The owner of a token.
    Token { hash: &'a TokenHash, owner: &'a Mac },
    /// Keys from before the key was changed that some MACs need for good.
    SuppressionKeys,
    /// A mute: its owner and the muted JID.
    Mute { owner: &'a Mac, muted: &'a Mac },
}

impl Purpose<'_> {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Link { .. } => b"link",
            Self::Alias { .. } => b"alias",
            Self::Pending { .. } => b"pending",
            Self::Outbox { .. } => b"outbox",
            Self::Subscriber { .. } => b"subscriber",
            Self::Token { .. } => b"token",
            Self::SuppressionKeys => b"suppression keys",
            Self::Mute { .. } => b"mute",
        }
    }

    /// Returns the bytes that a box is authenticated with: the table, and the columns of the row. The parts of each table
    /// have fixed lengths.
    fn bound(self) -> Vec<u8> {
        let mut bytes = [self.label(), b"\0"].concat();
        let mut add = |part: &[u8]| bytes.extend_from_slice(part);
        match self {
            Self::Link { id, owner } => [id, owner].iter().for_each(|mac| add(&mac.0)),
            Self::Alias { id, owner, alias_of } => [id, owner, alias_of].iter().for_each(|mac| add(&mac.0)),
            Self::Pending { id, owner, code } => [id, owner, code].iter().for_each(|mac| add(&mac.0)),
            Self::Outbox { queue, about } => {
                add(&[queue]);
                about.into_iter().for_each(|mac| add(&mac.0));
            }
            Self::Subscriber { owner, addresses } => {
                add(&owner.0);
                // Boxes of before there was an account do not name the domain.
                if addresses != OwnAddress::Domain.into() {
                    add(&[addresses.bits()]);
                }
            }
            Self::Token { hash, owner } => {
                add(&hash.0);
                add(&owner.0);
            }
            // There is one such row.
            Self::SuppressionKeys => {}
            Self::Mute { owner, muted } => [owner, muted].iter().for_each(|mac| add(&mac.0)),
        }
        bytes
    }
}

type HmacSha256 = Hmac<Sha256>;

/// The keys derived from the [`MasterKey`].
#[derive(Clone)]
pub struct Keys {
    id: HmacSha256,
    owner: HmacSha256,
    proof: HmacSha256,
    code: HmacSha256,
    quota: HmacSha256,
    mute: HmacSha256,
    suppression: SuppressionKey,
    check: HmacSha256,
    cipher: Cipher,
    are_bound: bool,
    number: u32,
}

impl Keys {
    /// Derives every key.
    pub fn new(master: &MasterKey) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, master.as_slice());
        let mac = |label| HmacSha256::new((&*derive::<64>(&hkdf, label)).into());
        Self {
            id: mac(b"it-se.me id"),
            owner: mac(b"it-se.me owner"),
            proof: mac(b"it-se.me proof"),
            code: mac(b"it-se.me code"),
            quota: mac(b"it-se.me quota"),
            suppression: SuppressionKey::new(&derive(&hkdf, b"it-se.me suppression")),
            mute: mac(b"it-se.me mute"),
            check: mac(b"it-se.me check"),
            cipher: Cipher::new(&derive::<32>(&hkdf, b"it-se.me box")),
            are_bound: true,
            number: 0,
        }
    }

    /// The same keys, under that number: a database numbers the keys that it was put under, the first 0.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self { number, ..self.clone() }
    }

    /// Returns the number by which rows name these keys.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The same keys for a database of before boxes were bound to their rows.
    #[must_use]
    pub fn unbound(&self) -> Self {
        Self {
            are_bound: false,
            ..self.clone()
        }
    }

    /// The same keys, whose boxes open in their rows alone.
    #[must_use]
    pub fn bound(&self) -> Self {
        Self {
            are_bound: true,
            ..self.clone()
        }
    }

    /// Returns `true` if boxes open in their rows alone.
    pub fn are_bound(&self) -> bool {
        self.are_bound
    }

    /// Returns `true` if they are derived from the same key, bound or not.
    pub fn are_of(&self, other: &Self) -> bool {
        self.bound().check() == other.bound().check()
    }

    /// Stands for a hash in the database.
    pub fn id(&self, hash: &Hash) -> Mac {
        digest(&self.id, &[hash.as_bytes()])
    }

    /// Stands for a target in the database: the same whether its domain is in A-labels or U-labels.
    pub fn owner(&self, target: &BareJid) -> Mac {
        digest(&self.owner, &[canonical_jid(target).as_bytes()])
    }

    /// Shows that what `id` stands for is linked to `owner`. Nobody without the key can make one for another pair.
    pub fn proof(&self, id: &Mac, owner: &Mac) -> Mac {
        digest(&self.proof, &[&id.0, &owner.0])
    }

    /// Stands for a code: valid only for this identity and this target.
    pub fn code(&self, id: &Mac, owner: &Mac, code: &Code) -> Mac {
        digest(&self.code, &[&id.0, &owner.0, code.as_str().as_bytes()])
    }

    /// Stands for a counter: `what` is counted, for whom is told by `parts`.
    pub fn quota(&self, what: &str, parts: &[&Mac]) -> Mac {
        let mut input: Vec<&[u8]> = vec![what.as_bytes()];
        input.extend(parts.iter().map(|mac| mac.0.as_slice()));
        digest(&self.quota, &input)
    }

    /// Stands for one whom `owner` has muted, or for everybody: another for each owner, so that nobody can see whom many
    /// have muted.
    pub fn mute(&self, owner: &Mac, muted: Option<&Mac>) -> Mac {
        let parts = [Some(owner), muted].into_iter().flatten();
        digest(&self.mute, &parts.map(|mac| mac.0.as_slice()).collect::<Vec<_>>())
    }

    /// Of those who are never written to again.
    pub fn suppression(&self) -> &SuppressionKey {
        &self.suppression
    }

    /// Tells whether a database was made with this key, and whether its boxes are bound to their rows.
    pub fn check(&self) -> Mac {
        let form: &[&[u8]] = if self.are_bound { &[b"bound"] } else { &[] };
        digest(&self.check, form)
    }

    /// Seals `plain` for `purpose`.
    pub fn seal(&self, purpose: Purpose<'_>, plain: &[u8], rng: &mut impl Rng) -> Vec<u8> {
        let mut nonce = [0u8; NONCE_LENGTH];
        rng.fill_bytes(&mut nonce);
        // Fails only beyond 256 GiB; an empty box then opens for nobody.
        let sealed = self
            .cipher
            .encrypt(&nonce, plain, &self.place(purpose))
            .unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens a box that [`Keys::seal`] made for the same purpose and row.
    ///
    /// # Errors
    /// [`BrokenBox`] if it was made with another key, for another purpose or row, or changed since.
    pub fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BrokenBox> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>().ok_or(BrokenBox)?;
        let plain = self
            .cipher
            .decrypt(nonce, sealed, &self.place(purpose))
            .ok_or(BrokenBox)?;
        Ok(Zeroizing::new(plain))
    }

    fn place(&self, purpose: Purpose<'_>) -> Vec<u8> {
        match purpose {
            Purpose::SuppressionKeys => purpose.label().to_vec(),
            _ if self.are_bound => purpose.bound(),
            _ => purpose.label().to_vec(),
        }
    }
}

fn derive<const N: usize>(hkdf: &Hkdf<Sha256>, label: &[u8]) -> Zeroizing<[u8; N]> {
    let mut key = Zeroizing::new([0u8; N]);
    // Only fails for outputs of more than 255 blocks of 32 bytes.
    let _ = hkdf.expand(label, key.as_mut_slice());
    key
}

/// HMAC over length-prefixed parts, so that no two lists of parts meet in one input.
pub(super) fn digest(key: &HmacSha256, parts: &[&[u8]]) -> Mac {
    let mut mac = key.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let full = mac.finalize().into_bytes();
    let mut cut = [0u8; 16];
    cut.copy_from_slice(&full[..16]);
    Mac(cut)
}

#[cfg(test)]
mod tests;
