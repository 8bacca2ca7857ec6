//! Tokens: what lets a client ask over HTTP in a target's name, where the admin wants that
//! ([`Settings::require_token`](super::Settings)).

use std::time::Duration;

use super::error::{Error, Result};
use super::limits::DAY;
use super::{Core, Service, Tx};
use crate::clock::{Millis, millis};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Identity, Mac, Token, TokenHash};
use crate::store;

/// How many a target may have, one for each of its clients; the oldest goes first.
const MOST: usize = 10;
/// How long one is good for. What nobody uses any more does not stay for good.
const LIVES: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Service {
    /// The same service, asked by somebody who shows `token`.
    #[must_use]
    pub fn shown(self, token: Option<Token>) -> Self {
        Self { token, ..self }
    }

    /// Refuses whoever may not ask over HTTP in the name of `target`: all for a target that is not confirmed, and, where
    /// tokens are needed, whoever does not show one of the target's. Then, both are refused alike.
    pub(super) async fn require_allowed(&self, target: &BareJid) -> Result<()> {
        if !self.frame.settings.require_token {
            return self.require_confirmed(target).await;
        }
        let allowed = match self.token.as_ref().map(Token::hash) {
            Some(hash) => {
                let target = target.clone();
                self.ask(move |core, tx| {
                    let owner = core.keys.owner(&target);
                    let token = tx.token(&hash)?.filter(|token| token.expires_at > core.clock.now());
                    let token = token.filter(|token| token.owner == owner);
                    let whose = token.and_then(|token| core.intact("tokens", core.open_token(&token)));
                    Ok(whose.is_some_and(|jid| jid == target) && core.is_itself(tx, &target)?)
                })
                .await?
            }
            None => false,
        };
        match allowed {
            true => Ok(()),
            false => Err(Error::TokenNeeded {
                target: target.clone(),
                shown: self.token.is_some(),
            }),
        }
    }
}

impl Core {
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

    /// Whose it is.
    pub(super) fn open_token(&self, token: &store::Token) -> Result<BareJid> {
        self.open(place(token), &token.sealed)
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
