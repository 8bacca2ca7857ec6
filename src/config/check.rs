//! Checks that the values can be used, as far as possible without trying them.

use std::collections::HashSet;
use std::time::Duration;

use url::Url;

use super::peers::domain_above;
use super::{Config, Http, ServiceSection};
use crate::channel::cleartext::is_safe;
use crate::listen::Listen;
use crate::model::server::is_public_suffix;
use crate::model::{BareJid, Code, canonical_jid};
use crate::section::{Mistakes, cleartext, unusable};
use crate::service::{CodeRule, CodeRules};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// The longest name of the service or of its operator, in characters.
const LONGEST_NAME: usize = 200;

impl Config {
    /// Checks every value whose type allows more than can be used.
    pub(super) fn check(&self) -> Result<(), Mistakes> {
        let mut found = Mistakes::default();
        for (key, duration) in [
            ("component.ping_after", self.component.ping_after),
            ("component.ping_timeout", self.component.ping_timeout),
        ] {
            found.unless(duration >= SECOND, key, "must be at least 1s");
        }
        found.take(self.component.secret());
        found.take(self.store.database());
        found.take(self.account());
        self.service.check(&mut found);
        self.check_limits(&mut found);
        self.check_codes(&mut found);
        self.check_peers(&mut found);
        if let Some(http) = &self.http {
            http.check(&mut found);
        }
        if let Some(monitor) = &self.monitor {
            found.unless(
                monitor.listen.ip().is_loopback() || monitor.allow_remote,
                "monitor.listen",
                "whoever can connect learns how much the service is used; choose an address of the loopback interface, like \
                 127.0.0.1:9114, or set monitor.allow_remote = true",
            );
        }
        let monitor = self.monitor.as_ref().map(|monitor| Listen::Tcp(monitor.listen));
        let http = self.http.as_ref().map(|http| http.listen.clone());
        found.unless(
            monitor.is_none() || monitor != http,
            "monitor.listen",
            "http.listen is the same address; choose another port",
        );
        let database = self.store.database().ok();
        found.unless(
            database.is_none_or(|database| database.file() != Some(&self.store.key_file)),
            "store.key_file",
            "it is the file of the database; name another one",
        );
        for (place, section) in self.providers() {
            found.take(section.check(&place));
        }
        found.result()
    }

    fn check_limits(&self, found: &mut Mistakes) {
        let limits = &self.limits;
        found.unless(
            limits.guesses_per_code > 0,
            "limits.guesses_per_code",
            "must be at least 1, or no code is ever right",
        );
        for (key, limit) in [
            ("limits.guesses_per_day", limits.guesses_per_day),
            ("limits.guesses_in_all_per_day", limits.guesses_in_all_per_day),
            ("limits.codes_per_day", limits.codes_per_day),
            ("limits.codes_per_target_per_day", limits.codes_per_target_per_day),
            ("limits.new_jids_per_day", limits.new_jids_per_day),
            ("limits.hashes_per_day", limits.hashes_per_day),
        ] {
            found.unless(limit > 0, key, "must be at least 1, or nobody is served");
        }
        for (key, percent) in [
            ("limits.budget_percent_per_server", limits.budget_percent_per_server),
            ("limits.budget_percent_of_others", limits.budget_percent_of_others),
        ] {
            found.unless(percent <= 100, key, "must be at most 100");
        }
    }

    fn check_peers(&self, found: &mut Mistakes) {
        let own = self.own_domains().into_iter().chain(domain_above(&self.component.jid));
        let own: HashSet<String> = own.map(|domain| in_u_labels(&domain)).collect();
        let (mut jids, mut claimed) = (HashSet::new(), HashSet::new());
        for peer in &self.peers {
            let (jid, domains) = (&peer.jid, peer.domains());
            found.unless(
                *jid != self.component.jid,
                "peers.jid",
                format!("{jid} is this service itself; remove that entry"),
            );
            found.unless(
                jids.insert(jid),
                "peers.jid",
                format!("{jid} stands twice; remove one of the entries"),
            );
            found.unless(
                !domains.is_empty(),
                "peers.vouches_for",
                format!("set it for {jid}: expected the domains of its people, like [\"example.net\"]"),
            );
            found.unless(
                peer.hashes_per_day > 0,
                "peers.hashes_per_day",
                format!("must be at least 1 for {jid}; to ask no more, use enabled = false"),
            );
            for domain in domains {
                // To servers, the two spellings of a domain are two hosts, but to people they are one.
                let same = in_u_labels(&domain);
                found.unless(
                    !is_public_suffix(&domain),
                    "peers.vouches_for",
                    format!("{domain} is no domain of one server, because anybody can have domains below it: set others for {jid}"),
                );
                found.unless(
                    !own.contains(&same),
                    "peers.vouches_for",
                    format!("{domain} is a domain of your own server: set other domains for {jid}"),
                );
                found.unless(
                    claimed.insert(same),
                    "peers.vouches_for",
                    format!("two peers have {domain}: set it for one of them"),
                );
            }
        }
    }

