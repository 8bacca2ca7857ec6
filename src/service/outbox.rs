//! The messages that wait, as the outbox's workers see them.

use std::time::Duration;

use super::due::{Due, Opened};
use super::error::Result;
use super::letters::outbox;
use super::{Core, Service, Tx, settle};
use crate::channel::{Letter, Message};
use crate::clock::{Millis, millis};
use crate::model::BareJid;
use crate::store::{self, Lease, Queue, Read, Row};

/// A worker that holds a message for longer than this has ended: others may have it then.
const LEASE: Duration = Duration::from_secs(30 * 60);

impl Service {
    /// Claims up to `limit` messages of `queue` that are due; without one, tells when to try again.
    pub(crate) async fn claim(&self, queue: Queue, limit: usize) -> Result<(Vec<Due>, Option<Millis>)> {
        let claimed = settle(self.store.claim(queue, limit, self.lease()).await.map(Ok))?;
        if claimed.rows.is_empty() {
            return Ok((Vec::new(), claimed.next));
        }
        let unopened = Unopened::new(self, claimed.rows.iter().map(|row| row.id));
        let opened = self.ask(move |core, tx| core.open_claimed(tx, queue, &claimed.rows));
        let opened = opened.await?;
        unopened.opened();
        // All claimed messages may have been withdrawn. Then there may be more that are due.
        Ok((opened, Some(self.clock().now())))
    }

    /// Claims a message; `None` if it was withdrawn, or another worker holds it.
    pub(crate) async fn claim_row(&self, queue: Queue, row: i64) -> Result<Option<Due>> {
        let claimed = settle(self.store.claim_row(row, self.lease()).await.map(Ok))?;
        if claimed.is_none() {
            return Ok(None);
        }
        let unopened = Unopened::new(self, [row]);
        let opened = self.message(queue, row).await?;
        unopened.opened();
        Ok(opened)
    }

    /// Removes a message that was refused for good. Returns `false` if it was withdrawn meanwhile.
    pub(crate) async fn give_up(&self, row: i64, letter: &Letter) -> Result<bool> {
        let letter = letter.clone();
        self.change(move |core, tx| {
            let was_there = tx.remove(row)?;
            if was_there {
                core.note_undelivered(tx, &letter)?;
            }
            Ok(was_there)
        })
        .await
    }

    /// Counts a code that a gateway has taken, if it counts in the range of its number.
    pub(crate) async fn count_in_range(&self, letter: &Letter) -> Result<()> {
        match &letter.message {
            Message::Code { identity, .. } if letter.counts_in_range => {
                let identity = identity.clone();
                self.change(move |core, tx| core.count_in_range(tx, &identity)).await
            }
            _ => Ok(()),
        }
    }

