//! The providers of identities.

use serde::{Deserialize, Serialize};

use crate::phone::is_number_label;

/// The provider of an identity: the first half of `provider:id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Provider {
    /// A Jabber ID.
    Xmpp,
    /// An e-mail address.
    Email,
    /// A phone number in international form.
    Phone,
    /// Any other, by its name: ids are read as user names are.
    Named(String),
}

impl Provider {
    /// The name as it stands in requests and in front of the colon that is hashed.
    pub fn name(&self) -> &str {
        match self {
            Self::Xmpp => "xmpp",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Named(name) => name,
        }
    }
}

impl From<&str> for Provider {
    fn from(name: &str) -> Self {
        match name {
            "xmpp" => Self::Xmpp,
            "email" => Self::Email,
            "phone" => Self::Phone,
            other => Self::Named(other.to_owned()),
        }
    }
}

impl From<String> for Provider {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<Provider> for String {
    fn from(provider: Provider) -> Self {
        provider.name().to_owned()
    }
}

/// The provider of that name, or of the URIs with that scheme (RFC 3966, RFC 5724, RFC 6068), or of what people call so.
pub(crate) fn named(name: &str) -> Provider {
    match name.trim().to_lowercase().as_str() {
        label if is_number_label(label) => Provider::Phone,
        "mailto" => Provider::Email,
        "jabber" | "jid" => Provider::Xmpp,
        name => name.into(),
    }
}
