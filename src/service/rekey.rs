//! Another key for all that is kept, while the service runs.

use std::sync::PoisonError;

use super::error::Result;
use super::{Core, Service, locked, outbox, settle};
use crate::channel::{Letter, Message};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Keys, Mac, SuppressionKey};
use crate::store::{
    Link, Mute, NO_PROOF, Pending, Queue, Read, Reseal, Resealed, Row, StoreError, Subscriber, Switched, Token,
};

/// Links that are resealed, or wiped, in one transaction: others write in between.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 500 };

impl Service {
    /// Puts everything under the keys `next`. Whatever ends it before it is done, the database is all under one of the keys,
    /// and it can be gone on with. Counters of limits begin anew, but for those of codes that wait and of budgets. Links under
    /// the former keys are left to be wiped.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn rekey(&self, next: Keys) -> Result<Switched> {
        let to = next.check();
        self.begin_reseal(to).await?;
        while self.reseal_some(next.clone()).await? > 0 {}
        let core = self.core.clone();
        let switched = self.store.alone(move |transact| {
            // Whoever asks waits, and then asks with the new keys.
            let mut core = core.write().unwrap_or_else(PoisonError::into_inner);
            let next = core.with(next);
            let mut switched = Switched::default();
            transact(&mut |tx| {
                let resealer =
                    Resealer::new(tx, &core, &next).map_err(|error| StoreError::Unavailable(error.to_string()))?;
                switched = tx.switch_keys(&to, &resealer)?;
                Ok(())
            })?;
            *core = next;
            Ok(switched)
        });
        settle(switched.await.map(Ok))
    }

    /// Binds the boxes of a database of before to their rows. Nothing to do if they are.
    ///
    /// # Errors
    /// `internal_server_error`; it can be called again then, and goes on where it was.
    pub async fn bind(&self) -> Result<Option<Switched>> {
        let keys = locked(&self.core).keys.clone();
        match keys.are_bound() {
            true => Ok(None),
            false => self.rekey(keys.bound()).await.map(Some),
        }
    }

    /// What another change of the key has left behind is in the way, and wiped.
    pub(super) async fn begin_reseal(&self, to: Mac) -> Result<()> {
        while !self.change(move |_, tx| Ok(tx.begin_reseal(&to)?)).await? {
            self.wipe_former().await?;
        }
        Ok(())
    }

    /// Tells how many links are left.
    pub(super) async fn reseal_some(&self, next: Keys) -> Result<u64> {
        self.change(move |core, tx| {
            let next = core.with(next.clone());
            Ok(tx.reseal_links(&Resealer::new(tx, core, &next)?, AT_ONCE)?)
        })
        .await
    }

    /// Wipes what is left of the links of another key.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn wipe_former(&self) -> Result<()> {
        while self.change(|_, tx| Ok(tx.wipe_former(AT_ONCE)?)).await? {}
        settle(self.store.settle().await.map(Ok))
    }
}

impl Core {
    fn with(&self, keys: Keys) -> Self {
        Self {
            keys,
            frame: self.frame.clone(),
        }
    }

    /// Returns the subject of a letter, as [`Core::post`] was told.
    fn about(&self, letter: &Letter) -> Option<Mac> {
        match &letter.message {
            Message::Code { identity, target, .. } => {
                Some(self.about_code(&self.keys.id(&identity.hash()), &self.keys.owner(target)))
            }
            Message::Introduction { from, .. } => Some(self.about_requester(from)),
            Message::TakenOver { .. }
            | Message::Linked { .. }
            | Message::ProveAgain { .. }
            | Message::ForgetCode { .. } => None,
        }
    }
}

/// Opens with the keys of one and seals with those of the other.
struct Resealer<'a> {
    from: &'a Core,
    to: &'a Core,
    former: SuppressionKey,
    suppression: SuppressionKey,
}

impl<'a> Resealer<'a> {
    fn new(tx: &dyn Read, from: &'a Core, to: &'a Core) -> Result<Self> {
        let former = from.suppression_key(tx)?;
        let suppression = to.keys.suppression().behind(&former.to_bytes(from.today()));
        Ok(Self {
            from,
            to,
            suppression: suppression.ok_or_else(|| Core::broken("keys that are none"))?,
            former,
        })
    }

