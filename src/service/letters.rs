//! Messages on their way into the outbox.

use rand::RngExt;
use tokio::sync::mpsc::OwnedPermit;

use super::due::{Due, Opened};
use super::error::Result;
use super::handover::HANDED;
use super::{Core, Tx};
use crate::channel::{Letter, Message};
use crate::clock::{Millis, millis};
use crate::language::Language;
use crate::model::Mac;
use crate::model::seal::Purpose;
use crate::provider;
use crate::store::{NewRow, Queue, Row};

impl Core {
    /// 32 hex digits that nobody can guess, a letter first.
    pub(super) fn random_word(&self) -> String {
        word(self.rng().random())
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
        let Some(row) = self.row(letter, about, expires_at)? else {
            return Ok(());
        };
        let row = NewRow { payer, ..row };
        let is_handed = row.queue == Queue::XMPP;
        match is_handed.then(|| self.handover.place()).flatten() {
            Some(place) => self.post_and_hand(tx, place, letter, row),
            None => Ok(tx.push(&row)?),
        }
    }

    /// Puts a letter into the outbox, and hands it to its worker when that is durable. The worker does not ask again if the letter is wanted:
    /// the same change has left out recipients who do not want it.
    fn post_and_hand(&self, tx: &Tx<'_>, place: OwnedPermit<Due>, letter: &Letter, row: NewRow) -> Result<()> {
        let row = NewRow {
            due_at: row.due_at + millis(HANDED),
            ..row
        };
        let (letter, handed) = (Opened::Letter(Box::new(letter.clone())), Row::of(&row));
        let hand = move |id| {
            let row = Row { id, ..handed };
            place.send(Due { row, letter });
        };
        Ok(tx.push_and(&row, Box::new(hand))?)
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

/// Returns a word of 126 random bits. SpamAssassin takes words that begin with 1 or 3 and have no 0 for addresses of Bitcoin
/// (`PDS_BTC_ID`, one point): one link in sixty.
fn word(random: u128) -> String {
    format!("{:032x}", random | 0xa << 124)
}

/// A message's box belongs to its queue and to what it is about.
pub(super) fn outbox(queue: u8, about: Option<&Mac>) -> Purpose<'_> {
    Purpose::Outbox { queue, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_with_a_letter_and_has_one_length() {
        for first in 0..16_u128 {
            let word = word(first << 124 | 0x0ab8_edbb_832a_b7f5_d7c8_37ea_8fc5_fcb3);
            assert!(word.starts_with(|first: char| first.is_ascii_alphabetic()), "{word}");
            assert_eq!(word.len(), 32);
        }
    }
}
