//! mute: refuses contact requests. Requesters get the usual answers and count against the usual limits, so that they do
//! not notice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;

use super::caller::Caller;
use super::error::{Error, Excess, Result};
use super::growth::{self, Payer};
use super::limits::DAY;
use super::operation::{Effort, Operation, Rights};
use super::{Core, PADDED_TO, Service, Tx, require_account};
use crate::clock::{Millis, millis};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Mac};
use crate::model::{InvalidId, parse_target};
use crate::store::{self, Read};

/// The largest number of Jabber IDs that one person can mute.
pub const MOST_MUTED: usize = 1000;
/// The largest number of bytes that they may take: enough for that number of ordinary ones.
const BYTES_MUTED: usize = 256 * 1024;
/// The lifetime of a mute of a person without a link, whom no contact requests reach anyway.
const WITHOUT_LINK: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The largest number in one request.
pub const MUTED_AT_ONCE: usize = 100;

/// The Jabber IDs whose contact requests do not reach a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Muted {
    /// `true` if all contact requests are muted.
    pub everybody: bool,
    /// The muted JIDs, in alphabetical order.
    pub jids: Vec<String>,
}

/// The result of unmuting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmuted {
    /// The number of mutes that were removed.
    pub gone: usize,
    /// `true` if all contact requests are still muted.
    pub everybody: bool,
}

/// Keeps contact requests of `jids` from the sender of a stanza, or all contact requests if no JID is named. The JID of a peer stands for
/// all that it passes on. Those that wait for delivery are kept back as well.
///
/// # Errors
/// `value_error`, `too_many_requested`, `request_limit_reached`, `internal_server_error`; nothing is muted then.
#[derive(Clone, Debug)]
pub struct Mute {
    /// The JIDs, as a person typed them.
    pub jids: Vec<String>,
}

impl Operation for Mute {
    type Reply = ();
    const NAME: &'static str = "mute";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<()> {
        let sender = caller.sender()?.clone();
        require_account(&sender)?;
        let settings = service.settings();
        let jids = named(&self.jids, |service| settings.peer(service).is_some())?;
        service.change(move |core, tx| core.mute(tx, &sender, &jids)).await
    }
}

/// Lets contact requests of `jids` through again, or all if no JID is named.
///
/// # Errors
/// As [`Mute`].
#[derive(Clone, Debug)]
pub struct Unmute {
    /// The JIDs, as a person typed them.
    pub jids: Vec<String>,
}

impl Operation for Unmute {
    type Reply = Unmuted;
    const NAME: &'static str = "unmute";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Unmuted> {
        let (sender, jids) = (caller.sender()?.clone(), named(&self.jids, |_perhaps_muted| true)?);
        service
            .change(move |core, tx| {
                core.renew(tx, &sender)?;
                core.unmute(tx, &core.keys.owner(&sender), &jids)
            })
            .await
    }
}

/// Lists the Jabber IDs that the sender of a stanza has muted.
///
/// # Errors
/// `internal_server_error`.
#[derive(Clone, Copy, Debug)]
pub struct Mutes;

impl Operation for Mutes {
    type Reply = Muted;
    const NAME: &'static str = "mutes";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Senders
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Muted> {
        let sender = caller.sender()?.clone();
        service.ask(move |core, tx| core.muted_by(tx, &sender)).await
    }
}

/// The number of JIDs that somebody has muted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MutedBy {
    /// `true` if all contact requests are muted.
    pub everybody: bool,
    /// The number of muted JIDs.
    pub jids: usize,
}

/// Counts the JIDs that a JID has muted, for an admin.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct MutesOf(pub BareJid);

impl Operation for MutesOf {
    type Reply = MutedBy;
    const NAME: &'static str = "mutes-of";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<MutedBy> {
        let muted = service.ask(move |core, tx| core.muted_by(tx, &self.0)).await?;
        Ok(MutedBy {
            everybody: muted.everybody,
            jids: muted.jids.len(),
        })
    }
}

/// Reads the named JIDs: accounts, and services that are as `is_service` says.
fn named(jids: &[String], is_service: impl Fn(&BareJid) -> bool) -> Result<Vec<BareJid>> {
    if jids.len() > MUTED_AT_ONCE {
        return Err(Error::TooManyRequested(Excess::Jids(MUTED_AT_ONCE)));
    }
    let read = |text: &String| {
        parse_target(text).or_else(|error| {
            let service = BareJid::new(text).ok();
            let service = service.filter(|jid| jid.node().is_none() && is_service(jid));
            service.ok_or(error.into())
        })
    };
    jids.iter().map(read).collect()
}

impl Core {
    /// Returns the JIDs that `jid` has muted.
    fn muted_by(&self, tx: &dyn Read, jid: &BareJid) -> Result<Muted> {
        let mut muted = Muted::default();
        for owner in self.owners(jid) {
            for mute in tx.mutes_of(&owner)? {
                match self.open_mute(&mute) {
                    Some((_, Some(jid))) => muted.jids.push(jid),
                    Some((_, None)) => muted.everybody = true,
                    None => {}
                }
            }
        }
        muted.jids.sort();
        Ok(muted)
    }

