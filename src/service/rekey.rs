//! Another key for all that is kept, while the service runs.

use std::sync::PoisonError;

use super::error::Result;
use super::verify::LinkBox;
use super::{Core, Service, settle};
use crate::channel::{Letter, Message};
use crate::model::seal::Purpose;
use crate::model::{BareJid, Keys, Mac, SuppressionKey};
use crate::store::{Link, Mute, Pending, Queue, Read, Reseal, StoreError, Subscriber, Switched, Token};

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
                let resealer = Resealer::new(tx, &core, &next).map_err(|error| StoreError(error.to_string()))?;
                switched = tx.switch_keys(&to, &resealer)?;
                Ok(())
            })?;
            *core = next;
            Ok(switched)
        });
        settle(switched.await.map(Ok))
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
            let next = core.with(next);
            Ok(tx.reseal_links(&Resealer::new(&**tx, core, &next)?, AT_ONCE)?)
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

    /// What a letter is about, as [`Core::post`] was told.
    fn about(&self, letter: &Letter) -> Option<Mac> {
        match &letter.message {
            Message::Code { identity, target, .. } => {
                Some(self.about_code(&self.keys.id(&identity.hash()), &self.keys.owner(target)))
            }
            Message::Introduction { from, .. } => Some(self.about_requester(from)),
            Message::TakenOver { .. } | Message::Linked { .. } | Message::ForgetCode { .. } => None,
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
        let suppression = to.keys.suppression().behind(&former.to_bytes());
        Ok(Self {
            from,
            to,
            suppression: suppression.ok_or_else(|| Core::broken("keys that are none"))?,
            former,
        })
    }
}

impl Reseal for Resealer<'_> {
    fn link(&self, link: &Link) -> Option<(Mac, Link)> {
        let LinkBox { target, hash, language } = self.from.open_link(link).ok()?;
        let resealed = Link {
            owner: self.to.keys.owner(&target),
            sealed: self.to.seal_link(&target, &hash, language),
            verified_on: link.verified_on,
        };
        Some((self.to.keys.id(&hash), resealed))
    }

    /// Erasures over HTTP are named by what they would erase, which nothing remembers: they are begun anew.
    fn pending(&self, pending: &Pending) -> Option<Pending> {
        let remembered = self.from.open_pending(pending).ok()?;
        let id = self.to.keys.id(remembered.hash.as_ref()?);
        let owner = self.to.keys.owner(&remembered.target);
        Some(Pending {
            id,
            owner,
            code: self.to.keys.code(&id, &owner, remembered.code.as_ref()?),
            sealed: self.to.seal_pending(&remembered).ok()?,
            ..pending.clone()
        })
    }

    fn message(&self, queue: Queue, sealed: &[u8]) -> Option<(Option<Mac>, Vec<u8>)> {
        if queue == Queue::Requests {
            let request = self.from.open_request(sealed).ok()?;
            let about = self.to.about_requester(&request.from);
            return Some((Some(about), self.to.seal_request(&request).ok()?));
        }
        let letter: Letter = self.from.open(Purpose::Outbox, sealed).ok()?;
        // Its registration is not taken along, either.
        let is_void = matches!(letter.message, Message::ForgetCode { .. });
        (!is_void).then(|| Some((self.to.about(&letter), self.to.seal(Purpose::Outbox, &letter).ok()?)))?
    }

    fn subscriber(&self, subscriber: &Subscriber) -> Option<Subscriber> {
        let jid: BareJid = self.from.open(Purpose::Subscriber, &subscriber.sealed).ok()?;
        Some(Subscriber {
            owner: self.to.keys.owner(&jid),
            sealed: self.to.seal(Purpose::Subscriber, &jid).ok()?,
        })
    }

    fn mute(&self, mute: &Mute) -> Option<Mute> {
        let (owner, muted) = self.from.open_mute(mute).ok()?;
        let muted = muted.map(|jid| BareJid::new(&jid)).transpose().ok()?;
        Some(self.to.seal_mute(&BareJid::new(&owner).ok()?, muted.as_ref()))
    }

    fn token(&self, token: &Token) -> Option<Token> {
        let target: BareJid = self.from.open(Purpose::Token, &token.sealed).ok()?;
        Some(Token {
            owner: self.to.keys.owner(&target),
            sealed: self.to.seal(Purpose::Token, &target).ok()?,
            ..token.clone()
        })
    }

    fn suppression(&self, mac: &Mac) -> Option<Mac> {
        Some(self.suppression.carried(mac))
    }

    fn former_suppression_keys(&self) -> Vec<u8> {
        let former = self.former.to_bytes();
        self.to.keys.seal(Purpose::SuppressionKeys, &former, &mut self.to.rng())
    }

    /// Those that keep codes which wait from being guessed and sent over and over, and budgets.
    fn counters(&self, pendings: &[Pending]) -> Vec<(Mac, Mac)> {
        let of = |pending: &Pending| {
            let remembered = self.from.open_pending(pending).ok()?;
            let hash = remembered.hash?;
            let names = |core: &Core| core.counters_of(&core.keys.id(&hash), &core.keys.owner(&remembered.target));
            Some(names(self.from).into_iter().zip(names(self.to)).collect::<Vec<_>>())
        };
        let budgets = self.from.budget_names().zip(self.to.budget_names());
        pendings.iter().filter_map(of).flatten().chain(budgets).collect()
    }
}
