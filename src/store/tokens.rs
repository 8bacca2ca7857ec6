//! Tokens for requests over HTTP.

use super::Result;
use crate::clock::Millis;
use crate::model::{Mac, TokenHash};

/// Tokens for requests over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The hash that it is found by.
    pub hash: TokenHash,
    /// The MAC of the owner.
    pub owner: Mac,
    /// The number of the keys that it was made with ([`Keys::number`](crate::model::Keys::number)).
    pub key: u32,
    /// The owner's JID, sealed.
    pub sealed: Vec<u8>,
    /// The time of expiry.
    pub expires_at: Millis,
}

/// Questions about tokens.
pub trait ReadTokens {
    /// The token of that hash, expired or not.
    fn token(&self, hash: &TokenHash) -> Result<Option<TokenRow>>;
}

/// Changes of tokens.
pub trait WriteTokens {
    /// Adds a token, and removes the oldest of its owner beyond `most`.
    fn put_token(&self, token: &TokenRow, most: usize) -> Result<()>;
    /// Removes every token of `owner`. Returns their number.
    fn delete_tokens_of(&self, owner: &Mac) -> Result<usize>;
}
