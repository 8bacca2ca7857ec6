//! Rows as they are under another key.

use super::super::Core;
use super::super::error::Result;
use super::super::letters::outbox;
use crate::channel::{Letter, Message};
use crate::model::{BareJid, Mac};
use crate::store::{KeyedRow, Link, MuteRow, NO_PROOF, Pending, Queue, Read, Row, Subscriber, TokenRow};

/// Opens rows with the keys of `from`, and seals them with the keys of `to`.
pub(super) struct Renewal<'a> {
    pub(super) from: &'a Core,
    pub(super) to: &'a Core,
}

impl Renewal<'_> {
    /// Returns the row as it is under the new key; `None` if it does not open, or cannot be renewed.
    pub(super) fn row(&self, tx: &dyn Read, row: &KeyedRow) -> Result<Option<KeyedRow>> {
        Ok(match row {
            KeyedRow::Link(link) => self.link(link).map(KeyedRow::Link),
            KeyedRow::Pending(pending) => self.pending(pending).map(KeyedRow::Pending),
            KeyedRow::Message(queue, row) => self.message(*queue, row).map(|row| KeyedRow::Message(*queue, row)),
            KeyedRow::Subscriber(subscriber) => self.subscriber(subscriber).map(KeyedRow::Subscriber),
            KeyedRow::Mute(mute) => self.mute(mute).map(KeyedRow::Mute),
            KeyedRow::Token(token) => self.token(token).map(KeyedRow::Token),
            KeyedRow::Suppression(mac, _) => Some(self.suppression(tx, mac)?),
        })
    }

    /// Returns `None` if the content of a box does not belong to its row. Boxes of former versions open in every row, so
    /// their content is compared with the row; other boxes open in their own rows only.
    fn is_its(&self, is_its: bool) -> Option<()> {
        (is_its || self.from.keys.are_bound()).then_some(())
    }

    fn link(&self, link: &Link) -> Option<Link> {
        let linked = self.from.open_link(link)?;
        let mut renewed = self.to.seal_link(&linked, link.verified_on);
        if self.from.is_in_doubt(link) {
            renewed.proof = NO_PROOF;
        }
        Some(renewed)
    }

    /// Erasures over HTTP are dropped, because their names are made of a selection that is not stored. They are requested again.
    fn pending(&self, pending: &Pending) -> Option<Pending> {
        let remembered = self.from.open_pending(pending)?;
        let (hash, code) = (remembered.hash.as_ref()?, remembered.code.as_ref()?);
        let row = |core: &Core| {
            let (id, owner) = (core.keys.id(hash), core.keys.owner(&remembered.target));
            (id, owner, core.keys.code(&id, &owner, code))
        };
        let (id, owner, code) = row(self.to);
        let renewed = Pending {
            id,
            owner,
            code,
            ..pending.clone()
        };
        self.is_its(row(self.from) == (pending.id, pending.owner, pending.code))?;
        self.to.seal_pending(renewed, &remembered).ok()
    }

    fn message(&self, queue: u8, row: &Row) -> Option<Row> {
        let renewed = |about, payer, sealed| Row {
            about,
            payer,
            key: self.to.keys.number(),
            sealed,
            ..row.clone()
        };
        if queue == Queue::REQUESTS.number() {
            let request = self.from.open_request(row)?;
            self.is_its(row.about == Some(self.from.about_requester(&request.from)))?;
            let about = self.to.about_requester(&request.from);
            // Those that wait as MACs wait for hashes since the change was begun, unless the MACs stay the same.
            let sealed = match request.ids.is_empty() {
                true => self.to.seal_hashes(&request).ok()?,
                false if self.from.keys.are_of(&self.to.keys) => {
                    self.to.seal_ids(&request, request.ids.iter().copied()).ok()?
                }
                false => return None,
            };
            return Some(renewed(Some(about), None, sealed));
        }
        let place = outbox(queue, row.about.as_ref());
        let letter: Letter = self.from.open("outbox", row.key, place, &row.sealed)?;
        // Its registration is dropped as well.
        if matches!(letter.message, Message::ForgetCode { .. }) {
            return None;
        }
        let queue_of = crate::provider::queue(&letter.message).map(Queue::number);
        self.is_its(row.about == self.from.about(&letter) && queue_of == Some(queue))?;
        let about = self.to.about(&letter);
        let payer = match &letter.message {
            Message::Introduction { from, .. } => self.to.payer(from),
            _ => None,
        };
        let sealed = self.to.seal(outbox(queue, about.as_ref()), &letter).ok()?;
        Some(renewed(about, payer, sealed))
    }

    fn subscriber(&self, subscriber: &Subscriber) -> Option<Subscriber> {
        let jid = self.from.open_subscriber(subscriber)?;
        self.is_its(self.from.keys.owner(&jid) == subscriber.owner)?;
        let Subscriber {
            addresses,
            asked,
            seen_at,
            ..
        } = *subscriber;
        self.to.seal_subscriber(&jid, addresses, asked, seen_at).ok()
    }

    fn mute(&self, mute: &MuteRow) -> Option<MuteRow> {
        let (owner, muted) = self.from.open_mute(mute)?;
        let muted = muted.map(|jid| BareJid::new(&jid)).transpose().ok()?;
        let owner = BareJid::new(&owner).ok()?;
        let former = self.from.seal_mute(&owner, muted.as_ref(), mute.expires_at);
        self.is_its((former.owner, former.muted) == (mute.owner, mute.muted))?;
        Some(self.to.seal_mute(&owner, muted.as_ref(), mute.expires_at))
    }

    /// Tokens of former versions are dropped: nothing shows that they belong to their owners.
    fn token(&self, token: &TokenRow) -> Option<TokenRow> {
        self.is_its(self.from.keys.are_bound())?;
        let target = self.from.open_token(token)?;
        self.to.seal_token(token.hash, &target, token.expires_at).ok()
    }

    fn suppression(&self, tx: &dyn Read, mac: &Mac) -> Result<KeyedRow> {
        let renewed = match self.from.keys.are_of(&self.to.keys) {
            true => *mac,
            false => self.to.suppression_key(tx)?.carried(mac),
        };
        Ok(KeyedRow::Suppression(renewed, self.to.keys.number()))
    }
}
