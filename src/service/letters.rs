//! Messages on their way into the outbox.

use rand::RngExt;

use super::error::Result;
use super::{Core, Tx};
use crate::channel::{Letter, Message};
use crate::clock::Millis;
use crate::language::Language;
use crate::model::Mac;
use crate::model::seal::Purpose;
use crate::provider;
use crate::store::NewRow;

impl Core {
    /// 32 hex digits that nobody can guess.
    pub(super) fn random_word(&self) -> String {
        format!("{:032x}", self.rng().random::<u128>())
    }

    /// A message in `language`, as it goes into the outbox.
    pub(super) fn letter(&self, message: Message, language: Language) -> Letter {
        Letter::new(self.random_word(), language, message)
    }

    /// Puts a letter into the outbox, from where it can be withdrawn by what it is `about`.
    pub(super) fn post(&self, tx: &Tx<'_>, letter: &Letter, about: Option<Mac>, expires_at: Millis) -> Result<()> {
        self.post_for(tx, letter, about, expires_at, None)
    }

    /// The same, for `payer`, whose messages are counted together.
    pub(super) fn post_for(
        &self,
        tx: &Tx<'_>,
        letter: &Letter,
        about: Option<Mac>,
        expires_at: Millis,
        payer: Option<Mac>,
    ) -> Result<()> {
        let row = self.row(letter, about, expires_at)?;
        row.map_or(Ok(()), |row| Ok(tx.push(&NewRow { payer, ..row })?))
    }

    /// Seals a letter on its way into the outbox; `None` if no worker sends such letters.
    pub(super) fn row(&self, letter: &Letter, about: Option<Mac>, expires_at: Millis) -> Result<Option<NewRow>> {
        let Some(queue) = provider::queue(&letter.message) else {
            return Ok(None);
        };
        Ok(Some(NewRow {
            queue,
            about,
            payer: None,
            due_at: self.clock.now(),
            expires_at,
            key: self.keys.number(),
            sealed: self.seal(outbox(queue.number(), about.as_ref()), letter)?,
        }))
    }
}

/// A message's box belongs to its queue and to what it is about.
pub(super) fn outbox(queue: u8, about: Option<&Mac>) -> Purpose<'_> {
    Purpose::Outbox { queue, about }
}
