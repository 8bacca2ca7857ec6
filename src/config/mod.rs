//! The configuration: one TOML file, then `ITSEME_…` environment variables, then flags.

mod check;
mod error;
mod example;
mod exposed;
mod fixed;
mod load;
mod mistakes;
mod peers;
mod sections;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;
use xmpp_parsers::jid::NodePart;

pub use self::fixed::Fixed;
use self::peers::{PeerSection, domain_above};
pub use self::sections::{
    Access, AdminSocket, Component, Domain, Http, Log, Monitor, Network, Providers, ServiceSection,
};
pub use self::store::StoreConfig;
use crate::channel::Reporters;
use crate::model::{BareJid, Provider};
use crate::provider::email::InboundSection;
use crate::provider::{Place, ProviderSection, is_sign_in};
use crate::section::unusable;
pub use crate::section::{ConfigError, Mistakes};
use crate::service::{Budget, CodeRules, Limits, Peer, Settings};

/// All settings of an admin; `component.toml.example` explains every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The connection to the XMPP server.
    pub component: Component,
    /// The presentation of the service.
    #[serde(default)]
    pub service: ServiceSection,
    /// The people that the service serves.
    #[serde(default)]
    pub access: Access,
    /// The HTTP API; `None`: no HTTP.
    pub http: Option<Http>,
    /// The listener for the admin's programs; `None`: there is none.
    pub monitor: Option<Monitor>,
    /// The commands of admins on the command line.
    #[serde(default)]
    pub admin: AdminSocket,
    /// The log.
    #[serde(default)]
    pub log: Log,
    /// The database of links.
    #[serde(default)]
    pub store: StoreConfig,
    /// The length and the lifetime of codes.
    #[serde(default)]
    pub codes: CodeRules,
    /// The limits.
    #[serde(default)]
    pub limits: Limits,
    /// The other services that ask this one, and are asked by it.
    #[serde(default)]
    pub peers: Vec<PeerSection>,
    /// The identities that can be linked, besides JIDs.
    #[serde(default)]
    pub providers: Providers,
    /// How mails come in that prove the address that they come from, if they do: `[providers.email.inbound]`. While the service runs, it
    /// is that of its start.
    #[serde(skip)]
    pub inbound: Option<InboundSection>,
    /// Secrets that others on the same machine can read, each with its remedy.
    #[serde(skip)]
    pub exposed: Vec<String>,
    /// The keys that still have the values of component.toml.example, which cannot be right.
    #[serde(skip)]
    pub leftovers: Vec<String>,
}

impl Config {
    /// Returns the settings that the operations need.
    pub fn settings(&self) -> Settings {
        let sections = || self.providers.iter();
        let mailbox = self.inbound.as_ref().map(|inbound| inbound.address.as_str());
        // The service itself adds the providers where people sign in.
        let by_code = sections().filter(|(name, _)| !is_sign_in(&name.as_str().into()));
        let by_code = by_code.map(|(name, _)| name.clone());
        Settings {
            // Made with the channels.
            reporters: Reporters::default(),
            providers: by_code.chain(["xmpp".to_owned()]).collect(),
            prefixes: sections()
                .map(|(name, section)| (name.clone(), section.prefixes().to_vec()))
                .collect(),
            calls: sections()
                .filter(|(_, section)| section.has_calls())
                .map(|(name, _)| name.clone())
                .collect(),
            reports: sections()
                .filter(|(_, section)| section.reports_by_connection())
                .map(|(name, _)| name.clone())
                .collect(),
            inboxes: sections()
                .filter_map(|(name, section)| Some((name.clone(), section.inbox(mailbox)?)))
                .collect(),
            budgets: self.budgets(),
            codes: self.codes.clone(),
            limits: self.limits.clone(),
            next_origins: self.next_origins(),
            page_url: self.page_url(),
            public_url: self.public_url(),
            about: self.service.about(),
            language: self.service.language,
            own_domains: self.own_domains(),
            served: self.access.register.0.clone(),
            peers: self.peers(),
            admins: self.component.admins.iter().cloned().collect(),
            require_token: self.http.as_ref().is_some_and(|http| http.require_token),
        }
    }

    /// Returns the origins that browsers may be sent to after they have signed in.
    fn next_origins(&self) -> BTreeSet<String> {
        let named = self.http.iter().flat_map(|http| http.next_origins.iter().cloned());
        named.collect()
    }

    /// Returns the public address of the page, as browsers write it.
    fn page_url(&self) -> Option<String> {
        let has_page = self.http.as_ref().is_some_and(|http| http.page);
        let url = self.public_url().filter(|_| has_page)?;
        Url::parse(&format!("{url}/")).ok().map(String::from)
    }

    /// Returns the account from which people are written to.
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

    /// Returns the domains of the own server's people.
    fn own_domains(&self) -> BTreeSet<String> {
        match &self.access.own_server {
            Some(domains) => domains.iter().map(|domain| domain.0.clone()).collect(),
            None => domain_above(&self.component.jid).into_iter().collect(),
        }
    }

    /// Returns the peers that are enabled.
    pub fn peers(&self) -> Vec<Peer> {
        let enabled = self.peers.iter().filter(|peer| peer.enabled);
        let peer = |peer: &PeerSection| Peer {
            jid: peer.jid.clone(),
            vouches_for: peer.domains(),
            hashes_per_day: peer.hashes_per_day,
        };
        enabled.map(peer).collect()
    }

    /// Returns the numbers of codes a day to each prefix.
    fn budgets(&self) -> Vec<Budget> {
        let of = |(name, section): (&String, &dyn ProviderSection)| {
            let budgets = section.budgets().into_iter();
            let provider = name.as_str().into();
            let budget = move |(prefix, per_day)| Budget {
                provider: Provider::clone(&provider),
                prefix,
                per_day,
            };
            budgets.map(budget).collect::<Vec<_>>()
        };
        self.providers.iter().flat_map(of).collect()
    }

    /// Returns the sections of all providers, each with the parts of the service that it needs.
    pub fn providers(&self) -> impl Iterator<Item = (Place, &dyn ProviderSection)> {
        self.providers.iter().map(|(name, section)| {
            let place = Place {
                name: name.clone(),
                component: self.component.jid.clone(),
                public_url: self.public_url(),
                service: self.name(),
                operator: self.service.operator.clone(),
                url: self.service.url.clone(),
            };
            (place, section)
        })
    }

    /// Returns the name of the service for people who have not heard of it: the configured one, or the domain where it is. Filters of
    /// mails take a domain for a link, so it is no other one.
    fn name(&self) -> String {
        let url = self.public_url().and_then(|url| Url::parse(&url).ok());
        let domain = url.and_then(|url| url.domain().map(str::to_owned));
        let named = self.service.name.clone().or(domain);
        named.unwrap_or_else(|| self.component.jid.domain().to_string())
    }

    /// Returns `http.public_url` without a final slash.
    pub fn public_url(&self) -> Option<String> {
        let url = self.http.as_ref()?.public_url.as_deref()?;
        Some(url.trim_end_matches('/').to_owned())
    }
}
