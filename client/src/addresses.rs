//! The addresses of a service: a domain for programs, and an account at it for people.

use xmpp_parsers::jid::{BareJid, Jid, NodePart};

/// The name of the account, unless the service's admin has chosen another.
const ACCOUNT: &str = "itseme";

/// Both addresses of one service. Requests go to the one that the user has named; messages come from either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    named: BareJid,
    other: BareJid,
}

impl Addresses {
    /// The addresses of the service that is named by its domain, or by its account where that has another name.
    pub(crate) fn of(named: BareJid) -> Self {
        let account = || NodePart::new(ACCOUNT).ok();
        let other = match named.node() {
            Some(_) => BareJid::from_parts(None, named.domain()),
            None => BareJid::from_parts(account().as_deref(), named.domain()),
        };
        Self { named, other }
    }

    /// The address that the user has named.
    pub(crate) fn named(&self) -> &BareJid {
        &self.named
    }

    /// Returns `true` if it is one of the two, with or without a resource.
    pub(crate) fn has(&self, jid: &Jid) -> bool {
        let bare = jid.to_bare();
        bare == self.named || bare == self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_two_addresses_and_no_third() {
        for (named, both) in [
            ("itseme.example.org", ["itseme.example.org", "itseme@itseme.example.org"]),
            ("itseme@itseme.example.org", ["itseme.example.org", "itseme@itseme.example.org"]),
            ("friends@itseme.example.org", ["itseme.example.org", "friends@itseme.example.org"]),
        ] {
            let addresses = Addresses::of(named.parse().unwrap());
            for own in both {
                assert!(addresses.has(&own.parse().unwrap()), "{named}: {own}");
                assert!(addresses.has(&format!("{own}/itseme").parse().unwrap()), "{named}: {own}");
            }
            for third in [
                "eve@itseme.example.org",
                "example.org",
                "itseme@example.org",
                "itseme.example.org.evil.example",
            ] {
                assert!(!addresses.has(&third.parse().unwrap()), "{named}: {third}");
            }
        }
    }
}
