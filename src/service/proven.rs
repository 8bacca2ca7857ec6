//! What is proven, by a right code or a message, until it is used up.

use super::chances::OWN_GUESSES;
use super::error::Result;
use super::link::Aliases;
use super::pending::{PendingBox, hash_of_link};
use super::spelling::Referral;
use super::{Core, Tx};
use crate::clock::millis;
use crate::model::{BareJid, Code, Hash, Mac, Provider};
use crate::provider;
use crate::store::{Pending, Read, Window};

/// A right code, which is not used up yet.
pub struct Proven {
    /// The target.
    pub target: BareJid,
    /// The provider of the identity the code was sent to.
    pub provider: Provider,
    /// The hash that is proven; `None` if the code lets links be forgotten.
    pub hash: Option<Hash>,
    /// Other forms of the proven identity.
    pub(super) aliases: Aliases,
    /// The browser's next address.
    pub next: Option<String>,
    /// The registration that waited for the code.
    pub(super) waited: Pending,
    /// The range of numbers that the code was sent to.
    pub(super) range: Option<String>,
    /// `true` if the code counts in that range.
    pub(super) counts_in_range: bool,
    /// The letter that brought the code, and the code; `None` if a message to the service was the proof.
    pub(super) sent: Option<(Option<String>, Code)>,
}

impl Proven {
    /// Returns what a message from the identity has proven.
    pub(super) fn by_writing(waited: Pending, remembered: PendingBox) -> Self {
        Self {
            target: remembered.target,
            provider: remembered.provider,
            hash: remembered.hash,
            aliases: remembered.aliases,
            next: None,
            waited,
            range: None,
            counts_in_range: false,
            sent: None,
        }
    }

    /// Returns `true` if a message from the identity was the proof.
    pub(super) fn is_by_writing(&self) -> bool {
        self.sent.is_none()
    }
}

impl Core {
    /// Removes the registration of the right code, and gives back the guesses that were counted for the code
    /// beforehand.
    pub(super) fn use_up(&self, tx: &Tx<'_>, proven: &Proven) -> Result<()> {
        let Pending {
            id,
            owner,
            native_guesses,
            expires_at,
            ..
        } = &proven.waited;
        self.drop_pending(tx, id, owner)?;
        let Some((letter, code)) = &proven.sent else {
            return Ok(());
        };
        if let Some(range) = &proven.range {
            self.meter_range(&proven.provider, range, "entered");
            if proven.counts_in_range {
                self.note_entered(tx, range)?;
            }
        }
        if let Some(letter) = letter
            && provider::kind(&proven.provider).is_some_and(|kind| kind.has_links)
        {
            if let Some(hash) = proven.hash.filter(|_| self.has_links(&proven.provider)) {
                // Somebody may press the button behind it again.
                let referral = Referral::of_word(hash_of_link(letter), hash, &proven.target, &proven.provider);
                self.put_referral(tx, &referral, *expires_at)?;
            }
            let (now, ends_at) = (self.clock.now(), *expires_at);
            tx.count(&self.served(id, owner, letter, code), 1, 1, Window { now, ends_at })?;
        }
        let unused = OWN_GUESSES.saturating_sub(*native_guesses);
        let sent_at = expires_at.saturating_sub(millis(self.settings.codes.of(&proven.provider).expires));
        let chances = self.chances(&proven.provider);
        chances.give_back(tx, self.clock.now(), unused, sent_at)
    }

    /// Returns `true` if that code, of a mail, has made the link that `owner` has, and would not have expired yet.
    /// People press the button behind a mail's link twice, and open it again.
    pub(super) fn has_served(&self, tx: &dyn Read, id: &Mac, owner: &Mac, letter: &str, code: &Code) -> Result<bool> {
        let served = tx.quota(&self.served(id, owner, letter, code))?;
        Ok(served.is_some_and(|served| served.resets_at > self.clock.now()))
    }

    /// Returns the name of the counter that marks a code of a mail as entered. It expires like a counter, and nobody
    /// can guess the letter's id.
    fn served(&self, id: &Mac, owner: &Mac, letter: &str, code: &Code) -> Mac {
        self.keys
            .quota(&format!("code {} of letter {letter}", code.as_str()), &[id, owner])
    }
}
