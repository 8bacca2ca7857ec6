//! The results of a batch of messages.

use std::collections::BTreeMap;

use super::STORE_PAUSE;
use crate::clock::Millis;
use crate::model::BareJid;
use crate::service::Service;
use crate::store::{Queue, Row};

/// The result of a batch.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) remove: Vec<i64>,
    /// Sent again at that time.
    pub(super) retry: BTreeMap<Millis, Vec<i64>>,
    /// Accepted, and may come back until that time.
    pub(super) expect: Vec<(i64, Millis)>,
    /// Came back, and is sent again at that time.
    pub(super) back: Vec<(i64, Millis)>,
    /// The recipients whose messages have arrived.
    pub(super) arrived: Vec<BareJid>,
}

impl Outcome {
    pub(super) fn drop(&mut self, row: &Row, queue: Queue, reason: &str) {
        tracing::warn!(queue = queue.name(), reason, "a message was dropped");
        self.remove.push(row.id);
    }

    pub(super) fn put_off(&mut self, row: &Row, queue: Queue, reason: &str, due_at: Millis) {
        tracing::debug!(queue = queue.name(), try = row.tries + 1, reason, "a message could not be sent yet");
        self.retry(row.id, due_at);
    }

    pub(super) fn retry(&mut self, row: i64, due_at: Millis) {
        self.retry.entry(due_at).or_default().push(row);
    }

    /// Returns `true` if some are sent again.
    pub(super) fn is_due_again(&self) -> bool {
        !self.retry.is_empty() || !self.back.is_empty()
    }

    /// Until this is stored, the batch must not be sent again.
    pub(super) async fn keep(self, service: &Service) {
        if self == Self::default() {
            return;
        }
        loop {
            let Self {
                remove,
                retry,
                expect,
                back,
                arrived,
            } = self.clone();
            let kept = service.change_messages(arrived, move |tx| {
                tx.remove_all(&remove)?;
                retry
                    .iter()
                    .try_for_each(|(due_at, rows)| tx.retry_all(rows, *due_at))?;
                expect.iter().try_for_each(|(id, until)| tx.expect_back(*id, *until))?;
                back.iter().try_for_each(|(id, due_at)| tx.take_back(*id, *due_at))
            });
            if kept.await.is_ok() {
                return;
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }
}
