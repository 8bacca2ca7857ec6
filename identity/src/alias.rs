//! Other forms in which people have an identity in their address books.

use crate::{Identity, Provider, numbering};

/// The largest number of aliases of an identity.
pub(crate) const MOST: usize = 4;

impl Identity {
    /// The other forms of a canonical identity, by which it is to be found as well: a number as before its country's
    /// renumbering, Argentina's with and without 9, Gmail's other domain. At most 4, never itself.
    ///
    /// These ids are what clients hash which do not know the form of today. So they are not canonical: reading one again may
    /// give the identity itself. They are only for hashes.
    #[must_use]
    pub fn aliases(&self) -> Vec<Self> {
        let mut aliases: Vec<Self> = Vec::new();
        for id in self.other_ids() {
            let alias = Self {
                provider: self.provider.clone(),
                id,
            };
            if alias != *self && !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
        aliases.truncate(MOST);
        aliases
    }

    /// Returns `true` if every reader of this id reads `other`: then an alias can only be proven by proving `other`.
    #[must_use]
    pub fn is_read_as(&self, other: &Self) -> bool {
        Self::parse(self.provider.clone(), &self.id).as_ref() == Ok(other)
    }

    fn other_ids(&self) -> Vec<String> {
        match self.provider {
            Provider::Phone => numbering::others(&self.id).collect(),
            Provider::Email => at_other_domain(&self.id).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Google gave one mailbox both names (<https://support.google.com/mail/answer/10313>).
fn at_other_domain(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let other = match domain {
        "gmail.com" => "googlemail.com",
        "googlemail.com" => "gmail.com",
        _ => return None,
    };
    Some(format!("{local}@{other}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn aliases(provider: &str, id: &str) -> Vec<String> {
        let identity = Identity::parse(provider.into(), id).unwrap();
        identity.aliases().into_iter().map(|alias| alias.id).collect()
    }

    #[test]
    fn what_people_have_in_their_books_is_an_alias() {
        for (provider, id, expected) in [
            (
                "phone",
                "+52 55 1234 5678",
                &["+5215512345678", "+520445512345678", "+520455512345678"][..],
            ),
            (
                "phone",
                "+52 1 55 1234 5678",
                &["+5215512345678", "+520445512345678", "+520455512345678"],
            ),
            ("phone", "+229 01 90 01 12 34", &["+22990011234"]),
            ("phone", "+54 9 11 2345 6789", &["+541123456789"]),
            ("phone", "+54 11 2345 6789", &["+5491123456789"]),
            ("phone", "+970 599 123 456", &["+972599123456"]),
            ("phone", "+44 7700 900123", &[]),
            ("email", "Amy.P@googlemail.com", &["amy.p@gmail.com"]),
            ("email", "amy@gmail.com", &["amy@googlemail.com"]),
            ("email", "amy@example.org", &[]),
            ("xmpp", "amy@gmail.com", &[]),
            ("github", "+5491123456789", &[]),
        ] {
            assert_eq!(aliases(provider, id), expected, "{provider}:{id}");
        }
    }

    #[test]
    fn an_alias_is_hashed_as_it_is() {
        let amy = Identity::parse(Provider::Phone, "+229 01 90 01 12 34").unwrap();
        let former = &amy.aliases()[0];
        assert_eq!(former.hash(), crate::Hash::of("phone", "+22990011234"));
        assert!(former.is_read_as(&amy));
        let amy = Identity::parse(Provider::Phone, "+54 9 11 2345 6789").unwrap();
        assert!(!amy.aliases()[0].is_read_as(&amy), "it is in use");
    }
}
