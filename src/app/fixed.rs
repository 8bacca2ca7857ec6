//! The keys of the configuration that a running service cannot exchange.

use secrecy::ExposeSecret;

use crate::config::Config;

/// Returns the keys and sections that differ and need a restart.
pub fn differences(before: &Config, after: &Config) -> Vec<&'static str> {
    let (before, after) = (values(before), values(after));
    let differing = before.into_iter().zip(after).filter(|(before, after)| before != after);
    differing.map(|((key, _), _)| key).collect()
}

/// Returns the value of each of them, in a form that can be compared.
fn values(config: &Config) -> Vec<(&'static str, String)> {
    let (component, http) = (&config.component, config.http.as_ref());
    let secret = component.secret().ok();
    vec![
        ("component.jid", component.jid.to_string()),
        (
            "component.secret",
            secret
                .map(|secret| secret.expose_secret().to_owned())
                .unwrap_or_default(),
        ),
        ("component.server", component.server.to_string()),
        ("component.ping_after", format!("{:?}", component.ping_after)),
        ("component.ping_timeout", format!("{:?}", component.ping_timeout)),
        ("service.account", config.service.account.clone()),
        ("access.own_server", format!("{:?}", config.settings().own_domains)),
        (
            "limits.requests_per_second",
            config.limits.requests_per_second.to_string(),
        ),
        ("http.listen", format!("{:?}", http.map(|http| &http.listen))),
        ("http.public_url", format!("{:?}", config.public_url())),
        (
            "http.trusted_proxies",
            format!("{:?}", http.map(|http| &http.trusted_proxies)),
        ),
        (
            "http.cors_origins",
            format!("{:?}", http.map(|http| &http.cors_origins)),
        ),
        (
            "http.request_timeout",
            format!("{:?}", http.map(|http| http.request_timeout)),
        ),
        (
            "http.max_connections",
            format!("{:?}", http.map(|http| http.max_connections)),
        ),
        (
            "http.max_connections_per_address",
            format!("{:?}", http.map(|http| http.max_connections_per_address)),
        ),
        ("monitor", format!("{:?}", config.monitor)),
        ("admin", format!("{:?}", config.admin)),
        ("store.url", database(config)),
        ("store.key_file", config.store.key_file.display().to_string()),
    ]
}

/// Returns the URL of the database, with its password: only for comparison.
fn database(config: &Config) -> String {
    config
        .store
        .url()
        .map(|url| url.expose_secret().to_owned())
        .unwrap_or_default()
}
