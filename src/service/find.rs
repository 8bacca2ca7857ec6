//! find: the state of a hash or a JID, for admins. Returns numbers: never whose a hash is, nor which hashes a JID has.

use serde::Serialize;

use super::caller::Caller;
use super::error::{Error, Result};
use super::operation::{Effort, Operation, Rights};
use super::{Core, Service};
use crate::model::{BareJid, Hash, Identity, parse_target};
use crate::provider::kind;
use crate::store::Read;

/// The subject of the question.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A hash.
    Hash(Hash),
    /// A JID.
    Jid(BareJid),
}

impl Subject {
    /// Reads a hash, a Jabber ID like `amy@example.org`, or an identity like `phone:+447700900123` or `email:amy@example.org`, which
    /// stands for its hash.
    ///
    /// # Errors
    /// `value_error` if it is none, `unknown_provider`.
    pub fn typed(text: &str, service: &Service) -> Result<Self> {
        if let Some(hash) = Hash::parse(text) {
            return Ok(Self::Hash(hash));
        }
        let jid = text
            .strip_prefix("xmpp:")
            .or((!text.contains(':') && text.contains('@')).then_some(text));
        if let Some(jid) = jid {
            return Ok(Self::Jid(parse_target(jid)?));
        }
        let Some(identity) = Identity::typed(text).ok().and_then(|meant| meant.into_iter().next()) else {
            return Err(Error::Value(
                "expected a hash, a Jabber ID like amy@example.org, or an identity like phone:+447700900123".into(),
            ));
        };
        match service.settings().providers.contains(identity.provider.name()) || kind(&identity.provider).is_some() {
            true => Ok(Self::Hash(identity.hash())),
            false => Err(Error::UnknownProvider),
        }
    }
}

/// The state of a hash or a JID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The number of links: of a hash, at most 1.
    pub links: usize,
    /// The number of links that must be proven again, because the account did not exist for days.
    pub in_doubt: usize,
    /// The number of registrations that wait for a proof.
    pub pending: usize,
    /// The number of mutes of a JID.
    pub mutes: usize,
}

/// Returns the state of a hash or a JID.
///
/// # Errors
/// `not_allowed`, `internal_server_error`.
#[derive(Clone, Debug)]
pub struct Find(pub Subject);

impl Operation for Find {
    type Reply = Found;
    const NAME: &'static str = "find";
    const EFFORT: Effort = Effort::Much;

    fn rights(&self) -> Rights {
        Rights::Admins
    }

    async fn run(self, service: &Service, _: &Caller) -> Result<Found> {
        service
            .ask(move |core, tx| match &self.0 {
                Subject::Hash(hash) => core.state_of_hash(tx, hash),
                Subject::Jid(jid) => core.state_of_jid(tx, jid),
            })
            .await
    }
}

impl Core {
    fn state_of_hash(&self, tx: &dyn Read, hash: &Hash) -> Result<Found> {
        let mut found = Found::default();
        for id in self.macs(|core| Some(core.keys.id(hash))) {
            if let Some(link) = tx.link(&id)? {
                found.links += 1;
                found.in_doubt += usize::from(self.is_in_doubt(&link));
            }
            found.pending += tx.pendings(&id)?.len();
        }
        Ok(found)
    }

    fn state_of_jid(&self, tx: &dyn Read, jid: &BareJid) -> Result<Found> {
        let mut found = Found::default();
        for owner in self.owners(jid) {
            let links = tx.links_of(&owner)?;
            found.links += links.len();
            found.in_doubt += links.iter().filter(|link| self.is_in_doubt(link)).count();
            let waiting = tx.pendings_of(&owner)?;
            found.pending += waiting.iter().filter(|pending| !self.is_spelling(pending)).count();
            found.mutes += tx.mutes_of(&owner)?.len();
        }
        Ok(found)
    }
}