    fn mute(&self, tx: &Tx<'_>, sender: &BareJid, jids: &[BareJid]) -> Result<()> {
        self.renew(tx, sender)?;
        let owner = self.keys.owner(sender);
        let expires_at = match tx.has_links(&owner)? {
            true => None,
            // Rounded to the day, so that it does not reveal the time of a mute.
            false => Some((self.clock.now() + millis(WITHOUT_LINK)).next_multiple_of(millis(DAY))),
        };
        let muted = match jids {
            [] => vec![None],
            jids => jids.iter().map(Some).collect(),
        };
        let mut new = HashMap::new();
        for jid in muted {
            let mute = self.seal_mute(sender, jid, expires_at);
            if !tx.is_muted(&owner, &[mute.muted])? {
                new.insert(mute.muted, mute);
            }
        }
        let bytes: usize = new.values().map(|mute| mute.sealed.len()).sum();
        if !jids.is_empty() {
            let everybody = usize::from(tx.is_muted(&owner, &[self.keys.mute(&owner, None)])?);
            let (there, taken) = tx.count_mutes_of(&owner)?;
            if there + new.len() > MOST_MUTED + everybody || taken + bytes > BYTES_MUTED {
                return Err(Error::TooManyRequested(Excess::Mutes(MOST_MUTED)));
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        self.count_newcomer(tx, sender)?;
        let rows = new.values().map(|mute| growth::row(mute.sealed.len())).sum();
        self.grow(tx, Payer::sender(sender), rows)?;
        new.values().try_for_each(|mute| Ok(tx.put_mute(mute)?))
    }

    fn unmute(&self, tx: &Tx<'_>, owner: &Mac, jids: &[BareJid]) -> Result<Unmuted> {
        let mut gone = 0;
        if jids.is_empty() {
            gone = tx.delete_mutes_of(owner)?;
        }
        for jid in jids {
            let muted = self.keys.mute(owner, Some(&self.keys.owner(jid)));
            let was_muted = tx.delete_mute(owner, &muted)?;
            // A former peer, or a slip.
            if jid.node().is_none() && !was_muted && self.settings.peer(jid).is_none() {
                return Err(InvalidId::Jid.into());
            }
            gone += usize::from(was_muted);
        }
        let everybody = tx.is_muted(owner, &[self.keys.mute(owner, None)])?;
        Ok(Unmuted { gone, everybody })
    }

    /// Returns `true` if `recipient` does not want contact requests of `requester`, or those that the peer `via` passes on, under
    /// whichever key that is kept.
    pub(super) fn has_muted(
        &self,
        tx: &dyn Read,
        recipient: &BareJid,
        requester: &BareJid,
        via: Option<&BareJid>,
    ) -> Result<bool> {
        for core in self.ring() {
            let mac = |jid| core.keys.owner(jid);
            let muting = core.muting(tx, &[mac(recipient)], &mac(requester), via.map(mac).as_ref())?;
            if !muting.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns those of the recipients who do not want them, under this key alone.
    pub(super) fn muting(
        &self,
        tx: &dyn Read,
        recipients: &[Mac],
        requester: &Mac,
        via: Option<&Mac>,
    ) -> Result<HashSet<Mac>> {
        let muted = [None, Some(requester)].into_iter().chain(via.map(Some));
        let each = |muted| {
            recipients
                .iter()
                .map(move |owner| (*owner, self.keys.mute(owner, muted)))
        };
        let mutes: Vec<(Mac, Mac)> = muted.flat_map(each).collect();
        Ok(tx.muting(&mutes)?)
    }

    /// Seals the box of a mute: the two JIDs; the second is empty if everybody is muted.
    pub(super) fn seal_mute(
        &self,
        owner: &BareJid,
        muted: Option<&BareJid>,
        expires_at: Option<Millis>,
    ) -> store::MuteRow {
        let jid = muted.map_or("", |jid| jid.as_str());
        let mut plain = format!("{owner}\0{jid}\0").into_bytes();
        // Padded, because the length reveals some JIDs.
        plain.resize(plain.len().next_multiple_of(PADDED_TO), 0);
        let owner = self.keys.owner(owner);
        let muted = muted.map(|jid| self.keys.owner(jid));
        let muted = self.keys.mute(&owner, muted.as_ref());
        let place = Purpose::Mute {
            owner: &owner,
            muted: &muted,
        };
        store::MuteRow {
            sealed: self.keys.seal(place, &plain, &mut self.rng()),
            key: self.keys.number(),
            owner,
            muted,
            expires_at,
        }
    }

    /// Returns the JID that has muted, and the muted one; `None` in its place if everybody is muted.
    pub(super) fn open_mute(&self, mute: &store::MuteRow) -> Option<(String, Option<String>)> {
        self.intact("mutes", self.read_mute(mute))
    }

    fn read_mute(&self, mute: &store::MuteRow) -> Result<(String, Option<String>)> {
        let place = Purpose::Mute {
            owner: &mute.owner,
            muted: &mute.muted,
        };
        let plain = self
            .under(mute.key)?
            .keys
            .open(place, &mute.sealed)
            .map_err(Self::broken)?;
        // They were JIDs when the box was sealed. Parsing them again would take longer than all the rest.
        let text = std::str::from_utf8(&plain).map_err(Self::broken)?;
        let mut jids = text.split('\0').map(str::to_owned);
        let (owner, muted) = (jids.next().unwrap_or_default(), jids.next());
        Ok((owner, muted.filter(|jid| !jid.is_empty())))
    }
}
