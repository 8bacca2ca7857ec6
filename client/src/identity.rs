//! What a person is known by, its canonical form and its hash.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use thiserror::Error;
use xmpp_parsers::jid::{BareJid, Jid};

/// Longest JSON array of details that is looked at, in bytes.
const MAX_DETAILS_BYTES: usize = 64 * 1024;
/// Most details one array may have.
const MAX_DETAILS: usize = 100;

/// Where an identity is at home.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Provider {
    /// A JID.
    Xmpp,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A user name at an OAuth provider, such as `github`.
    OAuth(String),
}

/// One identity, in canonical form: two spellings of it compare and hash alike.
///
/// In JSON it is `{"provider": "phone", "id": "+4917012345678"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Detail")]
pub struct Identity {
    provider: Provider,
    id: String,
}

/// Why something is not an identity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// The provider's name is empty or has a colon, which ends it where it is hashed.
    #[error("a provider's name is a word such as xmpp, email, phone or github")]
    Provider,
    /// Not a JID with a localpart.
    #[error("not a JID of a person, such as amy@example.org")]
    Jid,
    /// Not an e-mail address.
    #[error("not an e-mail address, such as amy@example.org")]
    Email,
    /// Not an international phone number.
    #[error("not an international phone number, such as +49 170 1234567")]
    Phone,
    /// Not a user name.
    #[error("not a user name, such as octocat")]
    UserName,
    /// Not a JSON array of objects with provider and id, or an unreasonably large one.
    #[error("not a list of contact details")]
    Details,
}

/// The loose form other clients write: `protocol` is an old name of the key, `confirmed` means nothing here.
#[derive(Deserialize)]
struct Detail {
    #[serde(alias = "protocol")]
    provider: String,
    id: String,
}

impl Provider {
    /// The name used in hashes and on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Xmpp => "xmpp",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::OAuth(name) => name,
        }
    }

    fn canonical(&self, id: &str) -> Result<String, IdentityError> {
        match self {
            Self::Xmpp => canonical_jid(id),
            Self::Email => canonical_email(id),
            Self::Phone => canonical_phone(id),
            Self::OAuth(_) => canonical_user(id),
        }
    }
}

impl Identity {
    /// Brings an identity into its canonical form.
    ///
    /// # Errors
    /// An [`IdentityError`] says what is wrong with the provider's name or the id.
    pub fn new(provider: &str, id: &str) -> Result<Self, IdentityError> {
        let provider: Provider = provider.parse()?;
        let id = provider.canonical(id)?;
        Ok(Self { provider, id })
    }

    /// The identity every XMPP account has: its own bare JID.
    ///
    /// # Errors
    /// [`IdentityError::Jid`] for a JID without a localpart.
    pub fn of_jid(jid: &BareJid) -> Result<Self, IdentityError> {
        Self::new("xmpp", jid.as_str())
    }

    /// Where it is at home.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The canonical id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What everybody exchanges instead of the identity: 128 lowercase hex digits of SHA-512.
    pub fn hash(&self) -> String {
        let digest = Sha512::digest(self.to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// `provider:id`, which is also what gets hashed.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider.as_str(), self.id)
    }
}

/// Reads `provider:id`.
impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (provider, id) = text.split_once(':').ok_or(IdentityError::Provider)?;
        Self::new(provider, id)
    }
}

impl FromStr for Provider {
    type Err = IdentityError;

    fn from_str(name: &str) -> Result<Self, IdentityError> {
        match name {
            "xmpp" => Ok(Self::Xmpp),
            "email" => Ok(Self::Email),
            "phone" => Ok(Self::Phone),
            other if other.is_empty() || other.contains(':') => Err(IdentityError::Provider),
            other => Ok(Self::OAuth(other.to_owned())),
        }
    }
}

impl TryFrom<String> for Provider {
    type Error = IdentityError;

    fn try_from(name: String) -> Result<Self, IdentityError> {
        name.parse()
    }
}

impl From<Provider> for String {
    fn from(provider: Provider) -> Self {
        provider.as_str().to_owned()
    }
}

impl TryFrom<Detail> for Identity {
    type Error = IdentityError;

    fn try_from(detail: Detail) -> Result<Self, IdentityError> {
        Self::new(&detail.provider, &detail.id)
    }
}

/// Reads the JSON array inside an `<info/>`.
///
/// It is all or nothing: whoever checks a stranger has to check every detail the stranger named.
///
/// # Errors
/// [`IdentityError::Details`] for anything but a reasonably sized array of well-formed details.
pub fn details_from_json(json: &str) -> Result<Vec<Identity>, IdentityError> {
    if json.len() > MAX_DETAILS_BYTES {
        return Err(IdentityError::Details);
    }
    let details: Vec<Identity> = serde_json::from_str(json).map_err(|_| IdentityError::Details)?;
    if details.len() > MAX_DETAILS {
        return Err(IdentityError::Details);
    }
    Ok(details)
}

/// Writes the JSON array for an `<info/>`.
pub fn details_to_json(details: &[Identity]) -> String {
    serde_json::json!(details).to_string()
}

/// Without the resource, and without the final dot that a domain may be written with (RFC 7622, 3.2).
fn canonical_jid(id: &str) -> Result<String, IdentityError> {
    let bare = id.trim().split('/').next().unwrap_or_default();
    let jid = Jid::new(bare.strip_suffix('.').unwrap_or(bare)).map_err(|_| IdentityError::Jid)?;
    match jid.node() {
        Some(_) => Ok(jid.into_bare().to_string()),
        None => Err(IdentityError::Jid),
    }
}

