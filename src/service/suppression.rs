//! Suppressions: addresses and numbers that never get mail or SMS again, no matter who asks.
//!
//! Registering one of them does all that registering does, counters and the message in the outbox included. Only the worker
//! that would send the message drops it, so nobody can learn from an answer, a limit or a time who does not want any.

use super::error::Result;
use super::{Core, Error, Service};
use crate::model::seal::Purpose;
use crate::model::{Identity, InvalidId, Mac, SuppressionKey};
use crate::provider;
use crate::store::Read;

/// Somebody who can be written to by mail or SMS.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// The person who shows the token of a mail.
    Reader(String),
    /// The owner of a typed number or address.
    Typed(Identity),
}

impl Recipient {
    /// Returns the owner of a typed number or mail address.
    ///
    /// # Errors
    /// `value_error` if it is neither.
    pub fn typed(text: &str) -> Result<Self> {
        let mut meant = Identity::typed(text)?.into_iter();
        let reached = meant.find(is_written_to).ok_or(Error::InvalidId(InvalidId::Detail))?;
        Ok(Self::Typed(reached))
    }
}

impl Service {
    /// Never writes to `recipient` again.
    ///
    /// # Errors
    /// `not_found` if a token was made up, `internal_server_error`.
    pub async fn suppress(&self, recipient: Recipient) -> Result<()> {
        self.change(move |core, tx| {
            let macs = core.suppressions(&**tx, &recipient)?;
            Ok(macs.iter().take(1).try_for_each(|mac| tx.put_suppression(mac))?)
        })
        .await
    }

    /// Writes to `recipient` again, when somebody asks for it; tells whether that was not so before.
    ///
    /// # Errors
    /// As [`Service::suppress`].
    pub async fn unsuppress(&self, recipient: Recipient) -> Result<bool> {
        self.change(move |core, tx| {
            let mut was = false;
            for mac in core.suppressions(&**tx, &recipient)? {
                was |= tx.delete_suppression(&mac)?;
            }
            Ok(was)
        })
        .await
    }

    /// Returns `true` if `recipient` is never written to.
    ///
    /// # Errors
    /// As [`Service::suppress`].
    pub async fn is_suppressed(&self, recipient: Recipient) -> Result<bool> {
        self.ask(move |core, tx| {
            let macs = core.suppressions(tx, &recipient)?;
            any_suppressed(tx, &macs)
        })
        .await
    }
}

impl Core {
    /// What stands for `recipient` among those who are never written to: first the mailbox or subscriber; then the address or
    /// number as it is, which was kept instead by earlier versions.
    fn suppressions(&self, tx: &dyn Read, recipient: &Recipient) -> Result<Vec<Mac>> {
        let key = self.suppression_key(tx)?;
        match recipient {
            Recipient::Reader(token) => Ok(vec![key.read(token, self.today()).ok_or(Error::NoSuchRecipient)?]),
            Recipient::Typed(identity) => Ok([identity.mailbox(), identity.clone()]
                .map(|one| key.mac(&one.hash()))
                .into()),
        }
    }

    /// Returns `true` if nobody may write to `identity` any more.
    pub(super) fn is_suppressed(&self, tx: &dyn Read, identity: &Identity) -> Result<bool> {
        if !is_written_to(identity) {
            return Ok(false);
        }
        any_suppressed(tx, &self.suppressions(tx, &Recipient::Typed(identity.clone()))?)
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
        if !provider::kind(&identity.provider).is_some_and(|kind| kind.has_links) {
            return Ok(None);
        }
        let key = self.suppression_key(tx)?;
        Ok(Some(key.token(&key.mac(&identity.mailbox().hash()))))
    }
}

fn is_written_to(identity: &Identity) -> bool {
    provider::kind(&identity.provider).is_some_and(|kind| kind.is_suppressible)
}

fn any_suppressed(tx: &dyn Read, macs: &[Mac]) -> Result<bool> {
    for mac in macs {
        if tx.is_suppressed(mac)? {
            return Ok(true);
        }
    }
    Ok(false)
}
