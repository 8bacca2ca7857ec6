//! JIDs.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use jid::{BareJid, DomainPart, Jid};

use crate::{InvalidId, uri};

/// The bare JID that `text` names, which may be an `xmpp:` URI, to write to; a resource is dropped.
///
/// Normalised as the XMPP servers do it, by the `jid` crate's stringprep profiles (RFC 6122): for what both allow,
/// RFC 7622 agrees, and an address that arrives in `from` always equals the one that was registered. A domain stays in A-labels
/// or U-labels as it is written: to servers, these are two hosts. [`canonical`] is the same for both.
///
/// # Errors
/// If it is not a JID or has no localpart.
pub fn parse_target(text: &str) -> Result<BareJid, InvalidId> {
    let text = &*uri::id_of("xmpp", text);
    let jid = normalised(text)?;
    // A few oddities change again when they are normalised twice, so that two hashes would mean one JID.
    let is_final = || normalised(jid.as_str()).as_ref() == Ok(&jid) && is_canonical(&canonical(&jid));
    if jid.as_str() == text && is_plain(text) || is_final() {
        Ok(jid)
    } else {
        Err(InvalidId::Jid)
    }
}

/// The id of a JID: the JID with its domain in U-labels. An A-label whose U-label stringprep would change stays
/// (`xn--strae-oqa` is `straße`, which as a JID would be `strasse`, another domain).
pub fn canonical(jid: &BareJid) -> Cow<'_, str> {
    let domain = jid.domain().as_str();
    let unlike = (!is_plain(domain)).then(|| u_labels(domain));
    match (unlike, jid.node()) {
        (Some(domain), Some(node)) => Cow::Owned(format!("{node}@{domain}")),
        (Some(domain), None) => Cow::Owned(domain),
        (None, _) => Cow::Borrowed(jid.as_str()),
    }
}

/// Returns `true` if it is ASCII without A-labels.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.contains("xn--")
}

fn is_canonical(id: &str) -> bool {
    normalised(id).is_ok_and(|jid| canonical(&jid) == id)
}

fn normalised(text: &str) -> Result<BareJid, InvalidId> {
    let bare = text.split('/').next().unwrap_or_default();
    // Normalising takes its time, and what people use is far shorter even before.
    if bare.len() > LONGEST_JID {
        return Err(InvalidId::Jid);
    }
    let (node, domain) = bare.split_once('@').ok_or(InvalidId::Jid)?;
    // RFC 3490, 3.1: these are dots, too. RFC 7622, 3.2: a final dot of the domain is not part of it.
    let domain = domain.replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    if domain.ends_with('.') {
        return Err(InvalidId::Jid);
    }
    // Stringprep looks at the whole domain, so that it refuses letters that are written from right to left beside others.
    // As A-labels they can be written to.
    let jid = Jid::new(&format!("{node}@{domain}"))
        .or_else(|error| Jid::new(&format!("{node}@{}", a_labels(domain).ok_or(error)?)))
        .map_err(|_| InvalidId::Jid)?;
    Ok(jid.into_bare())
}

fn a_labels(domain: &str) -> Option<Cow<'_, str>> {
    let uts46 = Uts46::new();
    uts46
        .to_ascii(domain.as_bytes(), AsciiDenyList::URL, Hyphens::Check, DnsLength::Verify)
        .ok()
}

fn u_labels(domain: &str) -> String {
    let Some(ascii) = a_labels(domain) else {
        return domain.to_owned();
    };
    let labels: Vec<Cow<'_, str>> = ascii.split('.').map(u_label).collect();
    labels.join(".")
}

fn u_label(label: &str) -> Cow<'_, str> {
    let (unicode, valid) = Uts46::new().to_unicode(label.as_bytes(), AsciiDenyList::URL, Hyphens::Check);
    let stays = |unicode: &str| {
        let is_normal = DomainPart::new(unicode).is_ok_and(|normal| normal.as_str() == unicode);
        is_normal && a_labels(unicode).is_some_and(|back| back == label)
    };
    match valid.is_ok() && stays(&unicode) {
        true => unicode,
        false => Cow::Borrowed(label),
    }
}

/// More bytes than a bare JID may have when it is normalised (RFC 7622, 3.1).
const LONGEST_JID: usize = 4096;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_target_is_spelled_as_it_is_written_and_its_id_is_one() {
        for (text, target, id) in [
            ("amy@example.org", "amy@example.org", "amy@example.org"),
            ("Amy@Example.ORG./phone", "amy@example.org", "amy@example.org"),
            ("amy@BÜCHER.example", "amy@bücher.example", "amy@bücher.example"),
            ("amy@bu\u{308}cher.example", "amy@bücher.example", "amy@bücher.example"),
            (
                "amy@XN--BCHER-KVA.example",
                "amy@xn--bcher-kva.example",
                "amy@bücher.example",
            ),
            (
                "amy@xn--bcher-kva.bücher.example.",
                "amy@xn--bcher-kva.bücher.example",
                "amy@bücher.bücher.example",
            ),
            (
                "amy@bücher\u{3002}example\u{ff0e}",
                "amy@bücher.example",
                "amy@bücher.example",
            ),
            // Other domains of the DNS: stringprep makes one of ß what IDNA 2008 keeps.
            ("amy@straße.example", "amy@strasse.example", "amy@strasse.example"),
            (
                "amy@xn--strae-oqa.example",
                "amy@xn--strae-oqa.example",
                "amy@xn--strae-oqa.example",
            ),
            (
                "amy@xn--wxaij9b.example",
                "amy@xn--wxaij9b.example",
                "amy@xn--wxaij9b.example",
            ),
            // Stringprep refuses it as a whole.
            ("amy@עברית.example", "amy@xn--5dbqzzl.example", "amy@עברית.example"),
            (
                "amy@xn--5dbqzzl.example",
                "amy@xn--5dbqzzl.example",
                "amy@עברית.example",
            ),
            ("STRAUß@example.org", "strauss@example.org", "strauss@example.org"),
            ("ΟΔΟΣ@example.org", "οδοσ@example.org", "οδοσ@example.org"),
            ("amy@[::1]", "amy@[::1]", "amy@[::1]"),
            ("amy@192.0.2.1", "amy@192.0.2.1", "amy@192.0.2.1"),
        ] {
            let jid = parse_target(text).unwrap();
            assert_eq!((jid.as_str(), &*canonical(&jid)), (target, id), "{text}");
            assert_eq!(canonical(&parse_target(id).unwrap()), id, "{text}");
        }
    }

    #[test]
    fn a_domain_that_is_none_is_refused() {
        for text in [
            "amy@xn--a.example",
            "amy@xn--bcher-kva1.example",
            "amy@example.org..",
            "amy@a..b",
            "amy@",
            "amy@ .org",
        ] {
            assert_eq!(parse_target(text), Err(InvalidId::Jid), "{text}");
        }
    }
}
