//! Tests if secrets and personal data can be sent to an address so that nobody else reads them: over TLS, or within
//! this machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Url;

/// Returns `true` if it is an `https` URL, or an `http` URL of this machine.
pub fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_here = url.host_str().is_some_and(is_here);
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// Returns `true` if a host, as URLs have it, is this machine: the loopback interface (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3), or
/// `localhost` and what is below it (RFC 6761, 6.3).
pub fn is_here(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let name = host.to_ascii_lowercase();
    bare.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || bare.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_here() {
        for safe in [
            "https://a.example/x",
            "http://127.0.0.1:1/",
            "http://127.1.2.3/",
            "http://localhost/",
            "http://sms.localhost:1/",
            "http://[::1]:2/",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_ in [
            "http://a.example/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
            "javascript:x",
            "ftp://localhost/",
            "//a.example",
            "",
        ] {
            assert!(!is_safe(unsafe_), "{unsafe_}");
        }
    }
}
