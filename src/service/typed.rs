//! Numbers and addresses as people type them.

use super::error::{Error, Excess, Result};
use super::limits::HASHES_PER_CONTACT;
use super::{Contact, Scope, Service};
use crate::model::{BareJid, Identity};
use crate::provider;

/// The largest number that can be typed at once: each may stand for two identities.
const AT_ONCE: usize = HASHES_PER_CONTACT / 2;

impl Service {
    /// Returns the possible meanings of a text: an e-mail address may be a Jabber ID as well. `provider:id` has one
    /// meaning.
    ///
    /// # Errors
    /// `value_error` if it has none, `unknown_provider`.
    pub fn typed(&self, text: &str) -> Result<Vec<Identity>> {
        let meant = Identity::typed(text)?;
        // An identity that cannot be linked here is refused: any other answer would be misleading.
        let offered = |identity: &Identity| {
            !provider::is_sign_in(&identity.provider) || self.settings().providers.contains(identity.provider.name())
        };
        match meant.iter().all(offered) {
            true => Ok(meant),
            false => Err(Error::UnknownProvider),
        }
    }

    /// Returns the meanings of each of several `lines`.
    ///
    /// # Errors
    /// Those of [`Service::typed`], which tell the place if there are several lines, and `too_many_requested`.
    pub fn all_typed<'a>(&self, lines: impl Iterator<Item = &'a str>) -> Result<Vec<Identity>> {
        let lines: Vec<&str> = lines.take(AT_ONCE + 1).collect();
        if lines.len() > AT_ONCE {
            return Err(Error::TooManyRequested(Excess::Details(AT_ONCE)));
        }
        let mut all = Vec::new();
        for (before, line) in lines.iter().enumerate() {
            let entry = before + 1;
            all.extend(self.typed(line).map_err(|error| match error {
                Error::InvalidId(invalid) if lines.len() > 1 => Error::InvalidEntry { entry, invalid },
                error => error,
            })?);
        }
        Ok(all)
    }

    /// Reads the request of a person who types numbers and addresses. Those of others are hashed here, and not kept.
    /// The requester's own JID needs no proof, and recipients learn it anyway.
    ///
    /// # Errors
    /// Those of [`Service::all_typed`].
    pub fn typed_request<'a>(
        &self,
        asker: &BareJid,
        details: impl Iterator<Item = &'a str>,
        contacts: impl Iterator<Item = &'a str>,
        scope: Scope,
    ) -> Result<Contact> {
        let mut own = self.all_typed(details)?;
        own.truncate(HASHES_PER_CONTACT - 1);
        own.push(Identity::of_jid(asker));
        let pair = |identity: Identity| (identity.provider.name().to_owned(), identity.id);
        let contacts = self.all_typed(contacts)?;
        Ok(Contact {
            target: asker.clone(),
            details: own.into_iter().map(pair).collect(),
            contacts: contacts.iter().map(|identity| Some(identity.hash())).collect(),
            scope,
        })
    }
}
