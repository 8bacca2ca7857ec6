//! URIs of mailboxes and Jabber IDs: `mailto:` (RFC 6068) and `xmpp:` (RFC 5122). Those of numbers: `phone::uri`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::text::trimmed;

/// Returns `true` if `word` is the scheme of one of these URIs, in any case.
pub(crate) fn is_scheme(word: &str) -> bool {
    ["mailto", "xmpp"]
        .iter()
        .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Returns the id in `text`, trimmed. From a URI of that scheme, it is taken percent-decoded, without `//`, query and
/// fragment; from one of a JID also without the resource. Any other text, and one that is not UTF-8 after decoding, is
/// returned unchanged.
pub(crate) fn id_of<'a>(scheme: &str, text: &'a str) -> Cow<'a, str> {
    let text = trimmed(text);
    let named = text
        .split_once(':')
        .filter(|(word, _)| word.eq_ignore_ascii_case(scheme));
    let Some((_, rest)) = named else {
        return Cow::Borrowed(text);
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let id = match rest.trim_start().strip_prefix("//") {
        Some(rest) => addressee(rest),
        None => rest,
    };
    let id = match scheme {
        "xmpp" => id.split('/').next().unwrap_or_default(),
        _ => id,
    };
    match percent_decode_str(id).decode_utf8() {
        Ok(Cow::Borrowed(id)) => Cow::Borrowed(trimmed(id)),
        Ok(Cow::Owned(id)) => Cow::Owned(trimmed(&id).to_owned()),
        Err(_) => Cow::Borrowed(text),
    }
}

/// Returns the addressee of a URI with `//`. The authority is the account to use, and the addressee comes behind a slash
/// (`xmpp://me@example.org/amy@example.org`: RFC 5122, 2.3); but most write just the addressee there.
fn addressee(rest: &str) -> &str {
    match rest.split_once('/') {
        Some((_, path)) if path.contains('@') => path,
        Some(("", path)) => path,
        Some((authority, _)) => authority,
        None => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_out_of_uris() {
        for (scheme, text, id) in [
            ("xmpp", "xmpp:amy@example.org", "amy@example.org"),
            ("xmpp", "XMPP:amy@example.org?message;body=a:b@c", "amy@example.org"),
            ("xmpp", "xmpp:amy@example.org/phone%20x#top", "amy@example.org"),
            ("xmpp", "xmpp:a%C3%A4%25%20b@example.org", "aä% b@example.org"),
            ("xmpp", "xmpp:amy%40example.org", "amy@example.org"),
            ("xmpp", "xmpp://amy@example.org", "amy@example.org"),
            ("xmpp", "xmpp://amy@example.org/phone", "amy@example.org"),
            (
                "xmpp",
                "xmpp://me@example.net/amy@example.org?message",
                "amy@example.org",
            ),
            ("xmpp", "xmpp:///amy@example.org", "amy@example.org"),
            ("xmpp", "\u{200e}xmpp: amy@example.org%20 ", "amy@example.org"),
            ("mailto", "mailto:Amy%2Bx@example.org?subject=a", "Amy+x@example.org"),
            ("mailto", "MailTo://amy@example.org", "amy@example.org"),
            ("mailto", "mailto:%22a%3F%22@example.org", "\"a?\"@example.org"),
        ] {
            assert_eq!(id_of(scheme, text), id, "{text}");
        }
    }

    #[test]
    fn what_is_no_uri_of_the_provider_stays() {
        for (scheme, text) in [
            ("xmpp", "mailto:amy@example.org"),
            ("mailto", "xmpp:amy@example.org"),
            ("mailto", "amy%2Bx@example.org?"),
            ("mailto", "mailto:%ff@example.org"),
            ("xmpp", "<xmpp:amy@example.org>"),
        ] {
            assert_eq!(id_of(scheme, text), text);
        }
    }
}
