//! E-mail addresses: local part and domain (RFC 5321, 4.1.2; RFC 6531 for letters of all scripts).

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::InvalidId;
use crate::text::{is_noncharacter, lowercase};

/// In bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;
/// In bytes: of a path, without its angle brackets (RFC 5321, 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// The address in NFC and lower case, its domain in A-labels, without a final dot.
pub(crate) fn canonical(text: &str) -> Result<String, InvalidId> {
    let (local, domain) = text.rsplit_once('@').ok_or(InvalidId::Email)?;
    let domain = a_labels(domain).ok_or(InvalidId::Email)?;
    if local.len() > 2 && local.starts_with('"') && local.ends_with('"') {
        return Err(InvalidId::QuotedEmail);
    }
    let local = lowercase(local);
    let address = format!("{local}@{domain}");
    match is_dot_string(&local) && local.len() <= LONGEST_LOCAL_PART && address.len() <= LONGEST_ADDRESS {
        true => Ok(address),
        false => Err(InvalidId::Email),
    }
}

/// The domain as it stands in the DNS and in mails, without a final dot (IDNA 2008, mapped as UTS #46 says, without its transitional
/// exceptions); `None` if it cannot stand there.
pub fn a_labels(domain: &str) -> Option<String> {
    let domain = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::VerifyAllowRootDot,
        )
        .ok()?;
    Some(domain.strip_suffix('.').unwrap_or(&domain).to_owned())
}

/// RFC 5321, 4.1.2, with all of Unicode (RFC 6531, 3.3) but what nobody sees as a letter: white space, control characters and
/// noncharacters.
fn is_dot_string(local: &str) -> bool {
    let is_atext = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        false => !c.is_whitespace() && !c.is_control() && !is_noncharacter(c),
    };
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

pub(crate) fn mailbox(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let name = local.split('+').next().filter(|name| !name.is_empty()).unwrap_or(local);
    match domain {
        // https://support.google.com/mail/answer/7436150 and .../10313
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", name.replace('.', "")),
        _ => format!("{name}@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spellings_of_one_address() {
        for (text, address) in [
            ("Hunter@Jobs.COM", "hunter@jobs.com"),
            ("amy@example.org.", "amy@example.org"),
            ("amy@example\u{3002}org\u{ff61}", "amy@example.org"),
            ("amy@ＥＸＡＭＰＬＥ．org", "amy@example.org"),
            ("amy@BÜCHER.example", "amy@xn--bcher-kva.example"),
            ("amy@bu\u{308}cher.example", "amy@xn--bcher-kva.example"),
            ("amy@XN--BCHER-KVA.example", "amy@xn--bcher-kva.example"),
            ("amy@straße.example", "amy@xn--strae-oqa.example"),
            ("amy@exam\u{ad}ple.org", "amy@example.org"),
            ("amy@עברית.example", "amy@xn--5dbqzzl.example"),
            ("jürgen@example.org", "jürgen@example.org"),
            ("JU\u{308}RGEN@example.org", "jürgen@example.org"),
            ("STRAUß@example.org", "strauß@example.org"),
            ("ΟΔΟΣ@example.org", "οδος@example.org"),
            ("İ@example.org", "i\u{307}@example.org"),
            // No letter of its own, or none of any kind: email_address 0.2.9 refuses both.
            ("m\u{308}@example.org", "m\u{308}@example.org"),
            (
                "\u{938}\u{902}\u{92a}\u{930}\u{94d}\u{915}@example.org",
                "\u{938}\u{902}\u{92a}\u{930}\u{94d}\u{915}@example.org",
            ),
            (
                "o'neill+!#$%&*/=?^_`{|}~-@a--b.example",
                "o'neill+!#$%&*/=?^_`{|}~-@a--b.example",
            ),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(address), "{text}");
            assert_eq!(canonical(address).as_deref(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "amy",
            "amy@",
            "@example.org",
            "amy@example.org..",
            "amy@.example.org",
            "amy@a..b",
            ".amy@example.org",
            "a\u{fffe}my@example.org",
            "a\u{1ffff}my@example.org",
            "a\u{fdd0}my@example.org",
            "amy.@example.org",
            "a..b@example.org",
            "a b@example.org",
            "a\u{a0}b@example.org",
            "a@b@example.org",
            "amy\u{ff20}example.org",
            "amy@exa mple.org",
            "amy@exa_mple.org",
            "amy@-example.org",
            "amy@example-.org",
            "amy@[192.0.2.1]",
            "amy@[IPv6:2001:db8::1]",
            "amy@xn--a",
            "amy@xn--bcher-kva1.example",
            "Amy <amy@example.org>",
            "<amy@example.org>",
            "amy(x)@example.org",
            "a,b@example.org",
            "a:b@example.org",
            "\"@example.org",
            "\"\"@example.org",
            "a\"b\"@example.org",
        ] {
            assert_eq!(canonical(text), Err(InvalidId::Email), "{text}");
        }
    }

    #[test]
    fn a_quoted_local_part_is_refused_with_its_reason() {
        for local in ["\"amy x\"", "\"amy\"", "\"a@b\"", "\"a\\\"b\""] {
            assert_eq!(
                canonical(&format!("{local}@example.org")),
                Err(InvalidId::QuotedEmail),
                "{local}"
            );
        }
    }

    #[test]
    fn lengths_count_bytes() {
        let of = |local: &str, domain: &str| canonical(&format!("{local}@{domain}")).is_ok();
        assert!(of(&"a".repeat(64), "example.org"));
        assert!(!of(&"a".repeat(65), "example.org"));
        assert!(of(&"ä".repeat(32), "example.org"));
        assert!(!of(&"ä".repeat(33), "example.org"));
        // 65 bytes as they are typed, 64 in NFC.
        assert!(of(&format!("{}u\u{308}", "a".repeat(62)), "example.org"));
        let label = |length: usize| "b".repeat(length);
        assert!(of("a", &format!("{}.org", label(63))));
        assert!(!of("a", &format!("{}.org", label(64))));
        let domain = |last: usize| format!("{0}.{0}.{0}.{1}", label(61), label(last));
        // 254 and 255 bytes.
        assert!(of(&"a".repeat(16), &domain(51)));
        assert!(!of(&"a".repeat(17), &domain(51)));
        // An umlaut takes five bytes more as an A-label.
        assert!(!of("a", &format!("ü{}.org", label(58))));
    }
}
