//! The name of the client in EHLO.

use std::net::{Ipv4Addr, Ipv6Addr};

use lettre::transport::smtp::extension::ClientId;

/// Returns the name of the client in EHLO (RFC 5321, 4.1.1.1): a domain, or an address in brackets (4.1.3).
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
pub fn own_name() -> Option<ClientId> {
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
