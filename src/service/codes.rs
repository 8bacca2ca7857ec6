//! Sends codes. Registering and forgetting share this part.

use super::chances::OWN_GUESSES;
use super::code_limits::Share;
use super::error::Result;
use super::growth::Payer;
use super::guesses::LONGEST;
use super::how::How;
use super::letters::outbox;
use super::link::Aliases;
use super::pending::{NewCode, PendingBox, Proof, Spelling, Word, hash_of_link, hash_of_report, place};
use super::pumping::range_of;
use super::spelling::Referral;
use super::{By, Core, Tx};
use crate::channel::{Letter, Message, Tried};
use crate::clock::{Millis, millis};
use crate::model::{BareJid, Code, Hash, Identity, Mac, Provider};
use crate::provider;
use crate::store::Pending;

/// The letter, the spellings and the word of others of a registration whose code is replaced.
type Remains = (Option<String>, Vec<Spelling>, Option<Word>);

impl Core {
    /// Makes a code and puts the message with it into the outbox, unless a code waits already and no other is
    /// requested.
    pub(super) fn send_code(
        &self,
        tx: &Tx<'_>,
        by: By,
        new: NewCode,
        message: impl FnOnce(Code, u64) -> Message,
    ) -> Result<()> {
        let waiting = self.waiting(tx, &new)?;
        if let Some((remembered, old)) = &waiting
            && self.goes_on(tx, by, &new, remembered, old)?
        {
            return Ok(());
        }
        let share = self.count_code(tx, by, &new)?;
        let counts_in_range = self.counts_in_range(tx, Payer::of(&new, by), &new.identity)?;
        let (code, minutes) = (self.new_code(tx, &new.identity, share)?, self.minutes(&new.identity));
        let expires_at = self.clock.now() + millis(self.settings.codes.of(&new.identity.provider).expires);
        let owner = self.keys.owner(&new.target);
        let about = self.about_code(&new.id, &owner);
        let tried = self.withdraw(tx, &about, &new.identity)?;
        let (replaces, spellings, others) = match waiting {
            Some((remembered, _)) => self.replaced(tx, by, remembered, &owner)?,
            None => Default::default(),
        };
        let letter = Letter {
            replaces,
            tried,
            by_call: new.how == How::Call,
            counts_in_range,
            stop: self.stop_token(tx, &new.identity)?,
            ..self.letter(message(code.clone(), minutes), new.language)
        };
        let letter = self.with_words(tx, letter, &new, expires_at)?;
        let remembered = PendingBox {
            target: new.target,
            hash: new.proves,
            aliases: Aliases::of(&new.identity),
            code: None,
            by_target: by == By::Target,
            is_undelivered: false,
            range: range_of(&new.identity).map(str::to_owned),
            counts_in_range,
            report: letter.report.clone(),
            spellings,
            others,
            proof: Proof::CodeSent {
                letter: letter.thread().to_owned(),
                mailbox: Some(new.identity.mailbox().hash()),
                by_anybody: false,
                by_call: letter.by_call,
            },
            provider: new.identity.provider,
        };
        self.put_pending(tx, &new.id, &code, expires_at, remembered)?;
        self.post(tx, &letter, Some(about), expires_at)
    }

    /// Leaves the registration that waits as it is, if it needs no other code. Returns `true` if it did.
    fn goes_on(&self, tx: &Tx<'_>, by: By, new: &NewCode, remembered: &PendingBox, old: &Pending) -> Result<bool> {
        if by == By::Anybody && remembered.by_target {
            self.pretend(tx, new, remembered.clone(), old)?;
            return Ok(true);
        }
        let is_same = match new.how {
            How::Call => remembered.proof.is_by_call(),
            _ => remembered.proof.word().is_none(),
        };
        let goes_on = !remembered.is_undelivered && is_same && self.stays(old, by, new.resend);
        if goes_on {
            self.remember_who_asked(tx, by, remembered.clone(), old)?;
        }
        Ok(goes_on)
    }

