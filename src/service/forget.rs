//! links and forget: what is known of oneself, and its erasure.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::Result;
use super::guesses::Guess;
use super::limits::{DAY, HASHES_PER_CONFIRM};
use super::pending::NewCode;
use super::{By, Core, Error, Excess, Service, Tx};
use crate::channel::Message;
use crate::model::{BareJid, Hash, Identity, Mac};
use crate::store::Link;

/// The state of an erasure that was requested over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgetting {
    /// A code was sent to the target, or waits already.
    Pending,
    /// It is done.
    Forgotten,
}

/// A link, as its owner is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The linked hash.
    pub hash: Hash,
    /// The day it was proven, in UTC.
    pub since: SystemTime,
}

impl Service {
    /// Returns the links of the `sender` of a stanza, oldest first.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn links(&self, sender: &BareJid) -> Result<Vec<Linked>> {
        let sender = sender.clone();
        self.ask(move |core, tx| {
            let links = tx.links_of(&core.keys.owner(&sender))?;
            let linked = |link: &Link| {
                let opened = core.open_link(link);
                opened.map(|opened| Linked {
                    hash: opened.hash,
                    since: UNIX_EPOCH + DAY * link.verified_on,
                })
            };
            let proven = links.iter().filter(|link| !core.is_in_doubt(link));
            Ok(proven.filter_map(linked).collect())
        })
        .await
    }

    /// Removes links of the `sender` of a stanza, and registrations that wait: the named ones, or all without a name,
    /// and whom the sender has muted. Tells how many there were.
    ///
    /// # Errors
    /// `too_many_requested`, `internal_server_error`.
    pub async fn forget_native(&self, sender: &BareJid, hashes: &[String]) -> Result<usize> {
        let selection = selection(hashes)?;
        let sender = sender.clone();
        self.change(move |core, tx| core.forget(tx, &sender, core.ids(selection.as_deref()).as_deref()))
            .await
    }

    /// The same over HTTP: without a code, one is sent to `target`; with it, the links go. The code is valid for the
    /// selection it was asked for.
    ///
    /// # Errors
    /// `target_unconfirmed`, `not_found`, `faulty_code`, `too_many_requested`, `request_limit_reached`,
    /// `internal_server_error`.
    pub async fn forget_http(
        &self,
        target: &BareJid,
        hashes: &[String],
        code: Option<String>,
        resend: bool,
    ) -> Result<Forgetting> {
        self.require_confirmed(target).await?;
        let selection = selection(hashes)?;
        let (target, language, address) = (target.clone(), self.language, self.address);
        self.change(move |core, tx| {
            let owner = core.keys.owner(&target);
            let selection = core.ids(selection.as_deref());
            let id = core.forget_id(&owner, selection.as_deref());
            let Some(code) = &code else {
                let new = NewCode {
                    id,
                    proves: None,
                    target: target.clone(),
                    identity: Identity::of_jid(&target),
                    resend,
                    language,
                    address,
                };
                let everything = selection.is_none();
                core.send_code(tx, By::Anybody, new, |code, _| Message::ForgetCode {
                    to: target.clone(),
                    code,
                    everything,
                })?;
                return Ok(Forgetting::Pending);
            };
            let waiting = tx.pending(&id, &owner)?.into_iter().collect();
            let itself = core.keys.id(&Identity::of_jid(&target).hash());
            core.check_guesses_left(tx, By::Anybody, &itself)?;
            let guess = Guess {
                by: By::Anybody,
                code,
                at: Some(itself),
            };
            let proven = core.check_code(tx, &guess, waiting)?;
            core.use_up(tx, &proven)?;
            core.forget(tx, &target, selection.as_deref())?;
            Ok(Forgetting::Forgotten)
        })
        .await
    }
}

/// The links named; `None` is everything. A hash that nobody has names nothing.
fn selection(hashes: &[String]) -> Result<Option<Vec<Hash>>> {
    if hashes.len() > HASHES_PER_CONFIRM {
        return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONFIRM)));
    }
    Ok((!hashes.is_empty()).then(|| hashes.iter().filter_map(|hash| Hash::parse(hash)).collect()))
}

impl Core {
    /// A selection as the store knows it.
    fn ids(&self, selection: Option<&[Hash]>) -> Option<Vec<Mac>> {
        Some(selection?.iter().map(|hash| self.keys.id(hash)).collect())
    }

    fn forget(&self, tx: &Tx<'_>, target: &BareJid, selection: Option<&[Mac]>) -> Result<usize> {
        let owner = self.keys.owner(target);
        let mut gone = 0;
        let Some(ids) = selection else {
            for waiting in tx.pendings_of(&owner)? {
                gone += usize::from(self.drop_pending(tx, &waiting.id, &owner)?);
            }
            tx.withdraw(&self.about_requester(target))?;
            tx.delete_tokens_of(&owner)?;
            tx.delete_mutes_of(&owner)?;
            return Ok(gone + tx.delete_links_of(&owner)?);
        };
        for id in ids {
            let link = self.id_of_link(&**tx, *id, &owner)?;
            gone += usize::from(tx.delete_link(&link, &owner)?);
            self.drop_tokens(tx, target, id)?;
            for id in HashSet::from([*id, link]) {
                gone += usize::from(self.drop_pending(tx, &id, &owner)?);
            }
        }
        Ok(gone)
    }

    /// Returns the name under which an erasure waits for its code: another for each selection, in any order.
    fn forget_id(&self, owner: &Mac, selection: Option<&[Mac]>) -> Mac {
        let mut ids: Vec<&Mac> = selection.unwrap_or_default().iter().collect();
        ids.sort_by_key(|id| id.0);
        let what = if selection.is_some() {
            "forget some"
        } else {
            "forget all"
        };
        ids.insert(0, owner);
        self.keys.quota(what, &ids)
    }
}
