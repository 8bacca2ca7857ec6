//! Tokens for requests over HTTP.

use rusqlite::{Row as SqlRow, params};

use super::{Session, bytes, number};
use crate::model::{Mac, TokenHash};
use crate::store::{ReadTokens, Result, TokenRow, WriteTokens};

pub fn token(row: &SqlRow) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        hash: TokenHash(bytes(&row.get::<_, Vec<u8>>("token_hash")?)),
        owner: row.get("owner_mac")?,
        sealed: row.get("box")?,
        expires_at: number(row, "expires_at")?,
        key: number(row, "key_number")?,
    })
}

impl ReadTokens for Session<'_> {
    fn token(&self, hash: &TokenHash) -> Result<Option<TokenRow>> {
        self.one("SELECT * FROM tokens WHERE token_hash = ?", [hash.0], token)
    }
}

impl WriteTokens for Session<'_> {
    fn put_token(&self, token: &TokenRow, most: usize) -> Result<()> {
        self.run(
            "INSERT INTO tokens (token_hash, owner_mac, box, expires_at, key_number) VALUES (?, ?, ?, ?, ?)",
            params![token.hash.0, token.owner, token.sealed, token.expires_at, token.key],
        )?;
        self.run(
            "DELETE FROM tokens WHERE owner_mac = ?1 AND rowid NOT IN
             (SELECT rowid FROM tokens WHERE owner_mac = ?1 ORDER BY rowid DESC LIMIT ?2)",
            params![token.owner, most],
        )?;
        Ok(())
    }

    fn delete_tokens_of(&self, owner: &Mac) -> Result<usize> {
        self.run("DELETE FROM tokens WHERE owner_mac = ?", [owner])
    }
}
