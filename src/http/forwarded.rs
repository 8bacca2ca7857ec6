//! Finds the client of requests that proxies relay.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use ipnet::IpNet;
use warp::http::HeaderMap;

use crate::listen::NO_ADDRESS;

/// The trusted proxies, and the warnings that were logged.
#[derive(Debug, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    unknown: AtomicBool,
    unreadable: AtomicBool,
}

/// The reason why a request may count as another client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// A program on this machine or in this network, which is not trusted, names a client.
    UnknownProxy,
    /// A trusted proxy names a client, but not by an address.
    Unreadable,
}

impl Proxies {
    /// Trusts these networks, and no others.
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self {
            trusted,
            ..Self::default()
        }
    }

    /// Returns `true` if the clients that `address` names are believed.
    pub fn are_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Returns the client: the last address in X-Forwarded-For that is no trusted proxy's, if a trusted proxy sent the
    /// header. If the header cannot be read, the client is that proxy: nobody evades limits by an unreadable header.
    /// The admin is warned once; no address is logged.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let (client, doubt) = self.look(peer, headers);
        match doubt {
            Some(Doubt::UnknownProxy) if !self.unknown.swap(true, Ordering::Relaxed) => tracing::warn!(
                remedy = "if there is a proxy in front of http.listen, name its address in http.trusted_proxies (\"unix\" for a Unix socket); if there is \
                          none, nothing is wrong",
                "requests with X-Forwarded-For come from a private address that is not in http.trusted_proxies: all clients \
                 behind it share the limits of one client"
            ),
            Some(Doubt::Unreadable) if !self.unreadable.swap(true, Ordering::Relaxed) => tracing::warn!(
                remedy =
                    "have the proxies of http.trusted_proxies write the client's address there, with or without a port",
                "a proxy sends an X-Forwarded-For that cannot be read: all clients without an address share the limits of one \
                 client"
            ),
            _ => {}
        }
        client
    }

    fn look(&self, peer: IpAddr, headers: &HeaderMap) -> (IpAddr, Option<Doubt>) {
        let forwarded = headers.get_all("x-forwarded-for").iter();
        // A header that is not text is present, but cannot be read.
        let values = forwarded.map(|value| value.to_str().unwrap_or("?"));
        let mut hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        if !self.are_trusted(peer) {
            let is_proxy = !hops.is_empty() && is_near(peer);
            return (peer, is_proxy.then_some(Doubt::UnknownProxy));
        }
        let mut client = peer;
        while self.are_trusted(client)
            && let Some(hop) = hops.pop()
        {
            let Some(address) = address(hop) else {
                return (client, Some(Doubt::Unreadable));
            };
            client = address;
        }
        (client, None)
    }
}

/// Reads an address as proxies write it: alone, or with a port, IPv6 with or without brackets and zone, in quotation
/// marks or not (`node` of RFC 7239, 6, and what is commonly seen beside it).
pub(super) fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let hop = hop
        .strip_prefix('"')
        .and_then(|hop| hop.strip_suffix('"'))
        .unwrap_or(hop)
        .trim();
    if let Some(bracketed) = hop.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        return ipv6(address).filter(|_| port.strip_prefix(':').map_or(port.is_empty(), is_port));
    }
    match hop.split_once(':') {
        None => hop.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        Some((address, port)) if is_port(port) => match address.parse::<Ipv4Addr>() {
            Ok(address) => Some(IpAddr::V4(address)),
            Err(_) => ipv6(hop),
        },
        Some(_) => ipv6(hop),
    }
}

fn ipv6(address: &str) -> Option<IpAddr> {
    let without_zone = address.split_once('%').map_or(address, |(address, _zone)| address);
    without_zone.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// Returns `true` if an address is of this machine or of a private network, where proxies are.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is between a provider and its customers, and in overlay networks (RFC 6598).
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0b1100_0000 == 64;
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        // A Unix socket is of this machine.
        IpAddr::V6(_) if address == NO_ADDRESS => true,
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn look(peer: &str, forwarded: &[&str]) -> (String, Option<Doubt>) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxies = Proxies::new(vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()]);
        let (client, doubt) = proxies.look(peer.parse().unwrap(), &headers);
        (client.to_string(), doubt)
    }

    fn client_of(peer: &str, forwarded: &[&str]) -> String {
        look(peer, forwarded).0
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client_of("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client_of("127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client_of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client_of("127.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client_of("127.0.0.1", &["203.0.113.9", "198.51.100.7, 10.1.2.3"]),
            "198.51.100.7"
        );
        assert_eq!(client_of("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(client_of("::ffff:127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn an_address_is_read_in_all_its_forms() {
        for form in [
            "203.0.113.7",
            " 203.0.113.7 ",
            "203.0.113.7:54321",
            "\"203.0.113.7:54321\"",
        ] {
            assert_eq!(client_of("127.0.0.1", &[form]), "203.0.113.7", "{form}");
        }
        for form in [
            "2001:db8::1",
            "[2001:db8::1]",
            "[2001:db8::1]:54321",
            "\"[2001:db8::1]:54321\"",
            "2001:DB8::1",
            "2001:db8::1%eth0",
            "[2001:db8::1%25eth0]:443",
        ] {
            assert_eq!(client_of("127.0.0.1", &[form]), "2001:db8::1", "{form}");
        }
        // With only digits behind its last colon, it is still an address without a port.
        assert_eq!(client_of("127.0.0.1", &["2001:db8::1:443"]), "2001:db8::1:443");
        assert_eq!(
            client_of("127.0.0.1", &["203.0.113.9:1, 198.51.100.7:2, 10.1.2.3:3"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn what_cannot_be_read_is_the_proxys_own() {
        for nonsense in [
            "unknown",
            "_hidden",
            "",
            "203.0.113.7:",
            "203.0.113.7:x",
            "203.0.113.7:99999",
            "203.0.113.7.8",
            "[203.0.113.7]",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]x",
            "\"203.0.113.7",
        ] {
            let unreadable = ("10.1.2.3".to_owned(), Some(Doubt::Unreadable));
            assert_eq!(look("10.1.2.3", &[nonsense]), unreadable, "{nonsense}");
            // Addresses that a client has made up are not read.
            assert_eq!(
                look("10.1.2.3", &[nonsense, "198.51.100.7"]),
                ("198.51.100.7".into(), None)
            );
        }
    }

    #[test]
    fn a_proxy_that_was_forgotten_is_noticed() {
        let unknown = Some(Doubt::UnknownProxy);
        for near in [
            "127.0.0.2",
            "::1",
            "192.168.1.1",
            "172.17.0.1",
            "100.64.0.1",
            "fd00::1",
            "fe80::1",
            "::ffff:172.17.0.1",
        ] {
            assert_eq!(look(near, &["203.0.113.7"]).1, unknown, "{near}");
            assert_eq!(look(near, &[]).1, None);
        }
        for stranger in ["192.0.2.1", "2001:db8::1", "100.128.0.1"] {
            assert_eq!(
                look(stranger, &["203.0.113.7"]).1,
                None,
                "{stranger} may say what it likes"
            );
        }
    }
}
