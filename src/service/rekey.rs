//! Another key for all that is kept, while the service runs.
//!
//! When a change has begun, new rows are made under the new key. The rows that exist are renewed, a few at a time, and those of a
//! person or an identity before anything is changed there. Look-ups try both keys.

mod renewal;

use std::iter;
use std::ops::AddAssign;
use std::sync::{Arc, PoisonError};

use self::renewal::Renewal;
use super::error::Result;
use super::request::Ids;
use super::{Core, Service, Tx, locked, settle};
use crate::channel::{Letter, Message};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Hash, Keyring, Keys, Mac};
use crate::store::{KeyState, KeyedRow, Pending, Rows};

/// Rows that are renewed in one transaction: others write in between.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 500 };

/// The numbers of rows that were renewed, and of those that could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Are under the new key.
    pub kept: usize,
    /// Did not open, or cannot be renewed: they are gone.
    pub lost: usize,
}

impl AddAssign for Renewed {
    fn add_assign(&mut self, more: Self) {
        self.kept += more.kept;
        self.lost += more.lost;
    }
}

impl Renewed {
    fn count(self) -> usize {
        self.kept + self.lost
    }
}

impl Service {
    /// Renews all rows under the keys `next`. If it is interrupted, another call continues it. Counters of limits start at 0 again,
    /// except those of waiting codes and of budgets. An unfinished change to other keys is finished first.
    ///
    /// # Errors
    /// `internal_server_error`; it can be called again then.
    pub async fn rekey(&self, next: Keys) -> Result<Renewed> {
        let mut renewed = self.finish_change().await?;
        if self.begin_change(next).await? {
            renewed += self.finish_change().await?;
        }
        // Nothing of the former rows stays in journals.
        settle(self.store.settle().await.map(Ok))?;
        Ok(renewed)
    }

    /// Continues an unfinished change of the key, and binds the boxes of a database of a former version to their rows. Returns `None`
    /// if there is nothing to do.
    ///
    /// # Errors
    /// As [`Service::rekey`].
    pub async fn catch_up(&self) -> Result<Option<Renewed>> {
        let (keys, is_changing) = {
            let core = locked(&self.core);
            (core.keys.clone(), core.former.is_some())
        };
        match is_changing || !keys.are_bound() {
            true => self.rekey(keys.bound()).await.map(Some),
            false => Ok(None),
        }
    }

