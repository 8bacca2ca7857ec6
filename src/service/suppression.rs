//! Suppressions: addresses and numbers that get no more mail or SMS, whoever asks.
//!
//! A registration of one of them does all that a registration does, including the counters and the message in the
//! outbox. Only the worker drops the message instead of sending it. So no answer, limit or time reveals that the
//! recipient is suppressed.

use super::caller::Caller;
use super::error::Result;
use super::operation::{Effort, Operation, Rights};
use super::{Core, Error, Service};
use crate::model::seal::Purpose;
use crate::model::{Identity, InvalidId, Mac, SuppressionKey};
use crate::provider;
use crate::store::Read;

/// A person who can be written to by mail or SMS.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// The reader of a mail, who has the mail's token.
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

    /// Returns the callers that may decide: the reader of a mail, or an admin for a typed number or address.
    fn rights(&self) -> Rights {
        match self {
            Self::Reader(_) => Rights::Everybody,
            Self::Typed(_) => Rights::Admins,
        }
    }
}

/// Stops all messages to a recipient.
///
/// # Errors
/// `not_allowed`, `not_found` if a token was made up, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct Suppress(pub Recipient);

impl Operation for Suppress {
    type Reply = ();
    const NAME: &'static str = "suppress";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        self.0.rights()
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<()> {
        service
            .change(move |core, tx| {
                let macs = core.suppressions(tx, &self.0)?;
                let key = core.keys.number();
                Ok(macs.iter().take(1).try_for_each(|mac| tx.put_suppression(mac, key))?)
            })
            .await
    }
}

/// Allows messages to a recipient again. Returns `true` if they were stopped before.
///
/// # Errors
/// As [`Suppress`].
#[derive(Clone, Debug)]
pub struct Unsuppress(pub Recipient);

impl Operation for Unsuppress {
    type Reply = bool;
    const NAME: &'static str = "unsuppress";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        self.0.rights()
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<bool> {
        service
            .change(move |core, tx| {
                let mut was = false;
                for mac in core.suppressions(tx, &self.0)? {
                    was |= tx.delete_suppression(&mac)?;
                }
                Ok(was)
            })
            .await
    }
}

/// Tests if messages to a recipient are stopped.
///
/// # Errors
/// As [`Suppress`].
#[derive(Clone, Debug)]
pub struct IsSuppressed(pub Recipient);

impl Operation for IsSuppressed {
    type Reply = bool;
    const NAME: &'static str = "is-suppressed";
    const EFFORT: Effort = Effort::Little;

    fn rights(&self) -> Rights {
        self.0.rights()
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<bool> {
        service
            .ask(move |core, tx| {
                let macs = core.suppressions(tx, &self.0)?;
                any_suppressed(tx, &macs)
            })
            .await
    }
}

impl Core {
    /// Returns the MACs that stand for `recipient` among those who are never written to, under each key: first of the mailbox or
    /// subscriber, then of the address or number as it is, which earlier versions kept instead.
    fn suppressions(&self, tx: &dyn Read, recipient: &Recipient) -> Result<Vec<Mac>> {
        let mut macs = Vec::new();
        for core in self.ring() {
            let key = core.suppression_key(tx)?;
            match recipient {
                Recipient::Reader(token) => macs.extend(key.read(token, self.today())),
                Recipient::Typed(identity) => {
                    macs.extend([identity.mailbox(), identity.clone()].map(|one| key.mac(&one.hash())));
                }
            }
        }
        match macs.is_empty() {
            true => Err(Error::NoSuchRecipient),
            false => Ok(macs),
        }
    }

    /// Returns `true` if messages to `identity` are stopped.
    pub(super) fn is_suppressed(&self, tx: &dyn Read, identity: &Identity) -> Result<bool> {
        if !is_written_to(identity) {
            return Ok(false);
        }
        any_suppressed(tx, &self.suppressions(tx, &Recipient::Typed(identity.clone()))?)
    }

    /// Returns the key of suppressions: the present one, with those from before the key was changed.
    pub(super) fn suppression_key(&self, tx: &dyn Read) -> Result<SuppressionKey> {
        let Some(sealed) = tx.former_suppression_keys(self.keys.number())? else {
            return Ok(self.keys.suppression().clone());
        };
        let former = self.keys.open(Purpose::SuppressionKeys, &sealed).map_err(Self::broken);
        let key = self
            .intact("meta", former)
            .and_then(|former| self.keys.suppression().behind(&former));
        // Without it, people who were suppressed before the key was changed are written to again, as if their rows had
        // been deleted; anybody who can damage this row can also do that. With an error, nobody could prove anything.
        Ok(key.unwrap_or_else(|| self.keys.suppression().clone()))
    }

    /// Returns the token that a mail to `identity` contains, by which its reader can stop further mails.
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
