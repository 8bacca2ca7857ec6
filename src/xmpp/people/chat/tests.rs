//! Commands in words, in every language.

#![allow(clippy::unwrap_used)]
use super::*;

fn introduce(contacts: &str, details: &str) -> Wish {
    introduce_within(Scope::Peers, contacts, details)
}

fn introduce_within(scope: Scope, contacts: &str, details: &str) -> Wish {
    Wish::Introduce {
        contacts: contacts.into(),
        details: details.into(),
        scope,
    }
}

fn understood(text: &str) -> Option<Wish> {
    Wish::of(text, Language::English).map(|(wish, _)| wish)
}

#[test]
fn commands_are_understood_in_every_language() {
    for (text, wish) in [
        (" Help! ", Wish::Help),
        ("„hilfe“", Wish::Help),
        ("1234", Wish::Verify("1234".into())),
        ("123 456\n", Wish::Verify("123 456".into())),
        ("12-34.", Wish::Verify("12-34.".into())),
        (
            "\u{2068}１２３４\u{2069}",
            Wish::Verify("\u{2068}１２３４\u{2069}".into()),
        ),
        ("verify 1234", Wish::Verify("1234".into())),
        ("Link phone +44 7700 900123", Wish::Link("phone +44 7700 900123".into())),
        (
            "VERKNÜPFE telefon +44 7700 900123",
            Wish::Link("telefon +44 7700 900123".into()),
        ),
        ("links", Wish::Links),
        ("forget", Wish::Forget(String::new())),
        (
            "introduce +44 7700 900456, a@example.org",
            introduce("+44 7700 900456, a@example.org", ""),
        ),
        (
            "introduce +44 7700 900456,\n+44 7700 900457\nas +44 7700 900123",
            introduce("+44 7700 900456,\n+44 7700 900457", "+44 7700 900123"),
        ),
        ("mute", Wish::Mute(String::new())),
        ("Mute eve@example.org", Wish::Mute("eve@example.org".into())),
        ("laut eve@example.org", Wish::Unmute("eve@example.org".into())),
        ("silenciados", Wish::Mutes),
    ] {
        assert_eq!(understood(text), Some(wish), "{text}");
    }
}

#[test]
fn a_person_may_ask_here_alone_in_every_language() {
    let here = |contacts, details| introduce_within(Scope::Here, contacts, details);
    for (text, wish) in [
        ("introduce +44 7700 900456 here", here("+44 7700 900456", "")),
        (
            "introduce a@example.org as +44 7700 900123 here.",
            here("a@example.org", "+44 7700 900123"),
        ),
        (
            "introduce a@example.org here as +44 7700 900123",
            here("a@example.org", "+44 7700 900123"),
        ),
        ("introduce a@example.org,\nhere", here("a@example.org,", "")),
        (
            "vermittle a@example.org als b@example.org hier",
            here("a@example.org", "b@example.org"),
        ),
        ("contacta a@example.org AQUÍ", here("a@example.org", "")),
        ("contacter a@example.org ici", here("a@example.org", "")),
        ("vermittle a@example.org here", here("a@example.org", "")),
        ("introduce here", here("", "")),
        ("introduce here@example.org", introduce("here@example.org", "")),
        ("introduce here, a@example.org", introduce("here, a@example.org", "")),
    ] {
        assert_eq!(understood(text), Some(wish), "{text}");
    }
}

#[test]
fn kinds_have_several_words() {
    for (text, typed) in [
        ("mobile +44 7700 900123", "phone:+44 7700 900123"),
        ("Handynummer +44 7700 900123", "phone:+44 7700 900123"),
        ("courriel a@example.org", "email:a@example.org"),
        ("correo a@example.org", "email:a@example.org"),
        ("github amy", "github:amy"),
        ("a@example.org", "a@example.org"),
        ("+44 7700 900123", "+44 7700 900123"),
    ] {
        assert_eq!(named(text), typed);
    }
    assert_eq!(of_kind("courriel a@example.org"), "email:a@example.org");
    assert_eq!(of_kind("Michael +44 7700 900123"), "Michael +44 7700 900123");
}