    /// Starts to make rows under `next`. Returns `false` if `next` is the current key already.
    pub(super) async fn begin_change(&self, next: Keys) -> Result<bool> {
        if locked(&self.core).keys.check() == next.check() {
            return Ok(false);
        }
        let keys = next.clone();
        let _exchange = self.exchange.lock().await;
        let begin = Arc::new(move |core: &Core, tx: &Tx<'_>| core.begin_change(tx, &keys));
        let number = loop {
            if let Some(number) = settle(self.change_once(begin.clone()).await)? {
                break number;
            }
        };
        // When the lock is free, all transactions under the present key have ended. Their rows are renewed like others.
        let mut core = self.core.write().unwrap_or_else(PoisonError::into_inner);
        let former = Box::new(core.with(core.keys.clone()));
        *core = Core {
            former: Some(former),
            ..core.with(next.numbered(number))
        };
        Ok(true)
    }

    /// Renews the rows that an unfinished change has left.
    async fn finish_change(&self) -> Result<Renewed> {
        let mut renewed = Renewed::default();
        if locked(&self.core).former.is_none() {
            return Ok(renewed);
        }
        loop {
            let some = self.renew_some().await?;
            if some.count() == 0 {
                break;
            }
            renewed += some;
        }
        let _exchange = self.exchange.lock().await;
        let ended = self.change_once(Arc::new(|_: &Core, tx: &Tx<'_>| Ok(tx.end_change()?)));
        settle(ended.await)?;
        let mut core = self.core.write().unwrap_or_else(PoisonError::into_inner);
        core.former = None;
        Ok(renewed)
    }

    /// Renews a few rows. Returns no rows if none is left.
    pub(super) async fn renew_some(&self) -> Result<Renewed> {
        self.change(|core, tx| core.renew_rows(tx, Rows::Next(AT_ONCE))).await
    }
}

impl Core {
    fn with(&self, keys: Keys) -> Self {
        Self {
            keys,
            former: None,
            frame: self.frame.clone(),
        }
    }

    /// Returns the same under other keys.
    pub(super) fn under_ring(&self, ring: Keyring) -> Self {
        Self {
            former: ring.former.map(|keys| Box::new(self.with(keys))),
            ..self.with(ring.current)
        }
    }

    /// Returns the keys that rows are made with: it is different after each exchange.
    pub(super) fn state(&self) -> KeyState {
        KeyState {
            number: self.keys.number(),
            is_changing: self.former.is_some(),
        }
    }

    /// Returns this core and, while the key is changed, the one under the former key.
    pub(super) fn ring(&self) -> impl Iterator<Item = &Self> {
        iter::once(self).chain(self.former.as_deref())
    }

    /// Returns the one under the key of that number.
    ///
    /// # Errors
    /// `internal_server_error` if there is no such key.
    pub(super) fn under(&self, key: u32) -> Result<&Self> {
        let found = self.ring().find(|core| core.keys.number() == key);
        found.ok_or_else(|| Self::broken("a row under a key that is not there"))
    }

    /// Returns the results of `mac` under each key, without duplicates. The result under the current key is the first.
    pub(super) fn macs(&self, mac: impl Fn(&Self) -> Option<Mac>) -> Vec<Mac> {
        let mut macs = Vec::new();
        for mac in self.ring().filter_map(mac) {
            if !macs.contains(&mac) {
                macs.push(mac);
            }
        }
        macs
    }

    /// Returns the MACs that stand for `jid`.
    pub(super) fn owners(&self, jid: &BareJid) -> Vec<Mac> {
        self.macs(|core| Some(core.keys.owner(jid)))
    }

    /// Renews the rows of `jid`. To be called in a change before its rows are read or written.
    pub(super) fn renew(&self, tx: &Tx<'_>, jid: &BareJid) -> Result<()> {
        let Some(former) = &self.former else { return Ok(()) };
        self.renew_rows(tx, Rows::Of(&former.keys.owner(jid)))?;
        self.renew_rows(tx, Rows::About(&former.about_requester(jid))).map(drop)
    }

    /// Renews the link and the registrations of `hash`, and all rows of the link's owner, as [`Core::renew`] does.
    pub(super) fn renew_id(&self, tx: &Tx<'_>, hash: &Hash) -> Result<()> {
        self.renew_ids(tx, &self.ids_of_hash(hash))
    }

    /// The same, by the MACs of the hash.
    pub(super) fn renew_ids(&self, tx: &Tx<'_>, ids: &Ids) -> Result<()> {
        if self.former.is_none() {
            return Ok(());
        }
        self.renew_rows(tx, Rows::At(&ids.former()))?;
        let link = tx.link(&ids.id)?;
        match link.and_then(|link| self.open_link(&link)) {
            Some(linked) => self.renew(tx, &linked.target),
            None => Ok(()),
        }
    }

    /// Renews the registrations of `hash`, and no link. For operations that are open to anybody: their time would reveal if there is
    /// a link.
    pub(super) fn renew_waiting(&self, tx: &Tx<'_>, hash: &Hash) -> Result<()> {
        let Some(former) = &self.former else { return Ok(()) };
        self.renew_rows(tx, Rows::WaitingAt(&former.keys.id(hash))).map(drop)
    }

    /// Runs at the beginning of every change while the key is changed. It always writes something: otherwise, the time of
    /// a change that writes nothing else would reveal if a row was renewed.
    pub(super) fn prepare(&self, tx: &Tx<'_>) -> Result<()> {
        if self.former.is_none() {
            return Ok(());
        }
        tx.note_time(self.reading(tx)?)?;
        self.restart_counters(tx)
    }

    fn renew_rows(&self, tx: &Tx<'_>, rows: Rows<'_>) -> Result<Renewed> {
        let mut renewed = Renewed::default();
        let Some(former) = self.former.as_deref() else {
            return Ok(renewed);
        };
        let renewal = Renewal { from: former, to: self };
        for row in tx.rows_under(former.keys.number(), rows)? {
            let new = renewal.row(tx, &row)?;
            tx.renew(&row, new.as_ref())?;
            match new {
                Some(_) => renewed.kept += 1,
                None => renewed.lost += 1,
            }
            if let KeyedRow::Pending(Pending { id, owner, .. }) = &row {
                renewed += self.renew_rows(tx, Rows::About(&former.about_code(id, owner)))?;
            }
        }
        Ok(renewed)
    }

    /// Starts a change to the keys `next`. Returns their number; `None` if something is to be done before, bit by bit, which is called
    /// for again.
    fn begin_change(&self, tx: &Tx<'_>, next: &Keys) -> Result<Option<u32>> {
        if !self.keys.are_of(next) && !self.name_known(tx, AT_ONCE)? {
            return Ok(None);
        }
        let number = tx.begin_change(&next.check())?;
        let sealed = match self.keys.are_of(next) {
            true => tx.former_suppression_keys(self.keys.number())?,
            false => {
                let former = self.suppression_key(tx)?.to_bytes(self.today());
                Some(next.seal(Purpose::SuppressionKeys, &former, &mut self.rng()))
            }
        };
        if let Some(sealed) = sealed {
            tx.put_former_suppression_keys(number, &sealed)?;
        }
        Ok(Some(number))
    }

    /// Sets counters to 0, except budgets and the counters that limit guesses at waiting codes, and how often these are sent. If
    /// only the form of boxes changes, all counters stay.
    fn restart_counters(&self, tx: &Tx<'_>) -> Result<()> {
        let Some(former) = self.former.as_deref() else {
            return Ok(());
        };
        if !tx.has_former_counters()? {
            return Ok(());
        }
        if former.keys.are_of(&self.keys) {
            return Ok(tx.restart_counters(None)?);
        }
        let mut kept: Vec<_> = former.budget_names().zip(self.budget_names()).collect();
        kept.extend(former.chance_names().zip(self.chance_names()));
        for row in tx.rows_under(former.keys.number(), Rows::Registrations)? {
            if let KeyedRow::Pending(pending) = &row
                && let Some(remembered) = former.open_pending(pending)
            {
                let names = |core: &Self| core.counters_of(&remembered);
                kept.extend(names(former).into_iter().zip(names(self)));
            }
        }
        Ok(tx.restart_counters(Some(&kept))?)
    }

    /// Returns the subject of a letter, as [`Core::post`] was told.
    fn about(&self, letter: &Letter) -> Option<Mac> {
        match &letter.message {
            Message::Code { identity, target, .. } => {
                Some(self.about_code(&self.keys.id(&identity.hash()), &self.keys.owner(target)))
            }
            Message::Introduction { from, .. } | Message::ToPeer { from, .. } => Some(self.about_requester(from)),
            Message::TakenOver { .. }
            | Message::Linked { .. }
            | Message::ProveAgain { .. }
            | Message::ForgetCode { .. } => None,
        }
    }
}
