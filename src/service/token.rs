//! Tokens: a client with a token may ask over HTTP in a target's name, where the admin requires one
//! ([`Settings::require_token`](super::Settings)).

use std::time::Duration;

use super::error::{Error, Result};
use super::limits::DAY;
use super::{By, Core, Service, Tx};
use crate::clock::{Millis, millis};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Identity, Mac, Token, TokenHash};
use crate::store::{self, Read};

/// The largest number of tokens of a target, one for each of its clients; the oldest is dropped first.
const MOST: usize = 10;
/// The lifetime of a token, so that unused ones do not stay for ever.
const LIVES: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Service {
    /// Refuses a client with `token` that may not ask over HTTP in the name of `target`: every client if the target is
    /// not confirmed; and, where tokens are required, every client without one of the target's. Both get the same error
    /// then. Returns the requester, as far as it is known.
    pub(super) async fn require_allowed(&self, token: Option<&Token>, target: &BareJid) -> Result<By> {
        if !self.frame.load().settings.require_token {
            self.require_confirmed(target).await?;
            return Ok(By::Anybody);
        }
        let (hash, shown) = (token.map(Token::hash), target.clone());
        match self
            .ask(move |core, tx| core.shown_by(tx, hash.as_ref(), &shown))
            .await?
        {
            By::Target => Ok(By::Target),
            By::Anybody => Err(Error::TokenNeeded {
                target: target.clone(),
                shown: token.is_some(),
            }),
        }
    }
}

impl Core {
    /// Returns the requester that `token` proves: the confirmed `target` itself, or anybody.
    pub(super) fn shown_by(&self, tx: &dyn Read, token: Option<&TokenHash>, target: &BareJid) -> Result<By> {
        let Some(token) = token.filter(|_| self.settings.require_token) else {
            return Ok(By::Anybody);
        };
        let owners = self.owners(target);
        let token = tx.token(token)?;
        let token = token.filter(|token| token.expires_at > self.clock.now() && owners.contains(&token.owner));
        let whose = token.and_then(|token| self.open_token(&token));
        let is_its =
            whose.is_some_and(|jid| self.keys.owner(&jid) == self.keys.owner(target)) && self.is_itself(tx, target)?;
        Ok(if is_its { By::Target } else { By::Anybody })
    }

    /// Makes a token for a person who has proven over HTTP to own `hash`, if that is the target itself.
    pub(super) fn new_token(&self, tx: &Tx<'_>, target: &BareJid, hash: &Hash) -> Result<Option<Token>> {
        if !self.settings.require_token || *hash != Identity::of_jid(target).hash() {
            return Ok(None);
        }
        let token = Token::random(&mut self.rng());
        // Rounded to the day, so that it does not reveal the time of a verification.
        let expires_at = (self.clock.now() + millis(LIVES)).next_multiple_of(millis(DAY));
        tx.put_token(&self.seal_token(token.hash(), target, expires_at)?, MOST)?;
        Ok(Some(token))
    }

    /// Returns a token's row. Its box opens for that hash only, because anybody can make the hash itself.
    pub(super) fn seal_token(&self, hash: TokenHash, target: &BareJid, expires_at: Millis) -> Result<store::TokenRow> {
        let token = store::TokenRow {
            hash,
            owner: self.keys.owner(target),
            key: self.keys.number(),
            sealed: Vec::new(),
            expires_at,
        };
        let sealed = self.seal(place(&token), target)?;
        Ok(store::TokenRow { sealed, ..token })
    }

    /// Returns the owner of a token.
    pub(super) fn open_token(&self, token: &store::TokenRow) -> Option<BareJid> {
        self.open("tokens", token.key, place(token), &token.sealed)
    }

    /// Removes the tokens of the owner if the link that goes, or moves on, is that of the JID itself.
    pub(super) fn drop_tokens(&self, tx: &Tx<'_>, target: &BareJid, gone: &Mac) -> Result<()> {
        if *gone == self.keys.id(&Identity::of_jid(target).hash()) {
            self.renew(tx, target)?;
            tx.delete_tokens_of(&self.keys.owner(target))?;
        }
        Ok(())
    }
}

fn place(token: &store::TokenRow) -> Purpose<'_> {
    Purpose::Token {
        hash: &token.hash,
        owner: &token.owner,
    }
}
