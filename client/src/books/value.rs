//! The values in which numbers and addresses stand. One value may have several, or a name around them.

use std::borrow::Cow;

/// Digits of the shortest number that is looked for in a list: fewer may be an extension.
const LISTED_DIGITS: usize = 7;
/// The separators of several values: `:::` in Google's CSV, U+E000 in KDE's address book.
const SEPARATORS: [&str; 5] = [":::", "\n", "\u{e000}", ";", ","];
/// Other ways to reach somebody that stand where a number is expected.
const NO_NUMBERS: [&str; 6] = ["sip:", "sips:", "skype:", "http:", "https:", "xmpp:"];

/// The numbers of a value.
pub(super) fn phones(value: &str) -> Vec<&str> {
    let value = value.trim();
    if value.is_empty() || NO_NUMBERS.iter().any(|scheme| after(value, scheme).is_some()) {
        return Vec::new();
    }
    // A comma or a semicolon may also be a pause, and the digits behind it are dialled after it.
    let pauses = after(value, "tel:").is_some() || value.contains(",,") || value.contains(";;");
    match pauses {
        true => vec![value],
        false => list(value, &|part| after(part, "tel:").is_some() || is_number(part))
            .into_iter()
            .flat_map(between_slashes)
            .collect(),
    }
}

/// The numbers between slashes. A slash may also stand behind an area code; that is shorter than a number, unless the code of
/// its country stands in front of it.
fn between_slashes(value: &str) -> Vec<&str> {
    let parts: Vec<&str> = value.split('/').map(str::trim).collect();
    let from_abroad = value.starts_with(['+', '＋']) || value.starts_with("00");
    let is_whole = |part: &&str| is_number(part) && (!from_abroad || part.starts_with(['+', '＋', '0', '(']));
    match parts.iter().all(is_whole) {
        true => parts,
        false => vec![value],
    }
}

/// Returns `true` if it is a whole number, and no extension or code to dial behind one.
fn is_number(part: &str) -> bool {
    let digits = part.chars().filter(|c| c.is_numeric()).count();
    let written_as_number = part.starts_with(['+', '0', '(']) || part.contains([' ', '-']);
    digits >= LISTED_DIGITS && written_as_number && !part.contains(['#', '*', '='])
}

/// The addresses of a value. Names around them are dropped.
pub(super) fn emails(value: &str) -> Vec<&str> {
    let value = value.trim();
    let bracketed: Vec<&str> = value.split('<').skip(1).filter_map(|part| part.split('>').next()).collect();
    match bracketed.is_empty() {
        false => bracketed,
        true if value.is_empty() => Vec::new(),
        true => list(value, &is_address).into_iter().flat_map(between_spaces).collect(),
    }
}

fn is_address(part: &str) -> bool {
    part.contains('@')
}

/// The addresses between spaces and slashes, which an address may have as well.
fn between_spaces(value: &str) -> Vec<&str> {
    let parts: Vec<&str> = value.split([' ', '\t', '/']).filter(|part| !part.is_empty()).collect();
    match parts.iter().all(|part| is_address(part)) {
        true => parts,
        false => vec![value],
    }
}

/// The Jabber IDs of a value that is known to have some. Schemes that no standard knows become the one that is.
pub(super) fn jids(value: &str) -> Vec<Cow<'_, str>> {
    const SCHEMES: [&str; 3] = ["jabber:", "x-apple:", "gtalk:"];
    let jids = list(value.trim(), &is_address).into_iter().filter(|jid| !jid.is_empty());
    let named = |jid| SCHEMES.iter().find_map(|scheme| after(jid, scheme));
    jids.map(|jid| named(jid).map_or(Cow::Borrowed(jid), |jid| format!("xmpp:{jid}").into())).collect()
}

/// The Jabber IDs of a value that may be an address of any messenger: what has no scheme is one if `service`, the name of
/// a messenger, says so. Those of other messengers are none.
pub(super) fn messages<'a>(value: &'a str, services: &[&str]) -> Vec<Cow<'a, str>> {
    let named = services.iter().any(|service| is_jabber(service));
    let other = !named && services.iter().any(|service| is_other(service));
    let scheme = value.trim().split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let ours = match scheme.as_deref() {
        Some("xmpp" | "jabber" | "gtalk") => !other,
        Some("x-apple") => named,
        Some(scheme) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            false
        }
        _ => named,
    };
    if ours { jids(value) } else { Vec::new() }
}

