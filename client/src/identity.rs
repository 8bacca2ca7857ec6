//! The identities of a person: the package `itseme-identity`, as this client uses it.

use std::{cmp::Ordering, fmt, str::FromStr};

use itseme_identity::{InvalidId, Provider, Region};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xmpp_parsers::jid::BareJid;

/// Longest JSON array of details that is looked at, in bytes.
const MAX_DETAILS_BYTES: usize = 64 * 1024;
/// Most details one array may have.
const MAX_DETAILS: usize = 100;

/// One identity, in canonical form: two spellings of it compare and hash alike.
///
/// In JSON it is `{"provider": "phone", "id": "+4917012345678"}`. `Debug` hides the id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Detail")]
pub struct Identity(itseme_identity::Identity);

/// The reason why a text is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// The id has no canonical form.
    #[error(transparent)]
    Id(#[from] InvalidId),
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

impl Identity {
    /// Brings an identity into its canonical form.
    ///
    /// # Errors
    /// [`IdentityError::Id`] names the fault of the provider's name or the id.
    pub fn new(provider: &str, id: &str) -> Result<Self, IdentityError> {
        Ok(Self(itseme_identity::Identity::parse(provider.into(), id)?))
    }

    /// The same, of a number as it is dialled in a region.
    pub(crate) fn read(provider: &Provider, id: &str, region: Option<Region>) -> Result<Self, InvalidId> {
        itseme_identity::Identity::parse_in(provider.clone(), id, region).map(Self)
    }

    /// The identity every XMPP account has: its own bare JID.
    ///
    /// # Errors
    /// [`IdentityError::Id`] for a JID without a localpart.
    pub fn of_jid(jid: &BareJid) -> Result<Self, IdentityError> {
        Self::new("xmpp", jid.as_str())
    }

    /// Returns the provider.
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// The canonical id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Returns the hash that everybody exchanges instead of the identity: 128 lowercase hex digits of SHA-512.
    pub fn hash(&self) -> String {
        self.0.hash().to_string()
    }

    /// Returns `true` if it can be anybody's: not so for numbers that are impossible in their country.
    pub(crate) fn is_possible(&self) -> bool {
        self.0.check_reachable().is_ok()
    }

    /// The regions that share the calling code of a phone number, the likeliest first.
    pub fn regions(&self) -> Vec<Region> {
        Region::of_number(&self.0)
    }

    /// The hashes of its other forms, by which people may have proven it or have it in their address books.
    pub fn aliases(&self) -> Vec<String> {
        self.0.aliases().iter().map(|alias| alias.hash().to_string()).collect()
    }

    /// The hashes of all forms, its own first.
    pub(crate) fn hashes(&self) -> Vec<String> {
        [vec![self.hash()], self.aliases()].concat()
    }
}

/// By provider, then by id.
impl Ord for Identity {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.provider(), self.id()).cmp(&(other.provider(), other.id()))
    }
}

impl PartialOrd for Identity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `provider:id`, which is also what gets hashed.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider().name(), self.id())
    }
}

/// Reads `provider:id`.
impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (provider, id) = text.split_once(':').ok_or(InvalidId::Provider)?;
        Self::new(provider, id)
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
/// One malformed detail makes the whole array invalid: a client that checks a stranger must check every detail that the
/// stranger named.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_those_of_the_service() {
        for (written, canonical, start) in [
            ("phone:+0 (011) 234-5678", "phone:+00112345678", "868629caa99a9a45df39fd1783d73609"),
            ("xmpp: XMPP@Example.com./phone", "xmpp:xmpp@example.com", "abce880ed2d448abffa8efa8939d8e15"),
        ] {
            let identity: Identity = written.parse().unwrap();
            assert_eq!(identity.to_string(), canonical);
            assert_eq!(identity.hash().len(), 128);
            assert!(identity.hash().starts_with(start), "{written}");
        }
        for (wrong, reason) in [
            ("amy@example.org", InvalidId::Provider),
            (":amy", InvalidId::Provider),
            ("phone:12", InvalidId::PhoneWithoutCountry),
            ("phone:+12", InvalidId::Phone),
            ("xmpp:example.org", InvalidId::Jid),
        ] {
            assert_eq!(wrong.parse::<Identity>(), Err(IdentityError::Id(reason)), "{wrong}");
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
