//! The name of the client in EHLO.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use lettre::transport::smtp::extension::ClientId;

/// The name of the client in EHLO (RFC 5321, 4.1.1.1).
pub enum Hello {
    /// One that an admin has chosen.
    Configured(ClientId),
    /// The machine's own full name.
    Own(ClientId),
    /// The machine's address as the server sees it, in brackets: its own name is not a full one, and many servers refuse such.
    Address,
}

impl Hello {
    /// Returns the name for servers that the configuration does not name one for.
    pub fn usual() -> Self {
        own_name().map_or(Self::Address, Self::Own)
    }

    /// Returns the name for a connection to `server`.
    pub(super) fn to(&self, server: SocketAddr) -> ClientId {
        match self {
            Self::Configured(name) | Self::Own(name) => name.clone(),
            Self::Address => match own_address(server) {
                Some(IpAddr::V6(own)) => own.to_ipv4_mapped().map_or(ClientId::Ipv6(own), ClientId::Ipv4),
                Some(IpAddr::V4(own)) => ClientId::Ipv4(own),
                None => ClientId::Ipv4(Ipv4Addr::LOCALHOST),
            },
        }
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured(name) => write!(f, "{name}, as providers.email.hello_name says"),
            Self::Own(name) => write!(f, "{name}, this machine's name"),
            Self::Address => f.write_str(
                "this machine's address in brackets, because its name has no dot; some servers like a full name better: set it in \
                 providers.email.hello_name",
            ),
        }
    }
}

/// Returns the own address of connections to `server`. A connected UDP socket has one, and sends nothing.
fn own_address(server: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(server).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Returns the name of the client in EHLO: a domain, or an address in brackets (RFC 5321, 4.1.3).
///
/// # Errors
/// If it is neither.
pub fn hello_name(name: &str) -> Result<ClientId, String> {
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let known = match bracketed {
        Some(v6) if v6.starts_with("IPv6:") => v6[5..].parse::<Ipv6Addr>().ok().map(ClientId::Ipv6),
        Some(v4) => v4.parse::<Ipv4Addr>().ok().map(ClientId::Ipv4),
        None => is_domain(name).then(|| ClientId::Domain(name.to_owned())),
    };
    known.ok_or_else(|| {
        "expected the full name of this machine, like mail.example.org, or its address, like [192.0.2.1] or [IPv6:2001:db8::1]"
            .to_owned()
    })
}

/// Returns `true` for a domain of at least two ASCII labels, which servers require.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(usual) && !label.starts_with('-') && !label.ends_with('-')
    };
    // A name that ends in digits is an address (RFC 3696, 2), which needs brackets.
    let ends_in_digits = || {
        name.rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label) && !ends_in_digits()
}

/// Returns the machine's own name, if servers may accept it.
fn own_name() -> Option<ClientId> {
    match ClientId::default() {
        ClientId::Domain(name) if is_domain(&name) => Some(ClientId::Domain(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn without_a_name_it_is_the_address_that_the_server_sees() {
        for (server, own) in [("127.0.0.1:25", "[127.0.0.1]"), ("[::1]:25", "[IPv6:::1]")] {
            assert_eq!(Hello::Address.to(server.parse().unwrap()).to_string(), own);
        }
        let named = Hello::Configured(hello_name("mail.example.org").unwrap());
        assert_eq!(
            named.to("127.0.0.1:25".parse().unwrap()).to_string(),
            "mail.example.org"
        );
        assert!(Hello::Address.to_string().contains("providers.email.hello_name"));
    }

    #[test]
    fn a_client_has_a_full_name_or_an_address() {
        for name in ["mail.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
            assert_eq!(hello_name(name).unwrap().to_string(), name);
        }
        for name in [
            "",
            "mail",
            "192.0.2.1",
            "a b.example",
            "-a.example",
            "[mail]",
            "[IPv6:1]",
            "a..b",
            "ä.example",
            "a.b\r\nX",
        ] {
            assert!(hello_name(name).is_err(), "{name:?}");
        }
    }
}
