//! contact, as a peer passes it on: somebody has asked there.

use std::collections::HashSet;

use super::Service;
use super::caller::{Caller, Who};
use super::contact::check_size;
use super::error::{Error, Limit, Result};
use super::operation::{Effort, Operation, Rights};
use super::peer::Peer;
use super::request::{ContactRequest, NewRequest};
use crate::model::{BareJid, Hash, Identity, parse_target};

use itseme_identity::disturbs;

/// The largest number of characters in a provider's name.
const LONGEST_NAME: usize = 32;

/// The largest number of requests that a peer passes on together.
pub const CONTACTS_OF_PEER: usize = 100;

/// Asks for somebody to be introduced to the people behind some hashes, on the word of the peer where they have asked. It is passed
/// on to nobody.
///
/// The answer and the time it takes do not depend on the hashes that are known, as with [`Contact`](super::Contact).
///
/// # Errors
/// `not_allowed` if the caller is no peer; `value_error`, `too_many_requested`, `insufficient_contact_info`, `request_limit_reached`,
/// `internal_server_error`.
#[derive(Clone, Debug)]
pub struct PeerContact {
    /// The JID of the requester.
    pub jid: String,
    /// `true` if anybody may have asked, in the name of that JID.
    pub by_anybody: bool,
    /// The requester's details, as provider and id, which the peer has confirmed.
    pub details: Vec<(String, String)>,
    /// The hashes of the people that the requester wants to be introduced to; `None` for a text that was not a hash.
    pub contacts: Vec<Option<Hash>>,
}

impl Operation for PeerContact {
    type Reply = ();
    const NAME: &'static str = "contact";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Peers
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<()> {
        let taken = PeerContacts(vec![self]).run(service, caller).await?;
        taken.into_iter().collect()
    }
}

/// Several requests of a peer. Each has a result of its own, as if it had come alone.
///
/// # Errors
/// `not_allowed` if the caller is no peer; `value_error` if they are too many; `internal_server_error`.
#[derive(Clone, Debug)]
pub struct PeerContacts(pub Vec<PeerContact>);

impl Operation for PeerContacts {
    type Reply = Vec<Result<()>>;
    const NAME: &'static str = "contacts";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Peers
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<Vec<Result<()>>> {
        let Who::Peer(jid) = &caller.who else {
            return Err(Error::NotAllowed);
        };
        let settings = service.settings();
        let peer = settings.peer(jid).ok_or(Error::NotAllowed)?;
        if self.0.len() > CONTACTS_OF_PEER {
            let most = format!("At most {CONTACTS_OF_PEER} requests are taken together.");
            return Err(Error::Value(most.into()));
        }
        // Looked at before the work for each of them.
        let (jid, least) = (jid.clone(), self.0.iter().map(|contact| contact.contacts.len()).min());
        let least = least.unwrap_or_default();
        let wait = service.ask(move |core, tx| core.peer_waits_for(tx, &jid, least));
        if let Some(retry_after) = wait.await? {
            let limit = Limit::Hashes;
            let refused = || Err(Error::RequestLimitReached { retry_after, limit });
            return Ok(self.0.iter().map(|_| refused()).collect());
        }
        let requests = self.0.into_iter().map(|contact| contact.of(peer)).collect();
        service.keep_requests(requests, None).await
    }
}

impl PeerContact {
    /// Returns the request as one that was made at `peer`.
    fn of(self, peer: &Peer) -> Result<NewRequest> {
        check_size(self.details.len(), self.contacts.len())?;
        let request = ContactRequest {
            from: vouched(peer, &self.jid)?,
            by_anybody: self.by_anybody,
            via: Some(peer.jid.clone()),
            here: true,
            details: readable(self.details),
            hashes: Vec::new(),
            ids: Vec::new(),
        };
        NewRequest::new(request, self.contacts)
    }
}

/// Reads the requester's JID.
fn vouched(peer: &Peer, jid: &str) -> Result<BareJid> {
    let jid = parse_target(jid).ok().filter(|jid| peer.vouches_for(jid));
    jid.ok_or_else(|| {
        Error::Value("'jid' must be an account at a domain that this service takes your word for.".into())
    })
}

/// Returns the details that can be parsed, each once. Their recipients read them in a list: those that would be read as other lines
/// of it are left out.
fn readable(details: Vec<(String, String)>) -> Vec<Identity> {
    let is_name = |name: &str| name.len() <= LONGEST_NAME && !name.is_empty() && name.chars().all(is_of_name);
    let mut seen = HashSet::new();
    details
        .into_iter()
        .filter(|(provider, id)| is_name(provider) && !id.chars().any(disturbs))
        .filter_map(|(provider, id)| Identity::parse(provider.into(), &id).ok())
        .filter(|identity| seen.insert(identity.hash()))
        .collect()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')
}
