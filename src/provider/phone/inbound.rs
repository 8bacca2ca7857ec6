//! `[providers.phone.inbound]`: text messages by which people prove their numbers.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{is_name, is_prefix};
use crate::channel::sms::{Gateway, Inbound};
use crate::provider::Inbox;
use crate::section::{Mistakes, secret};

/// The path of the section.
const SECTION: &str = "providers.phone.inbound";
/// The characters of the shortest secret.
const SHORTEST: usize = 16;

/// `[providers.phone.inbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundSection {
    /// The number that people write to.
    number: String,
    /// Beginnings of the numbers that are proven so.
    #[serde(default)]
    prefixes: Vec<String>,
    /// The gateway that passes messages on.
    gateway: String,
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    /// The place of the sender.
    sender: Option<String>,
    /// The place of the text.
    text: Option<String>,
}

impl InboundSection {
    /// Returns the name of the gateway that passes messages on.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Returns where people write to; `None` if no number may be proven so.
    pub fn inbox(&self) -> Option<Inbox> {
        (!self.prefixes.is_empty()).then(|| Inbox {
            address: self.number.clone(),
            prefixes: self.prefixes.clone(),
        })
    }

    /// Returns the way in which messages come in. `gateway` is the one of that name, if there is one.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    pub fn inbound(&self, gateway: Option<&dyn Gateway>, has_url: bool) -> Result<Inbound, Mistakes> {
        let mut found = Mistakes::default();
        let path = |key: &str| format!("{SECTION}.{key}");
        let digits = self.number.strip_prefix('+').unwrap_or(&self.number);
        let is_number = (3..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        found.unless(
            is_number,
            path("number"),
            "expected a number like \"+4915112345678\", or a short number",
        );
        let are_prefixes = self.prefixes.iter().all(|prefix| is_prefix(prefix));
        found.unless(are_prefixes, path("prefixes"), "expected prefixes like \"+49\"");
        let remedy = "expected the name of a gateway: letters, digits, - and _";
        found.unless(is_name(&self.gateway), path("gateway"), remedy);
        found.unless(
            !gateway.is_some_and(Gateway::has_connection),
            path("gateway"),
            "texts of people do not come in over SMPP; name a gateway that passes them on over HTTP",
        );
        let remedy = format!("set it, in a section [http]: the gateway of {SECTION} calls the service at this address");
        found.unless(has_url, "http.public_url", remedy);
        let signs = gateway.and_then(Gateway::signs);
        let secret = found.take(secret(&path("secret"), &self.secret, &self.secret_file));
        let remedy = format!("set it, or secret_file, to at least {SHORTEST} random letters and digits");
        match (&secret, signs) {
            (Some(Some(_)), Some(_)) => {
                found.unless(false, path("secret"), "this gateway signs what it sends; take it out");
            }
            (Some(None), None) => found.unless(false, path("secret"), remedy),
            (Some(Some(secret)), None) => {
                let secret = secret.expose_secret();
                let is_usual = secret.len() >= SHORTEST && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
                found.unless(is_usual, path("secret"), remedy);
            }
            // It is told already.
            (None, _) | (Some(None), Some(_)) => {}
        }
        let usual = signs.map_or(["/from", "/text"], |signs| signs.places);
        let [sender, text] =
            [("sender", &self.sender, usual[0]), ("text", &self.text, usual[1])].map(|(key, place, usual)| {
                let place = place.as_deref().unwrap_or(usual);
                found.unless(
                    place.starts_with('/'),
                    path(key),
                    "expected a JSON pointer like \"/from\"",
                );
                place.to_owned()
            });
        found.result().map(|()| Inbound {
            gateway: self.gateway.clone(),
            secret: secret.flatten(),
            sender,
            text,
            answer: signs.map_or("", |signs| signs.answer),
        })
    }
}