    /// Returns what stays of a registration whose code is replaced: its letter, which may have been read already even if it is not
    /// known to be sent, its spellings, and the word of others.
    fn replaced(&self, tx: &Tx<'_>, by: By, former: PendingBox, owner: &Mac) -> Result<Remains> {
        if let Some(word) = &former.report {
            // What becomes of the former letter tells nothing about the new code.
            tx.delete_pending(&self.keys.id(&hash_of_report(word)), owner)?;
        }
        let letter = former.proof.letter().map(str::to_owned);
        let others = former.word_of_others().filter(|_| by == By::Target).cloned();
        Ok((letter, former.spellings, others))
    }

    /// Returns the registration of the same identity for the same target that waits, as the target sees it, and its box.
    pub(super) fn waiting(&self, tx: &Tx<'_>, new: &NewCode) -> Result<Option<(PendingBox, Pending)>> {
        self.renew(tx, &new.target)?;
        let (now, owner) = (self.clock.now(), self.keys.owner(&new.target));
        let waiting = tx
            .pending(&new.id, &owner)?
            .filter(|old| self.is_live(old, By::Target, now));
        Ok(waiting.and_then(|old| Some((self.open_pending(&old)?, old))))
    }

    /// Gives a letter the words of its link and of reports on it, if it has them: they lead to the registration as long as the code is
    /// valid.
    fn with_words(&self, tx: &Tx<'_>, letter: Letter, new: &NewCode, expires_at: Millis) -> Result<Letter> {
        let Some(to) = new.proves else { return Ok(letter) };
        let provider = &new.identity.provider;
        let link = self.has_links(provider).then(|| letter.thread().to_owned());
        let report = self.has_reports(provider).then(|| self.random_word());
        let hashes = [link.as_deref().map(hash_of_link), report.as_deref().map(hash_of_report)];
        for hash in hashes.into_iter().flatten() {
            self.put_referral(tx, &Referral::of_word(hash, to, &new.target, provider), expires_at)?;
        }
        Ok(Letter { link, report, ..letter })
    }

    /// Returns `true` if gateways report on letters with codes of a provider.
    pub(super) fn has_reports(&self, provider: &Provider) -> bool {
        let has_way = self.settings.public_url.is_some() || self.settings.reports.contains(provider.name());
        has_way && provider::kind(provider).is_some_and(|kind| kind.has_reports)
    }

    /// Returns `true` if letters with codes of a provider have links.
    pub(super) fn has_links(&self, provider: &Provider) -> bool {
        self.settings.public_url.is_some() && provider::kind(provider).is_some_and(|kind| kind.has_links)
    }

    /// Takes the letter about `about` out of the outbox, so that it does not arrive after the one that replaces it. Returns its tries.
    fn withdraw(&self, tx: &Tx<'_>, about: &Mac, identity: &Identity) -> Result<Tried> {
        let Some(row) = tx.message_about(about)? else {
            return Ok(Tried::default());
        };
        tx.withdraw(about)?;
        let Some(queue) = provider::kind(&identity.provider).map(|kind| kind.queue.number()) else {
            return Ok(Tried::default());
        };
        let former: Option<Letter> = self.open("outbox", row.key, outbox(queue, Some(about)), &row.sealed);
        let tried = former.map(|letter| letter.tried).unwrap_or_default();
        Ok(match row.tries {
            0 => tried,
            tries => Tried {
                times: tried.times.saturating_add(tries - 1),
                again_at: Some(row.due_at),
            },
        })
    }

    /// Returns `true` if the waiting code stays after another request: unless a new one is requested, or this one is
    /// used up.
    pub(super) fn stays(&self, old: &Pending, by: By, resend: bool) -> bool {
        !resend && self.is_live(old, by, self.clock.now())
    }

    /// Does all that sending a code does, but sends none: for anybody who asks in the name of a target that has asked
    /// itself. Nobody else replaces the target's code, or learns by an answer or a limit that there is one.
    fn pretend(&self, tx: &Tx<'_>, new: &NewCode, mut remembered: PendingBox, old: &Pending) -> Result<()> {
        if remembered.proof.is_by_anybody() && !new.resend {
            return Ok(());
        }
        self.count_code(tx, By::Anybody, new)?;
        remembered.proof.set_by_anybody(true);
        remembered.others = None;
        Ok(tx.put_pending(&self.seal_pending(old.clone(), &remembered)?)?)
    }

