//! The texts that people read, in their language: the phrases of `locales/*.ftl` (Project Fluent).
//!
//! Every phrase is a method of [`Language`], listed in `phrases.rs`, so that a phrase that does not exist does not
//! compile, and a test can see that no language lacks one.

mod phrases;

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use itseme_identity::InvalidId;
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language that the service speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// English, the language of the API document.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German
    #[serde(rename = "de")]
    German,
    /// French
    #[serde(rename = "fr")]
    French,
    /// Spanish
    #[serde(rename = "es")]
    Spanish,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The language's tag (BCP 47), as in `xml:lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// The tag with the region that most speech programs know, as for calls.
    pub fn locale(self) -> &'static str {
        match self {
            Self::English => "en-US",
            Self::German => "de-DE",
            Self::French => "fr-FR",
            Self::Spanish => "es-ES",
        }
    }

    /// The language of a tag, whatever its region: `de-AT` is German.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.trim();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Returns the expected form of an id, in words that never repeat the id.
    pub fn invalid_id(self, invalid: InvalidId) -> String {
        match invalid {
            InvalidId::Jid => self.invalid_jid(),
            InvalidId::Email => self.invalid_email(),
            InvalidId::QuotedEmail => self.invalid_quoted_email(),
            InvalidId::Phone => self.invalid_phone(),
            InvalidId::PhoneWithoutCountry => self.invalid_phone_without_country(),
            InvalidId::PhoneWithLetters => self.invalid_phone_with_letters(),
            InvalidId::PossiblePhone => self.invalid_country_code(),
            InvalidId::UserName => self.invalid_user_name(),
            InvalidId::Provider => self.invalid_provider(),
            InvalidId::Detail => self.invalid_detail(),
        }
    }

    /// The language that an Accept-Language header likes best (RFC 9110, 12.5.4) of those there are.
    pub fn accepted(header: &str) -> Option<Self> {
        let weighed = header.split(',').filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.trim().parse().ok()?;
            Some((Self::of_tag(tag)?, weight)).filter(|(_, weight)| *weight > 0.0)
        });
        // Of equals, the first.
        let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map(|(language, _)| language)
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../locales/en.ftl"),
            Self::German => include_str!("../../locales/de.ftl"),
            Self::French => include_str!("../../locales/fr.ftl"),
            Self::Spanish => include_str!("../../locales/es.ftl"),
        }
    }

    fn bundle(self) -> &'static Bundle {
        static BUNDLES: LazyLock<[Bundle; 4]> = LazyLock::new(|| Language::ALL.map(Bundle::read));
        &BUNDLES[self as usize]
    }

    fn say(self, phrase: &str, arguments: FluentArgs<'_>) -> String {
        self.bundle().say(phrase, &arguments)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The phrases of one language.
struct Bundle(FluentBundle<FluentResource>);

impl Bundle {
    /// Leaves out phrases that cannot be read; a test makes sure that there are none.
    fn read(language: Language) -> Self {
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Marks around every argument would be in the way of who copies a code, and of the length of an SMS.
        bundle.set_use_isolating(false);
        let source = FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(read, _errors)| read);
        bundle.add_resource_overriding(source);
        Self(bundle)
    }

    fn say(&self, phrase: &str, arguments: &FluentArgs<'_>) -> String {
        let pattern = self.0.get_message(phrase).and_then(|message| message.value());
        pattern.map_or_else(
            || phrase.to_owned(),
            |pattern| {
                self.0
                    .format_pattern(pattern, Some(arguments), &mut Vec::new())
                    .into_owned()
            },
        )
    }
}

/// An argument of a phrase: a number, which selects a plural form, or anything else, which is inserted as text.
pub trait Argument {
    /// The argument as Fluent knows it.
    fn value(self) -> FluentValue<'static>;
}

impl Argument for u64 {
    fn value(self) -> FluentValue<'static> {
        self.into()
    }
}

impl Argument for usize {
    fn value(self) -> FluentValue<'static> {
        self.into()
    }
}

impl<T: fmt::Display + ?Sized> Argument for &T {
    fn value(self) -> FluentValue<'static> {
        self.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::phrases::PHRASES;
    use super::*;

    #[test]
    fn every_language_has_every_phrase_and_no_other() {
        let expected: BTreeSet<&str> = PHRASES.iter().map(|(name, _)| *name).collect();
        assert_eq!(expected.len(), PHRASES.len(), "a phrase is listed twice");
        for language in Language::ALL {
            assert!(
                FluentResource::try_new(language.source().to_owned()).is_ok(),
                "{language}"
            );
            let is_head = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
            let heads: Vec<&str> = language.source().lines().filter(is_head).collect();
            let found: BTreeSet<&str> = heads.iter().map(|head| head.split(' ').next().unwrap()).collect();
            assert_eq!(heads.len(), found.len(), "{language}: a phrase is there twice");
            assert_eq!(found, expected, "{language}");
        }
    }

    #[test]
    fn every_phrase_needs_its_arguments_and_no_other() {
        for language in Language::ALL {
            for (name, arguments) in PHRASES {
                let pattern = language.bundle().0.get_message(name).unwrap().value().unwrap();
                let format = |arguments: &[&str]| {
                    let given = arguments.iter().map(|name| (*name, FluentValue::from("x"))).collect();
                    let mut errors = Vec::new();
                    language.bundle().0.format_pattern(pattern, Some(&given), &mut errors);
                    errors.len()
                };
                assert_eq!(format(arguments), 0, "{language}: {name} has an argument too many");
                for (at, missing) in arguments.iter().enumerate() {
                    let mut fewer = arguments.to_vec();
                    fewer.remove(at);
                    assert_ne!(format(&fewer), 0, "{language}: {name} does without {missing}");
                }
            }
        }
    }

    #[test]
    fn service_and_client_say_the_same_of_an_id() {
        for invalid in InvalidId::ALL {
            assert_eq!(Language::English.invalid_id(invalid), invalid.to_string());
        }
    }

    #[test]
    fn the_region_of_a_tag_does_not_matter() {
        assert_eq!(Language::of_tag("de-AT"), Some(Language::German));
        assert_eq!(Language::of_tag("FR"), Some(Language::French));
        assert_eq!(Language::of_tag("es_MX"), Some(Language::Spanish));
        assert_eq!(Language::of_tag("den"), None);
        assert_eq!(Language::of_tag(""), None);
    }

    #[test]
    fn the_best_accepted_language_is_taken() {
        let accepted = Language::accepted;
        assert_eq!(accepted("da, en-GB;q=0.8, de;q=0.9"), Some(Language::German));
        assert_eq!(accepted("fr, es"), Some(Language::French));
        assert_eq!(accepted("es;q=0, fr ; q=0.1"), Some(Language::French));
        assert_eq!(accepted("*"), None);
        assert_eq!(accepted("de;q=nonsense,,;"), None);
    }
}