#[test]
fn who_uses_a_languages_word_speaks_it() {
    for (text, expected, spoken) in [
        ("hilfe", Language::English, Language::German),
        ("help", Language::German, Language::English),
        ("aide", Language::Spanish, Language::French),
        ("1234", Language::Spanish, Language::Spanish),
    ] {
        assert_eq!(Wish::of(text, expected).unwrap().1, spoken, "{text}");
    }
}

#[test]
fn anything_else_is_no_command() {
    for text in [
        "",
        "hello there",
        "help me please",
        "123",
        "1234567890123",
        "?",
        "+447700900123",
        "links 1",
    ] {
        assert_eq!(understood(text), None, "{text}");
    }
}

#[test]
fn no_word_means_two_things() {
    for (text, word, language) in Language::ALL.into_iter().flat_map(|language| {
        let words = vocabulary::vocabulary(language);
        words.into_iter().map(move |(text, word)| (text, word, language))
    }) {
        assert!(!text.contains(' '), "{language}: {text}");
        for other in Language::ALL {
            let meant = super::word(&text, other).unwrap();
            assert_eq!(meant.0, word, "{text}: {language}, {other}");
        }
    }
}

#[test]
fn what_the_service_says_is_no_command() {
    for words in Language::ALL {
        for said in [
            words.chat_help(),
            words.chat_code_sent(),
            words.chat_link_usage(),
            words.chat_introduce_usage(),
            words.chat_verify_usage(),
            words.chat_encrypted(),
            words.chat_unknown_kind("phone, email"),
            words.chat_nothing_waits(),
            words.verified(),
            words.linked_already(),
            words.forget_done(),
            words.forget_all_done(),
            words.introduce_done(),
            words.introduction_advice(),
            words.introduction_mute("eve@example.org"),
            words.mute_done(),
            words.mute_all_done(),
            words.unmute_done(),
            words.unmute_all_done(),
            words.unmute_vain(),
            words.unmute_unknown(),
            words.mutes_none(),
            words.mutes_all(),
            words.mutes_some(),
            words.mutes_more(2_usize),
            words.links_none(),
            words.links_count(2_usize),
            words.code_own("amy@example.org", "1234"),
            words.error_nothing_waits(),
        ] {
            assert_eq!(understood(&said), None, "{words}: {said}");
        }
    }
}

#[test]
fn only_who_names_nobody_means_everybody() {
    assert_eq!(jids(""), [""; 0]);
    for (text, expected) in [
        ("“eve@example.org”", &["eve@example.org"][..]),
        (
            "eve@example.org, <bob@example.org>",
            &["eve@example.org", "bob@example.org"],
        ),
        (
            "« eve@example.org », bob@example.org",
            &["eve@example.org", "bob@example.org"],
        ),
        (
            "“eve@example.org”, “bob@example.org”",
            &["eve@example.org", "bob@example.org"],
        ),
        (",", &["", ""]),
        ("a,b;c@example.org", &["a,b;c@example.org"]),
        ("“eve@example.org", &["“eve@example.org"]),
    ] {
        assert_eq!(jids(text), expected, "{text}");
    }
}

#[test]
fn of_many_muted_only_some_are_read_out() {
    let muted = |count: usize| Muted {
        everybody: false,
        jids: (0..count).map(|n| format!("{n}@example.org")).collect(),
    };
    let words = Language::English;
    assert_eq!(mutes(&muted(0), words), words.mutes_none());
    assert_eq!(mutes(&muted(50), words).lines().count(), 51);
    let many = mutes(&muted(1000), words);
    assert!(many.ends_with(&words.mutes_more(950_usize)), "{many}");
}

#[test]
fn an_identity_is_named_with_or_without_its_provider() {
    for (text, expected) in [
        ("+44 7700 900123", "+44 7700 900123"),
        ("phone +44 7700 900123", "phone:+44 7700 900123"),
        ("téléphone +447700900123", "phone:+447700900123"),
        ("amy@example.org", "amy@example.org"),
        ("correo amy@example.org", "email:amy@example.org"),
        ("github octo", "github:octo"),
        ("tel: +447700900123", "tel: +447700900123"),
    ] {
        assert_eq!(named(text), expected, "{text}");
    }
}
