//! The configuration: one TOML file, then `ITSEME_…` environment variables, then flags.

mod check;
mod error;
mod exposed;
mod load;
mod oauth;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use serde::Deserialize;
use xmpp_parsers::jid::NodePart;

pub use self::error::ConfigError;
use self::error::unusable;
pub use self::oauth::OAuthProvider;
pub use self::sections::{
    Access, Component, Domain, EmailProvider, Http, Network, PhoneProvider, Presentation, Providers, StoreConfig,
};
use crate::model::{BareJid, Provider};
use crate::service::{Budget, CodeRules, Limits, Settings};

/// Everything an admin can set; `component.toml.example` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The connection to the XMPP server.
    pub component: Component,
    /// How the service presents itself.
    #[serde(default)]
    pub service: Presentation,
    /// For whom the service is.
    #[serde(default)]
    pub access: Access,
    /// The HTTP API; none without.
    pub http: Option<Http>,
    /// Where links are kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Shape and life of codes.
    #[serde(default)]
    pub codes: CodeRules,
    /// How often, how much.
    #[serde(default)]
    pub limits: Limits,
    /// What identities can be linked, besides JIDs.
    #[serde(default)]
    pub providers: Providers,
    /// Secrets that others on the same machine can read, and what to do about each.
    #[serde(skip)]
    pub exposed: Vec<String>,
}

impl Config {
    /// What of it the operations need.
    pub fn settings(&self) -> Settings {
        let phone = self.providers.phone.as_ref();
        let configured = [
            Some("xmpp"),
            self.providers.email.as_ref().map(|_| "email"),
            phone.map(|_| "phone"),
        ];
        Settings {
            providers: configured.into_iter().flatten().map(str::to_owned).collect(),
            phone_prefixes: phone.map(|phone| phone.allowed_prefixes.clone()).unwrap_or_default(),
            budgets: self.budgets(),
            codes: self.codes.clone(),
            limits: self.limits.clone(),
            next_origins: self
                .http
                .iter()
                .flat_map(|http| http.next_origins.iter().cloned())
                .collect(),
            language: self.service.language,
            own_domains: self.own_domains(),
            served: self.access.register.0.clone(),
            require_token: self.http.as_ref().is_some_and(|http| http.require_token),
        }
    }

    /// The account from which people are written to.
    ///
    /// # Errors
    /// If `service.account` is no localpart.
    pub fn account(&self) -> Result<BareJid, ConfigError> {
        let localpart = NodePart::new(&self.service.account);
        let localpart = localpart.map_err(|_| {
            unusable(
                "service.account",
                "expected the part of an address before the @, like \"itseme\": letters, digits, - . and _",
            )
        })?;
        Ok(BareJid::from_parts(Some(&localpart), self.component.jid.domain()))
    }

    /// Where the people of the admin's own server are.
    fn own_domains(&self) -> BTreeSet<String> {
        let component = self.component.jid.as_str();
        let above = component.split_once('.').map(|(_, above)| above.to_owned());
        match &self.access.own_server {
            Some(domains) => domains.iter().map(|domain| domain.0.clone()).collect(),
            None => above.into_iter().collect(),
        }
    }

    /// How many codes may be sent in a day, by mail and by SMS to what prefixes.
    fn budgets(&self) -> Vec<Budget> {
        let email = self.providers.email.iter().map(|email| Budget {
            provider: Provider::Email,
            prefix: String::new(),
            per_day: email.budget,
        });
        let phone = self.providers.phone.iter().flat_map(PhoneProvider::budgets);
        let phone = phone.map(|(prefix, per_day)| Budget {
            provider: Provider::Phone,
            prefix,
            per_day,
        });
        email.chain(phone).collect()
    }

    /// `http.public_url` without a final slash.
    pub fn public_url(&self) -> Option<String> {
        let url = self.http.as_ref()?.public_url.as_deref()?;
        Some(url.trim_end_matches('/').to_owned())
    }

    /// Keys whose values are still those of component.toml.example, and cannot be right.
    pub fn leftovers(&self) -> Vec<&'static str> {
        let secret = self.component.secret().ok();
        let phone = self.providers.phone.as_ref().and_then(|phone| phone.gateway().ok());
        let email = self.providers.email.as_ref();
        let is_example = |url: Option<&str>| url.is_some_and(|url| url.contains("example.org"));
        let checks = [
            ("component.jid", is_example(Some(self.component.jid.as_str()))),
            (
                "component.secret",
                secret.is_some_and(|secret| secret.expose_secret() == "change me"),
            ),
            (
                "component.admins",
                self.component.admins.iter().any(|jid| is_example(Some(jid.as_str()))),
            ),
            ("http.public_url", is_example(self.public_url().as_deref())),
            (
                "http.next_origins",
                self.http
                    .iter()
                    .flat_map(|http| &http.next_origins)
                    .any(|url| is_example(Some(url))),
            ),
            (
                "service.addresses",
                self.service
                    .addresses
                    .by_purpose()
                    .iter()
                    .flat_map(|(_, uris)| uris.iter())
                    .any(|uri| is_example(Some(uri))),
            ),
            (
                "providers.email.from",
                email.is_some_and(|email| is_example(Some(email.from.email.domain()))),
            ),
            (
                "providers.phone.auth_token",
                phone.is_some_and(|phone| phone.is_example()),
            ),
            (
                "client_id in providers",
                self.providers.oauth.values().any(OAuthProvider::is_example),
            ),
        ];
        checks
            .into_iter()
            .filter(|(_, left)| *left)
            .map(|(key, _)| key)
            .collect()
    }
}
