#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use super::rule::Digits;
use super::*;
use crate::{Identity, Provider};

/// Numbers of a form: the first, the last, and some between.
fn samples(form: &[Digits]) -> impl Iterator<Item = String> {
    (0..20).map(|at| {
        let digits = form.iter().enumerate().map(|(place, set)| {
            let digits = set.to_vec();
            match at {
                0 => digits[0],
                1 => digits[digits.len() - 1],
                _ => digits[(at * 7 + place * place * 3 + at * place) % digits.len()],
            }
        });
        format!("+{}", digits.collect::<String>())
    })
}

fn overlap(one: &[Digits], other: &[Digits]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.overlap(*other))
}

#[test]
fn the_file_is_read() {
    let file: File = toml::from_str(include_str!("../../numbering.toml")).unwrap();
    assert!(file.version > 0 && file.rule.len() > 40);
    for entry in &file.rule {
        assert!(
            Rule::new(&entry.from, &entry.to, entry.alias_only).is_some(),
            "{}",
            entry.from
        );
    }
    assert_eq!(TABLE.rules.len(), file.rule.len());
    assert_eq!(numbering_version(), file.version);
}

#[test]
fn patterns_are_simple() {
    let rule = |from, to| Rule::new(from, to, false);
    for (from, to) in [
        ("+1(\\d{2})", "+2$1"),
        ("+12([3-57])(89{2})", "+21${1}0${2}"),
        ("+12", "+34"),
    ] {
        assert!(rule(from, to).is_some(), "{from}");
    }
    for (from, to) in [
        ("1(\\d)", "+2$1"),
        ("+1(\\d)", "2$1"),
        ("+1(\\d)", "+2"),
        ("+1(\\d)", "+2$2"),
        ("+1(\\d)", "+$1$1"),
        ("+1\\d", "+2"),
        ("+1(\\d", "+2$1"),
        ("+1([])", "+2$1"),
        ("+1(\\d+)", "+2$1"),
        ("+1(\\d{2,3})", "+2$1"),
        ("+1(\\w)", "+2$1"),
        ("+1(2|3)", "+2$1"),
        ("+1([1-])", "+2$1"),
        ("+1(é)", "+2$1"),
    ] {
        assert!(rule(from, to).is_none(), "{from} {to}");
    }
    let rule = rule("+12([3-57])(89{2})", "+21${1}0${2}").unwrap();
    assert_eq!(rule.current("+124899").as_deref(), Some("+2140899"));
    assert_eq!(rule.others("+2140899").collect::<Vec<_>>(), ["+124899"]);
    for other in ["+126899", "+12489", "+1248999", "124899", "+12489x", "+12489é", ""] {
        assert_eq!(rule.current(other), None, "{other}");
    }
}

#[test]
fn no_two_rules_overlap_and_none_reads_what_another_has_written() {
    let rules = &TABLE.rules;
    for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.alias_only) {
        let [former, current] = rule.forms();
        for (other_at, other) in rules.iter().enumerate() {
            let [other_former, other_current] = other.forms();
            assert!(at == other_at || !overlap(&former, &other_former), "{at} {other_at}");
            assert!(!overlap(&former, &other_current), "{at} {other_at}");
            assert!(
                !other.alias_only || !overlap(&current, &other_former),
                "{at} {other_at}"
            );
        }
    }
}

#[test]
fn libphonenumber_leaves_a_current_number_and_does_to_a_former_one_what_its_rule_does() {
    let e164 = |number: &str| {
        let parsed = PHONE_NUMBER_UTIL.parse(number, None).unwrap();
        parsed.format_as(PhoneNumberFormat::E164).into_owned()
    };
    for rule in &TABLE.rules {
        let [former, current] = rule.forms();
        for number in samples(&current) {
            assert_eq!(e164(&number), number);
        }
        for number in samples(&former) {
            // It knows San Marino's.
            let written = e164(&number);
            assert!(written == number || Some(written) == rule.current(&number), "{number}");
        }
    }
}

#[test]
fn aliases_are_the_table_backwards() {
    for rule in &TABLE.rules {
        for former in samples(&rule.forms()[0]) {
            let identity = |id| Identity::parse(Provider::Phone, id).unwrap();
            let (read, again) = (identity(&former), identity(&identity(&former).id));
            assert_eq!(read, again);
            if rule.alias_only {
                assert_eq!(read.id, former);
                for alias in read.aliases() {
                    assert!(alias.aliases().contains(&read), "{former}");
                }
                continue;
            }
            assert_eq!(current(&former).as_ref(), Some(&read.id));
            let aliases = read.aliases();
            assert!(aliases.iter().any(|alias| alias.id == former), "{former}: {aliases:?}");
            for alias in aliases {
                let is_backwards = current(&alias.id).as_ref() == Some(&read.id);
                assert!(is_backwards || read.aliases().contains(&alias) && TABLE.current(&alias.id).is_none());
            }
        }
    }
}

#[test]
fn no_number_has_more_forms_than_are_linked() {
    for rule in &TABLE.rules {
        for form in rule.forms() {
            for number in samples(&form) {
                assert!(others(&number).count() <= crate::alias::MOST, "{number}");
            }
        }
    }
}

/// A number of a form of some rule, or any.
fn number() -> impl Strategy<Value = String> {
    let forms = TABLE.rules.iter().flat_map(Rule::forms).collect::<Vec<_>>();
    let of_a_rule = (prop::sample::select(forms), any::<[u8; 20]>()).prop_map(|(form, random)| {
        let digit = |(set, random): (&Digits, u8)| {
            let digits = set.to_vec();
            digits[usize::from(random) % digits.len()]
        };
        form.iter().zip(random).map(digit).collect::<String>()
    });
    prop_oneof![of_a_rule, "[1-9][0-9]{6,14}"].prop_map(|digits| format!("+{digits}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn an_alias_is_of_nobody_else(number in number()) {
        let Ok(identity) = Identity::parse(Provider::Phone, &number) else { return Ok(()) };
        let aliases = identity.aliases();
        prop_assert!(aliases.len() <= crate::alias::MOST && !aliases.contains(&identity));
        for alias in aliases {
            // Read today, it is the identity itself, or one of two forms that are both in use.
            let read = Identity::parse(Provider::Phone, &alias.id).unwrap();
            prop_assert!(read == identity || read == alias && read.aliases().contains(&identity), "{}", number);
        }
    }
}
