//! Checks that the values can be used, as far as possible without trying them.

use std::time::Duration;

use url::Url;

use super::{Config, ConfigError, Http, Presentation};
use crate::channel::cleartext::is_safe;
use crate::model::Code;
use crate::section::{cleartext, unusable};
use crate::service::{CodeRule, CodeRules};

impl Config {
    /// Checks every value whose type allows more than can be used.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.component.jid.node().is_some() {
            return Err(unusable(
                "component.jid",
                "expected a domain like itseme.example.org, without a name and @",
            ));
        }
        for (key, duration) in [
            ("component.ping_after", self.component.ping_after),
            ("component.ping_timeout", self.component.ping_timeout),
        ] {
            if duration < Duration::from_secs(1) {
                return Err(unusable(key, "must be at least 1s"));
            }
        }
        self.check_limits()?;
        self.component.secret()?;
        self.store.database()?;
        self.service.check()?;
        self.account()?;
        self.check_codes()?;
        if let Some(http) = &self.http {
            http.check()?;
        }
        if let Some(monitor) = &self.monitor
            && !monitor.listen.ip().is_loopback()
            && !monitor.allow_remote
        {
            return Err(unusable(
                "monitor.listen",
                "whoever can connect learns how much the service is used; choose an address of the loopback interface, like \
                 127.0.0.1:9114, or set monitor.allow_remote = true",
            ));
        }
        for (place, section) in self.providers() {
            section.check(&place)?;
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        if self.limits.guesses_per_code == 0 {
            return Err(unusable(
                "limits.guesses_per_code",
                "must be at least 1, or no code is ever right",
            ));
        }
        for (key, limit) in [
            ("limits.guesses_per_day", self.limits.guesses_per_day),
            ("limits.guesses_in_all_per_day", self.limits.guesses_in_all_per_day),
            ("limits.codes_per_day", self.limits.codes_per_day),
            ("limits.codes_per_target_per_day", self.limits.codes_per_target_per_day),
            ("limits.new_jids_per_day", self.limits.new_jids_per_day),
            ("limits.hashes_per_day", self.limits.hashes_per_day),
        ] {
            if limit == 0 {
                return Err(unusable(key, "must be at least 1, or nobody is served"));
            }
        }
        for (key, percent) in [
            (
                "limits.budget_percent_per_server",
                self.limits.budget_percent_per_server,
            ),
            ("limits.budget_percent_of_others", self.limits.budget_percent_of_others),
        ] {
            if percent > 100 {
                return Err(unusable(key, "must be at most 100"));
            }
        }
        Ok(())
    }

    fn check_codes(&self) -> Result<(), ConfigError> {
        let CodeRules { xmpp, phone, email } = self.codes;
        for (key, CodeRule { digits, expires }) in
            [("codes.xmpp", xmpp), ("codes.phone", phone), ("codes.email", email)]
        {
            if !Code::LENGTHS.contains(&digits.into()) {
                return Err(unusable(key, "digits must be 4 to 12"));
            }
            if expires < Duration::from_secs(60) {
                return Err(unusable(key, "expires must be at least 1m"));
            }
        }
        Ok(())
    }
}

impl Presentation {
    fn check(&self) -> Result<(), ConfigError> {
        if self.url.as_deref().is_some_and(|url| web(url).is_none()) {
            return Err(unusable("service.url", "expected a URL like https://www.example.org"));
        }
        let is_uri = |address: &String| {
            address
                .split_once(':')
                .is_some_and(|(scheme, rest)| !rest.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()))
        };
        for (purpose, addresses) in self.addresses.by_purpose() {
            if !addresses.iter().all(is_uri) {
                let expected = "expected URIs like \"mailto:abuse@example.org\" or \"xmpp:admin@example.org\"";
                return Err(unusable("service.addresses", format!("{purpose}: {expected}")));
            }
        }
        Ok(())
    }
}

impl Http {
    fn check(&self) -> Result<(), ConfigError> {
        if self
            .public_url
            .as_deref()
            .is_some_and(|url| web(url).is_none_or(|url| url.query().is_some()))
        {
            return Err(unusable(
                "http.public_url",
                "expected a URL like https://api.example.org",
            ));
        }
        // Links in mails contain codes, and browsers bring the codes of providers there.
        if self.public_url.as_deref().is_some_and(|url| !is_safe(url)) && !self.allow_cleartext {
            return Err(cleartext("http.public_url", "https://", "http"));
        }
        self.check_origins()?;
        if self.request_timeout < Duration::from_secs(1) {
            return Err(unusable("http.request_timeout", "must be at least 1s"));
        }
        for (key, number) in [
            ("http.max_connections", self.max_connections),
            ("http.max_connections_per_address", self.max_connections_per_address),
        ] {
            if number == 0 {
                return Err(unusable(
                    key,
                    "must be at least 1; leave out [http] to run without HTTP",
                ));
            }
        }
        Ok(())
    }

    fn check_origins(&self) -> Result<(), ConfigError> {
        // An origin is a scheme, a host and perhaps a port, and nothing else (RFC 6454).
        let is_origin = |origin: &String| {
            web(origin).is_some_and(|url| {
                let is_bare = url.path() == "/" && url.query().is_none() && !origin.ends_with('/');
                is_bare && !origin.contains('@')
            })
        };
        if !self
            .cors_origins
            .iter()
            .all(|origin| origin == "*" || is_origin(origin))
        {
            return Err(unusable(
                "http.cors_origins",
                "expected \"*\" or origins like \"https://app.example.org\"",
            ));
        }
        // Origins are compared as browsers write them.
        let is_written_so = |origin: &String| {
            let url = Url::parse(origin).ok();
            url.is_some_and(|url| url.origin().ascii_serialization() == *origin)
        };
        if !self
            .next_origins
            .iter()
            .all(|origin| is_origin(origin) && is_written_so(origin))
        {
            return Err(unusable(
                "http.next_origins",
                "expected origins like \"https://app.example.org\", in lower case and without a usual port",
            ));
        }
        Ok(())
    }
}

/// Returns the URL if it is an HTTP URL, without a fragment. The text is checked first, because a URL parser repairs
/// texts that are not quite URLs.
fn web(url: &str) -> Option<Url> {
    let is_usual = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    let (scheme, rest) = url.split_once("://")?;
    let is_known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let has_host = !rest.starts_with(['/', ':', '?']);
    Url::parse(url)
        .ok()
        .filter(|_| is_known && has_host && url.bytes().all(is_usual))
}