fn canonical_email(id: &str) -> Result<String, IdentityError> {
    let address = id.trim().to_lowercase();
    let options = Options::default().without_display_text().without_domain_literal();
    match EmailAddress::parse_with_options(&address, options) {
        Ok(_) => Ok(address),
        Err(_) => Err(IdentityError::Email),
    }
}

fn canonical_phone(id: &str) -> Result<String, IdentityError> {
    let number: String = id.chars().filter(|c| !c.is_whitespace() && !"-.()/".contains(*c)).collect();
    match number.strip_prefix('+') {
        Some(digits) if (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(number)
        }
        _ => Err(IdentityError::Phone),
    }
}

fn canonical_user(id: &str) -> Result<String, IdentityError> {
    let name = id.trim();
    let name = name.strip_prefix('@').unwrap_or(name).trim().to_lowercase();
    match name.is_empty() || name.starts_with('@') {
        true => Err(IdentityError::UserName),
        false => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(provider: &str, id: &str) -> Result<String, IdentityError> {
        Identity::new(provider, id).map(|identity| identity.id().to_owned())
    }

    #[test]
    fn hashes_are_those_of_the_protocol() {
        for (provider, id, start) in [
            ("xmpp", "my_jabber@example.com", "397ee3ee893ba686b8f228078803ce34"),
            ("xmpp", "xmpp@example.com", "abce880ed2d448abffa8efa8939d8e15"),
            ("phone", "+00112345678", "868629caa99a9a45df39fd1783d73609"),
            ("email", "hunter@jobs.com", "e73e75f1d339ad55a26710736159f3a6"),
            ("xmpp", "XMPP@Example.COM", "abce880ed2d448abffa8efa8939d8e15"),
            ("xmpp", " xmpp@example.com/phone ", "abce880ed2d448abffa8efa8939d8e15"),
            ("xmpp", "xmpp@example.com.", "abce880ed2d448abffa8efa8939d8e15"),
            ("xmpp", "xmpp@example.com./phone.", "abce880ed2d448abffa8efa8939d8e15"),
        ] {
            let hash = Identity::new(provider, id).unwrap().hash();
            assert_eq!(hash.len(), 128);
            assert!(hash.starts_with(start), "{provider}:{id}: {hash}");
        }
    }

    #[test]
    fn spellings_of_one_identity_are_alike() {
        for (provider, id, expected) in [
            ("xmpp", "Amy@Example.ORG/phone", "amy@example.org"),
            ("email", " Hunter@Jobs.COM ", "hunter@jobs.com"),
            ("phone", "+49 (170) 123-45.67/8", "+4917012345678"),
            ("github", " @OctoCat", "octocat"),
            ("github", "@ Octo Cat ", "octo cat"),
            ("a provider's name", "Ä", "ä"),
        ] {
            assert_eq!(canonical(provider, id).as_deref(), Ok(expected), "{provider}:{id}");
        }
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for (provider, id, error) in [
            ("xmpp", "example.com", IdentityError::Jid),
            ("xmpp", "@example.com", IdentityError::Jid),
            ("xmpp", "a b@example.com", IdentityError::Jid),
            ("xmpp", "", IdentityError::Jid),
            ("email", "hunter", IdentityError::Email),
            ("email", "hun ter@jobs.com", IdentityError::Email),
            ("email", "Hunter <hunter@jobs.com>", IdentityError::Email),
            ("email", "hunter@[127.0.0.1]", IdentityError::Email),
            ("email", "a@b@c", IdentityError::Email),
            ("email", "a@example.org\r\nBcc: b@example.org", IdentityError::Email),
            ("phone", "00447700900123", IdentityError::Phone),
            ("phone", "+123456", IdentityError::Phone),
            ("phone", "+1234567890123456", IdentityError::Phone),
            ("phone", "+4477009x0123", IdentityError::Phone),
            ("phone", "++447700900123", IdentityError::Phone),
            ("phone", "+٤٤٧٧٠٠٩٠٠١٢٣", IdentityError::Phone),
            ("github", "  ", IdentityError::UserName),
            ("github", "@", IdentityError::UserName),
            ("github", "@@octo", IdentityError::UserName),
            ("github", "@ @octo", IdentityError::UserName),
            ("", "x", IdentityError::Provider),
            ("a:b", "x", IdentityError::Provider),
        ] {
            assert_eq!(canonical(provider, id), Err(error), "{provider}:{id}");
        }
    }

    #[test]
    fn details_are_read_in_both_spellings_and_written_in_one() {
        let details = details_from_json(
            r#"[{"provider": "phone", "id": "+49 170 12345678", "confirmed": true},
                {"protocol": "email", "id": "A@B.example", "note": 1}]"#,
        )
        .unwrap();
        assert_eq!(
            details_to_json(&details),
            r#"[{"id":"+4917012345678","provider":"phone"},{"id":"a@b.example","provider":"email"}]"#
        );
    }

    #[test]
    fn details_that_are_broken_or_huge_are_refused() {
        let many = format!("[{}]", vec![r#"{"provider":"xmpp","id":"a@b"}"#; 101].join(","));
        let deep = "[".repeat(60_000);
        let long = format!(r#"[{{"provider":"github","id":"{}"}}]"#, "x".repeat(70_000));
        let one_bad = r#"[{"provider":"xmpp","id":"a@b"},{"provider":"phone","id":"12"}]"#;
        for json in ["", "{}", "[1]", r#"[{"provider":"phone"}]"#, one_bad, &many, &deep, &long] {
            assert_eq!(details_from_json(json), Err(IdentityError::Details));
        }
    }
}