/// Messengers that are XMPP, as address books name them.
pub(super) fn is_jabber(service: &str) -> bool {
    const NAMES: [&str; 6] = ["xmpp", "jabber", "googletalk", "google talk", "gtalk", "conversations"];
    NAMES.iter().any(|name| service.trim().eq_ignore_ascii_case(name))
}

/// Messengers of which Apple writes an `xmpp:` URI although it is none.
fn is_other(service: &str) -> bool {
    const NAMES: [&str; 3] = ["facebook", "facebook messenger", "skype"];
    NAMES.iter().any(|name| service.trim().eq_ignore_ascii_case(name))
}

/// Returns the text after a scheme, written in either case.
pub(super) fn after<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The parts of a list, if each of them is one by itself.
fn list<'a>(value: &'a str, is_one: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    for separator in SEPARATORS {
        let parts: Vec<&str> =
            value.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts != [value] && parts.iter().all(|part| is_one(part)) {
            return parts.into_iter().flat_map(|part| list(part, is_one)).collect();
        }
    }
    vec![value]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_have_several_numbers_or_a_pause() {
        for (value, numbers) in [
            ("", vec![]),
            (" +44 7700 900123 ", vec!["+44 7700 900123"]),
            (
                "+447700900123, 07700 900124;(07700) 900125",
                vec!["+447700900123", "07700 900124", "(07700) 900125"],
            ),
            ("+447700900123 ::: +447700900124", vec!["+447700900123", "+447700900124"]),
            ("+44 7700 900123 / 07700 900124", vec!["+44 7700 900123", "07700 900124"]),
            ("253-2000 / 253-2001", vec!["253-2000", "253-2001"]),
            ("030/1234567", vec!["030/1234567"]),
            ("(05151) / 12345 67", vec!["(05151) / 12345 67"]),
            ("+49 33056 / 123 4567", vec!["+49 33056 / 123 4567"]),
            ("+447700900123/ext. 12", vec!["+447700900123/ext. 12"]),
            ("+447700900123,,07700900124", vec!["+447700900123,,07700900124"]),
            ("+447700900123,12345678", vec!["+447700900123,12345678"]),
            ("+447700900123;ext=1234567", vec!["+447700900123;ext=1234567"]),
            (
                "tel:+44-7700-900123;phone-context=+44-7700",
                vec!["tel:+44-7700-900123;phone-context=+44-7700"],
            ),
            ("sip:+447700900123@example.org", vec![]),
        ] {
            assert_eq!(phones(value), numbers, "{value}");
        }
    }

    #[test]
    fn names_around_addresses_are_dropped() {
        for (value, addresses) in [
            ("", vec![]),
            ("amy@example.org", vec!["amy@example.org"]),
            ("Amy <amy@example.org>", vec!["amy@example.org"]),
            ("\"Amy, too\" <amy@example.org>, <b@example.org>", vec!["amy@example.org", "b@example.org"]),
            ("amy@example.org; b@example.org;", vec!["amy@example.org", "b@example.org"]),
            (
                "amy@example.org / b@example.org c@example.org",
                vec!["amy@example.org", "b@example.org", "c@example.org"],
            ),
            ("a/b@example.org", vec!["a/b@example.org"]),
            ("\"a b\"@example.org", vec!["\"a b\"@example.org"]),
            ("mailto:amy@example.org?subject=a,b", vec!["mailto:amy@example.org?subject=a,b"]),
            ("nobody", vec!["nobody"]),
        ] {
            assert_eq!(emails(value), addresses, "{value}");
        }
    }

    #[test]
    fn jabber_is_told_from_other_messengers() {
        for (value, services, jid) in [
            ("xmpp:amy@example.org", vec![], Some("xmpp:amy@example.org")),
            ("xmpp:amy@example.org", vec!["Jabber"], Some("xmpp:amy@example.org")),
            ("xmpp:amy", vec!["Facebook"], None),
            ("Jabber:amy@example.org", vec![], Some("xmpp:amy@example.org")),
            ("x-apple:amy@example.org", vec!["Jabber"], Some("xmpp:amy@example.org")),
            ("x-apple:amy@example.org", vec!["AIM"], None),
            ("amy@example.org", vec!["home", "XMPP"], Some("amy@example.org")),
            ("amy@example.org", vec!["home"], None),
            ("sip:amy@example.org", vec!["XMPP"], None),
            ("", vec!["XMPP"], None),
        ] {
            assert_eq!(messages(value, &services).first().map(AsRef::as_ref), jid, "{value} {services:?}");
        }
    }
}
