//! Addresses, Jabber IDs and user names: whatever the letters, reading is final, and spellings of one domain are one.

use itseme_identity::{Identity, Provider, canonical_jid, parse_target};
use proptest::prelude::*;

/// Known sources of faults: letters whose case or composition depends on what follows, those that normalisation forms treat
/// unlike, those that are not seen, and what looks like syntax.
const NASTY: &[&str] = &[
    "a",
    "B",
    "ß",
    "ẞ",
    "Σ",
    "σ",
    "ς",
    "İ",
    "ı",
    "I",
    "ﬁ",
    "ǆ",
    "ǅ",
    "Ω",
    "K",
    "ö",
    "o",
    "\u{308}",
    "\u{323}",
    "\u{307}",
    "\u{345}",
    "\u{301}",
    "\u{94d}",
    "\u{915}",
    "\u{200d}",
    "\u{200c}",
    "\u{ad}",
    "\u{34f}",
    "\u{feff}",
    "\u{180e}",
    "ａ",
    "Ａ",
    "１",
    "１",
    "\u{ff20}",
    "\u{3002}",
    "\u{ff0e}",
    "\u{ff61}",
    ".",
    "-",
    "xn--",
    "XN--",
    "bcher-kva",
    "strae-oqa",
    "א",
    "ע",
    "م",
    "1",
    "٣",
    "+",
    "@",
    "%40",
    "\u{e000}",
    "\u{1f600}",
    "\u{2260}",
    "ſ",
    "ᾳ",
    "ΐ",
    "ὓ",
    "ŉ",
    "\u{1100}",
    "\u{1161}",
    "\u{11a8}",
    "가",
    "\u{2f868}",
    "Ꮿ",
    "ꭰ",
    "ჀჀ",
    "Ა",
];

fn nasty(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(NASTY), 1..most).prop_map(|parts| parts.concat())
}

fn id_of(provider: &str, text: &str) -> Option<String> {
    Identity::parse(provider.into(), text).ok().map(|identity| identity.id)
}

fn domains() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zäöüßéèñçå0-9]{1,9}\\.(example|bücher|москва|中国|भारत)",
        "[α-ω]{1,6}\\.[ա-ֆ]{1,5}\\.example",
        nasty(5).prop_map(|label| format!("{label}.example")),
        nasty(7),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn reading_is_final(
        provider in prop::sample::select(vec!["xmpp", "email", "github"]),
        scheme in prop::sample::select(vec!["", "mailto:", "XMPP:", "xmpp://"]),
        local in nasty(5),
        domain in domains(),
        end in prop::sample::select(vec!["", ".", "\u{3002}", "/x", "?y", "\u{200e}"]),
    ) {
        for text in [format!("{scheme}{local}@{domain}{end}"), format!("{scheme}{local}{end}")] {
            if let Some(once) = id_of(provider, &text) {
                prop_assert_eq!(id_of(provider, &once), Some(once));
            }
        }
    }

    #[test]
    fn both_spellings_of_a_domain_are_one(domain in domains()) {
        let Ok(ascii) = idna::domain_to_ascii_strict(&domain) else { return Ok(()) };
        let (unicode, valid) = idna::domain_to_unicode(&ascii);
        prop_assume!(valid.is_ok());
        // At the end of an id, joiners go, as all that is not seen: that is another domain.
        prop_assume!(!unicode.ends_with(['\u{200c}', '\u{200d}']));
        let email = |domain: &str| id_of("email", &format!("amy@{domain}"));
        prop_assert_eq!(email(&ascii), email(&unicode));
        prop_assert_eq!(email(&ascii), email(&format!("{}.", unicode.to_ascii_uppercase())));
        // To stringprep, ß and final sigma are other letters: another domain.
        let jid = |domain: &str| id_of("xmpp", &format!("amy@{domain}"));
        if let Ok(written) = parse_target(&format!("amy@{unicode}"))
            && idna::domain_to_ascii_strict(written.domain().as_str()).ok() == Some(ascii.clone())
        {
            prop_assert_eq!(jid(&ascii), jid(&unicode));
            prop_assert_eq!(jid(&ascii), jid(&format!("{ascii}.")));
        }
    }

    #[test]
    fn no_two_domains_become_one_jid(one in domains(), other in domains()) {
        let known = |domain: &str| {
            let jid = parse_target(&format!("amy@{domain}")).ok()?;
            Some((canonical_jid(&jid).into_owned(), idna::domain_to_ascii_strict(jid.domain().as_str()).ok()?))
        };
        if let (Some((one, one_name)), Some((other, other_name))) = (known(&one), known(&other)) {
            prop_assert_eq!(one == other, one_name == other_name);
        }
    }

    #[test]
    fn a_uri_is_read_as_what_it_holds(local in "[a-zäß0-9!$&'*+=_~%#?-]{1,9}", domain in "[a-z0-9]{1,9}\\.example") {
        let id = format!("{local}@{domain}");
        let encoded = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC);
        prop_assert_eq!(id_of("email", &format!("mailto:{encoded}?subject=x")), id_of("email", &id));
        prop_assert_eq!(id_of("xmpp", &format!("xmpp:{encoded}/x?message")), id_of("xmpp", &id));
    }
}

#[test]
fn user_names_are_one_in_every_case_and_composition() {
    for (text, name) in [
        ("@Octo", "octo"),
        (" \u{200e}@ octo\u{feff} ", "octo"),
        ("JU\u{308}RGEN", "jürgen"),
        ("ΟΔΟΣ", "οδος"),
        ("İ", "i\u{307}"),
        ("a%40b", "a%40b"),
        ("\u{ff20}octo", "\u{ff20}octo"),
    ] {
        assert_eq!(id_of("github", text).as_deref(), Some(name), "{text:?}");
    }
    for text in [
        "",
        "@",
        " @ ",
        "@@octo",
        "@ @octo",
        "oc\u{7}to",
        "oc\u{202e}to",
        "octo\u{2028}x",
    ] {
        assert_eq!(id_of("github", text), None, "{text:?}");
    }
}

#[test]
fn format_characters_around_an_id_do_not_count() {
    for (provider, id) in [
        ("xmpp", "amy@example.org"),
        ("email", "amy@example.org"),
        ("github", "octo"),
    ] {
        let wrapped = format!("\u{feff}\u{2068} {id}\u{a0}\u{2069}\u{200b}");
        assert_eq!(
            Identity::parse(Provider::from(provider), &wrapped),
            Identity::parse(provider.into(), id)
        );
    }
}
