//! Tokens: what lets a client ask over HTTP in a target's name, where the admin wants that
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
/// The time for which a token is valid. Unused ones do not stay forever.
const LIVES: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Service {
    /// Refuses whoever shows `token` and may not ask over HTTP in the name of `target`: all for a target that is not confirmed, and, where
    /// tokens are needed, whoever does not show one of the target's. Then, both are refused alike. Returns who asks, as far as
    /// that is known.
    pub(super) async fn require_allowed(&self, token: Option<&Token>, target: &BareJid) -> Result<By> {
        if !self.frame.settings.require_token {
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
    /// Who shows `token`: the confirmed `target` itself, or anybody.
    pub(super) fn shown_by(&self, tx: &dyn Read, token: Option<&TokenHash>, target: &BareJid) -> Result<By> {
        let Some(token) = token.filter(|_| self.settings.require_token) else {
            return Ok(By::Anybody);
        };
        let owner = self.keys.owner(target);
        let token = tx.token(token)?;
        let token = token.filter(|token| token.expires_at > self.clock.now() && token.owner == owner);
        let whose = token.and_then(|token| self.open_token(&token));
        let is_its = whose.is_some_and(|jid| self.keys.owner(&jid) == owner) && self.is_itself(tx, target)?;
        Ok(if is_its { By::Target } else { By::Anybody })
    }

    /// Makes a token for who has proven over HTTP that `hash`, the target itself, is theirs.
    pub(super) fn new_token(&self, tx: &Tx<'_>, target: &BareJid, hash: &Hash) -> Result<Option<Token>> {
        if !self.settings.require_token || *hash != Identity::of_jid(target).hash() {
            return Ok(None);
        }
        let token = Token::random(&mut self.rng());
        // To the day: no finer, so that it tells nothing of who did what when.
        let expires_at = (self.clock.now() + millis(LIVES)).next_multiple_of(millis(DAY));
        tx.put_token(&self.seal_token(token.hash(), target, expires_at)?, MOST)?;
        Ok(Some(token))
    }

    /// A token's row, whose box opens for that hash alone: the hash itself anybody can make.
    pub(super) fn seal_token(&self, hash: TokenHash, target: &BareJid, expires_at: Millis) -> Result<store::Token> {
        let token = store::Token {
            hash,
            owner: self.keys.owner(target),
            sealed: Vec::new(),
            expires_at,
        };
        let sealed = self.seal(place(&token), target)?;
        Ok(store::Token { sealed, ..token })
    }

    /// Returns its owner.
    pub(super) fn open_token(&self, token: &store::Token) -> Option<BareJid> {
        self.open("tokens", place(token), &token.sealed)
    }

    /// Nobody asks in the name of `owner` any more if what goes, or moves on, is the JID itself.
    pub(super) fn drop_tokens(&self, tx: &Tx<'_>, target: &BareJid, gone: &Mac) -> Result<()> {
        if *gone == self.keys.id(&Identity::of_jid(target).hash()) {
            tx.delete_tokens_of(&self.keys.owner(target))?;
        }
        Ok(())
    }
}

fn place(token: &store::Token) -> Purpose<'_> {
    Purpose::Token {
        hash: &token.hash,
        owner: &token.owner,
    }
}
