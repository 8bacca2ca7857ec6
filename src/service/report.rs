//! Takes reports of gateways on codes that they were given.

use super::caller::Caller;
use super::error::{Error, Result};
use super::operation::{Effort, Operation, Rights};
use super::pending::{Proof, hash_of_report};
use super::{Core, Service, Tx};
use crate::channel::{Fate, GatewayCall, Report};
use crate::meters;

/// Takes a report. If a code does not arrive, its registration is marked, as after a refusal.
///
/// # Errors
/// `not_found` for anything but a report of a gateway on a code that is valid, `internal_server_error`.
pub struct TakeReport(pub GatewayCall);

impl Operation for TakeReport {
    type Reply = ();
    const NAME: &'static str = "report";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<()> {
        let Self(report) = self;
        let fate = service.frame.load().settings.reporters.meaning(&report);
        let fate = fate.ok_or(Error::NothingWaits)?;
        let GatewayCall { gateway, word, .. } = report;
        match service.take_report(Report { gateway, word, fate }).await? {
            true => Ok(()),
            false => Err(Error::NothingWaits),
        }
    }
}

impl Service {
    /// Takes a report that is known to be of a gateway. Returns `true` if it is on a code that is valid.
    ///
    /// # Errors
    /// `internal_server_error`.
    pub async fn take_report(&self, report: Report) -> Result<bool> {
        let Report { gateway, word, fate } = report;
        let is_known = self.change(move |core, tx| core.note_report(tx, &word, fate)).await?;
        if is_known {
            meters::report(&gateway, fate == Fate::Failed);
        }
        if is_known && fate == Fate::Failed {
            tracing::warn!(gateway, "a gateway reports that a code does not arrive");
        }
        Ok(is_known)
    }
}

impl Core {
    /// Returns `true` if a registration waits whose letter has this word.
    fn note_report(&self, tx: &Tx<'_>, word: &str, fate: Fate) -> Result<bool> {
        let hash = hash_of_report(word);
        self.renew_waiting(tx, &hash)?;
        let now = self.clock.now();
        let mut found = tx.pendings(&self.keys.id(&hash))?.into_iter();
        let found = found
            .find(|lead| lead.expires_at > now)
            .and_then(|lead| self.open_pending(&lead));
        let Some((target, Proof::Spelling { identity })) = found.map(|lead| (lead.target, lead.proof)) else {
            return Ok(false);
        };
        let about = self.about_code(&self.keys.id(&identity), &self.keys.owner(&target));
        // A letter that waits is sent again, by another gateway perhaps.
        if fate == Fate::Failed && tx.message_about(&about)?.is_none() {
            self.mark_undelivered(tx, &target, &identity, |waiting| {
                waiting.report.as_deref() == Some(word)
            })?;
        }
        Ok(true)
    }
}
