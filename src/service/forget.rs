//! links and forget: lists the links of a JID, and removes them.

use std::collections::HashSet;
use std::time::{SystemTime, UNIX_EPOCH};

use super::caller::{Caller, Who};
use super::error::Result;
use super::guesses::Guess;
use super::how::How;
use super::limits::{DAY, HASHES_PER_CONFIRM};
use super::operation::{Effort, Operation, Rights};
use super::pending::NewCode;
use super::{By, Core, Error, Excess, Service, Tx, read_hashes};
use crate::channel::Message;
use crate::model::{BareJid, Hash, Identity, Mac, OwnAddress};
use crate::store::Link;

/// The state of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgetting {
    /// Over HTTP: a code was sent to the target, or waits already.
    Pending,
    /// The erasure is done: the number of links and registrations that were removed.
    Forgotten(usize),
}

impl Forgetting {
    /// Returns the number of links and registrations that were removed.
    pub fn count(self) -> usize {
        match self {
            Self::Pending => 0,
            Self::Forgotten(count) => count,
        }
    }
}

/// A link, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The linked hash.
    pub hash: Hash,
    /// The day on which it was proven, in UTC.
    pub since: SystemTime,
}

/// Lists the links of the sender of a stanza, oldest first.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct Links;

impl Operation for Links {
    type Reply = Vec<Linked>;
    const NAME: &'static str = "links";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Vec<Linked>> {
        let sender = caller.sender()?.clone();
        service
            .ask(move |core, tx| {
                let mut links = Vec::new();
                for owner in core.owners(&sender) {
                    links.extend(tx.links_of(&owner)?);
                }
                links.sort_by_key(|link| link.verified_on);
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
}

/// Removes links of `target` and registrations that wait: the named ones, or all if none is named. All includes the
/// mutes of the target. Over HTTP, where nobody vouches for the requester, a code is sent to the target first; with the
/// code, the links are removed. The code is valid for the selection that it was requested for.
///
/// # Errors
/// `too_many_requested`, `internal_server_error`; over HTTP also `target_unconfirmed`, `not_found`, `faulty_code`,
/// `request_limit_reached`.
#[derive(Clone, Debug)]
pub struct Forget {
    /// The owner of the links. A sender of stanzas can only forget its own.
    pub target: BareJid,
    /// The hashes of the links; empty: all. `None` for a text that was not a hash: it names nothing.
    pub hashes: Vec<Option<Hash>>,
    /// The code, over HTTP.
    pub code: Option<String>,
    /// `true` if another code is to be sent, over HTTP.
    pub resend: bool,
}

impl Forget {
    /// Returns the operation for the sender of a stanza.
    pub fn own(sender: BareJid, hashes: &[impl AsRef<str>]) -> Self {
        Self {
            target: sender,
            hashes: read_hashes(hashes),
            code: None,
            resend: false,
        }
    }

    /// Returns the operation that forgets everything of the sender of a stanza.
    pub fn everything(sender: BareJid) -> Self {
        Self::own(sender, &[""; 0])
    }
}

impl Operation for Forget {
    type Reply = Forgetting;
    const NAME: &'static str = "forget";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Forgetting> {
        if let Who::Http { .. } = caller.who {
            return self.run_for_anybody(service, caller).await;
        }
        let target = self.target;
        service.require_speaks_for(caller, &target).await?;
        let selection = selection(self.hashes)?;
        service
            .change(move |core, tx| {
                let ids = core.ids(selection.as_deref());
                core.forget(tx, &target, ids.as_deref()).map(Forgetting::Forgotten)
            })
            .await
    }
}

impl Forget {
    async fn run_for_anybody(self, service: &Service, caller: &Caller) -> Result<Forgetting> {
        let Self {
            target,
            hashes,
            code,
            resend,
        } = self;
        service.require_confirmed(&target).await?;
        let selection = selection(hashes)?;
        let (language, address) = (service.language_of(caller), caller.address());
        service
            .change(move |core, tx| {
                core.renew(tx, &target)?;
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
                        how: How::Code,
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
                core.forget(tx, &target, selection.as_deref())
                    .map(Forgetting::Forgotten)
            })
            .await
    }
}

/// Removes all data about a JID, for an admin: links, registrations, mutes, and its presence subscription. Returns the number of links
/// and registrations.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct ForgetJid {
    /// The JID.
    pub jid: BareJid,
}