    /// Makes a change of messages, and notes that those to these recipients have arrived.
    pub(crate) async fn change_messages(
        &self,
        arrived: Vec<BareJid>,
        change: impl Fn(&Tx<'_>) -> store::Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        self.change(move |core, tx| {
            change(tx)?;
            core.find_all(tx, &arrived)
        })
        .await
    }

    /// Gives claimed messages back.
    pub(crate) async fn release(&self, rows: Vec<i64>) {
        if let Err(error) = self.store.release(rows).await {
            tracing::error!(%error, "messages wait until their leases end");
        }
    }

    pub(super) fn lease(&self) -> Lease {
        let now = self.clock().now();
        Lease {
            now,
            ends_at: now + millis(LEASE),
        }
    }

    /// Up to `limit` messages of `queue` that were put there after the one of that number, due or not.
    pub(crate) async fn messages(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Due>> {
        self.ask(move |core, tx| core.open_all(tx, queue, tx.messages(queue, after, limit)?))
            .await
    }

    /// As [`Service::messages`], of those alone that were taken and may come back.
    pub(crate) async fn taken(&self, queue: Queue, after: i64, limit: usize) -> Result<Vec<Due>> {
        self.ask(move |core, tx| core.open_all(tx, queue, tx.taken(queue, after, limit)?))
            .await
    }

    /// The message of that number as it is now, if it was not withdrawn.
    pub(crate) async fn message(&self, queue: Queue, row: i64) -> Result<Option<Due>> {
        self.ask(move |core, tx| {
            let Some(row) = tx.message(row)? else { return Ok(None) };
            let letter = core.open_letter(tx, queue, &row)?;
            Ok(Some(Due { row, letter }))
        })
        .await
    }

    /// Up to `limit` messages of `queue` that are due, whoever holds them, and when the next one will be.
    #[cfg(test)]
    pub(crate) async fn due(&self, queue: Queue, limit: usize) -> Result<(Vec<Due>, Option<Millis>)> {
        self.ask(move |core, tx| {
            let mut rows = tx.messages(queue, 0, usize::try_from(i32::MAX).unwrap_or(limit))?;
            rows.retain(|row| row.due_at <= core.clock.now());
            rows.sort_by_key(|row| (row.due_at, row.id));
            rows.truncate(limit);
            Ok((core.open_all(tx, queue, rows)?, tx.next_due(queue)?))
        })
        .await
    }
}

/// Claimed messages that are being opened. If that fails, or nobody waits for it any more, they are given back.
struct Unopened {
    service: Service,
    rows: Vec<i64>,
}

impl Unopened {
    fn new(service: &Service, rows: impl IntoIterator<Item = i64>) -> Self {
        Self {
            service: service.clone(),
            rows: rows.into_iter().collect(),
        }
    }

    fn opened(mut self) {
        self.rows.clear();
    }
}

impl Drop for Unopened {
    fn drop(&mut self) {
        let (service, rows) = (self.service.clone(), std::mem::take(&mut self.rows));
        if !rows.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { service.release(rows).await });
        }
    }
}

impl Core {
    /// Opens claimed messages. A change of the key may have ended since they were claimed: then they are read again.
    pub(super) fn open_claimed(&self, tx: &dyn Read, queue: Queue, rows: &[Row]) -> Result<Vec<Due>> {
        let mut now = Vec::with_capacity(rows.len());
        for row in rows {
            match self.under(row.key) {
                Ok(_) => now.push(row.clone()),
                Err(_) => now.extend(tx.message(row.id)?),
            }
        }
        self.open_all(tx, queue, now)
    }

    fn open_all(&self, tx: &dyn Read, queue: Queue, rows: Vec<Row>) -> Result<Vec<Due>> {
        let open = |row: Row| {
            let letter = self.open_letter(tx, queue, &row)?;
            Ok(Due { row, letter })
        };
        rows.into_iter().map(open).collect()
    }

    fn open_letter(&self, tx: &dyn Read, queue: Queue, row: &Row) -> Result<Opened> {
        if queue == Queue::REQUESTS {
            return Ok(Opened::Nothing);
        }
        let place = outbox(queue.number(), row.about.as_ref());
        let Some(mut letter) = self.open::<Letter>("outbox", row.key, place, &row.sealed) else {
            return Ok(Opened::Nothing);
        };
        let is_wanted = match &mut letter.message {
            Message::Introduction { to, from, via, .. } => {
                self.settings.is_vouched_for(from, via.as_ref()) && !self.has_muted(tx, to, from, via.as_ref())?
            }
            Message::Code { identity, .. } => !self.is_suppressed(tx, identity)?,
            Message::ToPeer {
                to: peer,
                from,
                details,
                ..
            } => {
                // Some may have been forgotten meanwhile, or be somebody else's.
                *details = self.of_those_linked(tx, from, details)?;
                !details.is_empty() && self.settings.peer(peer).is_some()
            }
            _ => true,
        };
        Ok(match is_wanted {
            true => Opened::Letter(Box::new(letter)),
            false => Opened::Unwanted,
        })
    }
}
