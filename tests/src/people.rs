//! The people of the tests. Their numbers are from the range reserved for fiction.

use itseme_client::xmpp_parsers::jid::BareJid;
use sha2::{Digest, Sha512};

/// A person with an XMPP account, a phone and a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The account's name.
    pub name: &'static str,
    /// The account's bare JID.
    pub jid: &'static str,
    /// A phone number in canonical form.
    pub phone: &'static str,
    /// A mail address in canonical form.
    pub email: &'static str,
}

/// She is looked for.
pub const AMY: Person =
    Person { name: "amy", jid: "amy@localhost", phone: "+447700900123", email: "amy@example.org" };

/// He has Amy's phone number.
pub const MICHAEL: Person = Person {
    name: "michael",
    jid: "michael@localhost",
    phone: "+447700900456",
    email: "michael@example.org",
};

/// She is up to no good.
pub const EVE: Person =
    Person { name: "eve", jid: "eve@localhost", phone: "+447700900789", email: "eve@example.org" };

impl Person {
    /// One of many, with an account at that host.
    pub fn numbered(kind: &str, number: usize, host: &str) -> Self {
        let forever = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let name = forever(format!("{kind}{number:02}"));
        Self {
            name,
            jid: forever(format!("{name}@{host}")),
            phone: forever(format!("+4477009003{number:02}")),
            email: forever(format!("{name}@example.org")),
        }
    }

    /// The domain of the account.
    pub fn host(&self) -> &'static str {
        self.jid.split_once('@').expect("a JID").1
    }

    /// The account's password.
    pub fn password(&self) -> String {
        format!("{}-password", self.name)
    }

    /// The bare JID as the client wants it.
    pub fn bare_jid(&self) -> BareJid {
        self.jid.parse().expect("a JID")
    }

    /// The hash of the JID.
    pub fn jid_hash(&self) -> String {
        hash("xmpp", self.jid)
    }

    /// The hash of the phone number.
    pub fn phone_hash(&self) -> String {
        hash("phone", self.phone)
    }

    /// The hash of the mail address.
    pub fn email_hash(&self) -> String {
        hash("email", self.email)
    }
}

/// The hash of an identity in canonical form, computed by nobody's code but this.
pub fn hash(provider: &str, id: &str) -> String {
    let digest = Sha512::digest(format!("{provider}:{id}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_protocol() {
        assert!(hash("xmpp", "my_jabber@example.com").starts_with("397ee3ee893ba686b8f228078803ce34"));
        assert!(hash("phone", "+00112345678").starts_with("868629caa99a9a45df39fd1783d73609"));
    }
}
