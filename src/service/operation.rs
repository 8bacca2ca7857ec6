//! The operations, and the only way to run one.

use super::caller::{Caller, Who};
use super::error::{Error, Result};
use super::{Service, Settings};
use crate::meters;

/// An operation, with all that it needs.
pub trait Operation: Send + Sized {
    /// The answer.
    type Reply: Send;
    /// Its name.
    const NAME: &'static str;
    /// Its effort. An operation that does not declare it does not compile.
    const EFFORT: Effort;

    /// Returns the callers that may run it.
    fn rights(&self) -> Rights;

    /// Runs it.
    fn run(self, service: &Service, caller: &Caller) -> impl Future<Output = Result<Self::Reply>> + Send;
}

/// The time for which an operation keeps the thread that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// A look-up or two, which takes microseconds.
    Little,
    /// Any number of look-ups, or a change.
    Much,
}

/// The callers that may run an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// All callers, by any protocol.
    Everybody,
    /// Senders of stanzas.
    Senders,
    /// The peers of the configuration.
    Peers,
    /// Gateways and mail servers that pass messages of people on.
    Inboxes,
    /// The admins of the configuration.
    Admins,
}

impl Service {
    /// Runs `operation` for `caller`, if the caller may. This is the only way to run an operation. The caller was
    /// [admitted](Service::admit) before: a request is counted where it arrives, before anything of it is read.
    ///
    /// # Errors
    /// `not_allowed`, and those of the operation.
    pub async fn call<O: Operation>(&self, caller: &Caller, operation: O) -> Result<O::Reply> {
        let began = self.clock.age();
        let rights = operation.rights();
        let allowed = require_right(&self.frame.load().settings, caller, rights);
        let reply = match allowed {
            Ok(()) => operation.run(self, caller).await,
            Err(error) => Err(error),
        };
        let result = reply.as_ref().err().map_or("ok", Error::code);
        meters::request(caller.who.side(), O::NAME, result, self.clock.age() - began);
        if let Err(Error::RequestLimitReached { limit, .. }) = &reply {
            meters::limit_reached(limit.name());
        }
        if rights == Rights::Admins {
            tracing::info!(
                side = caller.who.side(),
                operation = O::NAME,
                result,
                "an admin's command"
            );
        }
        reply
    }
}

fn require_right(settings: &Settings, caller: &Caller, rights: Rights) -> Result<()> {
    let is_allowed = match (&caller.who, rights) {
        (who, Rights::Inboxes) => matches!(who, Who::Inbox),
        (Who::Admin(sender), _) => settings.admins.contains(sender),
        (Who::Operator, _) => true,
        (Who::Peer(jid), Rights::Peers) => settings.peer(jid).is_some(),
        (_, Rights::Everybody) | (Who::Native(_), Rights::Senders) => true,
        (Who::Native(_) | Who::Http { .. } | Who::Peer(_) | Who::Inbox, _) => false,
    };
    match is_allowed {
        true => Ok(()),
        false => Err(Error::NotAllowed),
    }
}
