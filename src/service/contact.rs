//! contact: asks for introductions to the people behind some hashes.

use std::collections::HashSet;
use std::net::IpAddr;

use super::caller::{Caller, Who};
use super::error::{Error, Excess, Result};
use super::limits::HASHES_PER_CONTACT;
use super::operation::{Effort, Operation, Rights};
use super::request::{ContactRequest, NewRequest};
use super::{By, Service, require_account};
use crate::model::{BareJid, Hash, Identity};

/// Asks for `target` to be introduced to the people behind some hashes.
///
/// The answer and the time it takes do not depend on the hashes that are known: they are looked up afterwards.
///
/// # Errors
/// `target_unconfirmed` over HTTP unless the target is registered, and its token shown where that is needed;
/// `value_error`, `too_many_requested`, `insufficient_contact_info`, `request_limit_reached`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The requester. A sender of stanzas can ask for nobody else.
    pub target: BareJid,
    /// The requester's own details, as provider and id.
    pub details: Vec<(String, String)>,
    /// The hashes of the people that the requester wants to be introduced to; `None` for a text that was not a hash.
    pub contacts: Vec<Option<Hash>>,
    /// The services that are asked.
    pub scope: Scope,
}

/// The services that a contact request goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// This one and its peers.
    #[default]
    Peers,
    /// This one alone.
    Here,
}

impl Scope {
    /// Reads the scope of a request; `None` if it has none.
    ///
    /// # Errors
    /// `value_error` if it is unknown.
    pub fn read(scope: Option<&str>) -> Result<Self> {
        match scope {
            None => Ok(Self::Peers),
            Some("here") => Ok(Self::Here),
            Some(_) => Err(Error::Value("'scope' must be 'here', or not there.".into())),
        }
    }
}

impl Operation for Contact {
    type Reply = ();
    const NAME: &'static str = "contact";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Everybody
    }

    async fn run(self, service: &Service, caller: &Caller) -> Result<()> {
        if let Who::Native(sender) = &caller.who {
            require_account(sender)?;
        }
        check_size(self.details.len(), self.contacts.len())?;
        let by = service.require_speaks_for(caller, &self.target).await?;
        service.contact(by, caller.address(), self).await
    }
}

impl Service {
    async fn contact(&self, by: By, address: Option<IpAddr>, request: Contact) -> Result<()> {
        let details = self.confirmed_details(&request.target, request.details).await?;
        let made = ContactRequest {
            from: request.target,
            by_anybody: by == By::Anybody,
            via: None,
            here: request.scope == Scope::Here,
            details,
            hashes: Vec::new(),
            ids: Vec::new(),
        };
        let made = NewRequest::new(made, request.contacts)?;
        let kept = self.keep_requests(vec![Ok(made)], address).await?;
        kept.into_iter().collect()
    }

    /// Returns the details that can be parsed and are linked to `target`.
    async fn confirmed_details(&self, target: &BareJid, details: Vec<(String, String)>) -> Result<Vec<Identity>> {
        let identities = details
            .into_iter()
            .filter_map(|(provider, id)| Identity::parse(provider.into(), &id).ok());
        let mut seen = HashSet::new();
        let identities: Vec<Identity> = identities.filter(|identity| seen.insert(identity.hash())).collect();
        let (target, asked): (_, Vec<Hash>) = (target.clone(), identities.iter().map(Identity::hash).collect());
        self.ask_of(&asked, move |core, tx| core.of_those_linked(tx, &target, &identities))
            .await
    }
}

/// Refuses a request without hashes, or with too many hashes or details.
pub(super) fn check_size(details: usize, contacts: usize) -> Result<()> {
    if contacts == 0 {
        if details == 0 {
            return Err(Error::InsufficientContactInfo);
        }
        return Err(Error::Value("'contacts' must have at least one hash.".into()));
    }
    if contacts > HASHES_PER_CONTACT {
        return Err(Error::TooManyRequested(Excess::Hashes(HASHES_PER_CONTACT)));
    }
    if details > HASHES_PER_CONTACT {
        return Err(Error::TooManyRequested(Excess::Details(HASHES_PER_CONTACT)));
    }
    Ok(())
}
