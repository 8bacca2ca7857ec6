//! Tokens for requests over HTTP.

use tokio_postgres::Row;

use super::super::session::Session;
use super::super::value::{array, get, mac, number, values};
use crate::model::{Mac, TokenHash};
use crate::store::{ReadTokens, Result, TokenRow, WriteTokens};

pub fn token(row: &Row) -> Result<TokenRow> {
    Ok(TokenRow {
        hash: TokenHash(array(row, "token_hash")?),
        owner: mac(row, "owner_mac")?,
        sealed: get(row, "box")?,
        expires_at: number(row, "expires_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadTokens for Session<'_> {
    fn token(&self, hash: &TokenHash) -> Result<Option<TokenRow>> {
        self.one(
            "SELECT * FROM tokens WHERE token_hash = $1",
            values![&hash.0[..]],
            token,
        )
    }
}

impl WriteTokens for Session<'_> {
    fn put_token(&self, token: &TokenRow, most: usize) -> Result<()> {
        self.later(
            "INSERT INTO tokens (token_hash, owner_mac, box, expires_at, key_number) VALUES ($1, $2, $3, $4, $5)",
            values![
                &token.hash.0[..],
                &token.owner,
                &token.sealed,
                token.expires_at,
                token.key
            ],
        )?;
        self.later(
            "DELETE FROM tokens WHERE owner_mac = $1 AND number NOT IN
             (SELECT number FROM tokens WHERE owner_mac = $1 ORDER BY number DESC LIMIT $2)",
            values![&token.owner, most],
        )
    }

    fn delete_tokens_of(&self, owner: &Mac) -> Result<usize> {
        self.run("DELETE FROM tokens WHERE owner_mac = $1", values![owner])
    }
}
