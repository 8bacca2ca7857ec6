//! What a person is known by, its canonical form and its hash.

use std::{fmt, str::FromStr};

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
    /// The provider's name is empty or has a character no provider's name has.
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
    /// Nothing left of the user name.
    #[error("the user name is empty")]
    Empty,
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
        let id = id.trim();
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
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match name {
            "xmpp" => Ok(Self::Xmpp),
            "email" => Ok(Self::Email),
            "phone" => Ok(Self::Phone),
            other if !other.is_empty() && other.chars().all(fits) => Ok(Self::OAuth(other.to_owned())),
            _ => Err(IdentityError::Provider),
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

fn canonical_jid(id: &str) -> Result<String, IdentityError> {
    let jid = Jid::new(id).map_err(|_| IdentityError::Jid)?.into_bare();
    match jid.node() {
        Some(_) => Ok(jid.to_string()),
        None => Err(IdentityError::Jid),
    }
}

fn canonical_email(id: &str) -> Result<String, IdentityError> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    match id.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !id.contains(odd) => {
            Ok(id.to_lowercase())
        }
        _ => Err(IdentityError::Email),
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
    let name = id.strip_prefix('@').unwrap_or(id).to_lowercase();
    if name.is_empty() {
        return Err(IdentityError::Empty);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(provider: &str, id: &str) -> Result<String, IdentityError> {
        Identity::new(provider, id).map(|identity| identity.id().to_owned())
    }

    #[test]
    fn hashes_are_those_of_the_protocol() {
        for (identity, start) in [
            ("xmpp:my_jabber@example.com", "397ee3ee893ba686b8f228078803ce34"),
            ("xmpp:xmpp@example.com", "abce880ed2d448abffa8efa8939d8e15"),
            ("phone:+00112345678", "868629caa99a9a45df39fd1783d73609"),
            ("email:hunter@jobs.com", "e73e75f1d339ad55a26710736159f3a6"),
        ] {
            let hash = identity.parse::<Identity>().unwrap().hash();
            assert_eq!(hash.len(), 128);
            assert!(hash.starts_with(start), "{identity}: {hash}");
        }
    }

    #[test]
    fn spellings_of_one_identity_are_alike() {
        assert_eq!(canonical("xmpp", "Amy@Example.ORG/phone").unwrap(), "amy@example.org");
        assert_eq!(canonical("email", " Hunter@Jobs.COM ").unwrap(), "hunter@jobs.com");
        assert_eq!(canonical("phone", "+49 (170) 123-45.67/8").unwrap(), "+4917012345678");
        assert_eq!(canonical("github", " @OctoCat").unwrap(), "octocat");
        assert_eq!(canonical("github", "@@a").unwrap(), "@a");
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        for (provider, id, error) in [
            ("xmpp", "example.org", IdentityError::Jid),
            ("xmpp", "@", IdentityError::Jid),
            ("email", "hunter", IdentityError::Email),
            ("email", "hun ter@jobs.com", IdentityError::Email),
            ("phone", "01701234567", IdentityError::Phone),
            ("phone", "+123456", IdentityError::Phone),
            ("phone", "+1234567890123456", IdentityError::Phone),
            ("phone", "+12345６7890", IdentityError::Phone),
            ("github", " @ ", IdentityError::Empty),
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
