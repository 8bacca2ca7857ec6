//! Finds a registration that waits by the hash of its id as a person typed it as well. Clients of the API document hash
//! that, and return the code under it.
//!
//! Such a hash has a row of its own, which leads to the registration and goes with it. Links have none.

use super::error::{Error, Result};
use super::growth::{self, Payer};
use super::link::Aliases;
use super::pending::{PendingBox, Proof, Spelling, hash_of_link, hash_of_report};
use super::{By, Core, Tx};
use crate::clock::Millis;
use crate::model::{BareJid, Code, Hash, Mac, Provider};
use crate::store::Pending;

/// The number of hashes by which a registration is found besides its own: so many of those that the target has asked
/// with, and of those of others. The oldest is dropped first.
const KEPT: usize = 2;

/// A row that only leads to a registration.
pub(super) struct Referral<'a> {
    /// The hash by which it is found.
    pub(super) from: Spelling,
    /// The hash of the registration.
    pub(super) to: Hash,
    pub(super) target: &'a BareJid,
    pub(super) provider: &'a Provider,
}

impl<'a> Referral<'a> {
    /// Returns the row by which the hash of a word leads to the registration of `to` for `target`.
    pub(super) fn of_word(hash: Hash, to: Hash, target: &'a BareJid, provider: &'a Provider) -> Self {
        let from = Spelling { hash, by_target: false };
        Self {
            from,
            to,
            target,
            provider,
        }
    }
}

impl Core {
    /// Returns the hash of the registration that waits under `hash`: for the hash of a spelling, that of the identity.
    pub(super) fn waiting_hash(&self, tx: &Tx<'_>, hash: &Hash) -> Result<Hash> {
        self.renew_waiting(tx, hash)?;
        let (waiting, now) = (tx.pendings(&self.keys.id(hash))?, self.clock.now());
        let mut live = waiting.iter().filter(|pending| pending.expires_at > now);
        // A hash is that of a spelling or of an identity, whoever registers it.
        let Some(Proof::Spelling { identity }) = live
            .find_map(|pending| self.open_pending(pending))
            .map(|found| found.proof)
        else {
            return Ok(*hash);
        };
        self.renew_waiting(tx, &identity)?;
        Ok(identity)
    }

    /// Returns the id of the registration of `owner` that `id` finds: for the hash of a spelling, that of the identity.
    pub(super) fn id_of_registration(&self, tx: &Tx<'_>, id: Mac, owner: &Mac) -> Result<Mac> {
        let found = tx.pending(&id, owner)?.and_then(|found| self.open_pending(&found));
        Ok(match found.map(|found| found.proof) {
            Some(Proof::Spelling { identity }) => self.keys.id(&identity),
            _ => id,
        })
    }

    /// Has the registration of `hash` for the payer's JID found by the hash of the id as it was `typed` as well, if it
    /// waits. Where that would be too many bytes, it is not: the answer must stay the same.
    pub(super) fn remember_spelling(&self, tx: &Tx<'_>, payer: Payer<'_>, hash: &Hash, typed: &Hash) -> Result<()> {
        if typed == hash {
            return Ok(());
        }
        let (id, owner) = (self.keys.id(hash), self.keys.owner(payer.jid));
        let waiting = tx.pending(&id, &owner)?;
        let Some((mut remembered, pending)) = waiting.and_then(|old| Some((self.open_pending(&old)?, old))) else {
            return Ok(());
        };
        let (spellings, by_target) = (&mut remembered.spellings, payer.by == By::Target);
        match spellings.iter().position(|known| known.hash == *typed) {
            Some(known) if by_target => make_own(spellings, known),
            Some(_) => {}
            None => {
                if let Some(oldest) = oldest(spellings, by_target) {
                    let oldest = spellings.remove(oldest);
                    tx.delete_pending(&self.keys.id(&oldest.hash), &owner)?;
                } else {
                    // Only where rows become more: anybody can respell a number as often as they like.
                    match self.grow(tx, payer, growth::spelling(payer.jid)) {
                        Err(Error::RequestLimitReached { .. }) => return Ok(()),
                        counted => counted?,
                    }
                }
                let hash = *typed;
                spellings.push(Spelling { hash, by_target });
            }
        }
        for spelling in &remembered.spellings {
            let referral = Referral {
                from: *spelling,
                to: *hash,
                target: &remembered.target,
                provider: &remembered.provider,
            };
            self.put_referral(tx, &referral, pending.expires_at)?;
        }
        Ok(tx.put_pending(&self.seal_pending(pending, &remembered)?)?)
    }

    /// Has a registration found by another hash as well.
    pub(super) fn put_referral(&self, tx: &Tx<'_>, referral: &Referral<'_>, expires_at: Millis) -> Result<()> {
        let Spelling { hash, by_target } = referral.from;
        let leads = PendingBox {
            target: referral.target.clone(),
            provider: referral.provider.clone(),
            hash: Some(hash),
            aliases: Aliases::default(),
            code: None,
            by_target,
            is_undelivered: false,
            range: None,
            counts_in_range: false,
            report: None,
            spellings: Vec::new(),
            others: None,
            proof: Proof::Spelling { identity: referral.to },
        };
        // A code that nobody has, and nobody can type.
        let code = Code::state(&self.random_word());
        self.put_pending(tx, &self.keys.id(&hash), &code, expires_at, leads)
    }

    /// Removes the rows that lead to a registration.
    pub(super) fn drop_spellings(&self, tx: &Tx<'_>, id: &Mac, owner: &Mac) -> Result<()> {
        let waiting = tx.pending(id, owner)?.and_then(|pending| self.open_pending(&pending));
        let Some(waiting) = waiting else { return Ok(()) };
        let link = waiting.proof.letter().map(hash_of_link);
        let spellings = waiting.spellings.iter().map(|spelling| spelling.hash);
        let report = waiting.report.as_deref().map(hash_of_report);
        for hash in spellings.chain(link).chain(report) {
            tx.delete_pending(&self.keys.id(&hash), owner)?;
        }
        Ok(())
    }

    /// Returns `true` if the row only leads to a registration.
    pub(super) fn is_spelling(&self, pending: &Pending) -> bool {
        let opened = self.open_pending(pending);
        opened.is_some_and(|opened| matches!(opened.proof, Proof::Spelling { .. }))
    }
}

/// Returns the place of the spelling that gives way to another one by that side, if it has as many as are kept.
fn oldest(spellings: &[Spelling], by_target: bool) -> Option<usize> {
    let by_same = |known: &Spelling| known.by_target == by_target;
    let is_full = spellings.iter().filter(|known| by_same(known)).count() >= KEPT;
    spellings.iter().position(by_same).filter(|_| is_full)
}

/// Makes a spelling the newest of the target's own. If others have sent it first, they get the target's oldest for it
/// where that has to give way: so there are never fewer, and none is counted twice.
fn make_own(spellings: &mut Vec<Spelling>, known: usize) {
    let Spelling { hash, by_target } = spellings.remove(known);
    let oldest = oldest(spellings, true).filter(|_| !by_target);
    if let Some(oldest) = oldest.and_then(|oldest| spellings.get_mut(oldest)) {
        oldest.by_target = false;
    }
    spellings.push(Spelling { hash, by_target: true });
}
