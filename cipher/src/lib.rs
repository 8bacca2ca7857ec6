//! XChaCha20-Poly1305 (`draft-irtf-cfrg-xchacha-03`), of the crate `chacha20poly1305`.
//!
//! That crate is generic: its code is compiled with whoever uses it, unoptimised in tests, where it took more time than anything
//! else. Here it is used by functions that are not generic, and this package is always optimised.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

/// The length of a key, in bytes.
pub const KEY_LENGTH: usize = 32;
/// The length of a nonce, in bytes: so long that a random one never comes twice.
pub const NONCE_LENGTH: usize = 24;

/// A key, ready to use.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

impl Cipher {
    /// Takes a key.
    pub fn new(key: &[u8; KEY_LENGTH]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts `plain`, and authenticates it with `place`. Returns `None` if it is longer than 256 GiB.
    pub fn encrypt(&self, nonce: &[u8; NONCE_LENGTH], plain: &[u8], place: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: plain, aad: place };
        self.0.encrypt(nonce.into(), payload).ok()
    }

    /// Decrypts what [`Cipher::encrypt`] made. Returns `None` if key, nonce or `place` were others, or something was changed.
    pub fn decrypt(&self, nonce: &[u8; NONCE_LENGTH], sealed: &[u8], place: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: place,
        };
        self.0.decrypt(nonce.into(), payload).ok()
    }
}