    /// Makes a code. Where the codes for anybody are used up, it is longer, because many JIDs may request such codes.
    fn new_code(&self, tx: &Tx<'_>, identity: &Identity, share: Share) -> Result<Code> {
        let usual = self.digits(tx, identity)?;
        let digits = match share {
            Share::Everybodys => usual,
            Share::Left => usual.max((usual + 1).min(LONGEST)),
        };
        self.count_chances(tx, &identity.provider, OWN_GUESSES)?;
        Ok(Code::random(digits, &mut self.rng()))
    }

    /// Returns the time for which a code to `identity` is valid.
    fn minutes(&self, identity: &Identity) -> u64 {
        self.settings
            .codes
            .of(&identity.provider)
            .expires
            .as_secs()
            .div_ceil(60)
    }

    /// Marks the waiting code as the target's own, if the target itself asks for it again.
    pub(super) fn remember_who_asked(
        &self,
        tx: &Tx<'_>,
        by: By,
        mut remembered: PendingBox,
        old: &Pending,
    ) -> Result<()> {
        if by == By::Anybody || remembered.by_target {
            return Ok(());
        }
        remembered.make_own();
        Ok(tx.put_pending(&self.seal_pending(old.clone(), &remembered)?)?)
    }

    /// Makes or replaces the registration that waits under `id`, without guesses.
    pub(super) fn put_pending(
        &self,
        tx: &Tx<'_>,
        id: &Mac,
        code: &Code,
        expires_at: Millis,
        mut remembered: PendingBox,
    ) -> Result<()> {
        let owner = self.keys.owner(&remembered.target);
        remembered.code = Some(code.clone());
        let pending = Pending {
            id: *id,
            owner,
            code: self.keys.code(id, &owner, code),
            native_guesses: 0,
            http_guesses: 0,
            expires_at,
            key: self.keys.number(),
            sealed: Vec::new(),
        };
        Ok(tx.put_pending(&self.seal_pending(pending, &remembered)?)?)
    }

    /// Seals the row's box, which opens in this row only.
    pub(super) fn seal_pending(&self, pending: Pending, remembered: &PendingBox) -> Result<Pending> {
        let sealed = self.seal(place(&pending), remembered)?;
        let key = self.keys.number();
        Ok(Pending { sealed, key, ..pending })
    }

    /// Returns `true` if the registration waits for a code; `false` for a sign-in, a message, an erasure or a spelling.
    pub(super) fn waits_for_code(&self, pending: &Pending) -> bool {
        let remembered = self.open_pending(pending);
        remembered.is_some_and(|remembered| {
            let is_elsewhere = matches!(remembered.proof, Proof::Spelling { .. } | Proof::Write { .. });
            remembered.hash.is_some() && !is_elsewhere && !remembered.proof.is_sign_in()
        })
    }

    /// Returns the subject of the message with a code. By it, the message is withdrawn when the code is used, replaced
    /// or forgotten.
    pub(super) fn about_code(&self, id: &Mac, owner: &Mac) -> Mac {
        self.keys.quota("code for", &[id, owner])
    }

    /// Returns the names of all counters of a registration that waits.
    pub(super) fn counters_of(&self, remembered: &PendingBox) -> Vec<Mac> {
        let Some(hash) = &remembered.hash else {
            return Vec::new();
        };
        let mailbox = match &remembered.proof {
            Proof::CodeSent { mailbox, .. } => mailbox.as_ref().unwrap_or(hash),
            Proof::Write { mailbox, .. } => mailbox,
            Proof::SignIn { .. } | Proof::SignedIn { .. } => hash,
            Proof::Spelling { .. } => return Vec::new(),
        };
        let mailbox = self.keys.id(mailbox);
        let mut names = self.counters_of_codes(&mailbox, &remembered.target);
        names.extend(self.counters_of_guesses(&self.keys.id(hash)));
        names
    }

    /// Notes that the message with a code was refused for good: nobody has the code, so that another one is sent when somebody registers.
    pub(super) fn note_undelivered(&self, tx: &Tx<'_>, letter: &Letter) -> Result<()> {
        let Message::Code { identity, target, .. } = &letter.message else {
            return Ok(());
        };
        let is_its = |waiting: &PendingBox| waiting.proof.letter() == Some(letter.thread());
        self.mark_undelivered(tx, target, &identity.hash(), is_its)
    }

