//! The events for the user.

use std::fmt;

use serde::Serialize;
use thiserror::Error;
use xmpp_parsers::jid::{BareJid, Jid};

use crate::identity::Identity;

/// Something the user should know. Its `Display` says it in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AgentEvent {
    /// An identity of the user is linked now.
    Linked {
        /// The identity.
        identity: Identity,
    },
    /// A person asked through the service to get in contact; the details are confirmed.
    AskedBy {
        /// The JID of the person.
        jid: BareJid,
        /// The known details of the person.
        details: Vec<Identity>,
        /// Their name in the address book, if they are there.
        name: Option<String>,
        /// The other service that vouches for all of that, if the user's own does not.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<BareJid>,
    },
    /// The user's details were sent to somebody who had asked.
    Answered {
        /// The JID that got them.
        jid: BareJid,
    },
    /// A person whom the user asked for answered, and the service, or a peer of it, confirms their identity.
    Found {
        /// The JID of the person.
        jid: BareJid,
        /// Their name in the address book, if it is at hand.
        name: Option<String>,
        /// Their details, all of them confirmed.
        details: Vec<Identity>,
        /// The other service that confirms them, if the user's own does not know them.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<BareJid>,
    },
    /// A person sent details that cannot be believed.
    Rejected {
        /// The sender.
        from: Jid,
        /// The reason for the rejection.
        #[serde(flatten)]
        reason: Rejection,
    },
    /// An identity of the user was linked to another JID.
    TakenOver {
        /// Its hash.
        hash: String,
        /// The identity, if this state knew it.
        identity: Option<Identity>,
        /// The text of the service.
        body: String,
    },
    /// The service says something, for example a code the user did not ask for here.
    Notice {
        /// The text of the message.
        body: String,
    },
    /// An ordinary message.
    Message {
        /// The sender.
        from: Jid,
        /// The text; empty for messages without text.
        body: String,
    },
    /// Something the agent tried by itself did not work.
    Problem {
        /// A description of the event.
        text: String,
    },
    /// The connection is gone.
    Disconnected {
        /// The reason.
        reason: String,
    },
}

/// The reason why somebody's details are rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Rejection {
    /// They are about another JID than their sender.
    #[error("they are about somebody else than who sent them")]
    Forged,
    /// The user neither asked for nor knows any of them.
    #[error("nobody asked for these")]
    Unasked,
    /// At least one of them does not belong to that JID.
    #[error("the service does not confirm them")]
    Unconfirmed,
    /// The service could not be asked.
    #[error("they could not be checked: {error}")]
    Unchecked {
        /// The reason.
        error: String,
    },
}

impl fmt::Display for AgentEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linked { identity } => write!(f, "Linked: {} is yours now.", plain(&identity.to_string())),
            Self::AskedBy { jid, details, name, service } => {
                match name {
                    Some(name) => write!(f, "{} ({jid}) would like to be in contact with you", plain(name))?,
                    None => write!(f, "{jid}, who is not in your address book, asks for you")?,
                }
                write!(f, ": {}.{}", list(details), according_to(service.as_ref()))
            }
            Self::Answered { jid } => write!(f, "Your details went to {jid}."),
            Self::Found { jid, name, details, service } => {
                match name {
                    Some(name) => write!(f, "Found {}: {jid} ({}).", plain(name), list(details))?,
                    None => write!(f, "Found {jid}: {}.", list(details))?,
                }
                f.write_str(&according_to(service.as_ref()))
            }
            Self::Rejected { from, reason } => write!(f, "Details from {from} were ignored: {reason}."),
            Self::TakenOver { identity: Some(identity), .. } => {
                write!(f, "{} was linked to another account.", plain(&identity.to_string()))
            }
            Self::TakenOver { hash, .. } => write!(f, "{} was linked to another account.", plain(hash)),
            Self::Notice { body } => write!(f, "The service says: {}", plain(body)),
            Self::Message { from, body } => write!(f, "{from}: {}", plain(body)),
            Self::Problem { text } => write!(f, "That did not work: {}.", plain(text).trim_end_matches('.')),
            Self::Disconnected { reason } => write!(f, "Disconnected: {}.", plain(reason)),
        }
    }
}

/// Names the service that vouches for what was said, if the user's own does not.
fn according_to(service: Option<&BareJid>) -> String {
    service.map_or_else(String::new, |service| format!(" That is what {service} says."))
}

fn list(details: &[Identity]) -> String {
    match details {
        [] => "no details".to_owned(),
        details => details.iter().map(|detail| plain(&detail.to_string())).collect::<Vec<_>>().join(", "),
    }
}

/// Text of others, on one line and without what could play tricks on a terminal.
fn plain(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_stay_on_their_line() {
        let event = AgentEvent::Notice { body: "a\u{9b}31m\nb".into() };
        assert_eq!(event.to_string(), "The service says: a 31m b");
    }

    #[test]
    fn json_is_flat() {
        let from = "eve@localhost/x".parse().unwrap();
        let event = AgentEvent::Rejected { from, reason: Rejection::Forged };
        assert_eq!(
            serde_json::json!(event),
            serde_json::json!({"event": "rejected", "from": "eve@localhost/x", "reason": "forged"})
        );
    }
}
