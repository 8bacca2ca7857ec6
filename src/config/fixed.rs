//! The keys that a running service cannot exchange.

use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};

use secrecy::{ExposeSecret, SecretString};

use super::Config;

/// The values of these keys when the service started, and of the files that they name: as hashes, because there are secrets
/// among them.
pub struct Fixed {
    hasher: RandomState,
    hashes: Vec<(&'static str, u64)>,
}

impl Fixed {
    /// Notes the values of `config`.
    pub fn of(config: &Config) -> Self {
        let hasher = RandomState::new();
        let hashes = hashes(config, &hasher);
        Self { hasher, hashes }
    }

    /// Returns the keys that have other values in `config`: they need a restart.
    pub fn differences(&self, config: &Config) -> Vec<&'static str> {
        let now = hashes(config, &self.hasher);
        let differing = self.hashes.iter().zip(now).filter(|(before, now)| *before != now);
        differing.map(|((key, _), _)| *key).collect()
    }
}

fn hashes(config: &Config, hasher: &RandomState) -> Vec<(&'static str, u64)> {
    let (component, http) = (&config.component, config.http.as_ref());
    let of = |value: &dyn Debug| hasher.hash_one(format!("{value:?}"));
    let secret = |secret: Option<&SecretString>| hasher.hash_one(secret.map(ExposeSecret::expose_secret));
    vec![
        ("component.jid", of(&component.jid)),
        ("component.secret", secret(component.secret().ok().as_ref())),
        ("component.server", of(&component.server)),
        ("component.ping_after", of(&component.ping_after)),
        ("component.ping_timeout", of(&component.ping_timeout)),
        ("service.account", of(&config.service.account)),
        ("access.own_server", of(&config.access.own_server)),
        ("limits.requests_per_second", of(&config.limits.requests_per_second)),
        ("http.listen", of(&http.map(|http| &http.listen))),
        ("http.socket_mode", of(&http.map(|http| http.socket_mode))),
        ("http.public_url", of(&http.map(|http| &http.public_url))),
        ("http.trusted_proxies", of(&http.map(|http| &http.trusted_proxies))),
        ("http.cors_origins", of(&http.map(|http| &http.cors_origins))),
        ("http.page", of(&http.map(|http| http.page))),
        ("http.request_timeout", of(&http.map(|http| &http.request_timeout))),
        ("http.max_connections", of(&http.map(|http| &http.max_connections))),
        (
            "http.max_connections_per_address",
            of(&http.map(|http| &http.max_connections_per_address)),
        ),
        ("providers.email.inbound", of(&config.inbound)),
        ("monitor.listen", of(&config.monitor)),
        ("admin.socket", of(&config.admin)),
        ("store.url", secret(config.store.url().ok().as_ref())),
        ("store.key_file", of(&config.store.key_file)),
        ("store.key", secret(config.store.key())),
    ]
}

impl Config {
    /// Returns this configuration with the fixed keys of `running`.
    #[must_use]
    pub fn as_in(&self, running: &Self) -> Self {
        let mut mixed = self.clone();
        mixed.component = running.component.clone();
        mixed.component.admins.clone_from(&self.component.admins);
        mixed.service.account.clone_from(&running.service.account);
        mixed.access.own_server.clone_from(&running.access.own_server);
        mixed.limits.requests_per_second = running.limits.requests_per_second;
        mixed.http.clone_from(&running.http);
        if let (Some(http), Some(new)) = (&mut mixed.http, &self.http) {
            http.next_origins.clone_from(&new.next_origins);
            http.require_token = new.require_token;
        }
        mixed.inbound.clone_from(&running.inbound);
        mixed.monitor.clone_from(&running.monitor);
        mixed.admin = running.admin.clone();
        mixed.store = running.store.clone();
        mixed
    }
}
