//! Who does not want to be written to: addresses and numbers that no mail or SMS goes to again, whoever asks.
//!
//! Registering one of them does all that registering does, counters and the message in the outbox included. Only the worker
//! that would send the message drops it, so nobody can learn from an answer, a limit or a time who does not want any.

use super::error::Result;
use super::{Core, Error, Service};
use crate::model::seal::Purpose;
use crate::model::{Hash, Identity, InvalidId, Mac, Provider, SuppressionKey};
use crate::store::Read;

/// Somebody who can be written to by mail or SMS.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// Who shows the token of a mail.
    Reader(String),
    /// Whose number or address somebody has typed.
    Typed(Hash),
}

impl Recipient {
    /// Who has the number or mail address that somebody types.
    ///
    /// # Errors
    /// `value_error` if it is neither.
    pub fn typed(text: &str) -> Result<Self> {
        let mut meant = Identity::typed(text)?.into_iter();
        let reached = meant.find(is_written_to).ok_or(Error::InvalidId(InvalidId::Detail))?;
        Ok(Self::Typed(reached.hash()))
    }
}

impl Service {
    /// Never writes to `recipient` again.
    ///
    /// # Errors
    /// `not_found` if a token was made up, `internal_server_error`.
    pub async fn suppress(&self, recipient: Recipient) -> Result<()> {
        self.change(move |core, tx| Ok(tx.put_suppression(&core.suppression(&**tx, &recipient)?)?))
            .await
    }

    /// Writes to `recipient` again, when somebody asks for it; tells whether that was not so before.
    ///
    /// # Errors
    /// As [`Service::suppress`].
    pub async fn unsuppress(&self, recipient: Recipient) -> Result<bool> {
        self.change(move |core, tx| Ok(tx.delete_suppression(&core.suppression(&**tx, &recipient)?)?))
            .await
    }

    /// Whether `recipient` is never written to.
    ///
    /// # Errors
    /// As [`Service::suppress`].
    pub async fn is_suppressed(&self, recipient: Recipient) -> Result<bool> {
        self.ask(move |core, tx| Ok(tx.is_suppressed(&core.suppression(tx, &recipient)?)?))
            .await
    }
}

impl Core {
    /// Stands for `recipient` among those who are never written to.
    fn suppression(&self, tx: &dyn Read, recipient: &Recipient) -> Result<Mac> {
        let key = self.suppression_key(tx)?;
        match recipient {
            Recipient::Reader(token) => key.read(token, self.today()).ok_or(Error::NoSuchRecipient),
            Recipient::Typed(hash) => Ok(key.mac(hash)),
        }
    }

    /// Whether nobody may write to `identity` any more.
    pub(super) fn is_suppressed(&self, tx: &dyn Read, identity: &Identity) -> Result<bool> {
        Ok(is_written_to(identity) && tx.is_suppressed(&self.suppression_key(tx)?.mac(&identity.hash()))?)
    }

    /// The key of today behind those from before it was changed.
    pub(super) fn suppression_key(&self, tx: &dyn Read) -> Result<SuppressionKey> {
        let Some(sealed) = tx.former_suppression_keys()? else {
            return Ok(self.keys.suppression().clone());
        };
        let former = self.keys.open(Purpose::SuppressionKeys, &sealed).map_err(Self::broken);
        let key = self
            .intact("meta", former)
            .and_then(|former| self.keys.suppression().behind(&former));
        // Without it, whoever did not want to be written to before the key was changed is written to: as if somebody had deleted
        // the rows, who can do that as well. With an error, nobody could prove anything.
        Ok(key.unwrap_or_else(|| self.keys.suppression().clone()))
    }

    /// What a mail to `identity` has its reader show, to be the last.
    pub(super) fn stop_token(&self, tx: &dyn Read, identity: &Identity) -> Result<Option<String>> {
        if identity.provider != Provider::Email {
            return Ok(None);
        }
        let key = self.suppression_key(tx)?;
        Ok(Some(key.token(&key.mac(&identity.hash()))))
    }
}

fn is_written_to(identity: &Identity) -> bool {
    matches!(identity.provider, Provider::Email | Provider::Phone)
}