    /// Returns `true` if nothing changes but how boxes are sealed.
    fn is_same_key(&self) -> bool {
        self.from.keys.are_of(&self.to.keys)
    }

    /// Nothing if a row is another's: a box of before opens in every row, so what is in it is compared with the row. Of others, a
    /// box that opens tells.
    fn is_its(&self, is_its: bool) -> Option<()> {
        (is_its || self.from.keys.are_bound()).then_some(())
    }
}

impl Reseal for Resealer<'_> {
    fn link(&self, link: &Link) -> Option<Link> {
        let linked = self.from.open_link(link)?;
        let mut resealed = self.to.seal_link(&linked, link.verified_on);
        if self.from.is_in_doubt(link) {
            resealed.proof = NO_PROOF;
        }
        Some(resealed)
    }

    /// Erasures over HTTP are named by what they would erase, which nothing remembers: they are begun anew.
    fn pending(&self, pending: &Pending) -> Option<Pending> {
        let remembered = self.from.open_pending(pending)?;
        let (hash, code) = (remembered.hash.as_ref()?, remembered.code.as_ref()?);
        let row = |core: &Core| {
            let (id, owner) = (core.keys.id(hash), core.keys.owner(&remembered.target));
            (id, owner, core.keys.code(&id, &owner, code))
        };
        let (id, owner, code) = row(self.to);
        let resealed = Pending {
            id,
            owner,
            code,
            ..pending.clone()
        };
        self.is_its(row(self.from) == (pending.id, pending.owner, pending.code))?;
        self.to.seal_pending(resealed, &remembered).ok()
    }

    fn message(&self, queue: u8, row: &Row) -> Option<Resealed> {
        if queue == Queue::REQUESTS.number() {
            let request = self.from.open_request(row)?;
            self.is_its(row.about == Some(self.from.about_requester(&request.from)))?;
            return Some(Resealed {
                about: Some(self.to.about_requester(&request.from)),
                payer: None,
                sealed: self.to.seal_request(&request).ok()?,
            });
        }
        let former = outbox(queue, row.about.as_ref());
        let letter: Letter = self.from.open("outbox", former, &row.sealed)?;
        // Its registration is not taken along, either.
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
        Some(Resealed { about, payer, sealed })
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

    fn mute(&self, mute: &Mute) -> Option<Mute> {
        let (owner, muted) = self.from.open_mute(mute)?;
        let muted = muted.map(|jid| BareJid::new(&jid)).transpose().ok()?;
        let owner = BareJid::new(&owner).ok()?;
        let former = self.from.seal_mute(&owner, muted.as_ref(), mute.expires_at);
        self.is_its((former.owner, former.muted) == (mute.owner, mute.muted))?;
        Some(self.to.seal_mute(&owner, muted.as_ref(), mute.expires_at))
    }

    /// Checks if a token of before is its owner's, nothing tells.
    fn token(&self, token: &Token) -> Option<Token> {
        self.is_its(self.from.keys.are_bound())?;
        let target = self.from.open_token(token)?;
        self.to.seal_token(token.hash, &target, token.expires_at).ok()
    }

    fn suppression(&self, mac: &Mac) -> Option<Mac> {
        Some(match self.is_same_key() {
            true => *mac,
            false => self.suppression.carried(mac),
        })
    }

    fn former_suppression_keys(&self) -> Option<Vec<u8>> {
        let former = self.former.to_bytes(self.from.today());
        let seal = || self.to.keys.seal(Purpose::SuppressionKeys, &former, &mut self.to.rng());
        (!self.is_same_key()).then(seal)
    }

    /// Those that keep codes which wait from being guessed and sent over and over, and budgets.
    fn counters(&self, pendings: &[Pending]) -> Option<Vec<(Mac, Mac)>> {
        if self.is_same_key() {
            return None;
        }
        let of = |pending: &Pending| {
            let remembered = self.from.open_pending(pending)?;
            let names = |core: &Core| core.counters_of(&remembered);
            Some(names(self.from).into_iter().zip(names(self.to)).collect::<Vec<_>>())
        };
        let budgets = self.from.budget_names().zip(self.to.budget_names());
        let chances = self.from.chance_names().zip(self.to.chance_names());
        let all = pendings.iter().filter_map(of).flatten();
        Some(all.chain(budgets).chain(chances).collect())
    }
}