impl Operation for ForgetJid {
    type Reply = usize;
    const NAME: &'static str = "forget-jid";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<usize> {
        let jid = self.jid.clone();
        let forgotten = service.change(move |core, tx| core.forget(tx, &jid, None)).await?;
        for address in OwnAddress::ALL {
            service.unsubscribe(&self.jid, address).await?;
        }
        Ok(forgotten)
    }
}

/// Removes the link of a hash and the registrations of it that wait, for an admin: for people who cannot ask themselves, because a number
/// or an address of theirs is linked to an account that is not theirs, or is lost. Returns the number of links and registrations.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct ForgetHash {
    /// The hash.
    pub hash: Hash,
}

impl Operation for ForgetHash {
    type Reply = usize;
    const NAME: &'static str = "forget-hash";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<usize> {
        service
            .change(move |core, tx| {
                core.renew_id(tx, &self.hash)?;
                core.forget_for_all(tx, core.keys.id(&self.hash))
            })
            .await
    }
}

/// Returns the named links; `None` is everything. A hash that nobody has names nothing.
fn selection(hashes: Vec<Option<Hash>>) -> Result<Option<Vec<Hash>>> {
    if hashes.len() > HASHES_PER_CONFIRM {
        return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONFIRM)));
    }
    Ok((!hashes.is_empty()).then(|| hashes.into_iter().flatten().collect()))
}

impl Core {
    /// Returns a selection as the store knows it.
    fn ids(&self, selection: Option<&[Hash]>) -> Option<Vec<Mac>> {
        Some(selection?.iter().map(|hash| self.keys.id(hash)).collect())
    }

    fn forget(&self, tx: &Tx<'_>, target: &BareJid, selection: Option<&[Mac]>) -> Result<usize> {
        self.renew(tx, target)?;
        let owner = self.keys.owner(target);
        let mut gone = 0;
        let Some(ids) = selection else {
            for waiting in tx.pendings_of(&owner)? {
                let is_gone = self.drop_pending(tx, &waiting.id, &owner)?;
                gone += usize::from(is_gone && !self.is_spelling(&waiting));
            }
            tx.withdraw(&self.about_requester(target))?;
            tx.delete_tokens_of(&owner)?;
            tx.delete_mutes_of(&owner)?;
            return Ok(gone + tx.delete_links_of(&owner)?);
        };
        for id in ids {
            gone += self.forget_one(tx, &owner, *id)?;
            self.drop_tokens(tx, target, id)?;
        }
        Ok(gone)
    }

    /// Removes the link at `id` and all registrations there, whoever has them, and also if a box cannot be opened.
    fn forget_for_all(&self, tx: &Tx<'_>, id: Mac) -> Result<usize> {
        let link = tx.link(&id)?;
        let id = link.as_ref().and_then(|link| link.alias_of).unwrap_or(id);
        if let Some(linked) = link.as_ref().and_then(|link| self.open_link(link)) {
            self.drop_tokens(tx, &linked.target, &id)?;
        }
        let mut owners: Vec<Mac> = link.iter().map(|link| link.owner).collect();
        owners.extend(tx.pendings(&id)?.iter().map(|pending| pending.owner));
        owners.iter().map(|owner| self.forget_one(tx, owner, id)).sum()
    }

    fn forget_one(&self, tx: &Tx<'_>, owner: &Mac, id: Mac) -> Result<usize> {
        let link = self.id_of_link(tx, id, owner)?;
        let mut gone = usize::from(tx.delete_link(&link, owner)?);
        let mut waiting = HashSet::new();
        for id in [id, link] {
            waiting.insert(self.id_of_registration(tx, id, owner)?);
        }
        for id in waiting {
            gone += usize::from(self.drop_pending(tx, &id, owner)?);
        }
        Ok(gone)
    }

    /// Returns the id under which an erasure waits for its code. It depends on the selection, but not on its order.
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