    /// Marks the registration of a hash for `target`, if it waits and `is_meant`.
    pub(super) fn mark_undelivered(
        &self,
        tx: &Tx<'_>,
        target: &BareJid,
        hash: &Hash,
        is_meant: impl FnOnce(&PendingBox) -> bool,
    ) -> Result<()> {
        self.renew(tx, target)?;
        self.renew_waiting(tx, hash)?;
        let waiting = tx.pending(&self.keys.id(hash), &self.keys.owner(target))?;
        let waiting = waiting.and_then(|old| Some((self.open_pending(&old)?, old)));
        let Some((mut remembered, pending)) = waiting.filter(|(remembered, _)| is_meant(remembered)) else {
            return Ok(());
        };
        if let Some(range) = remembered.range.as_deref().filter(|_| !remembered.is_undelivered) {
            self.meter_range(&remembered.provider, range, "failed");
        }
        remembered.is_undelivered = true;
        Ok(tx.put_pending(&self.seal_pending(pending, &remembered)?)?)
    }

    /// Removes a registration, and the message with its code if it has not been sent. Returns `true` if there was one.
    pub(super) fn drop_pending(&self, tx: &Tx<'_>, id: &Mac, owner: &Mac) -> Result<bool> {
        tx.withdraw(&self.about_code(id, owner))?;
        self.drop_spellings(tx, id, owner)?;
        Ok(tx.delete_pending(id, owner)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Reads a box as the former version sealed it: with all members of all proofs, most of them `null`.
    fn of_before(proof: &str) -> PendingBox {
        let hash = Hash::of("phone", "+447700900123");
        let json = format!(
            r#"{{"target":"amy@example.org","provider":"phone","hash":"{hash}","former":["{hash}"],"aliases":[],"code":"3991",
                 "by_target":true,{proof}}}"#
        );
        let opened: PendingBox = serde_json::from_str(&json).unwrap();
        assert_eq!(opened.target.as_str(), "amy@example.org");
        assert_eq!(opened.hash, Some(hash));
        assert!(opened.by_target && opened.code.as_ref().is_some_and(|code| code.as_str() == "3991"));
        let written = serde_json::to_value(&opened).unwrap();
        assert_eq!(written["former"][0], hash.to_string());
        // A box that is sealed now opens as the same.
        let again: PendingBox = serde_json::from_value(written).unwrap();
        assert_eq!(
            std::mem::discriminant(&again.proof),
            std::mem::discriminant(&opened.proof)
        );
        opened
    }

    #[test]
    fn boxes_of_before_open() {
        let mailbox = Hash::of("phone", "+447700900123");
        let attempt = format!(r#"{{"attempt":{{"hash":"{mailbox}","state":"s","verifier":"v"}}}}"#);
        let sent = of_before(&format!(
            r#""letter":"1a","mailbox":"{mailbox}","by_anybody":true,"decoy":null,"sign_in":null,"next":null"#
        ));
        assert!(matches!(
            sent.proof,
            Proof::CodeSent { letter, mailbox: Some(found), by_anybody: true, by_call: false } if letter == "1a" && found == mailbox
        ));

        let begun = of_before(&format!(
            r#""letter":null,"mailbox":null,"by_anybody":false,"decoy":{attempt},"sign_in":{attempt},"next":"https://a.example/""#
        ));
        assert!(begun.proof.is_sign_in());
        assert!(matches!(
            begun.proof,
            Proof::SignIn { decoy: Some(_), next: Some(next), .. } if next == "https://a.example/"
        ));

        let done = of_before(
            r#""letter":null,"mailbox":null,"by_anybody":false,"decoy":null,"sign_in":null,"next":"https://a.example/""#,
        );
        assert!(matches!(
            &done.proof,
            Proof::SignedIn {
                decoy: None,
                next: Some(_),
                page: None
            }
        ));

        // Boxes of the first version have none of these members.
        let first: PendingBox = serde_json::from_str(r#"{"target":"amy@example.org","provider":"email"}"#).unwrap();
        assert!(!first.proof.is_sign_in() && first.proof.letter().is_none());
        assert!(first.code.is_none() && first.hash.is_none());
    }
}
