//! How values are read that stand as texts in the file: with errors in words for an admin, which never repeat the text.

use std::net::SocketAddr;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, Error, IntoDeserializer};
use serde::{Deserialize, Deserializer};

use crate::model::BareJid;

/// Reads one of some words. Unlike the derived reader of an enum, it takes no number for one.
///
/// # Errors
/// With all the words.
pub fn word<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text: StringDeserializer<D::Error> = String::deserialize(deserializer)?.into_deserializer();
    T::deserialize(text)
}

/// As [`word`], where there may be none.
///
/// # Errors
/// As [`word`].
pub fn optional_word<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

/// Reads the domain of the component.
///
/// # Errors
/// With an example.
pub fn domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BareJid, D::Error> {
    let jid = BareJid::new(&String::deserialize(deserializer)?).ok();
    jid.filter(|jid| jid.node().is_none())
        .ok_or_else(|| D::Error::custom("expected a domain like itseme.example.org, without a name and @"))
}

/// Reads an address to listen at.
///
/// # Errors
/// With an example.
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| D::Error::custom("expected an address of this machine and a port, like 127.0.0.1:9114"))
}

/// Reads the addresses of accounts.
///
/// # Errors
/// With an example.
pub fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<BareJid>, D::Error> {
    struct Account(BareJid);
    impl<'de> Deserialize<'de> for Account {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let jid = BareJid::new(&String::deserialize(deserializer)?).ok();
            let jid = jid.filter(|jid| jid.node().is_some());
            jid.map(Self)
                .ok_or_else(|| D::Error::custom("expected the address of an account, like admin@example.org"))
        }
    }
    let accounts = Vec::<Account>::deserialize(deserializer)?;
    Ok(accounts.into_iter().map(|account| account.0).collect())
}

/// Reads the mode of a file.
///
/// # Errors
/// With an example.
pub fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mode = u32::from_str_radix(&text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777 && !text.starts_with('+'));
    mode.ok_or_else(|| D::Error::custom("expected the mode of a file, as chmod takes it, like \"0660\""))
}
