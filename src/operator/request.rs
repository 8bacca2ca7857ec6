//! The commands, and the operations that they run.

use std::collections::BTreeMap;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::language::Language;
use crate::model::parse_target;
use crate::provider::queues;
use crate::service::{
    Caller, Count, DropExpired, Error, Find, ForgetHash, ForgetJid, Hasten, ListBudgets, ListWaiting, MutesOf,
    Operation, Recipient, ResetBudgets, Result, Service, Subject, Suppress, Unsuppress, Who,
};
use crate::store::Queue;

/// A command of an admin.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// Counts links, people, registrations, messages and the like
    Stats,
    /// Tells the state of a hash, a Jabber ID, or an identity like phone:+447700900123 or email:amy@example.org: numbers of links,
    /// registrations and mutes; never whose
    Find {
        /// The hash, Jabber ID or identity
        subject: String,
    },
    /// Removes all data about a Jabber ID, or the link and the registrations of a hash or of an identity like phone:+447700900123 or
    /// email:amy@example.org
    Forget {
        /// The Jabber ID, hash or identity
        // The name that the socket had for it before hashes were taken.
        #[serde(alias = "jid")]
        subject: String,
    },
    /// Stops all messages to a phone number or mail address
    Suppress {
        /// The number or address
        detail: String,
    },
    /// Allows messages to a phone number or mail address again
    Unsuppress {
        /// The number or address
        detail: String,
    },
    /// Tells how many Jabber IDs a Jabber ID has muted
    Mutes {
        /// The Jabber ID
        jid: String,
    },
    /// Tells the number of messages that wait, by queue
    Outbox,
    /// Has mails, text messages and requests for peers tried now that wait for another try
    RetryNow,
    /// Removes messages that have expired now, and not within a minute
    DropExpired,
    /// Tells the used part of each budget
    Budgets,
    /// Takes back what was counted today for all budgets, or for those of a provider; the shares of other servers stay as they are
    ResetBudgets {
        /// The provider, like phone
        provider: Option<String>,
    },
}

/// Runs a command.
///
/// # Errors
/// In words for the admin.
pub async fn perform(service: &Service, request: AdminRequest) -> std::result::Result<Value, String> {
    run(service, request).await.map_err(|error| match error {
        // Its usual words are for users.
        Error::Internal(cause) => format!("the database failed: {cause}"),
        error => error.text(Language::English),
    })
}

async fn run(service: &Service, request: AdminRequest) -> Result<Value> {
    let service = &Operator(service);
    Ok(match request {
        AdminRequest::Stats => stats(service).await?,
        AdminRequest::Find { subject } => {
            let subject = Subject::typed(&subject, service.0)?;
            object(&service.call(Find(subject)).await?)
        }
        AdminRequest::Forget { subject } => {
            let (of, forgotten) = match Subject::typed(&subject, service.0)? {
                Subject::Jid(jid) => ("jid", service.call(ForgetJid { jid }).await?),
                Subject::Hash(hash) => ("hash", service.call(ForgetHash { hash }).await?),
            };
            json!({ "forgotten": forgotten, "of": of })
        }
        AdminRequest::Suppress { detail } => {
            service.call(Suppress(Recipient::typed(&detail)?)).await?;
            json!({ "suppressed": true })
        }
        AdminRequest::Unsuppress { detail } => {
            let was = service.call(Unsuppress(Recipient::typed(&detail)?)).await?;
            json!({ "was_suppressed": was })
        }
        AdminRequest::Mutes { jid } => object(&service.call(MutesOf(parse_target(&jid)?)).await?),
        AdminRequest::Outbox => {
            let waiting = service.call(ListWaiting).await?;
            let of = |number: u8| waiting.iter().find(|waiting| waiting.queue == number);
            let count = |queue: Queue| (queue.name(), of(queue.number()).map_or(0, |waiting| waiting.messages));
            let by_queue: BTreeMap<_, _> = queues().map(count).collect();
            json!(by_queue)
        }
        AdminRequest::RetryNow => json!({ "hastened": service.call(Hasten).await? }),
        AdminRequest::DropExpired => json!({ "dropped": service.call(DropExpired).await? }),
        AdminRequest::Budgets => json!({ "budgets": service.call(ListBudgets).await? }),
        AdminRequest::ResetBudgets { provider } => json!({ "reset": service.call(ResetBudgets { provider }).await? }),
    })
}

/// Asks for the admin of the machine.
struct Operator<'a>(&'a Service);

impl Operator<'_> {
    async fn call<O: Operation>(&self, operation: O) -> Result<O::Reply> {
        let caller = Caller {
            who: Who::Operator,
            language: Some(Language::English),
        };
        self.0.call(&caller, operation).await
    }
}

async fn stats(service: &Operator<'_>) -> Result<Value> {
    let statistics = service.call(Count).await?;
    let counts = statistics.counts;
    Ok(json!({
        "links": counts.links,
        "people": counts.owners,
        "pending": counts.pending,
        "outbox": counts.outbox,
        "subscribers": counts.subscribers,
        "mutes": counts.mutes,
        "tokens": counts.tokens,
        "suppressions": counts.suppressions,
        "counters": counts.counters,
        "bytes": counts.bytes,
        "uptime_seconds": statistics.uptime.as_secs(),
    }))
}

fn object(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_former_name_of_what_is_forgotten_is_taken() {
        for key in ["jid", "subject"] {
            let line = format!(r#"{{"command": "forget", "{key}": "amy@example.org"}}"#);
            let subject = "amy@example.org".to_owned();
            let read: AdminRequest = serde_json::from_str(&line).unwrap();
            assert_eq!(read, AdminRequest::Forget { subject });
        }
    }
}
