//! The server of a JID, for limits that are counted by server: the owner of a domain can make any number of domains
//! below it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use psl::Type;

/// The prefix length of the IPv6 network that one customer has.
const SUBSCRIBER: u8 = 64;

/// Returns the server of all JIDs at `domain`: the registered domain, together with all domains below it. An IPv4
/// address and a name of one label are servers of their own; all IPv6 addresses of a /64 are one.
///
/// Names are registered below the suffixes of ICANN's part of the public suffix list (<https://publicsuffix.org>). Its
/// private part has the suffixes below which companies give names away: there, one person can have any number of names.
pub fn server_of(domain: &str) -> Cow<'_, str> {
    let domain = domain.trim_end_matches('.');
    let address = domain.trim_start_matches('[').trim_end_matches(']').parse();
    match address {
        Ok(IpAddr::V4(_)) => Cow::Borrowed(domain),
        Ok(IpAddr::V6(address)) => Cow::Owned(network(address.into(), SUBSCRIBER).to_string()),
        Err(_) => Cow::Borrowed(registered(domain)),
    }
}

/// Returns the network of `address` that a provider gives to one customer: a /48 of IPv6. An IPv4 address is scarce,
/// and stands for itself.
pub fn customer_of(address: IpAddr) -> IpAddr {
    network(address, 48)
}

fn network(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::into(address),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & (u128::MAX << (128 - bits))).into(),
    }
}

/// Returns `true` if anybody can register domains below `domain`, as the Public Suffix List says.
pub fn is_public_suffix(domain: &str) -> bool {
    let suffix = psl::suffix(domain.as_bytes());
    suffix.is_some_and(|suffix| suffix.typ().is_some() && suffix.as_bytes() == domain.as_bytes())
}

fn registered(domain: &str) -> &str {
    let mut suffix = domain;
    loop {
        let Some(found) = psl::suffix(suffix.as_bytes()) else {
            return domain;
        };
        // The suffix consists of whole labels at the end of the name.
        let length = found.as_bytes().len().min(suffix.len());
        suffix = &suffix[suffix.len() - length..];
        match (found.typ(), suffix.split_once('.')) {
            (Some(Type::Private), Some((_, parent))) => suffix = parent,
            _ => break,
        }
    }
    let below = domain[..domain.len() - suffix.len()].trim_end_matches('.');
    let label = below.rsplit('.').next().unwrap_or_default();
    match label.len() {
        0 => domain,
        length => &domain[below.len() - length..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_below_a_registered_domain_is_one_server() {
        for (domain, server) in [
            ("evil.example", "evil.example"),
            ("sub1.evil.example", "evil.example"),
            ("sub1.evil.example.", "evil.example"),
            ("a.b.c.evil.example", "evil.example"),
            ("chat.example.co.uk", "example.co.uk"),
            ("chat.example.公司.cn", "example.公司.cn"),
            ("chat.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"),
            ("x.www.ck", "www.ck"),
            // Names that a company gives away are not registered.
            ("one.duckdns.org", "duckdns.org"),
            ("x.two.duckdns.org", "duckdns.org"),
            ("duckdns.org", "duckdns.org"),
            ("x.s3.dualstack.eu-west-1.amazonaws.com", "amazonaws.com"),
            // Suffixes themselves, and names outside of the list.
            ("co.uk", "co.uk"),
            ("com", "com"),
            ("localhost", "localhost"),
            ("sub.host.localhost", "host.localhost"),
        ] {
            assert_eq!(server_of(domain), server, "{domain}");
        }
    }

    #[test]
    fn addresses_stand_for_themselves() {
        assert_eq!(server_of("192.0.2.1"), "192.0.2.1");
        assert_ne!(server_of("192.0.2.1"), server_of("192.0.2.2"));
        assert_eq!(server_of("[2001:db8::1]"), server_of("[2001:db8::ffff:1]"));
        assert_ne!(server_of("[2001:db8::1]"), server_of("[2001:db8:0:1::1]"));
    }

    #[test]
    fn nothing_that_can_be_asked_panics() {
        for domain in [
            "", ".", "..", "a.", ".a", "a..b", "ü", "ü.com", "[", "[]", "[::1", "a.b.", "com.",
        ] {
            server_of(domain);
        }
    }
}