    fn check_codes(&self, found: &mut Mistakes) {
        let CodeRules { xmpp, phone, email } = self.codes;
        for (key, CodeRule { digits, expires }) in
            [("codes.xmpp", xmpp), ("codes.phone", phone), ("codes.email", email)]
        {
            let is_usual = Code::LENGTHS.contains(&digits.into());
            found.unless(is_usual, format!("{key}.digits"), "must be 4 to 12");
            found.unless(expires >= MINUTE, format!("{key}.expires"), "must be at least 1m");
        }
    }
}

/// Returns a domain with all labels as people read them.
fn in_u_labels(domain: &str) -> String {
    match BareJid::new(domain) {
        Ok(jid) => canonical_jid(&jid).into_owned(),
        Err(_) => domain.to_owned(),
    }
}

impl ServiceSection {
    fn check(&self, found: &mut Mistakes) {
        for (key, url) in [("service.url", &self.url), ("service.privacy_url", &self.privacy_url)] {
            let is_url = url.as_deref().is_none_or(|url| web(url).is_some());
            found.unless(
                is_url,
                key,
                "expected a URL like https://www.example.org, without a part behind #",
            );
        }
        let is_line = |text: &String| text.chars().count() <= LONGEST_NAME && !text.contains(char::is_control);
        for (key, name) in [("service.name", &self.name), ("service.operator", &self.operator)] {
            let expected = "expected a name of at most 200 characters, on one line";
            found.unless(name.as_ref().is_none_or(is_line), key, expected);
        }
        let is_uri = |address: &String| {
            address.split_once(':').is_some_and(|(scheme, rest)| {
                let is_word = !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
                is_word && scheme.chars().all(|c| c.is_ascii_alphanumeric())
            })
        };
        for (purpose, addresses) in self.addresses.by_purpose() {
            found.unless(
                addresses.iter().all(is_uri),
                format!("service.addresses.{purpose}"),
                "expected URIs like \"mailto:abuse@example.org\" or \"xmpp:admin@example.org\"",
            );
        }
    }
}

impl Http {
    fn check(&self, found: &mut Mistakes) {
        self.check_public_url(found);
        self.check_origins(found);
        found.unless(
            self.request_timeout >= SECOND,
            "http.request_timeout",
            "must be at least 1s",
        );
        for (key, number) in [
            ("http.max_connections", self.max_connections),
            ("http.max_connections_per_address", self.max_connections_per_address),
        ] {
            let remedy = "must be at least 1; leave out [http] to run without HTTP";
            found.unless(number > 0, key, remedy);
        }
    }

    fn check_public_url(&self, found: &mut Mistakes) {
        const KEY: &str = "http.public_url";
        let Some(url) = self.public_url.as_deref() else { return };
        if web(url).is_none_or(|url| url.query().is_some()) {
            found
                .0
                .push(unusable(KEY, "expected a URL like https://api.example.org"));
        // Links in mails contain codes, and browsers bring the codes of providers there.
        } else if !is_safe(url) && !self.allow_cleartext {
            found.0.push(cleartext(KEY, "https://", "http"));
        }
    }

    fn check_origins(&self, found: &mut Mistakes) {
        // An origin is a scheme, a host and perhaps a port, and nothing else (RFC 6454).
        let is_origin = |origin: &String| {
            web(origin).is_some_and(|url| {
                let is_bare = url.path() == "/" && url.query().is_none() && !origin.ends_with('/');
                is_bare && !origin.contains('@')
            })
        };
        // Origins are compared as browsers write them.
        let is_written_so = |origin: &String| {
            let url = Url::parse(origin).ok();
            url.is_some_and(|url| url.origin().ascii_serialization() == *origin)
        };
        let mut callers = self.cors_origins.iter();
        found.unless(
            callers.all(|origin| origin == "*" || is_origin(origin)),
            "http.cors_origins",
            "expected \"*\" or origins like \"https://app.example.org\"",
        );
        let mut next = self.next_origins.iter();
        found.unless(
            next.all(|origin| is_origin(origin) && is_written_so(origin)),
            "http.next_origins",
            "expected origins like \"https://app.example.org\", in lower case and without a usual port",
        );
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
