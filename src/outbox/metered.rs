//! Counts the messages that go over a channel.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::channel::{Away, Bounces, Channel, Holder, Letter, Message, Places, SendError, Sent, Trouble};
use crate::meters;
use crate::service::Service;
use crate::store::Queue;

/// A channel, with a count of all results.
pub(super) struct Metered {
    channel: Arc<dyn Channel>,
    queue: Queue,
    service: Service,
}

impl Metered {
    pub(super) fn new(channel: Arc<dyn Channel>, queue: Queue, service: Service) -> Self {
        meters::expect_sends(queue.name());
        Self {
            channel,
            queue,
            service,
        }
    }

    fn count(&self, letter: &Letter, sent: &Sent) {
        let result = match sent {
            Ok(()) => "sent",
            Err(SendError::Retry(_)) => "retry",
            Err(SendError::Unclear(_)) => "unclear",
            Err(SendError::Fail(_)) => "failed",
        };
        meters::send(self.queue.name(), result);
        if let (Message::Code { identity, .. }, "sent" | "failed") = (&letter.message, result) {
            meters::code(identity.provider.name(), result);
        }
        let (queue, now) = (self.queue.name(), self.service.clock().now());
        match sent {
            Ok(()) => self.service.health().accepted(queue, now),
            Err(SendError::Retry(Trouble { cause: Some(_), .. }) | SendError::Unclear(_)) => {
                self.service.health().failed(queue, now);
            }
            // Of a request, a peer has a reason to refuse it; of many codes, nobody has.
            Err(SendError::Fail(_)) if !matches!(letter.message, Message::Code { .. }) => {}
            Err(SendError::Retry(_) | SendError::Fail(_)) => {
                if self.service.health().not_accepted(queue, &letter.id) {
                    tracing::warn!(
                        queue,
                        "several messages were put off or refused, each for a reason of its own, and none was accepted: see the lines above, and those of itseme=debug"
                    );
                }
            }
        }
    }
}

impl Channel for Metered {
    fn send<'a>(&'a self, letters: &'a [Letter]) -> BoxFuture<'a, Vec<Sent>> {
        async move {
            let sent = self.channel.send(letters).await;
            letters
                .iter()
                .zip(&sent)
                .for_each(|(letter, sent)| self.count(letter, sent));
            sent
        }
        .boxed()
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        self.channel.ready()
    }

    fn is_by_the_batch(&self) -> bool {
        self.channel.is_by_the_batch()
    }

    fn places(&self) -> Places {
        self.channel.places()
    }

    fn together(&self) -> usize {
        self.channel.together()
    }

    fn pauses(&self) -> &'static [Duration] {
        self.channel.pauses()
    }

    fn destination(&self, letter: &Letter) -> String {
        self.channel.destination(letter)
    }

    fn cut_off(&self) -> SendError {
        self.channel.cut_off()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, Away>> {
        self.channel.holder()
    }

    fn bounces(&self) -> Option<&Bounces> {
        self.channel.bounces()
    }
}
